//! A server of one thread on the loopback, whose bodies are ready before its first connection: what is timed is the client.
//!
//! ```text
//! GET  …/requests?limit=L&offset=O   a page, and its Content-Range; `ge(created,…)` and `gt(created,…)` say where it begins
//! GET  …/requests/{id}               one request
//! POST …/tokens                      a token
//! POST …/signups                     a signup; GET …/signups/{id} tells its status
//! ```
//!
//! It prints its port, and serves until its input is closed.

mod random;
mod reply;
mod request;
mod store;

use std::cell::RefCell;
use std::io::{IoSlice, Read as _, Write as _};
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::reply::{Body, Reply, Server};
use crate::store::Store;

/// A reply up to this size is copied, and leaves in one piece.
const SMALL: usize = 16 << 10;
const USAGE: &str = "usage: server [--total N] [--gzip] [--delay-ms N] [--polls N]";

fn options() -> Option<(usize, bool, u64, u32)> {
    let (mut total, mut gzip, mut delay_ms, mut polls) = (100_000, false, 0, 10);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--total" => total = words.next()?.parse().ok().filter(|total| *total <= request::MOST)?,
            "--gzip" => gzip = true,
            "--delay-ms" => delay_ms = words.next()?.parse().ok()?,
            "--polls" => polls = words.next()?.parse().ok()?,
            _ => return None,
        }
    }
    Some((total, gzip, delay_ms, polls))
}

fn main() -> std::io::Result<()> {
    let Some((total, gzip, delay_ms, polls)) = options() else {
        eprintln!("{USAGE}");
        std::process::exit(2);
    };
    let store = Store::new(total);
    if gzip {
        store.pack_all();
    }
    let delay = Duration::from_millis(delay_ms);
    let server = Rc::new(Server { store, gzip, delay, polls, signups: RefCell::new(vec![0]) });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, listen(server))
}

async fn listen(server: Rc<Server>) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener: TcpListener = socket.listen(4096)?;
    println!("{}", listener.local_addr()?.port());
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let server = Rc::clone(&server);
        // A client that goes away ends its connection and nothing else.
        tokio::task::spawn_local(async move { serve(&server, socket).await });
    }
}

async fn serve(server: &Server, mut socket: TcpStream) -> std::io::Result<()> {
    let (mut got, mut out) = (Vec::with_capacity(SMALL), Vec::with_capacity(SMALL));
    loop {
        while let Some((used, reply)) = answered(server, &got) {
            got.drain(..used);
            if matches!(reply.body, Body::Page(_) | Body::Packed(_)) && !server.delay.is_zero() {
                tokio::time::sleep(server.delay).await;
            }
            send(&mut socket, &mut out, &reply).await?;
        }
        if socket.read_buf(&mut got).await? == 0 {
            return Ok(());
        }
    }
}

/// The length of the request that has arrived whole, and its reply.
fn answered<'s>(server: &'s Server, got: &[u8]) -> Option<(usize, Reply<'s>)> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = request.parse(got).ok()? else { return None };
    let header = |name: &str| {
        request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
    };
    let length = header("content-length").and_then(|text| std::str::from_utf8(text).ok()?.parse().ok()).unwrap_or(0);
    let takes_gzip = header("accept-encoding").is_some_and(|text| text.windows(4).any(|word| word == b"gzip"));
    let used = Some(head + length).filter(|used| *used <= got.len())?;
    Some((used, server.reply(request.method?, request.path?, takes_gzip)))
}

async fn send(socket: &mut TcpStream, out: &mut Vec<u8>, reply: &Reply<'_>) -> std::io::Result<()> {
    let (parts, coding): ([&[u8]; 3], &str) = match &reply.body {
        Body::Text(text) => ([text.as_bytes(), b"", b""], ""),
        Body::One(text) => ([text, b"", b""], ""),
        Body::Page(rows) => ([b"[", rows, b"]"], ""),
        Body::Packed(bytes) => ([bytes, b"", b""], "Content-Encoding: gzip\r\n"),
    };
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.clear();
    write!(out, "HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{coding}", reply.status)?;
    if !reply.range.is_empty() {
        write!(out, "Content-Range: {}\r\n", reply.range)?;
    }
    out.extend_from_slice(b"\r\n");
    if length <= SMALL {
        parts.iter().for_each(|part| out.extend_from_slice(part));
        return socket.write_all(out).await;
    }
    let slices = &mut [IoSlice::new(out), IoSlice::new(parts[0]), IoSlice::new(parts[1]), IoSlice::new(parts[2])];
    let mut rest = &mut slices[..];
    IoSlice::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        let sent = socket.write_vectored(rest).await?;
        IoSlice::advance_slices(&mut rest, sent);
    }
    Ok(())
}
