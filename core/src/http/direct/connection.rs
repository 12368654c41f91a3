//! One connection, and the future that drives it: polled by whoever waits for a reply, and by nobody else.

use std::future::{Future as _, poll_fn};
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::TcpStream;

use super::pool::{Place, Pool};
use crate::error::{Code, Outcome};
use crate::http::{Failure, causes};

/// Bytes that are read at once at most.
const BUFFER_BYTES: usize = 512 << 10;
/// Bytes that a reply's head may have.
const HEAD_BYTES: usize = 256 << 10;

/// A connection that no reply is awaited on.
pub(super) struct Connection {
    requests: http1::SendRequest<Full<Bytes>>,
    driver: http1::Connection<Socket, Full<Bytes>>,
    socket: Socket,
    place: Arc<Place>,
}

/// A connection that brought no reply; the request, if not a byte of it was written.
pub(super) struct Broken {
    pub(super) failure: Failure,
    pub(super) request: Option<Box<Request<Full<Bytes>>>>,
}

impl Connection {
    pub(super) async fn over(socket: TcpStream, place: Arc<Place>) -> Result<Self, Failure> {
        let socket = Socket(Arc::new(Mutex::new(TokioIo::new(socket))));
        let mut builder = http1::Builder::new();
        builder.max_buf_size(BUFFER_BYTES).max_header_size(HEAD_BYTES);
        let handshake = builder.handshake(socket.clone()).await;
        let (requests, driver) = handshake.map_err(|error| ended(&error))?;
        Ok(Self { requests, driver, socket, place })
    }

    pub(super) fn place(&self) -> &Arc<Place> {
        &self.place
    }

    /// Whether the other side has neither ended the connection nor said what nobody asked for.
    pub(super) fn is_quiet(&self) -> bool {
        self.requests.is_ready() && self.socket.is_quiet()
    }

    /// Sends `request`; ends when the reply's head has come.
    pub(super) async fn send(mut self, request: Request<Full<Bytes>>) -> Result<(Response<Incoming>, Self), Broken> {
        let mut reply = pin!(self.requests.try_send_request(request));
        let driver = &mut self.driver;
        let replied = poll_fn(|context| {
            // The driver takes the request, writes it and reads the head: there is nothing to wait for before it ran.
            let driven = Pin::new(&mut *driver).poll(context);
            match reply.as_mut().poll(context) {
                Poll::Ready(Ok(response)) => Poll::Ready(Ok(response)),
                Poll::Ready(Err(mut error)) => {
                    let request = error.take_message().map(Box::new);
                    Poll::Ready(Err(Broken { failure: ended(error.error()), request }))
                }
                Poll::Pending => match driven {
                    Poll::Ready(Err(error)) => Poll::Ready(Err(Broken { failure: ended(&error), request: None })),
                    Poll::Ready(Ok(())) => Poll::Ready(Err(Broken { failure: failure(Vec::new()), request: None })),
                    Poll::Pending => Poll::Pending,
                },
            }
        });
        let response = replied.await?;
        Ok((response, self))
    }

    fn drive(&mut self, context: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        Pin::new(&mut self.driver).poll(context)
    }
}

fn ended(error: &hyper::Error) -> Failure {
    failure(causes(error))
}

fn failure(causes: Vec<String>) -> Failure {
    Failure {
        code: Code::Connection,
        outcome: Outcome::Unknown,
        reason: "reset",
        message: "the connection ended before a reply came".to_owned(),
        causes,
    }
}

/// A reply's body. At its end the connection goes back to the pool; dropped before, it is closed.
pub(super) struct Body {
    incoming: Incoming,
    connection: Option<Connection>,
    pool: Arc<Pool>,
}

impl Body {
    pub(super) fn new(incoming: Incoming, connection: Connection, pool: Arc<Pool>) -> Self {
        Self { incoming, connection: Some(connection), pool }
    }

    fn next(&mut self, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Bytes>>> {
        while let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(context) {
            match frame.map(|frame| frame.map(hyper::body::Frame::into_data)) {
                Some(Ok(Ok(chunk))) => return Poll::Ready(Some(Ok(chunk))),
                // Trailers say nothing that anybody here reads.
                Some(Ok(Err(_))) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        Poll::Pending
    }

    /// Keeps the connection if it is ready for another request.
    fn finish(&mut self, context: &mut Context<'_>) {
        if let Some(mut connection) = self.connection.take()
            && connection.drive(context).is_pending()
            && connection.requests.is_ready()
        {
            self.pool.give_back(connection);
        }
    }
}

impl Stream for Body {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut next = self.next(context);
        if next.is_pending() {
            let driven = match &mut self.connection {
                Some(connection) => connection.drive(context),
                None => return Poll::Ready(None),
            };
            next = self.next(context);
            if next.is_pending() && driven.is_ready() {
                self.connection = None;
                return Poll::Ready(Some(Err(truncated(Vec::new()))));
            }
        }
        next.map(|chunk| match chunk {
            Some(Ok(chunk)) => Some(Ok(chunk)),
            Some(Err(error)) => {
                self.connection = None;
                Some(Err(truncated(causes(&error))))
            }
            None => {
                self.finish(context);
                None
            }
        })
    }
}

fn truncated(causes: Vec<String>) -> Failure {
    Failure {
        reason: "body_truncated",
        message: "the connection ended before the reply was complete".to_owned(),
        ..failure(causes)
    }
}

/// A socket that the driver reads and writes, and that can be looked at while the driver sleeps.
#[derive(Clone)]
struct Socket(Arc<Mutex<TokioIo<TcpStream>>>);

impl Socket {
    fn lock(&self) -> MutexGuard<'_, TokioIo<TcpStream>> {
        // Nothing in a critical section panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_quiet(&self) -> bool {
        // The socket itself is asked: what tokio knows of it is as old as the last turn of its reactor.
        let peeked = SockRef::from(self.lock().inner()).peek(&mut [MaybeUninit::uninit()]);
        peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

impl Read for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_read(context, buffer)
    }
}

impl Write for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.lock().is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_write_vectored(context, slices)
    }
}
