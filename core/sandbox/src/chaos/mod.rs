//! A TCP proxy that breaks connections at an exact byte, for tests of what a client makes of it.

mod plan;
mod relay;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::net::TcpStream;
use tokio::sync::watch;

pub use plan::{Ending, Plan};

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicU64,
    request_bytes: AtomicU64,
    reply_bytes: AtomicU64,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    plan: Mutex<Plan>,
    counts: Counts,
}

impl Shared {
    /// The plan of the next connection; one that is for so many connections only is used up by them.
    fn next_plan(&self) -> Plan {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut plan.connections {
            Some(0) => Plan::default(),
            Some(left) => {
                *left -= 1;
                plan.clone()
            }
            None => plan.clone(),
        }
    }
}

/// Stands between a client and a server on 127.0.0.1, and lives in real time.
///
/// ```
/// use std::io::{Read as _, Write as _};
/// use tenantry_sandbox::{ChaosProxy, Ending, Plan, Sandbox, SandboxOptions};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::start(SandboxOptions::default())?;
/// let upstream = sandbox.url().trim_start_matches("http://").parse()?;
/// let plan = Plan { after_reply: Some(12), ending: Ending::Close, ..Plan::default() };
/// let proxy = ChaosProxy::start(upstream, plan)?;
///
/// let mut client = std::net::TcpStream::connect(proxy.addr())?;
/// client.write_all(b"GET /v3/signups/1 HTTP/1.1\r\nhost: x\r\n\r\n")?;
/// let mut reply = String::new();
/// client.read_to_string(&mut reply)?;
/// assert_eq!(reply, "HTTP/1.1 404");
/// # Ok(()) }
/// ```
pub struct ChaosProxy {
    addr: SocketAddr,
    pid: u32,
    shared: Arc<Shared>,
    running: Mutex<Option<(watch::Sender<bool>, JoinHandle<()>)>>,
}

impl ChaosProxy {
    /// Listens on a free port of 127.0.0.1 and forwards to `upstream` as `plan` says.
    ///
    /// # Errors
    /// When the system gives no port, no event loop or no thread.
    pub fn start(upstream: SocketAddr, plan: Plan) -> io::Result<ChaosProxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Arc::new(Shared { upstream, plan: Mutex::new(plan), counts: Counts::default() });
        let (stop, stopped) = watch::channel(false);
        let served = shared.clone();
        let work = move || runtime.block_on(accept(listener, served, stopped));
        let thread = std::thread::Builder::new().name("tenantry-chaos".to_owned()).spawn(work)?;
        Ok(ChaosProxy { addr, pid: std::process::id(), shared, running: Mutex::new(Some((stop, thread))) })
    }

    /// Where clients connect.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Gives the connections that are accepted from now on another plan.
    pub fn set_plan(&self, plan: Plan) {
        *self.shared.plan.lock().unwrap_or_else(PoisonError::into_inner) = plan;
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.counts.connections.load(Ordering::SeqCst)
    }

    /// How many bytes were forwarded to the server.
    #[must_use]
    pub fn request_bytes(&self) -> u64 {
        self.shared.counts.request_bytes.load(Ordering::SeqCst)
    }

    /// How many bytes were forwarded to clients.
    #[must_use]
    pub fn reply_bytes(&self) -> u64 {
        self.shared.counts.reply_bytes.load(Ordering::SeqCst)
    }

    /// Ends all connections and frees the port. May be called again; in a forked child it does nothing.
    pub fn close(&self) {
        if self.pid != std::process::id() {
            return;
        }
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, thread)) = running {
            // Nobody listens any more if the thread has already ended.
            let _ = stop.send(true);
            let _ = thread.join();
        }
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        if self.pid == std::process::id() {
            self.close();
        } else {
            // A forked child: the thread is the parent's, not even its handle may be let go.
            std::mem::forget(self.running.get_mut().map(Option::take));
        }
    }
}

impl fmt::Debug for ChaosProxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ChaosProxy").field("addr", &self.addr).field("shared", &self.shared).finish()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        tokio::select! {
            Ok((client, _)) = listener.accept() => {
                shared.counts.connections.fetch_add(1, Ordering::SeqCst);
                let (plan, shared) = (shared.next_plan(), shared.clone());
                tokio::spawn(async move {
                    // A server that is not there looks to the client like a connection closed at once.
                    if let Ok(upstream) = TcpStream::connect(shared.upstream).await {
                        relay::relay(client, upstream, &plan, &shared.counts).await;
                    }
                });
            }
            _ = stop.changed() => return,
            else => return,
        }
    }
}
