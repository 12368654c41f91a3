//! A reply before it goes on the wire.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) content_type: Option<String>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Reply {
    pub(crate) fn json(status: u16, json: &Value) -> Reply {
        let content_type = Some("application/json".to_owned());
        Reply { status, body: json.to_string().into_bytes(), content_type, headers: Vec::new() }
    }

    /// What every POST answers.
    pub(crate) fn created(json: &Value) -> Reply {
        Reply::json(201, json)
    }

    pub(crate) fn ok(json: &Value) -> Reply {
        Reply::json(200, json)
    }

    pub(crate) fn error(status: u16, message: &str) -> Reply {
        Reply::json(status, &json!({ "message": message }))
    }

    /// An error in the words of the status code itself.
    pub(crate) fn plain(status: u16) -> Reply {
        let reason = StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason());
        Reply::error(status, reason.unwrap_or("No reason"))
    }

    pub(crate) fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Prints `/` as `\/`, as the vendor's server does in this reply.
    pub(crate) fn with_escaped_slashes(mut self) -> Reply {
        let text = String::from_utf8_lossy(&self.body).replace('/', "\\/");
        self.body = text.into_bytes();
        self
    }

    pub(crate) fn on_the_wire(self, date: &str) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from(self.body)));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if let Ok(date) = HeaderValue::try_from(date) {
            headers.insert(header::DATE, date);
        }
        if let Some(value) = self.content_type.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        // A name's first value takes the place of the server's own, its further values stand beside it.
        let mut seen = Vec::new();
        for (name, value) in self.headers {
            if seen.contains(&name) {
                headers.append(name, value);
            } else {
                seen.push(name.clone());
                headers.insert(name, value);
            }
        }
        response
    }
}
