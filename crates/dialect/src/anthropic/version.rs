//! What `anthropic-version` changes (a semantic switch since 2026-10-21).

use crate::ParseError;

/// A version this gateway knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Version {
    /// Takes sampling parameters; what a caller without the header gets.
    #[default]
    V20230601,
    /// Refuses sampling parameters, documents of the assistant, and citations on the user's text.
    V20261021,
}

impl Version {
    /// Reads the header. An unknown version is refused: its meaning is unknown too.
    ///
    /// # Errors
    /// [`ParseError`] naming the header.
    pub(crate) fn parse(header: Option<&str>) -> Result<Self, ParseError> {
        match header.map(str::trim) {
            None | Some("2023-06-01") => Ok(Self::V20230601),
            Some("2026-10-21") => Ok(Self::V20261021),
            Some(_) => Err(ParseError::about(
                "anthropic-version",
                "`anthropic-version` must be `2023-06-01` or `2026-10-21`",
            )),
        }
    }

    /// The header's text.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::V20230601 => "2023-06-01",
            Self::V20261021 => "2026-10-21",
        }
    }
}
