//! A socket that cuts, drips and closes as its plan says.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::plan::SharedPlan;
use crate::clock::{Park, SandboxClock};

pub(super) struct SpoiltStream {
    socket: TcpStream,
    plan: SharedPlan,
    clock: SandboxClock,
    /// The pause between two helpings of a drip; virtual time may pass in it.
    pause: Option<(BoxFuture<'static, ()>, Option<Park>)>,
    /// The time until an idle connection is closed.
    idle: Option<BoxFuture<'static, ()>>,
    /// Who waits for the next request: idleness begins for it when the reply has gone out.
    reader: Option<Waker>,
}

impl SpoiltStream {
    pub(super) fn new(socket: TcpStream, plan: SharedPlan, clock: SandboxClock) -> Self {
        Self { socket, plan, clock, pause: None, idle: None, reader: None }
    }

    /// How much of `wanted` bytes may be sent now; `None` while the drip pauses, an error where the reply is cut.
    fn allowance(&mut self, wanted: usize) -> io::Result<Option<usize>> {
        let mut plan = self.plan.lock();
        let mut allowed = u64::try_from(wanted).unwrap_or(u64::MAX);
        if let Some(cut) = plan.cut {
            if cut.left == 0 {
                if cut.reset {
                    self.socket.set_zero_linger()?;
                }
                return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the reply is cut here on purpose"));
            }
            allowed = allowed.min(cut.left);
        }
        if let Some(drip) = &mut plan.drip {
            if drip.left == 0 {
                drip.left = drip.bytes;
                self.pause = Some(self.clock.withhold(drip.every));
                return Ok(None);
            }
            allowed = allowed.min(drip.left);
        }
        Ok(Some(usize::try_from(allowed).unwrap_or(wanted)))
    }
}

impl AsyncWrite for SpoiltStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let allowed = loop {
            if let Some((pause, _)) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            if let Some(allowed) = self.allowance(bytes.len())? {
                break allowed;
            }
        };
        let sent = ready!(Pin::new(&mut self.socket).poll_write(context, &bytes[..allowed]))?;
        let count = u64::try_from(sent).unwrap_or(u64::MAX);
        let mut plan = self.plan.lock();
        plan.sent += count;
        if let Some(cut) = &mut plan.cut {
            cut.left = cut.left.saturating_sub(count);
        }
        if let Some(drip) = &mut plan.drip {
            drip.left = drip.left.saturating_sub(count);
        }
        drop(plan);
        Poll::Ready(Ok(sent))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.socket).poll_flush(context))?;
        // A cut right behind the last byte of the reply meets no further write.
        let (ends_here, idles) = {
            let plan = self.plan.lock();
            (plan.cut.is_some_and(|cut| cut.left == 0), plan.sent > 0 && plan.idle_close.is_some())
        };
        if idles && self.idle.is_none() {
            self.reader.take().into_iter().for_each(Waker::wake);
        }
        if ends_here {
            self.allowance(0)?;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

impl AsyncRead for SpoiltStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.socket).poll_read(context, buffer);
        if read.is_ready() {
            self.idle = None;
            return read;
        }
        let close_after = {
            let plan = self.plan.lock();
            plan.idle_close.filter(|_| plan.sent > 0)
        };
        let Some(after) = close_after else {
            self.reader = Some(context.waker().clone());
            return Poll::Pending;
        };
        if self.idle.is_none() {
            self.idle = Some(self.clock.sleep(after));
        }
        match &mut self.idle {
            // To hyper this looks as if the client had closed: it closes too, without a word to the client.
            Some(idle) => idle.as_mut().poll(context).map(|()| Ok(())),
            None => Poll::Pending,
        }
    }
}
