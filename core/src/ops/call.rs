//! A call as another language drives it: messages out, replies in, the envelope last.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value;

use super::Reply;
use crate::error::{Error, Result};
use crate::host::{Events, Host, Message};

/// One step of a call.
#[derive(Debug)]
pub enum Step {
    /// `{"event": …}`, `{"ask": …}`, or `{"error": …}`, after which there is nothing.
    Message(String),
    /// What a call comes to that does not fail: the last step.
    Reply(Reply),
}

/// One call under way. [`Call::next`] gives its messages, one at a time; the envelope is the last.
///
/// Dropping it cancels the call at once: what was sent stays sent.
pub struct Call {
    host: Host,
    /// Its number among the calls of the mailbox.
    number: u64,
    future: Option<BoxFuture<'static, Result<Reply>>>,
    result: Option<Result<Reply>>,
    inline: bool,
}

impl Call {
    /// Makes a call of what `start` does with the host that stands for the caller; `events` says which events it wants.
    pub fn new<F, R: Into<Reply>>(events: impl Into<Events>, start: impl FnOnce(Host) -> F) -> Self
    where
        F: Future<Output = Result<R>> + Send + 'static,
    {
        let host = Host::with_mailbox(events);
        let future = start(host.clone());
        Self::on(host, future)
    }

    /// A call whose messages come out of a mailbox that outlives it: work in the background uses it between calls.
    pub(crate) fn on<R: Into<Reply>>(host: Host, future: impl Future<Output = Result<R>> + Send + 'static) -> Self {
        let number = host.one_more_call();
        Self {
            host,
            number,
            future: Some(future.map(|result| result.map(R::into)).boxed()),
            result: None,
            inline: false,
        }
    }

    pub(crate) fn inline(mut self, inline: bool) -> Self {
        self.inline = inline;
        self
    }

    /// Whether it needs no task of a runtime besides the future that waits for it: then a runtime that runs only while
    /// somebody waits will do. It stays on the runtime that polled it first, to its end.
    pub fn runs_inline(&self) -> bool {
        self.inline
    }

    /// The next message: `{"event": …}`, `{"ask": …}`, or the envelope `{"ok": …}` / `{"error": …}`, after which there is
    /// none. Cancel-safe: nothing is lost when the returned future is dropped.
    #[expect(clippy::should_implement_trait, reason = "it is awaited, as a stream's next is")]
    pub fn next(&mut self) -> Next<'_> {
        Next(self)
    }

    /// The next step, with a reply as it came; `None` after the last one.
    pub fn poll_step(&mut self, context: &mut Context<'_>) -> Poll<Option<Step>> {
        // What an earlier poll left behind comes before the future moves on.
        if let Some(message) = self.host.take_or_wake(self.number, context.waker()) {
            return Poll::Ready(Some(Step::Message(message_text(&message))));
        }
        if let Some(future) = &mut self.future
            && let Poll::Ready(result) = future.poll_unpin(context)
        {
            self.future = None;
            self.result = Some(result);
        }
        if let Some(message) = self.host.take() {
            return Poll::Ready(Some(Step::Message(message_text(&message))));
        }
        match (self.result.take(), &self.future) {
            (Some(Ok(reply)), _) => Poll::Ready(Some(Step::Reply(reply))),
            (Some(Err(error)), _) => Poll::Ready(Some(Step::Message(failure_text(&error)))),
            (None, None) => Poll::Ready(None),
            (None, Some(_)) => Poll::Pending,
        }
    }

    /// Whether its last step was given out: it holds nothing any more.
    pub fn is_over(&self) -> bool {
        self.future.is_none() && self.result.is_none()
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
        let step = self.0.poll_step(context);
        step.map(|step| {
            step.map(|step| match step {
                Step::Message(text) => text,
                Step::Reply(reply) => envelope(Ok(reply.into_text())),
            })
        })
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
