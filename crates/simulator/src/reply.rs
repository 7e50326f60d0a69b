//! One vendor request, from the head read to a reply to play.
//!
//! Order: connect faults, body, reply faults, the vendor's own checks, completion faults, answer.
//! A real vendor in trouble fails before it validates; so do reply faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use crate::answer::Place;
use crate::ask::Ask;
use crate::clock::WallTime;
use crate::config::{Config, EndpointSpec};
use crate::fault::{FaultKind, Stage};
use crate::faults::{FaultBoard, Strike};
use crate::log::Tracked;
use crate::random::Random;
use crate::script::{FaultFrames, Pace, Script, ScriptWriter};
use crate::vendor::{Complaint, Facts, Manners, Operation, Room, put};

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream; charset=utf-8";
const WEB_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\
                        <body><h1>Bad gateway</h1></body></html>\n";

/// What is to happen on the connection.
#[derive(Debug)]
pub(crate) enum Reply {
    Send {
        status: u16,
        headers: HeaderMap,
        script: Script,
    },
    /// RST, nothing sent.
    Reset,
    /// Silence.
    Hang,
}

/// What of a request matters to its reply.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    pub(crate) method: &'a Method,
    /// After the endpoint's name, without the query.
    pub(crate) path: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Result<Value, Unreadable>,
    /// A reply fault already drawn for this request.
    pub(crate) struck: Option<&'a Strike>,
}

/// Why a body is no JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    NotJson,
    TooLarge,
}

/// One endpoint in service.
#[derive(Debug)]
pub(crate) struct Station {
    pub(crate) spec: EndpointSpec,
    /// Shared with every entry of the log.
    pub(crate) name: Arc<str>,
    pub(crate) region: Arc<str>,
    manners: &'static dyn Manners,
    window: Window,
}

/// Requests and tokens of the current minute. Races cost exactness of a header, nothing else.
#[derive(Debug, Default)]
struct Window {
    minute: AtomicU64,
    requests: AtomicU64,
    tokens: AtomicU64,
}

impl Window {
    fn room(&self, config: &Config, now: WallTime) -> Room {
        let minute = now.seconds() / 60;
        if self.minute.swap(minute, Ordering::Relaxed) != minute {
            self.requests.store(0, Ordering::Relaxed);
            self.tokens.store(0, Ordering::Relaxed);
        }
        let requests = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let tokens = self.tokens.load(Ordering::Relaxed);
        Room {
            requests_limit: config.requests_per_minute,
            requests_left: config.requests_per_minute.saturating_sub(requests),
            tokens_limit: config.tokens_per_minute,
            tokens_left: config.tokens_per_minute.saturating_sub(tokens),
            reset_seconds: 60 - now.seconds() % 60,
        }
    }
}

impl Station {
    pub(crate) fn new(spec: EndpointSpec) -> Self {
        Self {
            manners: spec.vendor.manners(),
            name: spec.name.as_str().into(),
            region: spec.region.as_str().into(),
            spec,
            window: Window::default(),
        }
    }

    /// Decides the reply.
    pub(crate) fn reply(
        &self,
        config: &Config,
        faults: &FaultBoard,
        question: &Question<'_>,
        tracked: &Tracked,
    ) -> Reply {
        let now = WallTime::now();
        let mut random = Random::new(config.seed, tracked.seq());
        let request_id = random.id("req_01", 22);
        let room = self.window.room(config, now);
        let facts = Facts { endpoint: &self.spec, now, random, request_id, room };
        let mut clerk = Clerk { station: self, config, facts };
        if let Some(strike) = question.struck {
            return clerk.fail(&strike.spec.kind);
        }
        match clerk.serve(question, faults, tracked) {
            Ok(reply) => reply,
            Err(complaint) => {
                tracked.rejected();
                clerk.complain(&complaint, question)
            }
        }
    }
}

/// Writes the reply to one request.
struct Clerk<'a> {
    station: &'a Station,
    config: &'a Config,
    facts: Facts<'a>,
}

impl Clerk<'_> {
    fn manners(&self) -> &'static dyn Manners {
        self.station.manners
    }

    fn serve(
        &mut self,
        question: &Question<'_>,
        faults: &FaultBoard,
        tracked: &Tracked,
    ) -> Result<Reply, Complaint> {
        let manners = self.manners();
        let operation = manners.operation(question.method, question.path);
        match &operation {
            Operation::Unknown => return Err(manners.no_such_path(question.method, question.path)),
            Operation::WrongMethod(_) => {
                return Err(manners.wrong_method(question.method, question.path));
            }
            Operation::Completion
            | Operation::CountTokens
            | Operation::Models
            | Operation::Model(_) => {}
        }
        manners.check_headers(question.headers)?;
        if let Some(key) = &self.station.spec.key {
            manners.check_key(question.headers, key)?;
        }
        match &operation {
            Operation::Models => return Ok(self.json(200, &manners.models(&self.facts))),
            Operation::Model(id) => {
                self.check_model(id)?;
                return Ok(self.json(200, &manners.model(&self.facts, id)));
            }
            Operation::Completion
            | Operation::CountTokens
            | Operation::Unknown
            | Operation::WrongMethod(_) => {}
        }
        let body = match question.body {
            Ok(body) if body.is_object() => body,
            Ok(_) | Err(Unreadable::NotJson) => return Err(manners.not_json()),
            Err(Unreadable::TooLarge) => return Err(manners.too_large()),
        };
        let ask = manners.read(&operation, question.headers, body)?;
        self.check_model(&ask.model)?;
        if operation == Operation::CountTokens {
            return Ok(self.json(200, &manners.count(&ask)));
        }
        let strike = faults.strike(Stage::Completion, &self.station.spec.name, &ask.model);
        if let Some(strike) = &strike {
            tracked.faulted(strike.spec.kind.name());
        }
        Ok(self.answer(&ask, strike.as_ref()))
    }

    fn check_model(&self, model: &str) -> Result<(), Complaint> {
        let known = &self.station.spec.models;
        if known.is_empty() || known.iter().any(|known| known == model) {
            return Ok(());
        }
        Err(self.manners().no_such_model(model))
    }

    fn answer(&mut self, ask: &Ask, strike: Option<&Strike>) -> Reply {
        let manners = self.manners();
        let spec = &self.station.spec;
        let place = Place {
            endpoint: &spec.name,
            region: &spec.region,
            tokens: self.config.answer_tokens,
            tokens_max: self.config.answer_tokens_max,
        };
        let answer = place.answer(ask);
        let spent = ask.prompt_tokens + answer.output_tokens;
        self.station.window.tokens.fetch_add(spent, Ordering::Relaxed);
        let mut pace = Pace::new(self.config.timing, self.facts.random.clone());
        let script = if ask.stream {
            let mut writer = ScriptWriter::new(pace, answer.text.len() * 320 + 2048);
            manners.stream(&mut self.facts, ask, &answer, &mut writer);
            writer.finish()
        } else {
            let gaps = (1..answer.output_tokens).map(|_| pace.gap()).sum::<Duration>();
            let at = pace.first_token() + gaps;
            Script::whole(manners.whole(&mut self.facts, ask, &answer), at)
        };
        let script = match strike {
            Some(strike) => script.struck(&strike.spec.kind, &self.fault_frames()),
            None => script,
        };
        let mut headers = self.headers(if ask.stream { EVENTS } else { JSON });
        if ask.stream {
            put(&mut headers, "cache-control", "no-cache");
        }
        Reply::Send { status: 200, headers, script }
    }

    fn fault_frames(&self) -> FaultFrames {
        let manners = self.manners();
        let complaint = manners.in_stream();
        FaultFrames {
            malformed_event: Bytes::from_static(manners.malformed_event().as_bytes()),
            error_event: manners.error_event(&self.facts, &complaint),
            error_body: manners.error_body(&self.facts, &complaint).to_string().into(),
        }
    }

    fn complain(&self, complaint: &Complaint, question: &Question<'_>) -> Reply {
        let mut reply =
            self.json(complaint.status, &self.manners().error_body(&self.facts, complaint));
        let operation = self.manners().operation(question.method, question.path);
        if let (Operation::WrongMethod(allow), Reply::Send { headers, .. }) =
            (operation, &mut reply)
        {
            put(headers, "allow", allow);
        }
        reply
    }

    /// A reply fault, played out.
    fn fail(&self, kind: &FaultKind) -> Reply {
        let manners = self.manners();
        match kind {
            FaultKind::Refuse | FaultKind::Reset => Reply::Reset,
            FaultKind::HangBeforeHeaders => Reply::Hang,
            FaultKind::Status { code, body, headers, retry_after } => {
                let mut reply = self.status(*code, body.as_ref());
                if let Reply::Send { headers: to, .. } = &mut reply {
                    if let Some(seconds) = retry_after {
                        manners.retry_after(*seconds, to);
                    }
                    for (name, value) in headers {
                        let name = HeaderName::try_from(name);
                        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
                            to.insert(name, value);
                        }
                    }
                }
                reply
            }
            FaultKind::BadJson => self.send(200, "text/html; charset=utf-8", WEB_PAGE),
            FaultKind::InsufficientQuota => {
                let complaint = manners.out_of_quota();
                self.json(complaint.status, &manners.error_body(&self.facts, &complaint))
            }
            // The board hands these out for completions only; here they would be our own fault.
            FaultKind::HangAfterTokens { .. }
            | FaultKind::CutAfterTokens { .. }
            | FaultKind::SlowFirstToken { .. }
            | FaultKind::MalformedEvent { .. }
            | FaultKind::InStreamError { .. } => self.status(500, None),
        }
    }

    fn status(&self, code: u16, body: Option<&Value>) -> Reply {
        let manners = self.manners();
        match body {
            Some(Value::String(text)) => self.send(code, "text/plain; charset=utf-8", text.clone()),
            Some(body) => self.json(code, body),
            None => self.json(code, &manners.error_body(&self.facts, &manners.status(code))),
        }
    }

    fn json(&self, status: u16, body: &Value) -> Reply {
        self.send(status, JSON, body.to_string())
    }

    fn send(&self, status: u16, kind: &str, body: impl Into<Bytes>) -> Reply {
        let script = Script::whole(body, Duration::ZERO);
        Reply::Send { status, headers: self.headers(kind), script }
    }

    fn headers(&self, kind: &str) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(16);
        put(&mut headers, "content-type", kind);
        self.manners().headers(&self.facts, &mut headers);
        headers
    }
}
