//! Embeddings: requests, answers, refusals, and the recorded exchanges where they are present.

use bytes::Bytes;
use dialect::{Answer, WholeReply, answer};
use proptest::prelude::*;
use serde_json::{Value, json};
use vocab::{Failure, FailureKind};

use crate::{
    fixtures::{exchanges, spec},
    schema::faults,
    support::*,
};

const FAMILY: [Upstream; 1] = [Upstream::OpenAiEmbeddings];

fn request(body: &Value) -> dialect::Request {
    read(Client::OpenAiEmbeddings, &body.to_string()).unwrap()
}

fn sent(body: &Value, upstream: Upstream) -> Value {
    serde_json::from_slice(&emit(&request(body), upstream).unwrap().body).unwrap()
}

fn answered(body: &Value, upstream: Upstream, reply: &Value) -> Result<Answer, Failure> {
    answer(&request(body), upstream, "up", id(), &Bytes::from(reply.to_string()))
}

#[test]
fn the_same_dialect_gets_the_body_as_it_is_with_its_own_model() {
    let body = json!({"model": "m", "input": [[1, 2], [3]], "future": {"a": 1}, "user": "u"});
    for upstream in FAMILY {
        assert_eq!(
            sent(&body, upstream),
            json!({"model": "up", "input": [[1, 2], [3]], "future": {"a": 1}, "user": "u"})
        );
    }
}

#[test]
fn mistral_gets_texts_and_its_own_word_for_the_size() {
    let body = json!({
        "model": "m", "input": ["a", "b"], "dimensions": 8, "encoding_format": "base64", "user": "u",
    });
    assert_eq!(
        sent(&body, Upstream::MistralEmbeddings),
        json!({"model": "up", "input": ["a", "b"], "output_dimension": 8})
    );
    let outbound = emit(&request(&body), Upstream::MistralEmbeddings).unwrap();
    assert_eq!(outbound.dropped, ["user"]);
    let one = json!({"model": "m", "input": "a"});
    assert_eq!(sent(&one, Upstream::MistralEmbeddings), json!({"model": "up", "input": ["a"]}));
}

/// What Mistral's SDK sends on the same path.
fn mistral(body: &Value) -> dialect::Request {
    read(Client::MistralEmbeddings, &body.to_string()).unwrap()
}

#[test]
fn what_mistrals_sdk_says_reaches_openai_in_openais_words_and_comes_back_in_its_own() {
    let body = mistral(&json!({
        "model": "m", "input": ["a"], "output_dimension": 8, "output_dtype": "float",
        "metadata": {"k": "v"},
    }));
    let sent = emit(&body, Upstream::OpenAiEmbeddings).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&sent.body).unwrap(),
        json!({"model": "up", "input": ["a"], "dimensions": 8, "encoding_format": "float"})
    );
    assert_eq!(sent.dropped, ["metadata"]);
    let reply = json!({
        "object": "list", "model": "up", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    });
    let reply = Bytes::from(reply.to_string());
    let plain = mistral(&json!({"model": "m", "input": ["a"]}));
    for asked in [body, plain] {
        let shown = answer(&asked, Upstream::OpenAiEmbeddings, "up", id(), &reply).unwrap();
        let shown: Value = serde_json::from_slice(&shown.body).unwrap();
        assert_eq!(
            shown,
            json!({
                "id": "0190000000007000800000000000abcd", "object": "list", "model": "m",
                "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
                "usage": {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3},
            })
        );
    }
}

#[test]
fn mistrals_own_words_reach_mistral_untouched() {
    let body =
        mistral(&json!({"model": "m", "input": "a", "output_dtype": "int8", "metadata": {}}));
    let sent = emit(&body, Upstream::MistralEmbeddings).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&sent.body).unwrap(),
        json!({"model": "up", "input": "a", "output_dtype": "int8", "metadata": {}})
    );
    assert_eq!(emit(&body, Upstream::OpenAiEmbeddings).unwrap_err().param, "output_dtype");
    let sized = mistral(&json!({"model": "m", "input": "a", "output_dimension": 8}));
    assert!(sized.needs().dimensions);
    assert_eq!(sized.place_of(vocab::Feature::Dimensions), "output_dimension");
    let refused = emit(&mistral(&json!({"model": "m", "input": "a", "user": "u"})), FAMILY[0]);
    assert_eq!(refused.unwrap_err().param, "user", "its schema has no such field");
}

#[test]
fn what_is_not_known_of_the_use_is_zero_for_the_caller_and_unknown_on_record() {
    let reply = Bytes::from_static(br#"{"embeddings":[[0.5]],"id":"x"}"#);
    let body = json!({"model": "m", "input": ["a"]});
    let openai = json!({"prompt_tokens": 0, "total_tokens": 0});
    let own = json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0});
    for (asked, expected) in [(request(&body), openai), (mistral(&body), own)] {
        let silent = answer(&asked, Upstream::CohereEmbeddings, "up", id(), &reply).unwrap();
        let shown: Value = serde_json::from_slice(&silent.body).unwrap();
        assert_eq!((&shown["usage"], silent.usage.input), (&expected, None));
    }
}

#[test]
fn a_count_in_the_replys_head_is_used_where_the_body_has_none() {
    let body = request(&json!({"model": "m", "input": ["a"]}));
    for (upstream, reply, expected) in [
        (Upstream::CohereEmbeddings, r#"{"embeddings":[[0.5]]}"#, 7),
        (Upstream::TitanEmbeddings, r#"{"embedding":[0.5],"inputTextTokenCount":4}"#, 4),
        (Upstream::OpenAiEmbeddings, r#"{"data":[{"index":0,"embedding":[0.5]}]}"#, 7),
    ] {
        let reply = Bytes::from_static(reply.as_bytes());
        let whole = WholeReply { upstream, model: "up", body: &reply, input_tokens: Some(7) };
        let answer = whole.answer(&body, id()).unwrap();
        assert_eq!(answer.usage.input, Some(expected), "{upstream}");
        if upstream != Upstream::OpenAiEmbeddings {
            let shown: Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!(shown["usage"]["total_tokens"], expected);
        }
    }
}

#[test]
fn what_cannot_go_is_refused_by_its_exact_name() {
    let to = Upstream::MistralEmbeddings;
    for (field, value) in [
        ("output_dimension", json!(8)),
        ("encoding_format", json!("hex")),
        ("dimensions", json!(0)),
        ("dimensions", json!(-1)),
        ("future", json!(1)),
    ] {
        let mut body = json!({"model": "m", "input": "a"});
        body[field] = value;
        assert_eq!(emit(&request(&body), to).unwrap_err().param, field);
        assert_eq!(request(&body).carried_by(to, &TARGET).unwrap_err().param, field);
    }
}

#[test]
fn tokens_are_refused_outside_openais_family_with_the_remedy_in_words() {
    for (input, param) in [
        (json!([[1, 2], [3]]), "input[0]"),
        (json!(["a", [3]]), "input[1]"),
        (json!([1, 2]), "input"),
    ] {
        let body = request(&json!({"model": "m", "input": input}));
        let refused = body.choose(&[Upstream::MistralEmbeddings], &TARGET).unwrap_err();
        assert_eq!(refused.param, param);
        assert!(refused.message.contains("check_embedding_ctx_length=False"), "{refused}");
        let routes = [Upstream::MistralEmbeddings, Upstream::OpenAiEmbeddings];
        assert_eq!(body.choose(&routes, &TARGET), Ok(Upstream::OpenAiEmbeddings));
    }
}

#[test]
fn a_malformed_body_is_refused_at_once() {
    let refused = |body: &Value| {
        read(Client::OpenAiEmbeddings, &body.to_string()).unwrap_err().param.unwrap()
    };
    assert_eq!(refused(&json!({"input": "a"})), "model");
    assert_eq!(refused(&json!({"model": "m"})), "input");
    for input in [json!([]), json!({}), json!(1), json!([{}]), json!([-1]), json!([["a"]])] {
        assert_eq!(refused(&json!({"model": "m", "input": input})), "input");
    }
    let many = vec!["a"; 2_049];
    assert_eq!(refused(&json!({"model": "m", "input": many})), "input");
    // Tokens of one long text are one input.
    let long = vec![7; 8_191];
    read(Client::OpenAiEmbeddings, &json!({"model": "m", "input": long}).to_string()).unwrap();
}

#[test]
fn a_request_that_no_route_can_embed_says_so() {
    let body = request(&json!({"model": "m", "input": "a"}));
    let refused =
        body.choose(&[Upstream::OpenAiChat, Upstream::AnthropicMessages], &TARGET).unwrap_err();
    assert_eq!(refused.param, "model");
    assert!(refused.message.contains("openai-embeddings"), "{refused}");
}

#[test]
fn replies_that_are_no_answers_are_broken() {
    let body = json!({"model": "m", "input": ["a", "b"]});
    let item = |index: u64| json!({"index": index, "embedding": [1.0]});
    for reply in [
        json!({}),
        json!([]),
        json!({"data": {}}),
        json!({"data": [item(0)]}),
        json!({"data": [item(0), item(0)]}),
        json!({"data": [item(0), item(2)]}),
        json!({"data": [item(0), {"index": 1}]}),
        json!({"data": [item(0), {"index": 1, "embedding": "AAA"}]}),
        json!({"data": [item(0), {"index": 1, "embedding": [null]}]}),
        // The bits of infinity.
        json!({"data": [item(0), {"index": 1, "embedding": "AACAfw=="}]}),
    ] {
        let failure = answered(&body, Upstream::MistralEmbeddings, &reply).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Broken, "{reply}");
    }
    let limited = json!({"object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "param": null, "code": "1300"});
    let failure = answered(&body, Upstream::MistralEmbeddings, &limited).unwrap_err();
    assert_eq!(failure.kind, FailureKind::RateLimited);
}

#[test]
fn vectors_are_put_into_the_order_of_the_inputs() {
    let body = json!({"model": "m", "input": ["a", "b"]});
    let reply = json!({"data": [
        {"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": "AACAPw=="},
    ]});
    let shown = answered(&body, Upstream::MistralEmbeddings, &reply).unwrap();
    let shown: Value = serde_json::from_slice(&shown.body).unwrap();
    assert_eq!(shown["data"][0], json!({"object": "embedding", "index": 0, "embedding": [1.0]}));
    assert_eq!(shown["data"][1]["embedding"], json!([2.0]));
}

proptest! {
    /// What a caller gets as base64 is what the provider sent as numbers, bit for bit; and the
    /// other way round.
    #[test]
    fn no_bit_of_a_vector_changes_on_its_way(
        bits in proptest::collection::vec(any::<u32>(), 1..32),
    ) {
        let vector: Vec<f32> =
            bits.into_iter().map(f32::from_bits).filter(|number| number.is_finite()).collect();
        let exact = |numbers: &[f32]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
        let reply = json!({"data": [{"index": 0, "embedding": vector}]});
        let show = |format: &str, reply: &Value| {
            let body = json!({"model": "m", "input": "a", "encoding_format": format});
            let shown = answered(&body, Upstream::MistralEmbeddings, reply).unwrap();
            serde_json::from_slice::<Value>(&shown.body).unwrap()["data"][0]["embedding"].clone()
        };
        let encoded = show("base64", &reply);
        let back = json!({"data": [{"index": 0, "embedding": encoded}]});
        let numbers = show("float", &back).to_string();
        let numbers: Vec<f32> = numbers
            .trim_matches(['[', ']'])
            .split(',')
            .filter(|number| !number.is_empty())
            .map(|number| number.parse().unwrap())
            .collect();
        prop_assert_eq!(exact(&numbers), exact(&vector));
    }

    #[test]
    fn no_body_panics(text in r#"([\[\]{}:,1a"-]|"input"|"model"|null){0,40}"#) {
        let whole = format!(r#"{{"model":"m","input":"a",{text}}}"#);
        for body in [&text, &whole] {
            for (client, other) in [
                (Client::OpenAiEmbeddings, Upstream::MistralEmbeddings),
                (Client::MistralEmbeddings, Upstream::OpenAiEmbeddings),
            ] {
                if let Ok(request) = read(client, body) {
                    let _ = emit(&request, other);
                }
            }
        }
    }
}

#[test]
fn recorded_embeddings_are_read_and_shown_in_either_encoding() {
    for folder in ["openai-embeddings", "mistral"] {
        let wanted = exchanges(folder)
            .into_iter()
            .filter(|exchange| exchange.request.get("input").is_some() && exchange.status == 200);
        for exchange in wanted {
            let (same, foreign) = match folder {
                "mistral" => (Upstream::MistralEmbeddings, Upstream::OpenAiEmbeddings),
                _ => (Upstream::OpenAiEmbeddings, Upstream::MistralEmbeddings),
            };
            let reply: Value = serde_json::from_str(&exchange.body.unwrap()).unwrap();
            let mut shown = Vec::new();
            for upstream in [same, foreign] {
                for format in ["float", "base64"] {
                    let mut body = exchange.request.clone();
                    body["encoding_format"] = format.into();
                    let answer = answered(&body, upstream, &reply).unwrap();
                    assert!(answer.usage.input.unwrap() > 0, "{}", exchange.name);
                    if upstream == Upstream::MistralEmbeddings {
                        let value: Value = serde_json::from_slice(&answer.body).unwrap();
                        shown.push(value["data"][0]["embedding"].clone());
                    }
                }
            }
            assert!(shown[0].is_array() && shown[1].is_string(), "{}", exchange.name);
            if reply["data"][0]["embedding"].is_string() {
                assert_eq!(shown[1], reply["data"][0]["embedding"], "{}", exchange.name);
            }
        }
    }
}

#[test]
fn what_is_sent_is_as_the_published_schemas_want_it() {
    for (document, name, upstream) in [
        ("openai.openapi.trimmed.json", "CreateEmbeddingRequest", Upstream::OpenAiEmbeddings),
        ("mistral.openapi.trimmed.json", "EmbeddingRequest", Upstream::MistralEmbeddings),
    ] {
        let Some(spec) = spec(document) else { return };
        let schema = &spec["components"]["schemas"][name];
        for body in [
            json!({"model": "m", "input": "a", "dimensions": 8, "encoding_format": "base64"}),
            json!({"model": "m", "input": ["a", "b"], "user": "u"}),
        ] {
            assert_eq!(faults(&spec, schema, &sent(&body, upstream)), Vec::<String>::new());
        }
        let own = json!({"model": "m", "input": "a", "output_dimension": 8, "metadata": {}});
        let body = emit(&mistral(&own), upstream).unwrap().body;
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(faults(&spec, schema, &body), Vec::<String>::new());
    }
}
