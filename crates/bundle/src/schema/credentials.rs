//! `credential` of an endpoint: one of nine ways to come by one.
//!
//! A report shows the line that it points at. Where somebody may have written a secret in place of
//! its name, the problem points at the endpoint's name instead (AUD-4).

use provider::Base;

use crate::{
    credential::{AzureSource, CredentialSource, SecretSource},
    node::{Entry, Node, Place, Value},
    read::{At, Fields, Notes, quoted, text},
    suggest::nearest,
};

const KINDS: [&str; 9] = [
    "env",
    "file",
    "aws",
    "aws_web_identity",
    "aws_instance",
    "google_service_account",
    "google_metadata",
    "azure_client",
    "azure_federated",
];

/// Reads the one way that is named. Problems that may stand beside a secret are shown at `safe`.
pub(crate) fn credential(node: &Node, notes: &Notes, safe: Place) -> Option<CredentialSource> {
    let Value::Map(entries) = &node.value else {
        notes.error(
            safe,
            format!("expected where the credential is found, found {}", node.value.noun()),
            "write `credential: {env: NAME}` or `credential: {file: PATH}`, never the credential itself",
        );
        return None;
    };
    let known = |entry: &Entry| KINDS.iter().copied().find(|kind| *kind == entry.key);
    for entry in entries.iter().filter(|entry| known(entry).is_none()) {
        unknown(&entry.key, notes, safe);
    }
    let named: Vec<_> = entries.iter().filter_map(|e| Some((known(e)?, &e.node))).collect();
    match named.as_slice() {
        [(kind, node)] => Reader { notes, safe }.kind(kind, node),
        // Told above.
        [] if !entries.is_empty() => None,
        _ => {
            let place = entries.first().map_or(node.place, |entry| entry.place);
            notes.error(
                place,
                "a credential is found in exactly one way",
                "write e.g. `credential: {env: NAME}`, `{file: PATH}` or `{aws_instance: {}}`",
            );
            None
        }
    }
}

/// The key may itself be the secret, so it is repeated only if it is nearly right.
fn unknown(key: &str, notes: &Notes, safe: Place) {
    match nearest(key, KINDS) {
        Some(kind) => {
            let message = format!("there is no kind of credential `{key}`");
            notes.error(safe, message, format!("did you mean `{kind}`?"));
        }
        None => {
            let remedy = format!("write one of {}", quoted(&KINDS));
            notes.error(safe, "there is no such kind of credential", remedy);
        }
    }
}

/// What the readers below share.
#[derive(Clone, Copy)]
struct Reader<'a> {
    notes: &'a Notes,
    safe: Place,
}

impl Reader<'_> {
    fn kind(self, kind: &str, node: &Node) -> Option<CredentialSource> {
        match kind {
            "env" => self.variable(node).map(CredentialSource::Secret),
            "file" => self.file(node).map(CredentialSource::Secret),
            "aws" => self.aws(node),
            "aws_web_identity" => self.aws_web_identity(node),
            "aws_instance" => {
                let metadata_url = self.only_url(node, "an AWS instance role")?;
                Some(CredentialSource::AwsInstance { metadata_url })
            }
            "google_service_account" => self.google_service_account(node),
            "google_metadata" => {
                let metadata_url = self.only_url(node, "a Google metadata server")?;
                Some(CredentialSource::GoogleMetadata { metadata_url })
            }
            "azure_client" => self.azure_client(node),
            _ => self.azure_federated(node),
        }
    }

    fn aws(self, node: &Node) -> Option<CredentialSource> {
        let mut fields = Fields::open(node, self.notes, "an AWS access key")?;
        let id = fields.required("access_key_id", |node, _| self.secret(node));
        let secret = fields.required("secret_access_key", |node, _| self.secret(node));
        let session_token = self.optional(&mut fields, "session_token", Self::secret);
        fields.finish();
        Some(CredentialSource::Aws {
            access_key_id: id?,
            secret_access_key: secret?,
            session_token: session_token?,
        })
    }

    fn aws_web_identity(self, node: &Node) -> Option<CredentialSource> {
        let mut fields = Fields::open(node, self.notes, "an AWS web identity")?;
        let role_arn = self.optional(&mut fields, "role_arn", Self::role_arn);
        let token = self.optional(&mut fields, "token_file", Self::file);
        let session_name = self.optional(&mut fields, "session_name", |reader, node| {
            reader.plain(node, "+=,.@_-", "use letters, digits and `+=,.@_-`")
        });
        let region = self.optional(&mut fields, "region", |reader, node| {
            reader.plain(node, "-", "write an AWS region, e.g. `eu-west-1`")
        });
        let sts_url = self.optional(&mut fields, "sts_url", Self::url);
        fields.finish();
        Some(CredentialSource::AwsWebIdentity {
            role_arn: role_arn?,
            token: token?,
            session_name: session_name?,
            region: region?,
            sts_url: sts_url?,
        })
    }

    fn google_service_account(self, node: &Node) -> Option<CredentialSource> {
        let mut fields = Fields::open(node, self.notes, "a Google service account")?;
        let file = self.optional(&mut fields, "file", Self::file);
        let variable = self.optional(&mut fields, "env", Self::variable);
        let token_url = self.optional(&mut fields, "token_url", Self::url);
        let place = fields.place;
        fields.finish();
        let key = match (file?, variable?) {
            (Some(key), None) | (None, Some(key)) => key,
            (None, None) | (Some(_), Some(_)) => {
                let message =
                    "a Google service account's key is found in exactly one of `file` and `env`";
                let remedy =
                    "write `google_service_account: {file: PATH}` with the JSON file of the key";
                self.notes.error(place, message, remedy);
                return None;
            }
        };
        Some(CredentialSource::GoogleServiceAccount { key, token_url: token_url? })
    }

    fn azure_client(self, node: &Node) -> Option<CredentialSource> {
        let mut fields = Fields::open(node, self.notes, "an Azure client")?;
        let app = self.azure(&mut fields);
        let secret = fields.required("secret", |node, _| self.secret(node));
        let place = fields.place;
        fields.finish();
        let app = app?;
        // Nothing sets these beside a secret, so leaving them out is a mistake.
        for (name, said) in [("tenant", &app.tenant), ("client_id", &app.client_id)] {
            if said.is_none() {
                let message = format!("an Azure client needs the field `{name}`");
                self.notes.error(place, message, format!("add a line `{name}: ...`"));
            }
        }
        Some(CredentialSource::AzureClient { app, secret: secret? })
    }

    fn azure_federated(self, node: &Node) -> Option<CredentialSource> {
        let mut fields = Fields::open(node, self.notes, "an Azure federated credential")?;
        let app = self.azure(&mut fields);
        let token = self.optional(&mut fields, "token_file", Self::file);
        fields.finish();
        Some(CredentialSource::AzureFederated { app: app?, token: token? })
    }

    fn azure(self, fields: &mut Fields<'_>) -> Option<AzureSource> {
        let tenant = self.optional(fields, "tenant", |reader, node| {
            reader.plain(node, ".-", "write the directory's id or one of its domains")
        });
        let client_id = self.optional(fields, "client_id", |reader, node| {
            reader.plain(node, ".-", "write the application's id")
        });
        let authority_url = self.optional(fields, "authority_url", Self::url);
        let scope = self.optional(fields, "scope", Self::scope);
        Some(AzureSource {
            tenant: tenant?,
            client_id: client_id?,
            authority_url: authority_url?,
            scope: scope?,
        })
    }

    /// `Some(None)` when the field is left out, `None` when it is wrong, which has been noted.
    fn optional<T>(
        self,
        fields: &mut Fields<'_>,
        name: &'static str,
        read: impl FnOnce(Self, &Node) -> Option<T>,
    ) -> Option<Option<T>> {
        let mut wrong = false;
        let found = fields.optional(name, |node, _| {
            let found = read(self, node);
            wrong = found.is_none();
            found
        });
        (!wrong).then_some(found)
    }

    fn only_url(self, node: &Node, what: &'static str) -> Option<Option<Base>> {
        let mut fields = Fields::open(node, self.notes, what)?;
        let url = self.optional(&mut fields, "metadata_url", Self::url);
        fields.finish();
        url
    }

    /// Where one secret is found: `{env: NAME}` or `{file: PATH}`.
    fn secret(self, node: &Node) -> Option<SecretSource> {
        let Value::Map(entries) = &node.value else { return self.unnamed() };
        match entries.as_slice() {
            [entry] if entry.key == "env" => self.variable(&entry.node),
            [entry] if entry.key == "file" => self.file(&entry.node),
            _ => self.unnamed(),
        }
    }

    fn unnamed(self) -> Option<SecretSource> {
        self.notes.error(
            self.safe,
            "a secret of the endpoint's credential is not named by exactly one of `env` and `file`",
            "write `{env: NAME}` or `{file: PATH}`, never the secret itself",
        );
        None
    }

    /// Catches the credential itself where its name belongs, without repeating it.
    fn variable(self, node: &Node) -> Option<SecretSource> {
        let name = match &node.value {
            Value::Text(text) => text.as_str(),
            _ => "",
        };
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !plain || name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            self.notes.error(
                self.safe,
                "the endpoint's `credential.env` is not the name of an environment variable",
                "write the variable's name, e.g. `OPENAI_API_KEY`, never the credential itself",
            );
            return None;
        }
        Some(SecretSource::Env(name.to_owned()))
    }

    fn file(self, node: &Node) -> Option<SecretSource> {
        text(node, self.notes).map(|path| SecretSource::File(path.value.into()))
    }

    fn role_arn(self, node: &Node) -> Option<String> {
        let At { value, place } = text(node, self.notes)?;
        let role = value.starts_with("arn:") && value.contains(":role/");
        if !role || value.contains(char::is_whitespace) {
            let remedy = "write it in full, e.g. `arn:aws:iam::123456789012:role/gateway`";
            self.notes.error(place, "this is not the ARN of a role", remedy);
            return None;
        }
        Some(value)
    }

    fn scope(self, node: &Node) -> Option<String> {
        let At { value, place } = text(node, self.notes)?;
        if !value.ends_with("/.default") || value.contains(char::is_whitespace) {
            let remedy = "write e.g. `https://cognitiveservices.azure.com/.default`";
            self.notes.error(place, "a scope of Microsoft Entra ends in `/.default`", remedy);
            return None;
        }
        Some(value)
    }

    fn plain(self, node: &Node, also: &str, remedy: &str) -> Option<String> {
        let At { value, place } = text(node, self.notes)?;
        let fit = |c: char| c.is_ascii_alphanumeric() || also.contains(c);
        if !value.chars().all(fit) {
            self.notes.error(place, "the text has a character that cannot stand here", remedy);
            return None;
        }
        Some(value)
    }

    fn url(self, node: &Node) -> Option<Base> {
        let At { value, place } = text(node, self.notes)?;
        let parsed = Base::parse(&value, "");
        if parsed.is_err() {
            // A user and password may stand in it.
            let place = if value.contains(['@', '?']) { self.safe } else { place };
            let message =
                "an address of the endpoint's credential is not http or https with a host";
            let remedy = "write scheme, host, port and path, without user, query or fragment";
            self.notes.error(place, message, remedy);
        }
        parsed.ok()
    }
}
