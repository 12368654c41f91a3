//! One exchange under limits: the head within the time for it, the body within its size, time and pace.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;

use super::{Answer, Failure, Head, HttpSend, buffers};
use crate::error::{Code, Outcome};
use crate::time::Clock;

/// Limits of one exchange.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the first byte sent to the last byte read.
    pub total: Duration,
    /// From the first byte sent to the reply's head; absent, `total`.
    pub first_byte: Option<Duration>,
    /// Bytes of the decoded body.
    pub max_response_bytes: usize,
}

/// A body must bring at least [`PACE_BYTES`] in each window of this length.
const PACE_WINDOW: Duration = Duration::from_secs(10);
const PACE_BYTES: usize = 640;

/// A complete reply.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    /// The value of header `name`, if it is there once and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Sends through an [`HttpSend`] and reads the whole reply, within limits, on a given clock.
#[derive(Debug, Clone)]
pub struct Transport {
    send: Arc<dyn HttpSend>,
    clock: Arc<dyn Clock>,
}

impl Transport {
    pub fn new(send: Arc<dyn HttpSend>, clock: Arc<dyn Clock>) -> Self {
        Self { send, clock }
    }

    /// Sends `head` and `body` and reads the reply; never takes longer than `limits.total`, nor goes past `deadline`.
    ///
    /// # Errors
    /// A [`Failure`] for everything but a complete reply, whatever that reply's status.
    pub async fn exchange(
        &self,
        head: Head,
        body: Bytes,
        limits: Limits,
        deadline: Duration,
    ) -> Result<Reply, Failure> {
        let _busy = self.clock.busy();
        let start = self.clock.now();
        let end = start.saturating_add(limits.total).min(deadline);
        if start >= end {
            return Err(Failure {
                outcome: Outcome::NotSent,
                ..too_slow("total", "the time limit had passed before it was sent")
            });
        }
        let first_byte = limits.first_byte.map_or(end, |limit| start.saturating_add(limit).min(end));
        let sending = self.send.send(head, body);
        let answer = match within(&*self.clock, first_byte, sending).await {
            Some(answer) => answer?,
            None if first_byte < end => {
                return Err(too_slow("first_byte", "no reply began within its time limit (first_byte_timeout)"));
            }
            None => return Err(too_slow("total", "no reply came within the time limit")),
        };
        self.read(answer, limits.max_response_bytes, end).await
    }

    async fn read(&self, answer: Answer, max_bytes: usize, end: Duration) -> Result<Reply, Failure> {
        let Answer { status, headers, body: mut chunks } = answer;
        let mut body = buffers::take(announced(&headers).min(max_bytes));
        let read = self.read_into(&mut body, &mut chunks, max_bytes, end).await;
        match read {
            Ok(()) => Ok(Reply { status, headers, body }),
            Err(failure) => {
                buffers::give_back(body);
                Err(failure)
            }
        }
    }

    async fn read_into(
        &self,
        body: &mut Vec<u8>,
        chunks: &mut BoxStream<'static, Result<Bytes, Failure>>,
        max_bytes: usize,
        end: Duration,
    ) -> Result<(), Failure> {
        let (mut window_end, mut window_start_bytes) = (self.clock.now() + PACE_WINDOW, 0);
        loop {
            let Some(chunk) = within(&*self.clock, window_end.min(end), chunks.next()).await else {
                if self.clock.now() >= end {
                    return Err(too_slow("total", "the reply was not complete within the time limit"));
                }
                if body.len() - window_start_bytes < PACE_BYTES {
                    return Err(too_slow("too_slow", "the reply came slower than 64 bytes a second"));
                }
                (window_end, window_start_bytes) = (self.clock.now() + PACE_WINDOW, body.len());
                continue;
            };
            let Some(chunk) = chunk else { return Ok(()) };
            let chunk = chunk?;
            if body.len() + chunk.len() > max_bytes {
                return Err(Failure {
                    code: Code::UnexpectedContent,
                    outcome: Outcome::Unknown,
                    reason: "too_large",
                    message: format!("the reply is larger than {max_bytes} bytes (max_response_bytes)"),
                    causes: Vec::new(),
                });
            }
            grow(body, chunk.len(), max_bytes);
            body.extend_from_slice(&chunk);
        }
    }
}

/// The length that a reply's head announces; 0 if it does not. It is room that is asked for, and nothing that is relied on.
fn announced(headers: &HeaderMap) -> usize {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// Makes room for `more` bytes: a power of two, but never beyond the limit, and all of it once half of it is passed, so that
/// a body that grows into it holds less than twice the limit while it is copied.
fn grow(body: &mut Vec<u8>, more: usize, max_bytes: usize) {
    let needed = body.len() + more;
    if body.capacity() < needed {
        let whole = max_bytes.max(needed);
        let capacity = Some(needed.next_power_of_two()).filter(|capacity| *capacity <= whole / 2).unwrap_or(whole);
        let mut larger = buffers::take(capacity);
        larger.extend_from_slice(body);
        buffers::give_back(std::mem::replace(body, larger));
    }
}

fn too_slow(reason: &'static str, message: &str) -> Failure {
    Failure { code: Code::Timeout, outcome: Outcome::Unknown, reason, message: message.to_owned(), causes: Vec::new() }
}

/// The output of `future`, or `None` when the clock reaches `at` first. What need not be waited for needs no timer.
pub(crate) async fn within<F: Future>(clock: &dyn Clock, at: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut alarm = None;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => alarm.get_or_insert_with(|| clock.sleep_until(at)).poll_unpin(context).map(|()| None),
    })
    .await
}
