//! One vendor request, from the head read to a reply to play.
//!
//! Order: connect faults, body, reply faults, the vendor's own checks, completion faults, answer.
//! A real vendor in trouble fails before it validates; so do reply faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::access::{Issued, Visitor};
use crate::answer::Place;
use crate::ask::Ask;
use crate::clock::WallTime;
use crate::config::{Config, EndpointSpec};
use crate::fault::{FaultKind, Stage};
use crate::faults::{FaultBoard, Strike};
use crate::log::Tracked;
use crate::random::Random;
use crate::script::{FaultFrames, Pace, Script, ScriptWriter};
use crate::vendor::{
    Complaint, Facts, InPath, JSON, Line, Manners, Operation, Room, put, put_number,
};
use crate::wire::{Embedder, Heard, Moment, Wire};

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
    pub(crate) line: Line<'a>,
    /// The path with the endpoint's name.
    pub(crate) full_path: &'a str,
    pub(crate) operation: &'a Operation,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) bytes: &'a Bytes,
    pub(crate) body: &'a Result<Value, Unreadable>,
    pub(crate) issued: &'a Issued,
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

    pub(crate) fn operation(&self, line: &Line<'_>) -> Operation {
        self.manners.operation(line)
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
        let Line { path, query, .. } = question.line;
        let facts = Facts { endpoint: &self.spec, path, query, now, random, request_id, room };
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

/// What a conversation is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Answer,
    Count,
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
        match question.operation {
            Operation::Unknown => return Err(manners.no_such_path(&question.line)),
            Operation::WrongMethod(_) => return Err(manners.wrong_method(&question.line)),
            Operation::Complete(..)
            | Operation::Count(..)
            | Operation::Embed(..)
            | Operation::Identity(_)
            | Operation::Models
            | Operation::Model(_) => {}
        }
        manners.check_head(&self.station.spec, &question.line, question.headers)?;
        if self.station.spec.asks_for_credential() {
            manners.check_caller(&self.visitor(question))?;
        }
        match question.operation {
            Operation::Models => Ok(self.json(200, &manners.models(&self.facts))),
            Operation::Model(id) => {
                self.check_model(id)?;
                Ok(self.json(200, &manners.model(&self.facts, id)))
            }
            Operation::Identity(surface) => {
                let issued = surface.issue(&self.facts, &self.visitor(question))?;
                Ok(self.send(200, issued.kind, issued.body))
            }
            Operation::Complete(wire, path) => {
                let ask = self.read(*wire, path, question, Purpose::Answer)?;
                let name = &self.station.spec.name;
                let strike = faults.strike(Stage::Completion, name, &ask.model);
                if let Some(strike) = &strike {
                    tracked.faulted(strike.spec.kind.name());
                }
                Ok(self.answer(*wire, &ask, strike.as_ref()))
            }
            Operation::Count(wire, path) => {
                let ask = self.read(*wire, path, question, Purpose::Count)?;
                Ok(self.json(200, &wire.count(&ask)))
            }
            Operation::Embed(embedder, path) => self.embed(*embedder, path, question),
            Operation::Unknown | Operation::WrongMethod(_) => {
                Err(manners.no_such_path(&question.line))
            }
        }
    }

    fn visitor<'q>(&'q self, question: &Question<'q>) -> Visitor<'q> {
        Visitor {
            method: question.line.method,
            full_path: question.full_path,
            query: question.line.query,
            headers: question.headers,
            body: question.bytes,
            spec: &self.station.spec,
            issued: question.issued,
            now: self.facts.now,
        }
    }

    fn body<'q>(&self, question: &Question<'q>) -> Result<&'q Value, Complaint> {
        match question.body {
            Ok(body) if body.is_object() => Ok(body),
            Ok(_) | Err(Unreadable::NotJson) => Err(self.manners().not_json()),
            Err(Unreadable::TooLarge) => Err(self.manners().too_large()),
        }
    }

    fn read(
        &self,
        wire: &'static dyn Wire,
        path: &InPath,
        question: &Question<'_>,
        purpose: Purpose,
    ) -> Result<Ask, Complaint> {
        let body = self.body(question)?;
        let counting = purpose == Purpose::Count;
        let ask = wire.read(&Heard { path, headers: question.headers, body, counting })?;
        self.check_model(&ask.model)?;
        Ok(ask)
    }

    fn embed(
        &mut self,
        embedder: &'static dyn Embedder,
        path: &InPath,
        question: &Question<'_>,
    ) -> Result<Reply, Complaint> {
        let body = self.body(question)?;
        let heard = Heard { path, headers: question.headers, body, counting: false };
        let embedded = embedder.embed(&mut self.facts, &heard)?;
        self.check_model(&embedded.model)?;
        self.station.window.tokens.fetch_add(embedded.tokens, Ordering::Relaxed);
        let mut pace = Pace::new(self.config.timing, self.facts.random.clone());
        let script = Script::whole(embedded.body.to_string(), pace.first_token());
        let mut headers = self.headers(JSON);
        if let Some(name) = embedded.token_header {
            put_number(&mut headers, name, embedded.tokens);
        }
        Ok(Reply::Send { status: 200, headers, script })
    }

    fn check_model(&self, model: &str) -> Result<(), Complaint> {
        let known = &self.station.spec.models;
        if known.is_empty() || known.iter().any(|known| known == model) {
            return Ok(());
        }
        Err(self.manners().no_such_model(&self.facts, model))
    }

    fn answer(&mut self, wire: &'static dyn Wire, ask: &Ask, strike: Option<&Strike>) -> Reply {
        let spec = &self.station.spec;
        let place = Place {
            endpoint: &spec.name,
            region: &spec.region,
            tokens: self.config.answer_tokens,
            tokens_max: self.config.answer_tokens_max,
        };
        let answer = place.answer(ask);
        let spent = ask.prompt_tokens + answer.all_tokens();
        self.station.window.tokens.fetch_add(spent, Ordering::Relaxed);
        let mut pace = Pace::new(self.config.timing, self.facts.random.clone());
        let script = if ask.stream {
            let mut writer = ScriptWriter::new(pace, answer.text.len() * 320 + 2048);
            wire.stream(&mut self.facts, ask, &answer, &mut writer);
            writer.finish()
        } else {
            let gaps = (1..answer.all_tokens()).map(|_| pace.gap()).sum::<Duration>();
            let at = pace.first_token() + gaps;
            Script::whole(wire.whole(&mut self.facts, ask, &answer), at)
        };
        let script = match strike {
            Some(strike) => self.strike(wire, ask, script, strike),
            None => script,
        };
        let mut headers = self.headers(if ask.stream { wire.stream_kind() } else { JSON });
        wire.headers(ask, &answer, &mut headers);
        if ask.stream {
            put(&mut headers, "cache-control", "no-cache");
        }
        Reply::Send { status: 200, headers, script }
    }

    /// Edits a completion fault into the script, in the words of the wire format.
    fn strike(
        &self,
        wire: &'static dyn Wire,
        ask: &Ask,
        script: Script,
        strike: &Strike,
    ) -> Script {
        let manners = self.manners();
        let complaint = manners.in_stream();
        let error_event =
            |frames| wire.error_event(&Moment { facts: &self.facts, ask, frames }, &complaint);
        let frames = FaultFrames {
            malformed_event: wire.malformed_event(),
            error_event: &error_event,
            error_body: manners.error_page(&self.facts, &complaint).1,
        };
        script.struck(&strike.spec.kind, &frames)
    }

    fn complain(&self, complaint: &Complaint, question: &Question<'_>) -> Reply {
        let mut reply = self.failure(complaint);
        if let (Operation::WrongMethod(allow), Reply::Send { headers, .. }) =
            (question.operation, &mut reply)
        {
            put(headers, "allow", allow);
        }
        reply
    }

    fn failure(&self, complaint: &Complaint) -> Reply {
        let (kind, body) = match &complaint.body {
            Some(body) => (JSON, body.to_string().into()),
            None => self.manners().error_page(&self.facts, complaint),
        };
        let mut reply = self.send(complaint.status, kind, body);
        if let Reply::Send { headers, .. } = &mut reply {
            self.manners().error_headers(complaint, headers);
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
                let mut reply = self.status(*code, body.as_ref(), *retry_after);
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
            FaultKind::InsufficientQuota => self.failure(&manners.out_of_quota()),
            // The board hands these out for completions only; here they would be our own fault.
            FaultKind::HangAfterTokens { .. }
            | FaultKind::CutAfterTokens { .. }
            | FaultKind::SlowFirstToken { .. }
            | FaultKind::MalformedEvent { .. }
            | FaultKind::InStreamError { .. } => self.status(500, None, None),
        }
    }

    fn status(&self, code: u16, body: Option<&Value>, retry_after: Option<f64>) -> Reply {
        let complaint = Complaint { retry_after, ..self.manners().status(code) };
        match body {
            Some(Value::String(text)) => self.send(code, "text/plain; charset=utf-8", text.clone()),
            Some(body) => self.failure(&complaint.body(body.clone())),
            None => self.failure(&complaint),
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
