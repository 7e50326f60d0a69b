//! Stands where a dialect is not spoken yet: it carries nothing.

use vocab::{Failure, FailureKind, Usage};

use crate::{
    Caller, Finish, ParseError, Reply, Target, Unsupported,
    client::{Client, CountClient, EmbedClient, GenerateClient, WriteStream},
    embedding::{Texts, Vectors},
    events::{Frame, Label},
    prompt::Prompt,
    scan::Peek,
    sse::Event,
    upstream::{CountUpstream, EmbedUpstream, Emitted, GenerateUpstream, ReadStream, Sink, Source},
};

pub(crate) struct Nowhere;

fn no() -> Unsupported {
    Unsupported::about("model", "`model` is served in a dialect that is not spoken yet")
}
fn broken() -> Failure {
    Failure::new(FailureKind::Broken, "a dialect that is not spoken yet")
}
impl Client for Nowhere {
    fn peek(&self, _: &Caller<'_>, _: &[u8]) -> Result<Peek, ParseError> {
        Err(ParseError { param: None, message: "a dialect that is not spoken yet".into() })
    }
}
impl GenerateClient for Nowhere {
    fn parse(&self, _: &[u8]) -> Result<Prompt, Unsupported> {
        Err(no())
    }
    fn write(&self, _: &Reply, _: &Label) -> Result<Vec<u8>, Failure> {
        Err(broken())
    }
    fn stream(&self, _: Label, _: bool) -> Box<dyn WriteStream> {
        Box::new(Self)
    }
}
impl WriteStream for Nowhere {
    fn write(
        &mut self,
        _: crate::ReplyEvent<'_>,
        _: &mut Vec<u8>,
        _: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        Err(broken())
    }
}
impl EmbedClient for Nowhere {
    fn parse(&self, _: &[u8]) -> Result<Texts, Unsupported> {
        Err(no())
    }
    fn write(&self, _: &Texts, _: &Vectors, _: &Label) -> Vec<u8> {
        Vec::new()
    }
}
impl CountClient for Nowhere {
    fn parse(&self, _: &[u8]) -> Result<Prompt, Unsupported> {
        Err(no())
    }
    fn write(&self, _: u64) -> Vec<u8> {
        Vec::new()
    }
}
impl GenerateUpstream for Nowhere {
    fn check(&self, _: &Prompt) -> Result<(), Unsupported> {
        Err(no())
    }
    fn emit(&self, _: &Prompt, _: &Target<'_>) -> Result<Emitted, Unsupported> {
        Err(no())
    }
    fn read(&self, _: &[u8], _: &Source) -> Result<Reply, Failure> {
        Err(broken())
    }
    fn summary(&self, _: &[u8]) -> Result<(Usage, Option<Finish>), Failure> {
        Err(broken())
    }
    fn stream(&self, _: Source) -> Box<dyn ReadStream> {
        Box::new(Self)
    }
}
impl ReadStream for Nowhere {
    fn read(&mut self, _: &Event<'_>, _: &mut Sink<'_>) -> Result<Frame, Failure> {
        Err(broken())
    }
    fn is_terminator(&self, _: &Event<'_>) -> bool {
        false
    }
}
impl EmbedUpstream for Nowhere {
    fn check(&self, _: &Texts) -> Result<(), Unsupported> {
        Err(no())
    }
    fn emit(&self, _: &Texts, _: &Target<'_>) -> Result<Emitted, Unsupported> {
        Err(no())
    }
    fn read(&self, _: &[u8]) -> Result<Vectors, Failure> {
        Err(broken())
    }
}
impl CountUpstream for Nowhere {
    fn check(&self, _: &Prompt) -> Result<(), Unsupported> {
        Err(no())
    }
    fn emit(&self, _: &Prompt, _: &Target<'_>) -> Result<Emitted, Unsupported> {
        Err(no())
    }
    fn read(&self, _: &[u8]) -> Result<u64, Failure> {
        Err(broken())
    }
}
