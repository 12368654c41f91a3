//! A server that writes bytes, not HTTP: what it says is exactly what the test wrote.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// What to do with a request.
pub enum Step {
    /// Write this, and wait for the next request.
    Keep(Vec<u8>),
    /// Write this, and end the connection in order.
    Close(Vec<u8>),
    /// Write this, let others run so many times, and end the connection in order.
    CloseLater(Vec<u8>, usize),
    /// Break the connection.
    Reset,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    /// What stands between the method and the version.
    pub fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }
}

pub type Script = Arc<dyn Fn(&Request) -> Step + Send + Sync>;

/// A listening server, until it is dropped.
pub struct Wire {
    pub addr: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    connections: Arc<AtomicUsize>,
    accepting: AbortHandle,
}

impl Wire {
    pub async fn start(script: impl Fn(&Request) -> Step + Send + Sync + 'static) -> Self {
        let script: Script = Arc::new(script);
        Self::serving(move |socket, seen| {
            let script = script.clone();
            async move { plain(socket, &script, &seen).await }
        })
        .await
    }

    /// Accepts connections and counts them; `serve` does the rest.
    pub async fn serving<F>(serve: impl Fn(TcpStream, Arc<Mutex<Vec<Request>>>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (seen, connections) = (Arc::<Mutex<Vec<Request>>>::default(), Arc::<AtomicUsize>::default());
        let (kept, counted) = (seen.clone(), connections.clone());
        let accepting = tokio::spawn(async move {
            loop {
                // A client that left before it was accepted is no reason to stop.
                let Ok((socket, _)) = listener.accept().await else { continue };
                counted.fetch_add(1, Ordering::SeqCst);
                let _ = socket.set_nodelay(true);
                tokio::spawn(serve(socket, kept.clone()));
            }
        });
        Self { addr, seen, connections, accepting: accepting.abort_handle() }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// An address of this machine where nobody listens.
pub async fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    listener.local_addr().unwrap()
}

async fn plain(mut socket: TcpStream, script: &Script, seen: &Mutex<Vec<Request>>) {
    if !converse(&mut socket, script, seen).await {
        let _ = socket.set_zero_linger();
    }
}

/// Answers requests on any stream; false when the connection is to be broken.
pub async fn converse<S>(socket: &mut S, script: &Script, seen: &Mutex<Vec<Request>>) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(request) = read(socket).await {
        let step = script(&request);
        seen.lock().unwrap().push(request);
        let (bytes, keep, turns) = match step {
            Step::Keep(bytes) => (bytes, true, 0),
            Step::Close(bytes) => (bytes, false, 0),
            Step::CloseLater(bytes, turns) => (bytes, false, turns),
            Step::Reset => return false,
        };
        // A client may have left before all was said.
        if socket.write_all(&bytes).await.is_err() || socket.flush().await.is_err() {
            return true;
        }
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        if !keep {
            let _ = socket.shutdown().await;
            return true;
        }
    }
    true
}

/// A complete request, or `None` when the client has left.
pub async fn read<S: AsyncRead + Unpin>(socket: &mut S) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut request = Request { head, body: bytes.split_off(end) };
    let length = request.header("content-length").map_or(0, |text| text.parse().unwrap());
    while request.body.len() < length {
        if socket.read_buf(&mut request.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(request)
}
