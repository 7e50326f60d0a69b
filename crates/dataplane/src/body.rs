//! The body of an answer: whole, or a stream of frames.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::Stream;
use http_body::{Frame, SizeHint};

/// Ends a response abnormally, so that the caller's client raises instead of taking a part for the
/// whole.
#[derive(Debug, thiserror::Error)]
#[error("the answer could not be completed")]
pub struct Aborted;

type Frames = Pin<Box<dyn Stream<Item = Result<Bytes, Aborted>> + Send>>;

/// The body of an answer.
pub enum Body {
    /// Everything at once; `None` once it is taken.
    Whole(Option<Bytes>),
    /// Frames as they come.
    Stream(Frames),
}

impl Body {
    /// A body that is complete.
    #[must_use]
    pub const fn whole(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) => {
                write!(f, "Whole({} bytes)", bytes.as_ref().map_or(0, Bytes::len))
            }
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(frames) => {
                frames.as_mut().poll_next(cx).map(|next| next.map(|bytes| bytes.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                let size = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(size).unwrap_or(u64::MAX))
            }
            Self::Stream(_) => SizeHint::default(),
        }
    }
}
