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
    Inflated { packed, decoder: GzDecoder::new(Input::default()), out: Vec::new(), begun: false, done: false }
}

struct Inflated<S> {
    packed: S,
    decoder: GzDecoder<Input>,
    /// Room for a step.
    out: Vec<u8>,
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
        // A step may be small where little has come: it takes no more memory than it needs.
        self.out.resize(STEP_BYTES, 0);
        let length = self.decoder.read(&mut self.out)?;
        Ok((length > 0).then(|| Bytes::copy_from_slice(&self.out[..length])))
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use futures::{FutureExt as _, TryStreamExt as _, stream};

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// What comes out when `bytes` come in pieces of this size; and the largest piece of it.
    fn unpacked(bytes: &[u8], piece: usize) -> Result<(Vec<u8>, usize), Failure> {
        let pieces: Vec<_> = bytes.chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let collected = inflated(stream::iter(pieces)).try_collect::<Vec<Bytes>>().now_or_never();
        let steps = collected.unwrap()?;
        let largest = steps.iter().map(Bytes::len).max().unwrap_or(0);
        Ok((steps.concat(), largest))
    }

    #[test]
    fn a_body_is_unpacked_however_it_is_cut() {
        let text: Vec<u8> = (0..300_000_u32).flat_map(|n| n.wrapping_mul(n).to_le_bytes()).collect();
        let bytes = packed(&text);
        for piece in [1, 2, 7, 1_000, bytes.len()] {
            let (whole, largest) = unpacked(&bytes, piece).unwrap();
            assert!(whole == text && largest <= STEP_BYTES, "{piece}");
        }
    }

    #[test]
    fn nothing_at_all_is_an_empty_body() {
        assert_eq!(unpacked(b"", 1).unwrap().0, b"");
        assert_eq!(unpacked(&packed(b""), 3).unwrap().0, b"");
    }

    #[test]
    fn what_is_cut_changed_or_followed_by_more_is_no_body() {
        let bytes = packed(b"said and said again, said and said again");
        for end in 1..bytes.len() {
            for piece in [1, 5, end] {
                let failure = unpacked(&bytes[..end], piece).unwrap_err();
                assert_eq!((failure.reason, failure.outcome), ("body_truncated", Outcome::Unknown), "{end}");
            }
        }
        // The checksum, and the length beside it.
        for place in bytes.len() - 8..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(unpacked(&changed, 9).is_err(), "{place}");
        }
        for more in [b"x".to_vec(), bytes.clone()] {
            let bytes = [bytes.clone(), more].concat();
            for piece in [1, bytes.len() - 1, bytes.len()] {
                assert!(unpacked(&bytes, piece).is_err(), "{piece}");
            }
        }
        assert!(unpacked(b"no gzip at all", 4).is_err());
    }
}
