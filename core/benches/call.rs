//! What one call costs the thread that makes it, and one page: over connections of the crate's own and over reqwest.
//! Prints; asserts nothing.
//!
//! The server is a thread with a blocking socket that says the same bytes again and again. CPU is the caller's thread's own,
//! as Linux counts it. Each figure is the median of interleaved rounds.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::StreamExt as _;
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use tenantry::cloudblue::Client;
use tenantry::http::{Head, HttpSend, Limits, Options, ReqwestSend, Sender, Transport, buffers};
use tenantry::time::SystemClock;
use tenantry_sandbox::{Sandbox, SandboxOptions};
use tokio::runtime::Runtime;

const ROUNDS: usize = 7;

/// A server that answers every request with `reply`, headers and all.
fn saying(reply: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("its address");
    let reply = Arc::new(reply);
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let reply = Arc::clone(&reply);
            thread::spawn(move || answer(socket, &reply));
        }
    });
    addr
}

fn answer(mut socket: TcpStream, reply: &[u8]) {
    let _ = socket.set_nodelay(true);
    let mut head = [0; 4096];
    // A request without a body comes in one piece.
    while socket.read(&mut head).is_ok_and(|count| count > 0) && socket.write_all(reply).is_ok() {}
}

fn replying(lines: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{lines}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// Nanoseconds that this thread has run.
fn thread_cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

/// One thing to measure: a name, and a closure that does it once.
struct Case<'a>(&'a str, Box<dyn FnMut() + 'a>);

/// Runs the cases in turn, and prints the medians over the rounds: wall time at the median, CPU of this thread.
fn measure(count: usize, mut cases: Vec<Case<'_>>) {
    // What is named on the command line, or all.
    if let Some(wanted) = std::env::args().skip(1).find(|word| !word.starts_with('-')) {
        cases.retain(|Case(name, _)| name.contains(&wanted));
    }
    let mut figures = vec![Vec::new(); cases.len()];
    for round in 0..=ROUNDS {
        for (Case(_, run), figures) in cases.iter_mut().zip(&mut figures) {
            let mut walls = Vec::with_capacity(count);
            let before = thread_cpu_ns();
            for _ in 0..count {
                let start = Instant::now();
                run();
                walls.push(start.elapsed().as_nanos() as f64 / 1e3);
            }
            let cpu = (thread_cpu_ns() - before) as f64 / 1e3 / count as f64;
            walls.sort_by(f64::total_cmp);
            // The first round warms up.
            if round > 0 {
                figures.push((walls[count / 2], cpu));
            }
        }
    }
    for (Case(name, _), mut figures) in cases.iter().zip(figures) {
        let middle = figures.len() / 2;
        figures.sort_by(|a, b| a.0.total_cmp(&b.0));
        let wall = figures[middle].0;
        figures.sort_by(|a, b| a.1.total_cmp(&b.1));
        println!("{name:<44} p50 {wall:>8.1} us   CPU {:>8.1} us", figures[middle].1);
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A request of the sandbox, in full.
fn request() -> String {
    let sandbox = Sandbox::start(SandboxOptions::default()).expect("a sandbox");
    let config = sandbox.line()["cloudblue"].to_string();
    let client = Client::builder().config_json(&config).and_then(|builder| builder.build()).expect("a client");
    let state = sandbox.state();
    let id = json!({"id": state["cloudblue"]["requests"][0]["id"]}).to_string();
    runtime().block_on(client.invoke("cloudblue.requests.get", &id, Options::default())).expect("a request")
}

fn small(text: &str) {
    let addr = saying(replying("", text.as_bytes()));
    let (runtime, base) = (runtime(), format!("http://{addr}"));
    let client = |send: Arc<dyn HttpSend>| {
        Client::builder().base_url(&base).api_key("SU-000:key-of-a-bench").http_send(send).build().expect("a client")
    };
    let sender = Sender::new(&Options::default()).expect("a sender");
    let reqwest = ReqwestSend::new(&Options::default()).expect("a sender");
    let clients = [client(sender.clone()), client(reqwest.clone())];
    let bare = |send: &dyn HttpSend| {
        runtime.block_on(async {
            let url = format!("{base}/requests/PR-1").parse().expect("a URL");
            let head = Head { method: Method::GET, url, headers: HeaderMap::new() };
            let mut answer = send.send(head, Bytes::new()).await.expect("a reply");
            while answer.body.next().await.is_some() {}
        });
    };
    let call = |client: &Client, name: &str| {
        let arguments = if name == "cloudblue.request" {
            r#"{"method": "GET", "path": "/requests/PR-1"}"#
        } else {
            r#"{"id": "PR-1"}"#
        };
        runtime.block_on(async {
            match name {
                "cloudblue.request" => client.request(arguments, Options::default()).await,
                name => client.invoke(name, arguments, Options::default()).await,
            }
            .expect("a reply")
        });
    };
    println!("GET of {} bytes, one after the other", text.len());
    measure(
        5_000,
        vec![
            Case("bare, direct", Box::new(|| bare(&*sender))),
            Case("bare, reqwest", Box::new(|| bare(&*reqwest))),
            Case("client.request (any JSON), direct", Box::new(|| call(&clients[0], "cloudblue.request"))),
            Case("requests.get (a checked model), direct", Box::new(|| call(&clients[0], "cloudblue.requests.get"))),
            Case("client.request (any JSON), reqwest", Box::new(|| call(&clients[1], "cloudblue.request"))),
            Case("requests.get (a checked model), reqwest", Box::new(|| call(&clients[1], "cloudblue.requests.get"))),
        ],
    );
}

fn pages(text: &str) {
    let rows: Value = serde_json::from_str(text).expect("JSON");
    let page = Value::from(vec![rows; 4_280_000 / text.len()]).to_string();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(page.as_bytes()).expect("memory");
    let packed = packed.finish().expect("memory");
    let addr = saying(replying("", page.as_bytes()));
    let gzip = saying(replying("content-encoding: gzip\r\n", &packed));
    let runtime = runtime();
    let clock = Arc::new(SystemClock);
    let direct = Transport::new(Sender::new(&Options::default()).expect("a sender"), clock.clone());
    let reqwest = Transport::new(ReqwestSend::new(&Options::default()).expect("a sender"), clock);
    let limits = Limits { total: Duration::from_secs(30), first_byte: None, max_response_bytes: 16 << 20 };
    let read = |transport: &Transport, addr: &SocketAddr| {
        runtime.block_on(async {
            let url = format!("http://{addr}/requests").parse().expect("a URL");
            let head = Head { method: Method::GET, url, headers: HeaderMap::new() };
            let far = Duration::MAX;
            let reply = transport.exchange(head, Bytes::new(), limits, far).await.expect("a page");
            assert_eq!(reply.body.len(), page.len());
            buffers::give_back(reply.body);
        });
    };
    println!("page of {} bytes ({} packed)", page.len(), packed.len());
    measure(
        60,
        vec![
            Case("page, direct", Box::new(|| read(&direct, &addr))),
            Case("page, reqwest", Box::new(|| read(&reqwest, &addr))),
            Case("gzip'd page, direct", Box::new(|| read(&direct, &gzip))),
            Case("gzip'd page, reqwest", Box::new(|| read(&reqwest, &gzip))),
        ],
    );
}

fn main() {
    let text = request();
    small(&text);
    pages(&text);
}
