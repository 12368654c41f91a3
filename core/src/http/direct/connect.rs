//! Making a connection: a name, its addresses, a socket.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::net::TcpStream;
use url::{Host, Url};

use crate::error::{Code, Outcome};
use crate::http::{Failure, causes};

/// An address that does not answer holds the others up no longer than this.
const HEAD_START: Duration = Duration::from_millis(250);

/// A socket to the host of `url`, by whichever of its addresses is the first to answer.
///
/// # Errors
/// A [`Failure`] that says `not_sent`, whatever went wrong.
pub(super) async fn connect(url: &Url, port: u16, limit: Duration) -> Result<TcpStream, Failure> {
    let opening = async {
        let addresses = resolve(url, port)
            .await
            .map_err(|error| not_sent(Code::Connection, "dns", "the host's name cannot be resolved", causes(&error)))?;
        let socket = first_of(addresses).await.map_err(|error| refused(&error))?;
        socket.set_nodelay(true).map_err(|error| refused(&error))?;
        Ok(socket)
    };
    match tokio::time::timeout(limit, opening).await {
        Ok(opened) => opened,
        Err(_) => Err(not_sent(Code::Timeout, "connect", "connecting took too long", Vec::new())),
    }
}

async fn resolve(url: &Url, port: u16) -> io::Result<Vec<SocketAddr>> {
    match url.host() {
        Some(Host::Ipv4(address)) => Ok(vec![(address, port).into()]),
        Some(Host::Ipv6(address)) => Ok(vec![(address, port).into()]),
        Some(Host::Domain(name)) => Ok(tokio::net::lookup_host((name, port)).await?.collect()),
        None => Ok(Vec::new()),
    }
}

/// The first of `addresses` that takes a connection. One begins when the one before has failed, or has had its head start.
async fn first_of(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut running = FuturesUnordered::new();
    let mut error = io::Error::new(ErrorKind::AddrNotAvailable, "the host has no address");
    loop {
        running.extend(waiting.next().map(TcpStream::connect));
        let ended = if waiting.len() == 0 {
            running.next().await
        } else {
            tokio::time::timeout(HEAD_START, running.next()).await.ok().flatten()
        };
        match ended {
            Some(Ok(socket)) => return Ok(socket),
            Some(Err(refused)) => error = refused,
            None if waiting.len() == 0 && running.is_empty() => return Err(error),
            None => {}
        }
    }
}

fn refused(error: &io::Error) -> Failure {
    // The system has a limit of its own for a host that does not answer.
    if error.kind() == ErrorKind::TimedOut {
        return not_sent(Code::Timeout, "connect", "connecting took too long", causes(error));
    }
    not_sent(Code::Connection, "connect", "no connection could be made", causes(error))
}

fn not_sent(code: Code, reason: &'static str, message: &str, causes: Vec<String>) -> Failure {
    Failure { code, outcome: Outcome::NotSent, reason, message: message.to_owned(), causes }
}
