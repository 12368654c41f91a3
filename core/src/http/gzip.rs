//! A body that comes packed, unpacked in steps of a bounded size.

use std::io::{self, BufRead, ErrorKind, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use flate2::bufread::GzDecoder;
use futures::{Stream, StreamExt as _};

use super::Failure;
use crate::error::{Code, Outcome};

/// Bytes that are unpacked at once: a bomb is noticed before it has grown.
const STEP_BYTES: usize = 64 << 10;

/// What `packed` holds: one member of gzip and nothing after it; nothing at all if it is empty.
pub(super) fn inflated(
    packed: impl Stream<Item = Result<Bytes, Failure>> + Unpin,
) -> impl Stream<Item = Result<Bytes, Failure>> {
    Inflated { packed, decoder: GzDecoder::new(Input::default()), begun: false, done: false }
}

struct Inflated<S> {
    packed: S,
    decoder: GzDecoder<Input>,
    begun: bool,
    done: bool,
}

/// What has come and was not yet read.
#[derive(Default)]
struct Input {
    chunk: Bytes,
    ended: bool,
}

impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = out.len().min(self.fill_buf()?.len());
        self.chunk.copy_to_slice(&mut out[..length]);
        Ok(length)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.chunk.is_empty() && !self.ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(&self.chunk)
    }

    fn consume(&mut self, count: usize) {
        self.chunk.advance(count);
    }
}

impl<S: Stream<Item = Result<Bytes, Failure>> + Unpin> Inflated<S> {
    /// The next step of what has come; `None` at the end of the member, `WouldBlock` where more must come first.
    fn step(&mut self) -> io::Result<Option<Bytes>> {
        let mut out = vec![0; STEP_BYTES];
        let length = self.decoder.read(&mut out)?;
        out.truncate(length);
        Ok((length > 0).then(|| out.into()))
    }
}

impl<S: Stream<Item = Result<Bytes, Failure>> + Unpin> Stream for Inflated<S> {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if this.begun && !this.done {
                match this.step() {
                    Ok(Some(chunk)) => return Poll::Ready(Some(Ok(chunk))),
                    Ok(None) => this.done = true,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return Poll::Ready(Some(Err(broken(&error.to_string())))),
                }
            }
            let input = this.decoder.get_mut();
            if this.done && !input.chunk.is_empty() {
                return Poll::Ready(Some(Err(broken("there is something after the end of the packed body"))));
            }
            if input.ended {
                return Poll::Ready(None);
            }
            // After the member's end, too: the connection is not done before its body is.
            match futures::ready!(this.packed.poll_next_unpin(context)) {
                Some(Ok(chunk)) => {
                    this.begun |= !chunk.is_empty();
                    input.chunk = chunk;
                }
                Some(Err(failure)) => return Poll::Ready(Some(Err(failure))),
                None => input.ended = true,
            }
        }
    }
}

fn broken(cause: &str) -> Failure {
    Failure {
        code: Code::Connection,
        outcome: Outcome::Unknown,
        reason: "body_truncated",
        message: "the reply cannot be unpacked".to_owned(),
        causes: vec![cause.to_owned()],
    }
}
