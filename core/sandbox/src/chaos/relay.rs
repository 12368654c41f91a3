//! One connection through the proxy.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use super::{Counts, Ending, Plan};

pub(super) async fn relay(mut client: TcpStream, mut upstream: TcpStream, plan: &Plan, counts: &Counts) {
    // Bytes are to move one helping at a time; where the option cannot be set they only move later.
    let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
    let ended = {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = upstream.split();
        tokio::select! {
            // The request first: a cut at a byte of it holds although the reply may already be there.
            biased;
            ended = requests(&mut from_client, &mut to_server, plan, &counts.request_bytes) => ended,
            ended = replies(&mut from_server, &mut to_client, plan, &counts.reply_bytes) => ended,
        }
    };
    if !ended.is_ok_and(|cut| cut) {
        return;
    }
    match plan.ending {
        // Closing a socket that lingers for no time sends RST.
        Ending::Reset => drop(client.set_zero_linger().map(|()| client)),
        Ending::Close => {
            // What the client still sends is read away, because closing over unread bytes would reset.
            if client.shutdown().await.is_ok() {
                tokio::join!(drain(&mut client), finish(&mut upstream));
                return;
            }
        }
    }
    finish(&mut upstream).await;
}

/// Lets the server carry out what has reached it whole.
async fn finish(upstream: &mut TcpStream) {
    if upstream.shutdown().await.is_ok() {
        drain(upstream).await;
    }
}

async fn drain(socket: &mut TcpStream) {
    let mut buffer = [0; 4096];
    while matches!(socket.read(&mut buffer).await, Ok(1..)) {}
}

/// How much of `wanted` may go before a cut at `cut_at`.
fn room(cut_at: Option<u64>, sent: u64, wanted: usize) -> usize {
    cut_at.map_or(wanted, |at| usize::try_from(at.saturating_sub(sent)).unwrap_or(wanted).min(wanted))
}

/// Forwards requests; true where the plan cuts. Never ends by itself when the client has only finished sending.
async fn requests(
    client: &mut ReadHalf<'_>,
    server: &mut WriteHalf<'_>,
    plan: &Plan,
    count: &AtomicU64,
) -> io::Result<bool> {
    let mut buffer = [0; 16_384];
    let mut sent = 0;
    loop {
        if plan.after_request == Some(sent) {
            return Ok(true);
        }
        let read = client.read(&mut buffer).await?;
        if read == 0 {
            server.shutdown().await?;
            // The reply may still be under way; one that is held never comes.
            return if plan.hold { Ok(false) } else { std::future::pending().await };
        }
        let part = &buffer[..room(plan.after_request, sent, read)];
        server.write_all(part).await?;
        sent += u64::try_from(part.len()).unwrap_or(0);
        count.fetch_add(u64::try_from(part.len()).unwrap_or(0), Ordering::SeqCst);
    }
}

/// Forwards replies; true where the plan cuts, false when the server has finished.
async fn replies(
    server: &mut ReadHalf<'_>,
    client: &mut WriteHalf<'_>,
    plan: &Plan,
    count: &AtomicU64,
) -> io::Result<bool> {
    let mut buffer = [0; 16_384];
    let mut sent = 0;
    loop {
        let read = server.read(&mut buffer).await?;
        if read == 0 && plan.hold {
            return std::future::pending().await;
        }
        if read == 0 {
            client.shutdown().await?;
            return Ok(false);
        }
        if plan.hold {
            continue;
        }
        pause(plan.latency_ms).await;
        let part = &buffer[..room(plan.after_reply, sent, read)];
        let (helping, every_ms) = plan.drip.unwrap_or((usize::MAX, 0));
        for (n, helping) in part.chunks(helping.max(1)).enumerate() {
            if n > 0 {
                pause(every_ms).await;
            }
            client.write_all(helping).await?;
            sent += u64::try_from(helping.len()).unwrap_or(0);
            count.fetch_add(u64::try_from(helping.len()).unwrap_or(0), Ordering::SeqCst);
        }
        // Looked at only now, so that a cut at 0 comes when the reply is there: the request was carried out.
        if plan.after_reply == Some(sent) {
            return Ok(true);
        }
    }
}

async fn pause(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}
