//! The kinds of fault that exist: what the control API checks against and the CLI prints.

use serde::Serialize;

/// One row of the table of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct KindHelp {
    /// Name on the wire and on the command line.
    pub name: &'static str,
    /// What it takes besides endpoint, model, count and probability.
    pub parameters: &'static [ParameterHelp],
    /// One line of help.
    pub help: &'static str,
}

/// One parameter of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ParameterHelp {
    /// Name on the wire.
    pub name: &'static str,
    /// Type, range and default in words.
    pub value: &'static str,
}

/// What every kind takes.
pub(super) const COMMON: &[ParameterHelp] = &[
    ParameterHelp { name: "endpoint", value: "endpoint name (required)" },
    ParameterHelp { name: "model", value: "upstream model name; default: every model" },
    ParameterHelp { name: "count", value: "only the next N requests; default: until cleared" },
    ParameterHelp { name: "probability", value: "0 to 1; default: 1" },
];

const N: ParameterHelp = ParameterHelp { name: "n", value: "tokens sent first; default 3" };

const KINDS: &[KindHelp] = &[
    KindHelp {
        name: "refuse",
        parameters: &[],
        help: "reset the connection on the request head, body unread (with a model: body read)",
    },
    KindHelp {
        name: "reset",
        parameters: &[],
        help: "read the whole request, then reset the connection",
    },
    KindHelp {
        name: "hang_before_headers",
        parameters: &[],
        help: "read the whole request, then stay silent",
    },
    KindHelp {
        name: "hang_after_tokens",
        parameters: &[N],
        help: "send headers and N tokens (not streaming: half the body), then stay silent",
    },
    KindHelp {
        name: "cut_after_tokens",
        parameters: &[
            N,
            ParameterHelp {
                name: "ending",
                value: "drop (FIN in the body), reset (RST) or clean (no terminator); default drop",
            },
        ],
        help: "send headers and N tokens (not streaming: half the body), then end unterminated",
    },
    KindHelp {
        name: "status",
        parameters: &[
            ParameterHelp { name: "code", value: "400 to 599; default 503" },
            ParameterHelp { name: "body", value: "JSON, or text; default: as the vendor words it" },
            ParameterHelp { name: "headers", value: "object of header names and values" },
            ParameterHelp { name: "retry_after", value: "seconds, may be fractional" },
        ],
        help: "answer with an error status",
    },
    KindHelp {
        name: "slow_first_token",
        parameters: &[ParameterHelp { name: "ms", value: "milliseconds added; default 30000" }],
        help: "answer whole, but late (streaming: headers in time, first token late)",
    },
    KindHelp {
        name: "malformed_event",
        parameters: &[N],
        help: "one stream event that is not JSON (not streaming: a truncated JSON body)",
    },
    KindHelp {
        name: "in_stream_error",
        parameters: &[N],
        help: "the vendor's error event in the stream (not streaming: an error body on 200)",
    },
    KindHelp { name: "bad_json", parameters: &[], help: "status 200 with a web page as body" },
    KindHelp {
        name: "insufficient_quota",
        parameters: &[],
        help: "status 429 that waiting does not cure: no credit left",
    },
];

/// Every kind of fault: name, parameters, one line of help.
#[must_use]
pub const fn fault_kinds() -> &'static [KindHelp] {
    KINDS
}
