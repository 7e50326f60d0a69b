//! Embeddings on Bedrock: each family of models has its own body, all by `invoke`.
//!
//! The address says which model. Titan and Nova take one text a call, Cohere a list; Cohere and Nova
//! say what a text is for, and a caller who does not is taken to index documents. No family counts
//! tokens in the body but Titan.

mod cohere;
mod nova;
mod titan;

pub(crate) use cohere::Cohere;
pub(crate) use nova::Nova;
use serde::Deserialize;
pub(crate) use titan::Titan;
use vocab::{Failure, FailureKind};

use crate::{Unsupported, UpstreamDialect, embedding::Texts, read_error};

/// The text of a request that has one.
fn one(texts: &Texts) -> Result<&str, Unsupported> {
    let plain = texts.plain()?;
    match (plain.as_slice(), texts.inputs.get(1)) {
        ([text], _) => Ok(text),
        (_, Some((second, _))) => {
            Err(second.refuse("is a second text, and this provider takes one a call"))
        }
        (_, None) => Err(Unsupported::about("input", "`input` is empty")),
    }
}

/// An answer of one of the families: a body without what `has` looks for is an error or broken.
fn answer<'a, T: Deserialize<'a>>(
    upstream: UpstreamDialect,
    body: &'a [u8],
    has: fn(&T) -> bool,
) -> Result<T, Failure> {
    match serde_json::from_slice::<T>(body) {
        Ok(answer) if has(&answer) => Ok(answer),
        Ok(_) => Err(read_error(upstream, None, body)),
        Err(_) => Err(Failure::new(FailureKind::Broken, "the provider's reply is not an answer")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        Target,
        embedding::{Input, Path},
        upstream::EmbedUpstream,
    };

    const TARGET: Target<'static> = Target::new("m", 1);

    fn texts(inputs: &[&str], dimensions: Option<u64>) -> Texts {
        let list = Path::default().key("input");
        let one = |text: &&str| (list.clone(), Input::Text((*text).to_owned()));
        Texts { inputs: inputs.iter().map(one).collect(), dimensions, ..Texts::default() }
    }

    fn emitted(upstream: &dyn EmbedUpstream, texts: &Texts) -> serde_json::Value {
        upstream.check(texts).unwrap();
        serde_json::from_slice(&upstream.emit(texts, &TARGET).unwrap().body).unwrap()
    }

    #[test]
    fn each_family_has_its_own_body() {
        let sized = texts(&["a"], Some(256));
        assert_eq!(emitted(&Titan, &sized), json!({"inputText": "a", "dimensions": 256}));
        assert_eq!(emitted(&Titan, &texts(&["a"], None)), json!({"inputText": "a"}));
        let several = texts(&["a", "b"], Some(512));
        let cohere =
            json!({"texts": ["a", "b"], "input_type": "search_document", "output_dimension": 512});
        assert_eq!(emitted(&Cohere, &several), cohere);
        let nova = json!({
            "schemaVersion": "nova-multimodal-embed-v1",
            "taskType": "SINGLE_EMBEDDING",
            "singleEmbeddingParams": {
                "embeddingPurpose": "GENERIC_INDEX", "embeddingDimension": 256,
                "text": {"truncationMode": "NONE", "value": "a"},
            },
        });
        assert_eq!(emitted(&Nova, &sized), nova);
    }

    #[test]
    fn what_does_not_fit_one_call_is_refused_by_name() {
        let two = texts(&["a", "b"], None);
        for upstream in [&Titan as &dyn EmbedUpstream, &Nova] {
            assert_eq!(upstream.check(&two).unwrap_err().param, "input");
            assert!(upstream.check(&texts(&[], None)).is_err());
        }
        assert!(Cohere.check(&texts(&["x"; 96], None)).is_ok());
        assert_eq!(Cohere.check(&texts(&["x"; 97], None)).unwrap_err().param, "input");
        let tokens = vec![(Path::default().key("input"), Input::Tokens(vec![1]))];
        let tokens = Texts { inputs: tokens, ..Texts::default() };
        for upstream in [&Titan as &dyn EmbedUpstream, &Cohere, &Nova] {
            assert_eq!(upstream.check(&tokens).unwrap_err().param, "input");
        }
    }

    #[test]
    fn answers_of_each_family_are_read_and_nothing_else_is() {
        let read = |upstream: &dyn EmbedUpstream, body: &str| upstream.read(body.as_bytes());
        let vectors = read(&Titan, r#"{"embedding":[0.5,-1],"inputTextTokenCount":4}"#).unwrap();
        assert_eq!(vectors.vectors, [[0.5, -1.0]]);
        assert_eq!(vectors.usage.input, Some(4));
        for body in [
            r#"{"embeddings":[[0.5],[1]],"id":"x","response_type":"embeddings_floats"}"#,
            r#"{"embeddings":{"float":[[0.5],[1]]},"response_type":"embeddings_by_type"}"#,
        ] {
            assert_eq!(read(&Cohere, body).unwrap().vectors, [[0.5], [1.0]]);
        }
        let nova = r#"{"embeddings":[{"embeddingType":"TEXT","embedding":[0.5]}]}"#;
        assert_eq!(read(&Nova, nova).unwrap().vectors, [[0.5]]);
        for upstream in [&Titan as &dyn EmbedUpstream, &Cohere, &Nova] {
            for body in ["", "[]", "{}", r#"{"embeddings":7}"#, r#"{"embedding":"x"}"#] {
                assert_eq!(read(upstream, body).unwrap_err().kind, FailureKind::Broken, "{body}");
            }
            let limited = r#"{"__type":"ThrottlingException","message":"m"}"#;
            assert_eq!(read(upstream, limited).unwrap_err().kind, FailureKind::RateLimited);
        }
    }
}
