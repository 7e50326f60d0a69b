//! C2SP checkpoints: a log's name, size and root, as the text of a signed note.

use crate::{
    hash::Hash,
    note::{NoteError, SigningKey, VerifierKey},
    proof::Head,
};

/// A log's name and head at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log, `<deployment>/<region>/<gateway>`.
    pub origin: String,
    /// Its size and root.
    pub head: Head,
}

impl Checkpoint {
    /// The signed note that says so.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        key.sign(&format!("{}\n{}\n{}\n", self.origin, self.head.size, self.head.root))
    }

    /// Reads a signed checkpoint. Extension lines are allowed and ignored.
    ///
    /// # Errors
    /// [`NoteError`] when it is not a checkpoint or not signed by this key.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, NoteError> {
        let mut lines = key.open(note)?.split('\n');
        let mut read = || {
            let origin = lines.next()?.to_owned();
            let digits = lines.next()?;
            let size: u64 = digits.parse().ok()?;
            let root = Hash::from_base64(lines.next()?)?;
            let plain = size.to_string() == digits && !origin.is_empty();
            plain.then_some(Self { origin, head: Head { size, root } })
        };
        read().ok_or(NoteError::Shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_reads_as_it_was_signed() {
        let key = SigningKey::from_seed("d/eu-west/gw", [1; 32]).unwrap();
        let head = Head { size: 7, root: Hash::leaf(b"x") };
        let checkpoint = Checkpoint { origin: "d/eu-west/gw".into(), head };
        let note = checkpoint.sign(&key);
        assert!(note.starts_with("d/eu-west/gw\n7\n"));
        assert_eq!(Checkpoint::open(&note, key.public()), Ok(checkpoint));
        let odd = key.sign("d/eu-west/gw\n07\nAAAA\n");
        assert_eq!(Checkpoint::open(&odd, key.public()), Err(NoteError::Shape));
        let other = SigningKey::from_seed("d/eu-west/gw", [2; 32]).unwrap();
        assert_eq!(Checkpoint::open(&note, other.public()), Err(NoteError::Unsigned));
    }
}
