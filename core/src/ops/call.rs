//! A call as another language drives it: messages out, replies in, the envelope last.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::host::{Events, Host, Message};

/// One call under way. [`Call::next`] gives its messages, one at a time; the envelope is the last.
///
/// Dropping it cancels the call at once: what was sent stays sent.
pub struct Call {
    host: Host,
    /// Its number among the calls of the mailbox.
    number: u64,
    future: Option<BoxFuture<'static, String>>,
    envelope: Option<String>,
}

impl Call {
    /// Makes a call of what `start` does with the host that stands for the caller; `events` says which events it wants.
    pub fn new<F>(events: impl Into<Events>, start: impl FnOnce(Host) -> F) -> Self
    where
        F: Future<Output = Result<String>> + Send + 'static,
    {
        let host = Host::with_mailbox(events);
        let future = start(host.clone());
        Self::on(host, future)
    }

    /// A call whose messages come out of a mailbox that outlives it: work in the background uses it between calls.
    pub(crate) fn on(host: Host, future: impl Future<Output = Result<String>> + Send + 'static) -> Self {
        let number = host.one_more_call();
        Self { host, number, future: Some(future.map(envelope).boxed()), envelope: None }
    }

    /// The next message: `{"event": …}`, `{"ask": …}`, or the envelope `{"ok": …}` / `{"error": …}`, after which there is
    /// none. Cancel-safe: nothing is lost when the returned future is dropped.
    #[expect(clippy::should_implement_trait, reason = "it is awaited, as a stream's next is")]
    pub fn next(&mut self) -> Next<'_> {
        Next(self)
    }

    /// Whether its envelope was given out: it holds nothing any more.
    pub fn is_over(&self) -> bool {
        self.future.is_none() && self.envelope.is_none()
    }

    /// Replies to the question `id` of an `{"ask": …}`: `{"ok": value}` or `{"error": text}`.
    ///
    /// # Errors
    /// `internal` when the text has another form, or nobody asked.
    pub fn reply(&self, id: u64, text: &str) -> Result<()> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Reply {
            Ok(Value),
            Error(String),
        }
        let reply = serde_json::from_str(text)
            .map_err(|_| Error::internal("a reply to a question is {\"ok\": …} or {\"error\": …}"))?;
        let reply = match reply {
            Reply::Ok(value) => Ok(value),
            Reply::Error(text) => Err(text),
        };
        if self.host.reply(id, reply) { Ok(()) } else { Err(Error::internal(format!("nobody asked question {id}"))) }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.host.end_call(self.number);
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Call")
    }
}

/// Future of [`Call::next`]; `None` after the envelope.
pub struct Next<'a>(&'a mut Call);

impl Future for Next<'_> {
    type Output = Option<String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let call = &mut *self.0;
        // What an earlier poll left behind comes before the future moves on.
        if let Some(message) = call.host.take_or_wake(call.number, context.waker()) {
            return Poll::Ready(Some(message_text(&message)));
        }
        if let Some(future) = &mut call.future
            && let Poll::Ready(envelope) = future.poll_unpin(context)
        {
            call.future = None;
            call.envelope = Some(envelope);
        }
        if let Some(message) = call.host.take() {
            return Poll::Ready(Some(message_text(&message)));
        }
        match (call.envelope.take(), &call.future) {
            (Some(envelope), _) => Poll::Ready(Some(envelope)),
            (None, None) => Poll::Ready(None),
            (None, Some(_)) => Poll::Pending,
        }
    }
}

fn message_text(message: &Message) -> String {
    serde_json::to_string(message).unwrap_or_else(|error| failure_text(&Error::internal(error.to_string())))
}

/// `{"ok": …}` around a reply's own text, or `{"error": …}`.
pub fn envelope(result: Result<String>) -> String {
    match result {
        Ok(text) => format!("{{\"ok\":{text}}}"),
        Err(error) => failure_text(&error),
    }
}

pub(crate) fn failure_text(error: &Error) -> String {
    // A report is made of text, numbers and maps with text keys: it always serialises.
    let report = serde_json::to_string(error).unwrap_or_else(|_| "null".to_owned());
    format!("{{\"error\":{report}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_asks_and_goes_on_with_the_reply() {
        let mut call = Call::new(false, |host| async move {
            let secret = host.secret("password").await?;
            Ok(format!("\"{}\"", secret.len()))
        });
        assert_eq!(call.next().await.unwrap(), r#"{"ask":{"id":1,"kind":"secret","data":"password"}}"#);
        assert!(call.reply(2, r#"{"ok":"x"}"#).is_err());
        call.reply(1, r#"{"ok":"hunter2"}"#).unwrap();
        assert_eq!(call.next().await.unwrap(), r#"{"ok":"7"}"#);
        assert_eq!(call.next().await, None);
    }

    #[tokio::test]
    async fn a_callback_that_fails_fails_the_call() {
        let mut call = Call::new(false, |host| async move { host.secret("password").await });
        call.next().await.unwrap();
        call.reply(1, r#"{"error":"no vault"}"#).unwrap();
        let envelope = call.next().await.unwrap();
        assert!(envelope.contains(r#""code":"config""#) && envelope.contains("no vault"), "{envelope}");
    }
}
