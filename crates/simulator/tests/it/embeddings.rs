//! Vectors in each vendor's format, and counting tokens in each.

use serde_json::{Value, json};

use crate::client::World;

async fn floats(world: &World, path: &str, body: Value, place: &str) -> Vec<f64> {
    let reply = world.post(path, &body).await;
    let found = reply.json();
    let vector = found.pointer(place).and_then(Value::as_array);
    vector
        .unwrap_or_else(|| panic!("{path}: {found}"))
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect()
}

#[tokio::test]
async fn the_same_text_has_the_same_vector_everywhere() {
    let world = World::start().await;
    let model = "gpt-large";
    let project = "/vertex/v1/projects/p/locations/eu/publishers/google/models/text";
    let content = json!({"parts": [{"text": "hello"}]});
    let single = json!({"embeddingPurpose": "GENERIC_INDEX", "embeddingDimension": 256,
        "text": {"truncationMode": "END", "value": "hello"}});
    let asked = [
        (
            "/openai-eu/v1/embeddings".to_owned(),
            json!({"model": model, "input": "hello", "dimensions": 256}),
            "/data/0/embedding",
        ),
        (
            "/azure/openai/deployments/d/embeddings?api-version=1".to_owned(),
            json!({"input": ["hello"], "dimensions": 256}),
            "/data/0/embedding",
        ),
        (
            "/mistral/v1/embeddings".to_owned(),
            json!({"model": model, "input": ["hello"], "output_dimension": 256}),
            "/data/0/embedding",
        ),
        (
            "/bedrock/model/amazon.titan-embed-text-v2%3A0/invoke".to_owned(),
            json!({"inputText": "hello", "dimensions": 256}),
            "/embedding",
        ),
        (
            "/bedrock/model/cohere.embed-v4:0/invoke".to_owned(),
            json!({"texts": ["hello"], "input_type": "search_query", "output_dimension": 256,
                "embedding_types": ["float"]}),
            "/embeddings/float/0",
        ),
        (
            "/bedrock/model/amazon.nova-2-embeddings/invoke".to_owned(),
            json!({"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": single}),
            "/embeddings/0/embedding",
        ),
        (
            format!("{project}:predict"),
            json!({"instances": [{"content": "hello"}], "parameters": {"outputDimensionality": 256}}),
            "/predictions/0/embeddings/values",
        ),
        (
            format!("{project}:embedContent"),
            json!({"content": content, "outputDimensionality": 256}),
            "/embedding/values",
        ),
    ];
    let mut first: Option<Vec<f64>> = None;
    for (path, body, place) in asked {
        let vector = floats(&world, &path, body, place).await;
        assert_eq!(vector.len(), 256, "{path}");
        assert_eq!(first.get_or_insert_with(|| vector.clone()), &vector, "{path}");
        let logged = world.last_logged(|last| last.status == 200).await;
        assert_eq!(logged.text, "hello", "{path}");
    }
}

#[tokio::test]
async fn what_a_format_cannot_take_is_refused() {
    let world = World::start().await;
    for (path, body, status) in [
        ("/openai-eu/v1/embeddings", json!({"model": "gpt-large", "input": ""}), 400),
        ("/openai-eu/v1/embeddings", json!({"model": "nope", "input": "x"}), 404),
        ("/mistral/v1/embeddings", json!({"model": "m", "input": "x", "dimensions": 5}), 422),
        ("/bedrock/model/amazon.titan-embed-text-v2:0/invoke", json!({"inputText": ["x"]}), 400),
        ("/bedrock/model/cohere.embed-v4:0/invoke", json!({"texts": ["x"]}), 400),
        ("/vertex/v1beta/models/m:embedContent", json!({"content": {"parts": []}}), 400),
    ] {
        let refused = world.post(path, &body).await;
        assert_eq!(refused.status, status, "{path}: {refused:?}");
    }
}

#[tokio::test]
async fn tokens_are_counted_in_each_format_that_can() {
    let world = World::start().await;
    let turn = json!([{"role": "user", "content": "hello"}]);
    let blocks = json!([{"role": "user", "content": [{"text": "hello"}]}]);
    let claude =
        "/vertex/v1/projects/p/locations/eu/publishers/anthropic/models/count-tokens:rawPredict";
    for (path, body, place) in [
        (
            "/anthropic-us/v1/messages/count_tokens",
            json!({"model": "claude-large", "messages": turn}),
            "input_tokens",
        ),
        (
            "/bedrock/model/m/count-tokens",
            json!({"input": {"converse": {"messages": blocks}}}),
            "inputTokens",
        ),
        (
            "/vertex/v1beta/models/m:countTokens",
            json!({"contents": [{"parts": [{"text": "hello"}]}]}),
            "totalTokens",
        ),
        (
            claude,
            json!({"model": "c", "anthropic_version": "vertex-2023-10-16", "messages": turn}),
            "input_tokens",
        ),
    ] {
        let counted = world.post(path, &body).await.json();
        assert!(counted[place].as_u64().unwrap_or_default() > 0, "{path}: {counted}");
    }
}
