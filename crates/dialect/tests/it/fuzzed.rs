//! The fuzzers' targets on random bytes and on damaged recordings, a little on every run.

use proptest::prelude::*;

use crate::targets;

/// Text that looks like some wire: pieces of all of them in any order.
fn wire() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("data: ".to_owned()),
        Just("event: message_start\n".to_owned()),
        Just("\n\n".to_owned()),
        Just("\r\n\r\n".to_owned()),
        Just("[DONE]".to_owned()),
        "[{}\\[\\]\",:0-9eE.+-]{1,6}",
        prop::sample::select(vec![
            "\"type\":\"content_block_delta\"",
            "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]",
            "\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]",
            "\"finish_reason\":\"stop\"",
            "\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]",
            "\"model\":\"m\"",
            "\"input\":[{\"role\":\"user\",\"content\":\"q\"}]",
            "\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]",
            "isobar1.openai.s.6d.x",
            "null",
            "\\ud83d",
            "é",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(|c| c.to_string()),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn no_bytes_panic_and_no_cut_changes_a_stream(
        choices in any::<[u8; 3]>(),
        body in prop_oneof![wire(), prop::collection::vec(any::<u8>(), 0..300)],
    ) {
        let data = [&choices[..], &body].concat();
        targets::request(&data);
        targets::whole(&data);
        targets::stream(&data);
    }
}
