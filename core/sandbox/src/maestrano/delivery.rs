//! A call of Maestrano to the app, over HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use url::{Position, Url};

use crate::error::SandboxError;

/// Real time, whatever clock the sandbox lives by: the app does.
const PATIENCE: Duration = Duration::from_secs(25);
const LONGEST_REPLY: usize = 1 << 20;

pub(crate) struct Delivery {
    pub(super) method: &'static str,
    pub(super) url: Url,
    pub(super) authorization: String,
    pub(super) body: Option<Value>,
    /// The same call so often: nothing in it tells a duplicate from its original.
    pub(super) times: u8,
}

impl Delivery {
    /// Calls one after the other, and gives the replies: `[{"status", "body"}]`.
    pub(crate) async fn send(self) -> Result<Value, SandboxError> {
        let mut replies = Vec::new();
        for _ in 0..self.times {
            let reply = match tokio::time::timeout(PATIENCE, self.call()).await {
                Ok(reply) => reply.map_err(|error| error.to_string()),
                Err(_) => Err(format!("no reply within {} s", PATIENCE.as_secs())),
            };
            let origin = self.url.origin().ascii_serialization();
            replies.push(reply.map_err(|why| SandboxError::Delivery(format!("{origin}: {why}")))?);
        }
        Ok(replies.into())
    }

    async fn call(&self) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let addresses = self.url.socket_addrs(|| None)?;
        let socket = TcpStream::connect(&*addresses).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        // It ends with the reply, or with this future.
        let connection = tokio::spawn(connection);
        let sent = sender.send_request(self.request()?).await;
        let result = match sent {
            Ok(response) => {
                let status = response.status().as_u16();
                let body = Limited::new(response.into_body(), LONGEST_REPLY).collect().await?.to_bytes();
                let text = || Value::from(String::from_utf8_lossy(&body).into_owned());
                Ok(json!({ "status": status, "body": serde_json::from_slice(&body).unwrap_or_else(|_| text()) }))
            }
            Err(error) => Err(error.into()),
        };
        connection.abort();
        result
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(&self.url[Position::BeforePath..])
            .header(header::HOST, &self.url[Position::BeforeHost..Position::AfterPort])
            .header(header::AUTHORIZATION, &self.authorization)
            .header(header::ACCEPT, "application/json")
            .header(header::CONNECTION, "close");
        if self.body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        request.body(Full::from(self.body.as_ref().map(Value::to_string).unwrap_or_default()))
    }
}
