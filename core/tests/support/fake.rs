//! A sender without sockets. It passes the suite of behaviours that reqwest passes (`replies/http_send.rs`).

use std::fmt;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use http::HeaderMap;
use serde_json::Value;
use tenantry::http::{Answer, Failure, Head, HttpSend};
use tenantry::{Code, Outcome};

use super::client::{Builder, Client};
use super::clock::JumpClock;
use super::samples::{Sample, token};
use super::{gzip, secret};

/// What becomes of a request.
#[derive(Debug, Clone)]
pub enum Play {
    /// Nobody listens.
    Refused,
    /// The connection breaks when the request has been sent.
    Reset,
    /// A reply.
    Reply(Canned),
}

/// A reply to give.
#[derive(Debug, Clone)]
pub struct Canned {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The connection ends after so many bytes of the body, though more were announced.
    pub cut_at: Option<usize>,
}

impl Canned {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), cut_at: None }
    }

    pub fn json(status: u16, json: &Value) -> Self {
        Self::new(status, json.to_string()).with("content-type", "application/json")
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The reply on the wire, its length announced.
    pub fn on_the_wire(&self) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} Said\r\n", self.status);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        let mut bytes = text.into_bytes();
        bytes.extend(&self.body[..self.cut_at.unwrap_or(self.body.len())]);
        bytes
    }
}

/// A request that was sent.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub url: url::Url,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn is_login(&self) -> bool {
        self.target == "/v1/tokens"
    }

    /// Whether it is the request of `sample`, not one beside it.
    pub fn is_of(&self, sample: &Sample) -> bool {
        sample.is_own(&self.method, self.url.path())
    }
}

type Script = Box<dyn Fn(&Seen) -> Play + Send + Sync>;

/// Plays a script and keeps what was sent.
pub struct FakeSend {
    script: Script,
    seen: Mutex<Vec<Seen>>,
}

impl fmt::Debug for FakeSend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeSend")
    }
}

impl FakeSend {
    pub fn new(script: impl Fn(&Seen) -> Play + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { script: Box::new(script), seen: Mutex::default() })
    }

    /// Logs in whoever asks, and plays `play` for `sample` itself.
    pub fn playing(sample: &Sample, play: Play) -> Arc<Self> {
        Self::playing_in_turn(sample, vec![play])
    }

    /// The same, one after another; the last one stays.
    ///
    /// Whatever else is asked, as what a lost request has become, finds nobody.
    pub fn playing_in_turn(sample: &Sample, plays: Vec<Play>) -> Arc<Self> {
        Self::playing_and_reading(sample, plays, Play::Refused)
    }

    /// The same, where every other request meets `read`.
    pub fn playing_and_reading(sample: &Sample, plays: Vec<Play>, read: Play) -> Arc<Self> {
        let (sample, turn) = (sample.clone(), Mutex::new(0));
        Self::new(move |seen| {
            if seen.is_login() && !sample.is_login() {
                return Play::Reply(Canned::json(201, &token()));
            }
            if !seen.is_of(&sample) {
                return read.clone();
            }
            let mut turn = turn.lock().unwrap();
            *turn += 1;
            plays[(*turn - 1).min(plays.len() - 1)].clone()
        })
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn sent(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// Requests of `sample` alone, without those of the login that it needed, or that settle it.
    pub fn sent_for(&self, sample: &Sample) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| seen.is_of(sample)).count()
    }

    /// A client that sends through this, with secrets of this run alone.
    pub fn client(self: &Arc<Self>) -> Client {
        self.builder().build().unwrap()
    }

    pub fn builder(self: &Arc<Self>) -> Builder {
        somebody().clock(Arc::new(JumpClock::default())).http_send(self.clone())
    }
}

/// A builder with credentials of this run alone.
pub fn somebody() -> Builder {
    Builder::default()
        .base_url("https://api.example.com")
        .dashboard_url("https://dashboard.example.com")
        .username("csm@example.com")
        .password(&secret())
        .oauth_client_id(18)
        .client_secret(&secret())
}

fn failure(reason: &'static str, outcome: Outcome) -> Failure {
    Failure { code: Code::Connection, outcome, reason, message: "played".to_owned(), causes: Vec::new() }
}

impl HttpSend for FakeSend {
    fn send(&self, head: Head, body: Bytes) -> BoxFuture<'_, Result<Answer, Failure>> {
        let target = head.url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
        let seen = Seen { method: head.method.to_string(), target, url: head.url.clone(), headers: head.headers, body };
        let play = (self.script)(&seen);
        if !matches!(play, Play::Refused) {
            self.seen.lock().unwrap().push(seen);
        }
        let result = match play {
            Play::Refused => Err(failure("connect", Outcome::NotSent)),
            Play::Reset => Err(failure("reset", Outcome::Unknown)),
            Play::Reply(canned) => Ok(answer(canned)),
        };
        // Others get their turn, as they would while a socket is waited for.
        async move {
            tokio::task::yield_now().await;
            result
        }
        .boxed()
    }
}

fn answer(canned: Canned) -> Answer {
    let mut headers = HeaderMap::new();
    for (name, value) in &canned.headers {
        headers.append(http::HeaderName::try_from(name).unwrap(), http::HeaderValue::try_from(value).unwrap());
    }
    let mut body = canned.body;
    if headers.get("content-encoding").is_some_and(|coding| coding == "gzip") {
        body = gzip::unstored(&body);
        headers.remove("content-encoding");
    }
    let cut = canned.cut_at.map(|at| body.split_off(at));
    let mut chunks: Vec<_> = body.chunks(16 * 1024).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    if cut.is_some() {
        chunks.push(Err(failure("body_truncated", Outcome::Unknown)));
    }
    Answer { status: canned.status, headers, body: stream::iter(chunks).boxed() }
}
