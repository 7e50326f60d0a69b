//! One request for each feature in the words of each client dialect.

use vocab::Feature;

use crate::support::Client::{
    self, AnthropicCount as COUNT, AnthropicMessages as AM, MistralChat as MI,
    MistralEmbeddings as ME, OpenAiChat as OC, OpenAiEmbeddings as OE, OpenAiResponses as OR,
};

/// A feature and how it is asked for: fields that are put over a plain body.
pub(crate) struct Probe {
    /// Its name on the page.
    pub(crate) name: &'static str,
    /// What a route says about it, if it can.
    pub(crate) feature: Option<Feature>,
    /// The words.
    pub(crate) words: &'static [(Client, &'static str)],
}

const fn probe(
    name: &'static str,
    feature: Option<Feature>,
    words: &'static [(Client, &'static str)],
) -> Probe {
    Probe { name, feature, words }
}

pub(crate) const PROBES: &[Probe] = &[
    probe("text", None, &[(OC, "{}"), (OR, "{}"), (AM, "{}"), (MI, "{}"), (COUNT, "{}")]),
    probe(
        "instructions",
        None,
        &[
            (OC, r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"x"}]}"#),
            (OR, r#"{"instructions":"s"}"#),
            (AM, r#"{"system":"s"}"#),
            (MI, r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"x"}]}"#),
            (COUNT, r#"{"system":"s"}"#),
        ],
    ),
    probe(
        "instructions later on",
        Some(Feature::LateInstructions),
        &[
            (
                OC,
                r#"{"messages":[{"role":"user","content":"x"},{"role":"system","content":"s"},{"role":"user","content":"y"}]}"#,
            ),
            (
                OR,
                r#"{"input":[{"role":"user","content":"x"},{"role":"system","content":"s"},{"role":"user","content":"y"}]}"#,
            ),
            (
                AM,
                r#"{"messages":[{"role":"user","content":"x"},{"role":"system","content":"s"},{"role":"user","content":"y"}]}"#,
            ),
            (
                MI,
                r#"{"messages":[{"role":"user","content":"x"},{"role":"system","content":"s"},{"role":"user","content":"y"}]}"#,
            ),
        ],
    ),
    probe(
        "output limit",
        None,
        &[
            (OC, r#"{"max_completion_tokens":9}"#),
            (OR, r#"{"max_output_tokens":16}"#),
            (AM, r#"{"max_tokens":9}"#),
            (MI, r#"{"max_tokens":9}"#),
        ],
    ),
    probe(
        "stream",
        Some(Feature::Streaming),
        &[
            (OC, r#"{"stream":true}"#),
            (OR, r#"{"stream":true}"#),
            (AM, r#"{"stream":true}"#),
            (MI, r#"{"stream":true}"#),
        ],
    ),
    probe(
        "stop sequences",
        None,
        &[
            (OC, r#"{"stop":["END"]}"#),
            (AM, r#"{"stop_sequences":["END"]}"#),
            (MI, r#"{"stop":["END"]}"#),
        ],
    ),
    probe(
        "temperature",
        Some(Feature::Sampling),
        &[
            (OC, r#"{"temperature":0.5}"#),
            (OR, r#"{"temperature":0.5}"#),
            (AM, r#"{"temperature":0.5}"#),
            (MI, r#"{"temperature":0.5}"#),
        ],
    ),
    probe(
        "nucleus",
        Some(Feature::Sampling),
        &[
            (OC, r#"{"top_p":0.5}"#),
            (OR, r#"{"top_p":0.5}"#),
            (AM, r#"{"top_p":0.5}"#),
            (MI, r#"{"top_p":0.5}"#),
        ],
    ),
    probe("top-k", Some(Feature::Sampling), &[(AM, r#"{"top_k":5}"#)]),
    probe(
        "penalties",
        None,
        &[
            (OC, r#"{"presence_penalty":0.5,"frequency_penalty":0.5}"#),
            (MI, r#"{"presence_penalty":0.5,"frequency_penalty":0.5}"#),
        ],
    ),
    probe("seed", None, &[(OC, r#"{"seed":7}"#), (MI, r#"{"random_seed":7}"#)]),
    probe(
        "several answers",
        Some(Feature::SeveralAnswers),
        &[(OC, r#"{"n":2}"#), (MI, r#"{"n":2}"#)],
    ),
    probe(
        "log probabilities",
        Some(Feature::Logprobs),
        &[
            (OC, r#"{"logprobs":true,"top_logprobs":2}"#),
            (OR, r#"{"top_logprobs":2,"include":["message.output_text.logprobs"]}"#),
        ],
    ),
    probe("token bias", None, &[(OC, r#"{"logit_bias":{"5":10}}"#)]),
    probe(
        "JSON of a schema",
        Some(Feature::JsonSchema),
        &[
            (
                OC,
                r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}"#,
            ),
            (
                OR,
                r#"{"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"}}}}"#,
            ),
            (
                AM,
                r#"{"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}"#,
            ),
            (
                MI,
                r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}"#,
            ),
        ],
    ),
    probe(
        "JSON of any kind",
        Some(Feature::JsonObject),
        &[
            (OC, r#"{"response_format":{"type":"json_object"}}"#),
            (OR, r#"{"text":{"format":{"type":"json_object"}}}"#),
            (MI, r#"{"response_format":{"type":"json_object"}}"#),
        ],
    ),
    probe(
        "tools",
        Some(Feature::Tools),
        &[
            (
                OC,
                r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
            ),
            (
                OR,
                r#"{"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}]}"#,
            ),
            (AM, r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#),
            (
                MI,
                r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
            ),
            (COUNT, r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#),
        ],
    ),
    probe(
        "a tool must be called",
        Some(Feature::ForcedTool),
        &[
            (
                OC,
                r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"required"}"#,
            ),
            (
                OR,
                r#"{"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}],"tool_choice":"required"}"#,
            ),
            (
                AM,
                r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"}}"#,
            ),
            (
                MI,
                r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"any"}"#,
            ),
        ],
    ),
    probe(
        "no tool may be called",
        None,
        &[
            (
                OC,
                r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"none"}"#,
            ),
            (
                OR,
                r#"{"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}],"tool_choice":"none"}"#,
            ),
            (
                AM,
                r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"none"}}"#,
            ),
            (
                MI,
                r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"none"}"#,
            ),
        ],
    ),
    probe(
        "one call at a time",
        None,
        &[
            (
                OC,
                r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"parallel_tool_calls":false}"#,
            ),
            (
                OR,
                r#"{"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}],"parallel_tool_calls":false}"#,
            ),
            (
                AM,
                r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}"#,
            ),
            (
                MI,
                r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"parallel_tool_calls":false}"#,
            ),
        ],
    ),
    probe(
        "several calls at once",
        Some(Feature::ParallelTools),
        &[
            (
                OC,
                r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"parallel_tool_calls":true}"#,
            ),
            (
                OR,
                r#"{"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}],"parallel_tool_calls":true}"#,
            ),
            (
                AM,
                r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"auto","disable_parallel_tool_use":false}}"#,
            ),
            (
                MI,
                r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"parallel_tool_calls":true}"#,
            ),
        ],
    ),
    probe(
        "calls and their results",
        Some(Feature::Tools),
        &[
            (
                OC,
                r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"abcdefghi","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"abcdefghj","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"abcdefghi","content":"r"},{"role":"tool","tool_call_id":"abcdefghj","content":"r"}]}"#,
            ),
            (
                OR,
                r#"{"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}],"input":[{"role":"user","content":"x"},{"type":"function_call","call_id":"abcdefghi","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"abcdefghi","output":"r"}]}"#,
            ),
            (
                AM,
                r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"abcdefghi","name":"f","input":{}},{"type":"tool_use","id":"abcdefghj","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"abcdefghi","content":"r"},{"type":"tool_result","tool_use_id":"abcdefghj","content":"r"}]}]}"#,
            ),
            (
                MI,
                r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"","tool_calls":[{"id":"abcdefghi","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","name":"f","tool_call_id":"abcdefghi","content":"r"}]}"#,
            ),
        ],
    ),
    probe(
        "a result that is a failure",
        None,
        &[(
            AM,
            r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"abcdefghi","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"abcdefghi","is_error":true,"content":"r"}]}]}"#,
        )],
    ),
    probe(
        "an image as a result",
        Some(Feature::Images),
        &[
            (
                OR,
                r#"{"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}],"input":[{"role":"user","content":"x"},{"type":"function_call","call_id":"abcdefghi","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"abcdefghi","output":[{"type":"input_image","image_url":"data:image/png;base64,aGk="}]}]}"#,
            ),
            (
                AM,
                r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"abcdefghi","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"abcdefghi","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}]}]}]}"#,
            ),
        ],
    ),
    probe(
        "tools of the provider",
        None,
        &[
            (OC, r#"{"web_search_options":{}}"#),
            (OR, r#"{"tools":[{"type":"web_search"}]}"#),
            (AM, r#"{"tools":[{"type":"web_search_20250305","name":"web_search"}]}"#),
        ],
    ),
    probe(
        "an image",
        Some(Feature::Images),
        &[
            (
                OC,
                r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]}]}"#,
            ),
            (
                OR,
                r#"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,aGk="}]}]}"#,
            ),
            (
                AM,
                r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}]}]}"#,
            ),
            (
                MI,
                r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":"data:image/png;base64,aGk="}]}]}"#,
            ),
            (
                COUNT,
                r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}]}]}"#,
            ),
        ],
    ),
    probe(
        "an image at an address",
        Some(Feature::Images),
        &[
            (
                OC,
                r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]}"#,
            ),
            (
                OR,
                r#"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"https://x/y.png"}]}]}"#,
            ),
            (
                AM,
                r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x/y.png"}}]}]}"#,
            ),
            (
                MI,
                r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":"https://x/y.png"}]}]}"#,
            ),
        ],
    ),
    probe(
        "a PDF",
        Some(Feature::Documents),
        &[
            (
                OC,
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,aGk="}}]}]}"#,
            ),
            (
                OR,
                r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"x"},{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,aGk="}]}]}"#,
            ),
            (
                AM,
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"document","title":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"aGk="}}]}]}"#,
            ),
            (
                COUNT,
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"aGk="}}]}]}"#,
            ),
        ],
    ),
    probe(
        "a document of plain text",
        Some(Feature::Documents),
        &[
            (
                OC,
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"file","file":{"filename":"a.txt","file_data":"data:text/plain;base64,aGk="}}]}]}"#,
            ),
            (
                AM,
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"document","title":"a.txt","source":{"type":"text","media_type":"text/plain","data":"hi"}}]}]}"#,
            ),
        ],
    ),
    probe(
        "a document at an address",
        Some(Feature::Documents),
        &[
            (
                OR,
                r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"x"},{"type":"input_file","file_url":"https://x/a.pdf"}]}]}"#,
            ),
            (
                AM,
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"document","source":{"type":"url","url":"https://x/a.pdf"}}]}]}"#,
            ),
            (
                MI,
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"document_url","document_url":"https://x/a.pdf"}]}]}"#,
            ),
        ],
    ),
    probe(
        "audio",
        Some(Feature::Audio),
        &[(
            OC,
            r#"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"aGk=","format":"wav"}}]}]}"#,
        )],
    ),
    probe(
        "an answer to be continued",
        Some(Feature::Prefill),
        &[
            (
                AM,
                r#"{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]}"#,
            ),
            (
                MI,
                r#"{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y","prefix":true}]}"#,
            ),
        ],
    ),
    probe(
        "an effort",
        Some(Feature::Reasoning),
        &[
            (OC, r#"{"reasoning_effort":"high"}"#),
            (OR, r#"{"reasoning":{"effort":"high"}}"#),
            (AM, r#"{"thinking":{"type":"adaptive"},"output_config":{"effort":"high"}}"#),
            (MI, r#"{"reasoning_effort":"high"}"#),
        ],
    ),
    probe(
        "reasoning as the model likes",
        Some(Feature::Reasoning),
        &[(AM, r#"{"thinking":{"type":"adaptive"}}"#)],
    ),
    probe(
        "reasoning switched off",
        None,
        &[
            (OC, r#"{"reasoning_effort":"none"}"#),
            (OR, r#"{"reasoning":{"effort":"none"}}"#),
            (AM, r#"{"thinking":{"type":"disabled"}}"#),
            (MI, r#"{"reasoning_effort":"none"}"#),
        ],
    ),
    probe(
        "a budget for reasoning",
        Some(Feature::Reasoning),
        &[(AM, r#"{"thinking":{"type":"enabled","budget_tokens":1024}}"#)],
    ),
    probe(
        "its own reasoning given back",
        Some(Feature::Reasoning),
        &[
            (
                OC,
                r#"{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y","reasoning_content":"hm","reasoning_details":[{"index":0,"type":"reasoning.seal","data":"@CARRIER@","from":0,"to":2,"content":0,"calls":0}]},{"role":"user","content":"z"}]}"#,
            ),
            (
                OR,
                r#"{"input":[{"role":"user","content":"x"},{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"@CARRIER@"},{"type":"message","role":"assistant","content":"y"},{"role":"user","content":"z"}]}"#,
            ),
            (
                AM,
                r#"{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"@CARRIER@"},{"type":"text","text":"y"}]},{"role":"user","content":"z"}]}"#,
            ),
        ],
    ),
    probe(
        "another model's reasoning given back",
        Some(Feature::Reasoning),
        &[
            (
                OC,
                r#"{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y","reasoning_content":"hm","reasoning_details":[{"index":0,"type":"reasoning.seal","data":"isobar1.openai.s.78.SEAL","from":0,"to":2,"content":0,"calls":0}]},{"role":"user","content":"z"}]}"#,
            ),
            (
                OR,
                r#"{"input":[{"role":"user","content":"x"},{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"isobar1.anthropic.s.78.SEAL"},{"type":"message","role":"assistant","content":"y"},{"role":"user","content":"z"}]}"#,
            ),
            (
                AM,
                r#"{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"isobar1.openai.s.78.SEAL"},{"type":"text","text":"y"}]},{"role":"user","content":"z"}]}"#,
            ),
        ],
    ),
    probe(
        "where caches begin",
        None,
        &[(AM, r#"{"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}]}"#)],
    ),
    probe(
        "who asks",
        None,
        &[
            (OC, r#"{"safety_identifier":"u"}"#),
            (OR, r#"{"safety_identifier":"u"}"#),
            (AM, r#"{"metadata":{"user_id":"u"}}"#),
        ],
    ),
    probe(
        "state of the server",
        None,
        &[
            (OC, r#"{"store":true}"#),
            (OR, r#"{"previous_response_id":"resp_1"}"#),
            (AM, r#"{"container":"c"}"#),
        ],
    ),
];

pub(crate) const EMBED_PROBES: &[Probe] = &[
    probe("several texts", None, &[(OE, r#"{"input":["x","y"]}"#), (ME, r#"{"input":["x","y"]}"#)]),
    probe("tokens instead of text", None, &[(OE, r#"{"input":[[1,2]]}"#)]),
    probe(
        "vectors of a chosen size",
        Some(Feature::Dimensions),
        &[(OE, r#"{"dimensions":256}"#), (ME, r#"{"output_dimension":256}"#)],
    ),
    probe(
        "vectors in base64",
        None,
        &[(OE, r#"{"encoding_format":"base64"}"#), (ME, r#"{"encoding_format":"base64"}"#)],
    ),
    probe("vectors of whole numbers", None, &[(ME, r#"{"output_dtype":"int8"}"#)]),
    probe("who asks", None, &[(OE, r#"{"user":"u"}"#), (ME, r#"{"metadata":{"user":"u"}}"#)]),
];
