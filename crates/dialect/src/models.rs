//! The list of models, in each dialect.

use bytes::Bytes;
use serde_json::json;
use vocab::Timestamp;

use crate::{ClientDialect, Family};

/// One logical model as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelEntry {
    /// The logical name.
    pub id: String,
    /// Since when it is offered.
    pub created: Timestamp,
}

impl ClientDialect {
    /// The body of the list of models.
    #[must_use]
    pub fn models_body(self, models: &[ModelEntry]) -> Bytes {
        let data: Vec<_> = models.iter().map(|model| self.entry(model)).collect();
        let body = match self.family() {
            Family::OpenAi | Family::Mistral => json!({"object": "list", "data": data}),
            Family::Anthropic => json!({
                "data": data,
                "has_more": false,
                "first_id": models.first().map(|model| &model.id),
                "last_id": models.last().map(|model| &model.id),
            }),
        };
        Bytes::from(body.to_string())
    }

    /// The body of one model.
    #[must_use]
    pub fn model_body(self, model: &ModelEntry) -> Bytes {
        Bytes::from(self.entry(model).to_string())
    }

    fn entry(self, model: &ModelEntry) -> serde_json::Value {
        match self.family() {
            Family::OpenAi | Family::Mistral => json!({
                "id": model.id,
                "object": "model",
                "created": model.created.unix_micros().div_euclid(1_000_000),
                "owned_by": "isobar",
            }),
            Family::Anthropic => json!({
                "type": "model",
                "id": model.id,
                "display_name": model.id,
                "created_at": model.created.to_string(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> ModelEntry {
        ModelEntry { id: "chat-large".into(), created: Timestamp::from_unix_micros(1_500_000) }
    }

    #[test]
    fn each_dialect_lists_models_in_its_own_shape() {
        let openai = ClientDialect::OpenAiChat.models_body(&[entry()]);
        assert_eq!(
            openai,
            r#"{"object":"list","data":[{"id":"chat-large","object":"model","created":1,"owned_by":"isobar"}]}"#
        );
        let anthropic = ClientDialect::AnthropicMessages.models_body(&[entry()]);
        assert_eq!(
            anthropic,
            r#"{"data":[{"type":"model","id":"chat-large","display_name":"chat-large","created_at":"1970-01-01T00:00:01.500000Z"}],"has_more":false,"first_id":"chat-large","last_id":"chat-large"}"#
        );
    }

    #[test]
    fn an_empty_anthropic_list_has_null_ids() {
        let body = ClientDialect::AnthropicMessages.models_body(&[]);
        assert_eq!(body, r#"{"data":[],"has_more":false,"first_id":null,"last_id":null}"#);
    }
}
