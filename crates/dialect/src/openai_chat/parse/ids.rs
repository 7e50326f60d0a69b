//! Calls that some compatible servers left without an id, which other providers do not take.
//!
//! Calls and results are joined in their order, and the id is made of the call's place in the
//! conversation, so it is the same in every turn and at every gateway.

use std::collections::VecDeque;

use crate::prompt::{Block, BlockKind, Turn};

/// Gives calls with empty ids, and their results, ids that join them. A result that answers no such
/// call keeps its empty one.
pub(super) fn name(turns: &mut [Turn]) {
    let mut waiting = VecDeque::new();
    let blocks = turns.iter_mut().flat_map(|turn| &mut turn.blocks);
    for (number, block) in blocks.enumerate() {
        match block {
            Block { kind: BlockKind::ToolCall { id, .. }, .. } if id.is_empty() => {
                *id = format!("call_{number}");
                waiting.push_back(id.clone());
            }
            Block { kind: BlockKind::ToolResult { id, .. }, .. } if id.is_empty() => {
                *id = waiting.pop_front().unwrap_or_default();
            }
            _ => {}
        }
    }
}
