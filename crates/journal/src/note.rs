//! C2SP signed notes and their Ed25519 keys.
//!
//! A note is text that ends in a newline, an empty line, and signature lines
//! `— <key name> <base64 of key id and signature>`. Key texts are those of the same
//! specification, so other tools read them: `<name>+<id>+<base64>` to verify and
//! `PRIVATE+KEY+<name>+<id>+<base64>` to sign.
//!
//! Every reader here accepts one spelling only, so that no byte of a note or key can change
//! unnoticed (AUD-3).

use std::fmt;

use aws_lc_rs::{
    digest::{Context, SHA256},
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};

/// The algorithm byte of Ed25519 in key texts and key ids.
const ED25519_MARK: u8 = 1;

/// Why a note or a key text is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// A key text that is misspelled or whose parts do not belong together.
    #[error("it is not a key text, or its parts do not belong together")]
    Key,
    /// Not a note at all.
    #[error("it is not a signed note")]
    Shape,
    /// No signature line by the key in question.
    #[error("it carries no signature by the expected key")]
    Unsigned,
    /// The signature is wrong.
    #[error("its signature does not match its text")]
    Forged,
}

/// The public half of a note key.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: [u8; 32],
}

impl VerifierKey {
    fn new(name: &str, key: [u8; 32]) -> Option<Self> {
        let mut context = Context::new(&SHA256);
        context.update(name.as_bytes());
        context.update(&[b'\n', ED25519_MARK]);
        context.update(&key);
        let id = *context.finish().as_ref().first_chunk()?;
        is_name(name).then(|| Self { name: name.to_owned(), id, key })
    }

    /// Reads `<name>+<id>+<base64>`.
    ///
    /// # Errors
    /// [`NoteError::Key`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let read = || {
            let (name, rest) = text.split_once('+')?;
            let (_, key) = rest.split_once('+')?;
            Self::new(name, marked_key(key)?).filter(|read| read.to_string() == text)
        };
        read().ok_or(NoteError::Key)
    }

    /// The key's name, which is the log's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Checks a note and gives its text, newline included.
    ///
    /// # Errors
    /// [`NoteError`] when it is no note, or not signed by this key.
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        let at = note.rfind("\n\n").ok_or(NoteError::Shape)?;
        let (text, signatures) = note.split_at_checked(at + 1).ok_or(NoteError::Shape)?;
        let lines = signatures.strip_prefix('\n').and_then(|s| s.strip_suffix('\n'));
        for line in lines.ok_or(NoteError::Shape)?.split('\n') {
            let (name, blob) = line
                .strip_prefix("— ")
                .and_then(|line| line.split_once(' '))
                .ok_or(NoteError::Shape)?;
            let blob = BASE64_STANDARD.decode(blob).map_err(|_| NoteError::Shape)?;
            let (id, signature) = blob.split_first_chunk().ok_or(NoteError::Shape)?;
            if name == self.name && *id == self.id {
                return UnparsedPublicKey::new(&ED25519, self.key)
                    .verify(text.as_bytes(), signature)
                    .map_err(|_| NoteError::Forged)
                    .map(|()| text);
            }
        }
        Err(NoteError::Unsigned)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id), key_text(&self.key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The secret half of a note key.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: VerifierKey,
}

impl SigningKey {
    /// A key from 32 random bytes.
    ///
    /// # Errors
    /// [`NoteError::Key`] when the name is not fit for a key: empty, or with a space, `+`, or
    /// control character.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, NoteError> {
        let read = || {
            let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
            let public = VerifierKey::new(name, pair.public_key().as_ref().try_into().ok()?)?;
            Some(Self { pair, public })
        };
        read().ok_or(NoteError::Key)
    }

    /// The text in which a key from this seed is kept. It is a secret.
    ///
    /// # Errors
    /// As [`Self::from_seed`].
    pub fn text(name: &str, seed: [u8; 32]) -> Result<String, NoteError> {
        let public = Self::from_seed(name, seed)?.public;
        Ok(format!("PRIVATE+KEY+{name}+{}+{}", hex::encode(public.id), key_text(&seed)))
    }

    /// Reads `PRIVATE+KEY+<name>+<id>+<base64>`.
    ///
    /// # Errors
    /// [`NoteError::Key`]; the text is not part of it.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let read = || {
            let (name, rest) = text.strip_prefix("PRIVATE+KEY+")?.split_once('+')?;
            let seed = marked_key(rest.split_once('+')?.1)?;
            let spelled = Self::text(name, seed).is_ok_and(|spelled| spelled == text);
            spelled.then(|| Self::from_seed(name, seed).ok())?
        };
        read().ok_or(NoteError::Key)
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &VerifierKey {
        &self.public
    }

    /// Signs a text, which ends in a newline; gives the whole note.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        let signature = self.pair.sign(text.as_bytes());
        let blob = [self.public.id.as_slice(), signature.as_ref()].concat();
        format!("{text}\n— {} {}\n", self.public.name, BASE64_STANDARD.encode(blob))
    }
}

// AUD-4: the secret never shows.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.name)
    }
}

fn is_name(name: &str) -> bool {
    let fit = |c: char| c != '+' && !c.is_whitespace() && !c.is_control();
    !name.is_empty() && name.chars().all(fit)
}

fn key_text(key: &[u8; 32]) -> String {
    BASE64_STANDARD.encode([[ED25519_MARK].as_slice(), key].concat())
}

fn marked_key(text: &str) -> Option<[u8; 32]> {
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    let (mark, key) = bytes.split_first()?;
    key.try_into().ok().filter(|_| *mark == ED25519_MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_of_the_reference_implementation_is_accepted() {
        // From the documentation of golang.org/x/mod/sumdb/note.
        let key = VerifierKey::parse(
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        )
        .unwrap();
        let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        let note = format!(
            "{text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
        );
        assert_eq!(key.open(&note), Ok(text));
        let secret = SigningKey::parse(
            "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
        )
        .unwrap();
        assert_eq!(secret.sign(text), note);
        assert_eq!(*secret.public(), key);
    }

    #[test]
    fn no_byte_of_a_note_or_a_key_changes_unnoticed() {
        let secret = SigningKey::text("isobar/eu-west/gw-1", [7; 32]).unwrap();
        let signer = SigningKey::parse(&secret).unwrap();
        let public = signer.public().to_string();
        let note = signer.sign("a text\nof two lines\n");
        for bit in 0..8 {
            let flipped = |text: &str, at: usize| {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                String::from_utf8(bytes)
            };
            for at in 0..note.len() {
                assert!(flipped(&note, at).map_or(true, |n| signer.public().open(&n).is_err()));
            }
            for at in 0..public.len() {
                assert!(flipped(&public, at).map_or(true, |k| VerifierKey::parse(&k).is_err()));
            }
            for at in 0..secret.len() {
                assert!(flipped(&secret, at).map_or(true, |k| SigningKey::parse(&k).is_err()));
            }
        }
    }
}
