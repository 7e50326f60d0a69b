//! Images and documents as parts: the bytes themselves, or an address with its type, which is
//! required here and so must be told by the address.

use super::wire::{Blob, File, Media};
use crate::{
    Unsupported,
    prompt::{Block, Document, DocumentSource, Image},
};

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
            Some(mime_type) => Ok(Media::file(File { mime_type, file_uri: url })),
            None => Err(block.at.refuse(
                "is an address that does not end in the image's type, which this provider needs, e.g. `.png`",
            )),
        },
    }
}

/// A document; `Err` gives back one that is plain text.
pub(super) fn document(document: &Document) -> Result<Media<'_>, &str> {
    match &document.source {
        DocumentSource::Text(text) => Err(text),
        DocumentSource::Data { media_type, base64 } => Ok(inline(media_type, base64)),
        // Where callers may name an address at all, a document is a PDF unless it says otherwise.
        DocumentSource::Url(url) => Ok(Media::file(File {
            mime_type: by_ending(url).unwrap_or("application/pdf"),
            file_uri: url,
        })),
    }
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

    #[test]
    fn the_ending_of_the_path_tells_the_type() {
        assert_eq!(by_ending("https://h/a/b.PNG?x=.pdf#y.gif"), Some("image/png"));
        assert_eq!(by_ending("gs://bucket/a.b.pdf"), Some("application/pdf"));
        for url in ["https://h.png/a", "https://h/a.", "https://h/a", "", "a.exe"] {
            assert_eq!(by_ending(url), None, "{url}");
        }
    }
}
