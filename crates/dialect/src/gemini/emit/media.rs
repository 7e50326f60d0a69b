//! Images and documents as parts: the bytes themselves, or an address with its type, which is
//! required here and so must be told by the address.

use super::wire::{Blob, File, Media};
use crate::{
    Unsupported,
    address::is_web,
    prompt::{Block, Document, DocumentSource, Image},
};

/// Where the Gemini API keeps files.
const KEPT: &str = "generativelanguage.googleapis.com";

/// Types by the endings of addresses.
const ENDINGS: [(&str, &str); 13] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("md", "text/md"),
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("xml", "text/xml"),
];

/// An image.
///
/// # Errors
/// An address that does not tell what the image is.
pub(super) fn image<'p>(image: &'p Image, block: &Block) -> Result<Media<'p>, Unsupported> {
    match image {
        Image::Data { media_type, base64 } => Ok(inline(media_type, base64)),
        Image::Url(url) => match by_ending(url).filter(|kind| kind.starts_with("image/")) {
            Some(mime_type) => Ok(Media::file(File { mime_type, file_uri: public(url, block)? })),
            None => Err(block.at.refuse(
                "is an address that does not end in the image's type, which this provider needs, e.g. `.png`",
            )),
        },
    }
}

/// What a document becomes.
pub(super) enum Sent<'p> {
    Text(&'p str),
    Media(Media<'p>),
}

/// A document.
///
/// # Errors
/// An address that is not everybody's to read.
pub(super) fn document<'p>(document: &'p Document, block: &Block) -> Result<Sent<'p>, Unsupported> {
    Ok(match &document.source {
        DocumentSource::Text(text) => Sent::Text(text),
        DocumentSource::Data { media_type, base64 } => Sent::Media(inline(media_type, base64)),
        // Where callers may name an address at all, a document is a PDF unless it says otherwise.
        DocumentSource::Url(url) => Sent::Media(Media::file(File {
            mime_type: by_ending(url).unwrap_or("application/pdf"),
            file_uri: public(url, block)?,
        })),
    })
}

/// An address that is everybody's to read. Google reads others with the rights of the gateway's
/// account: its buckets, and files that other callers may have put there under the same key.
fn public<'p>(url: &'p str, block: &Block) -> Result<&'p str, Unsupported> {
    if !is_web(url) {
        return Err(block.at.refuse("names neither an http nor an https address"));
    }
    let host = url.split(['/', '?', '#', '\\']).nth(2).unwrap_or_default().to_ascii_lowercase();
    // A host in any other spelling could be the same one.
    let is_plain = host.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'%');
    if host.is_empty() || !is_plain || host.contains(KEPT) {
        return Err(block.at.refuse("names a file that this provider may keep for somebody else"));
    }
    Ok(url)
}

fn inline<'p>(media_type: &'p str, data: &'p str) -> Media<'p> {
    // Not a registered type, and yet widely written.
    let mime_type = if media_type == "image/jpg" { "image/jpeg" } else { media_type };
    Media::inline(Blob { mime_type, data })
}

fn by_ending(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let (_, ending) = path.rsplit('/').next()?.rsplit_once('.')?;
    ENDINGS.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known)).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fields::Path, prompt::BlockKind};

    #[test]
    fn only_what_everybody_may_read_is_named_to_the_provider() {
        let kind = BlockKind::Text(String::new());
        let block = Block { at: Path::default(), kind };
        for url in ["https://h/a.png", "http://h:8/?generativelanguage.googleapis.com"] {
            assert_eq!(public(url, &block), Ok(url));
        }
        for url in [
            "gs://bucket/a.png",
            "https://generativelanguage.googleapis.com/v1beta/files/abc",
            "HTTPS://u@GenerativeLanguage.googleapis.com.:443/v1beta/files/abc",
            "https://%67enerativelanguage.googleapis.com/v1beta/files/abc",
            "https://\u{ff47}enerativelanguage.googleapis.com/v1beta/files/abc",
            "https://generative\tlanguage.googleapis.com/v1beta/files/abc",
            "https:///generativelanguage.googleapis.com/v1beta/files/abc",
            "https://\\generativelanguage.googleapis.com/v1beta/files/abc",
        ] {
            assert!(public(url, &block).is_err(), "{url}");
        }
    }

    #[test]
    fn the_ending_of_the_path_tells_the_type() {
        assert_eq!(by_ending("https://h/a/b.PNG?x=.pdf#y.gif"), Some("image/png"));
        assert_eq!(by_ending("gs://bucket/a.b.pdf"), Some("application/pdf"));
        for url in ["https://h.png/a", "https://h/a.", "https://h/a", "", "a.exe"] {
            assert_eq!(by_ending(url), None, "{url}");
        }
    }
}
