//! A world with endpoints of every vendor, and a client that sees how a reply ends.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use simulator::{Config, EndpointSpec, RequestRecord, Simulator, Timing, Vendor};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Longest wait for a state that must come.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Silence that a test which expects one takes for a hang.
pub(crate) const SILENCE: Duration = Duration::from_millis(500);

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

/// How a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    /// FIN where more was promised.
    Cut,
    /// RST.
    Reset,
    /// Nothing for as long as the caller was patient.
    Silent,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) end: End,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The `data:` of every event.
    pub(crate) fn data(&self) -> Vec<String> {
        let text = self.text();
        text.lines().filter_map(|line| line.strip_prefix("data: ").map(str::to_owned)).collect()
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        self.data().iter().filter_map(|data| serde_json::from_str(data).ok()).collect()
    }
}

fn endpoints() -> Vec<EndpointSpec> {
    let locked = EndpointSpec::new("locked-openai", "eu-west", Vendor::OpenAi);
    let locked_too = EndpointSpec::new("locked-anthropic", "eu-west", Vendor::Anthropic);
    vec![
        EndpointSpec {
            models: vec!["gpt-large".into(), "gpt-small".into()],
            ..EndpointSpec::new("openai-eu", "eu-west", Vendor::OpenAi)
        },
        EndpointSpec {
            models: vec!["claude-large".into()],
            ..EndpointSpec::new("anthropic-us", "us-east", Vendor::Anthropic)
        },
        EndpointSpec { key: Some("secret".into()), ..locked },
        EndpointSpec { key: Some("secret".into()), ..locked_too },
        EndpointSpec {
            location: Some("swedencentral".into()),
            ..EndpointSpec::new("azure", "eu-north", Vendor::Azure)
        },
        EndpointSpec::new("bedrock", "eu-west", Vendor::Bedrock),
        EndpointSpec::new("vertex", "eu-west", Vendor::Vertex),
        EndpointSpec::new("mistral", "eu-west", Vendor::Mistral),
        EndpointSpec::new("identity", "eu-west", Vendor::Identity),
        EndpointSpec {
            lifetime_seconds: Some(0),
            ..EndpointSpec::new("identity-stale", "eu-west", Vendor::Identity)
        },
        EndpointSpec {
            issued_only: true,
            ..EndpointSpec::new("vertex-issued", "eu-west", Vendor::Vertex)
        },
        EndpointSpec {
            issued_only: true,
            ..EndpointSpec::new("azure-issued", "eu-west", Vendor::Azure)
        },
    ]
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Config { timing: Timing::instant(), ..Config::default() }).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let config = Config { endpoints: endpoints(), ..config };
        let simulator = Simulator::bind("127.0.0.1:0".parse().unwrap(), config).unwrap();
        let address = simulator.local_addr();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            // A world that is dropped stops too.
            let _either = stopped.await;
        };
        let served = tokio::spawn(simulator.run(shutdown));
        Self { address, stop, served }
    }

    /// Resolves the shutdown future and waits for the simulator to end.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
    }

    /// One request on a connection of its own. `Err`: the connection ended without a reply.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Reply, End> {
        self.send_patiently(request, SOON).await
    }

    /// The same, for who expects silence: it counts as one after `patience`.
    pub(crate) async fn send_patiently(
        &self,
        request: Request<Full<Bytes>>,
        patience: Duration,
    ) -> Result<Reply, End> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let reply = match tokio::time::timeout(patience, sender.send_request(request)).await {
            Err(_silent) => return Err(End::Silent),
            Ok(Err(error)) => return Err(end_of(&error)),
            Ok(Ok(reply)) => reply,
        };
        let (head, mut body) = reply.into_parts();
        let mut bytes = Vec::new();
        let end = loop {
            match tokio::time::timeout(patience, body.frame()).await {
                Err(_silent) => break End::Silent,
                Ok(None) => break End::Whole,
                Ok(Some(Err(error))) => break end_of(&error),
                Ok(Some(Ok(frame))) => {
                    bytes.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
                }
            }
        };
        Ok(Reply { status: head.status.as_u16(), headers: head.headers, body: bytes.into(), end })
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(request("GET", path, &Value::Null)).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(request("DELETE", path, &Value::Null)).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(request("POST", path, body)).await.unwrap()
    }

    pub(crate) async fn fault(&self, body: Value) -> Value {
        let reply = self.post("/_sim/faults", &body).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()
    }

    pub(crate) async fn log(&self) -> Vec<RequestRecord> {
        let page = self.get("/_sim/requests").await.json();
        serde_json::from_value(page["requests"].clone()).unwrap()
    }

    /// Asks the log until its last entry is as wanted.
    pub(crate) async fn last_logged(
        &self,
        wanted: impl Fn(&RequestRecord) -> bool,
    ) -> RequestRecord {
        let look = async {
            loop {
                if let Some(last) = self.log().await.pop().filter(&wanted) {
                    return last;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, look).await.expect("the log never showed it")
    }
}

fn end_of(error: &hyper::Error) -> End {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionReset) {
            return End::Reset;
        }
        cause = error.source();
    }
    End::Cut
}

pub(crate) fn request(method: &str, path: &str, body: &Value) -> Request<Full<Bytes>> {
    let bytes = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "simulator")
        .header("content-type", "application/json")
        .header("anthropic-version", "2023-06-01")
        .header("x-request-id", "caller-7")
        .body(Full::new(bytes))
        .unwrap()
}

pub(crate) const CHAT: &str = "/openai-eu/v1/chat/completions";
pub(crate) const MESSAGES: &str = "/anthropic-us/v1/messages";

pub(crate) fn chat(text: &str, more: Value) -> Value {
    merge(json!({"model": "gpt-large", "messages": [{"role": "user", "content": text}]}), more)
}

pub(crate) fn messages(text: &str, more: Value) -> Value {
    let body = json!({"model": "claude-large", "max_tokens": 100,
        "messages": [{"role": "user", "content": text}]});
    merge(body, more)
}

fn merge(mut body: Value, more: Value) -> Value {
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    body
}
