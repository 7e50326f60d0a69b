//! A whole answer: the same events as of a stream, put together.

use vocab::Failure;

use super::{answer::Answer, broken};
use crate::{
    Reply, ReplyBlock, ReplyEvent, events::opaque, reasoning::Reasoning, upstream::Source,
};

/// The whole answer.
///
/// # Errors
/// An error with status 200, a prompt that was refused, a body that is no answer, or content that
/// has no place in a reply.
pub(crate) fn read(body: &[u8], source: &Source) -> Result<Reply, Failure> {
    let mut answer = Answer::new(source.clone());
    let mut reply = Assembly::default();
    if !answer.body(body, &mut |event| reply.take(event))? {
        return Err(broken("the provider's reply is not an answer"));
    }
    answer.close(&mut |event| reply.take(event))?;
    Ok(reply.reply)
}

/// Puts events together.
#[derive(Default)]
struct Assembly {
    reply: Reply,
    // The last block takes no more.
    is_closed: bool,
}

impl Assembly {
    fn take(&mut self, event: ReplyEvent<'_>) -> Result<(), Failure> {
        let is_closed = std::mem::take(&mut self.is_closed);
        let blocks = &mut self.reply.blocks;
        match (event, blocks.last_mut().filter(|_| !is_closed)) {
            (ReplyEvent::Text(more), Some(ReplyBlock::Text(text))) => text.push_str(more),
            (ReplyEvent::Text(text), _) => blocks.push(ReplyBlock::Text(text.to_owned())),
            (
                ReplyEvent::Reasoning(more),
                Some(ReplyBlock::Reasoning(Reasoning { text, seal: None })),
            ) => {
                text.push_str(more);
            }
            (ReplyEvent::Reasoning(text), _) => {
                blocks.push(ReplyBlock::Reasoning(Reasoning::unsealed(text.to_owned())));
            }
            (
                ReplyEvent::Seal(new),
                Some(ReplyBlock::Reasoning(Reasoning { seal: seal @ None, .. })),
            ) => {
                *seal = Some(new.into_owned());
            }
            (ReplyEvent::Seal(seal), _) => {
                let seal = Some(seal.into_owned());
                blocks.push(ReplyBlock::Reasoning(Reasoning { text: String::new(), seal }));
            }
            (ReplyEvent::ToolOpen { id, name, .. }, _) => blocks.push(ReplyBlock::ToolCall {
                id: id.to_owned(),
                name: name.to_owned(),
                arguments: String::new(),
            }),
            (
                ReplyEvent::ToolArguments { fragment, .. },
                Some(ReplyBlock::ToolCall { arguments, .. }),
            ) => {
                arguments.push_str(fragment);
            }
            (ReplyEvent::Refusal(text), _) => blocks.push(ReplyBlock::Refusal(text.to_owned())),
            (ReplyEvent::Finish(finish), _) => self.reply.finish = Some(finish),
            (ReplyEvent::Usage(usage), _) => self.reply.usage.revise(&usage),
            (ReplyEvent::Opaque, _) => return Err(opaque()),
            (ReplyEvent::BlockEnd, _) => self.is_closed = true,
            (ReplyEvent::Start | ReplyEvent::End | ReplyEvent::ToolArguments { .. }, _) => {}
        }
        Ok(())
    }
}
