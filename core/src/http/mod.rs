//! The only place that opens sockets: one request out, one bounded reply or one classified failure back.

mod base_url;
pub mod buffers;
mod direct;
mod fields;
mod gzip;
mod options;
mod redact;
mod reqwest_send;
mod send;
mod transport;

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use http::{HeaderMap, Method};
use url::Url;

use crate::error::{Code, Outcome};

pub use base_url::BaseUrl;
pub use direct::DirectSend;
pub use options::{Options, Proxy};
pub use redact::Redactor;
pub use reqwest_send::ReqwestSend;
pub use send::Sender;
pub use transport::{Limits, Reply, Transport};

pub(crate) use transport::within;

pub(crate) use fields::{header_value, sensitive_header};

/// What is sent before the body. Headers that hold credentials are marked sensitive, so `Debug` hides them.
#[derive(Debug, Clone)]
pub struct Head {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
}

/// What came back: the body still to be read, chunk by chunk, decoded.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: BoxStream<'static, Result<Bytes, Failure>>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// A request that got no complete reply.
#[derive(Debug, Clone)]
pub struct Failure {
    /// `connection`, `timeout`, `decode` or `unexpected_content`.
    pub code: Code,
    /// [`Outcome::NotSent`] only when connecting failed; once a connection was handed out, [`Outcome::Unknown`].
    pub outcome: Outcome,
    /// A word for programs: `connect`, `tls`, `dns`, `reset`, `body_truncated`, `first_byte`, `total`, `too_slow`, `too_large`.
    pub reason: &'static str,
    /// A sentence for people; holds no URL and no secret.
    pub message: String,
    /// Messages of the underlying errors, outermost first.
    pub causes: Vec<String>,
}

/// Sends one request on one connection, once: no retry, no redirect, no cookie, no credential of its own.
pub trait HttpSend: Send + Sync + fmt::Debug {
    /// Sends `head` and `body`; ends when the reply's head has come.
    fn send(&self, head: Head, body: Bytes) -> BoxFuture<'_, Result<Answer, Failure>>;

    /// Whether a request to `url` needs no task of a runtime besides the future that waits for its reply. A client whose
    /// requests all do may be called on a runtime that runs only while somebody waits.
    fn inline(&self, _url: &Url) -> bool {
        false
    }
}

/// Messages of an error and of those below it, outermost first.
fn causes(error: &(dyn StdError + 'static)) -> Vec<String> {
    std::iter::successors(Some(error), |cause: &&(dyn StdError + 'static)| (*cause).source())
        .map(ToString::to_string)
        .collect()
}
