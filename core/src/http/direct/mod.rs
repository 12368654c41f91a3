//! [`HttpSend`] over connections of our own: HTTP/1.1 on a plain socket, without a proxy.
//!
//! The future that waits for a reply drives its connection too: no task is spawned, and no thread is crossed. An idle
//! connection is driven by nobody, so that its socket is looked at before it is used again.

mod connect;
mod connection;
mod pool;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HOST};
use http::{HeaderValue, Request, Uri};
use http_body_util::Full;
use tokio::runtime::Handle;
use url::{Position, Url};

use self::connect::connect;
use self::connection::{Broken, Connection};
use self::pool::Pool;
use super::{Answer, Failure, Head, HttpSend, Options, gzip};
use crate::error::{Code, Outcome};

/// Connections over plain sockets, kept for the next request.
pub struct DirectSend {
    connect_timeout: Duration,
    pool: Arc<Pool>,
}

impl DirectSend {
    /// Prepares connections with `options`; nothing is opened before the first request.
    pub fn new(options: &Options) -> Self {
        Self { connect_timeout: options.connect_timeout(), pool: Arc::default() }
    }

    async fn exchange(&self, head: Head, body: Bytes) -> Result<Answer, Failure> {
        let runtime = Handle::try_current().map_err(|_| unusable("there is no tokio runtime"))?.id();
        let Some((host, port)) = head.url.host_str().zip(head.url.port_or_known_default()) else {
            return Err(unusable("the URL names no host"));
        };
        let mut request = request(&head.url, host, body)?;
        *request.method_mut() = head.method;
        let own = std::mem::replace(request.headers_mut(), head.headers);
        request.headers_mut().extend(own);

        while let Some(connection) = self.pool.take(runtime, host, port) {
            match connection.send(request).await {
                Ok(answer) => return Ok(self.answer(answer)),
                // Not a byte of it was written: another connection may have it.
                Err(Broken { request: Some(unsent), .. }) => request = *unsent,
                Err(Broken { failure, .. }) => return Err(failure),
            }
        }
        let socket = connect(&head.url, port, self.connect_timeout).await?;
        let connection = Connection::over(socket, pool::Place::new(runtime, host, port)).await?;
        connection.send(request).await.map(|answer| self.answer(answer)).map_err(|broken| broken.failure)
    }

    fn answer(&self, (response, connection): (http::Response<hyper::body::Incoming>, Connection)) -> Answer {
        let (parts, body) = response.into_parts();
        let body = connection::Body::new(body, connection, Arc::clone(&self.pool));
        let mut headers = parts.headers;
        let packed = headers.get(CONTENT_ENCODING).is_some_and(|coding| coding == "gzip");
        let body = if packed {
            headers.remove(CONTENT_ENCODING);
            headers.remove(CONTENT_LENGTH);
            gzip::inflated(body).boxed()
        } else {
            body.boxed()
        };
        Answer { status: parts.status.as_u16(), headers, body }
    }
}

/// A request of `url`'s path, with the headers that belong to the connection.
fn request(url: &Url, host: &str, body: Bytes) -> Result<Request<Full<Bytes>>, Failure> {
    let mut request = Request::new(Full::new(body));
    *request.uri_mut() = Uri::try_from(&url[Position::BeforePath..Position::AfterQuery])
        .map_err(|_| unusable("the URL holds what no request may hold"))?;
    let host = match url.port() {
        Some(port) => HeaderValue::try_from(format!("{host}:{port}")),
        None => HeaderValue::from_str(host),
    };
    let host = host.map_err(|_| unusable("the URL's host cannot stand in a header"))?;
    request.headers_mut().insert(HOST, host);
    request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    Ok(request)
}

/// A request that cannot be sent at all.
fn unusable(message: &str) -> Failure {
    Failure {
        code: Code::Config,
        outcome: Outcome::NotSent,
        reason: "setup",
        message: message.to_owned(),
        causes: Vec::new(),
    }
}

impl HttpSend for DirectSend {
    fn send(&self, head: Head, body: Bytes) -> BoxFuture<'_, Result<Answer, Failure>> {
        self.exchange(head, body).boxed()
    }

    fn inline(&self, _: &Url) -> bool {
        true
    }
}

impl fmt::Debug for DirectSend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DirectSend")
    }
}
