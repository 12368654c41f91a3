//! One suite of behaviours for everything that sends: over sockets of our own, reqwest's, and the fake that other tests
//! build on.
//!
//! The suite is written against [`HttpSend`] alone: a second sender needs nothing of the first.

use std::sync::Arc;

use crate::support::fake::{Canned, FakeSend, Play};
use crate::support::gzip;
use crate::support::wire::{Step, Wire, closed_port};
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderMap, Method};
use tenantry::http::{Answer, DirectSend, Failure, Head, HttpSend, Options, ReqwestSend};
use tenantry::{Code, Outcome};
use url::Url;

/// A request as the other side saw it.
struct Arrived {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A sender, and the other side that plays to it.
trait Stage {
    async fn set(play: Play) -> Self;
    fn sender(&self) -> Arc<dyn HttpSend>;
    fn url(&self) -> Url;
    fn arrived(&self) -> Vec<Arrived>;
}

struct OverSockets {
    sender: Arc<dyn HttpSend>,
    url: Url,
    server: Option<Wire>,
}

impl OverSockets {
    async fn with(sender: Arc<dyn HttpSend>, play: Play) -> Self {
        let (url, server) = match play {
            Play::Refused => (format!("http://{}", closed_port().await), None),
            play => {
                let server = Wire::start(move |_| match &play {
                    Play::Reply(canned) => Step::Close(canned.on_the_wire()),
                    _ => Step::Reset,
                });
                let server = server.await;
                (server.url(), Some(server))
            }
        };
        Self { sender, url: url.parse().unwrap(), server }
    }

    fn arrived(&self) -> Vec<Arrived> {
        let seen = self.server.iter().flat_map(Wire::seen);
        seen.map(|request| Arrived {
            method: request.head.split(' ').next().unwrap().to_owned(),
            target: request.target().to_owned(),
            headers: request
                .head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: request.body,
        })
        .collect()
    }
}

struct Reqwest(OverSockets);
struct Direct(OverSockets);

macro_rules! over_sockets {
    ($($stage:ident by $sender:expr),* $(,)?) => { $(
        impl Stage for $stage {
            async fn set(play: Play) -> Self {
                Self(OverSockets::with($sender, play).await)
            }

            fn sender(&self) -> Arc<dyn HttpSend> {
                self.0.sender.clone()
            }

            fn url(&self) -> Url {
                self.0.url.clone()
            }

            fn arrived(&self) -> Vec<Arrived> {
                self.0.arrived()
            }
        }
    )* };
}

over_sockets!(
    Reqwest by ReqwestSend::new(&Options::default()).unwrap(),
    Direct by Arc::new(DirectSend::new(&Options::default())),
);

struct InMemory(Arc<FakeSend>);

impl Stage for InMemory {
    async fn set(play: Play) -> Self {
        Self(FakeSend::new(move |_| play.clone()))
    }

    fn sender(&self) -> Arc<dyn HttpSend> {
        self.0.clone()
    }

    fn url(&self) -> Url {
        "http://127.0.0.1:1".parse().unwrap()
    }

    fn arrived(&self) -> Vec<Arrived> {
        let seen = self.0.seen().into_iter();
        seen.map(|request| Arrived {
            method: request.method,
            target: request.target,
            headers: request
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            body: request.body.to_vec(),
        })
        .collect()
    }
}

async fn send<S: Stage>(stage: &S, headers: HeaderMap) -> Result<Answer, Failure> {
    let mut url = stage.url();
    url.set_path("/v1/things");
    url.set_query(Some("a=1"));
    stage.sender().send(Head { method: Method::POST, url, headers }, Bytes::from_static(b"body")).await
}

async fn whole(answer: Answer) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let mut chunks = answer.body;
    while let Some(chunk) = chunks.next().await {
        body.extend(chunk?);
    }
    Ok(body)
}

async fn a_closed_port_is_not_sent<S: Stage>() {
    let stage = S::set(Play::Refused).await;
    let failure = send(&stage, HeaderMap::new()).await.unwrap_err();
    assert_eq!((failure.code, failure.outcome, failure.reason), (Code::Connection, Outcome::NotSent, "connect"));
    assert!(stage.arrived().is_empty());
}

async fn a_reset_after_the_request_is_unknown<S: Stage>() {
    let stage = S::set(Play::Reset).await;
    let failure = send(&stage, HeaderMap::new()).await.unwrap_err();
    assert_eq!((failure.code, failure.outcome, failure.reason), (Code::Connection, Outcome::Unknown, "reset"));
    assert_eq!(stage.arrived().len(), 1, "it is sent once, and not again in silence");
}

async fn a_truncated_body_is_no_body<S: Stage>() {
    let cut = Canned { cut_at: Some(3), ..Canned::new(200, "whole") };
    let stage = S::set(Play::Reply(cut)).await;
    let failure = whole(send(&stage, HeaderMap::new()).await.unwrap()).await.unwrap_err();
    assert_eq!((failure.code, failure.outcome, failure.reason), (Code::Connection, Outcome::Unknown, "body_truncated"));
}

async fn status_headers_and_body_pass<S: Stage>() {
    let canned = Canned::new(418, "said").with("x-tag", "1").with("x-tag", "2").with("set-cookie", "a=b");
    let stage = S::set(Play::Reply(canned)).await;
    let mut headers = HeaderMap::new();
    headers.insert("x-mine", "yes".parse().unwrap());
    let answer = send(&stage, headers).await.unwrap();
    assert_eq!(answer.status, 418);
    let tags: Vec<_> = answer.headers.get_all("x-tag").iter().collect();
    assert_eq!(tags, ["1", "2"]);
    assert_eq!(whole(answer).await.unwrap(), b"said");
    let arrived = &stage.arrived()[0];
    assert_eq!((arrived.method.as_str(), arrived.target.as_str()), ("POST", "/v1/things?a=1"));
    assert_eq!(arrived.body, b"body");
    assert!(arrived.headers.contains(&("x-mine".to_owned(), "yes".to_owned())));
}

async fn gzip_is_decoded<S: Stage>() {
    let canned = Canned::new(200, gzip::stored(b"said")).with("content-encoding", "gzip");
    let stage = S::set(Play::Reply(canned)).await;
    let answer = send(&stage, HeaderMap::new()).await.unwrap();
    assert!(answer.headers.get("content-encoding").is_none());
    assert_eq!(whole(answer).await.unwrap(), b"said");
}

async fn a_redirect_is_a_reply_like_any<S: Stage>() {
    for status in [301, 302, 303, 307, 308] {
        let canned = Canned::new(status, "").with("location", "/v1/elsewhere");
        let stage = S::set(Play::Reply(canned)).await;
        let answer = send(&stage, HeaderMap::new()).await.unwrap();
        assert_eq!((answer.status, &answer.headers["location"]), (status, &"/v1/elsewhere".parse().unwrap()));
        assert_eq!(stage.arrived().len(), 1);
    }
}

async fn no_cookie_and_no_credential_is_added<S: Stage>() {
    let canned = Canned::new(200, "").with("set-cookie", "session=abc; path=/");
    let stage = S::set(Play::Reply(canned)).await;
    for _ in 0..2 {
        whole(send(&stage, HeaderMap::new()).await.unwrap()).await.unwrap();
    }
    assert_eq!(stage.arrived().len(), 2);
    for request in stage.arrived() {
        for (name, _) in request.headers {
            assert!(!["cookie", "authorization", "proxy-authorization", "referer"].contains(&name.as_str()), "{name}");
        }
    }
}

macro_rules! suite {
    ($($stage:ident as $module:ident),*; $behaviours:tt) => { $( suite!(@ $stage $module $behaviours); )* };
    (@ $stage:ident $module:ident [$($behaviour:ident),* $(,)?]) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $behaviour() {
                    super::$behaviour::<super::$stage>().await;
                }
            )*
        }
    };
}

suite! {
    Direct as direct_over_sockets, Reqwest as reqwest_over_sockets, InMemory as fake_in_memory;
    [
        a_closed_port_is_not_sent,
        a_reset_after_the_request_is_unknown,
        a_truncated_body_is_no_body,
        status_headers_and_body_pass,
        gzip_is_decoded,
        a_redirect_is_a_reply_like_any,
        no_cookie_and_no_credential_is_added,
    ]
}
