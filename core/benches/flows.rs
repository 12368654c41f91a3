//! Memory of flows that wait, alone and in a fleet, and CPU of a poll beside the bare HTTP call. Prints; asserts nothing.
//!
//! CPU is this thread's own, as Linux counts it; the server runs on another thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::future::{BoxFuture, join_all};
use futures::{FutureExt as _, StreamExt as _};
use http::{HeaderMap, Method};
use serde_json::json;
use tenantry::flow::{FlowEvent, Invoke, Mode, NoCheckpoints, NoStore, Progress, Runner};
use tenantry::host::Host;
use tenantry::http::{Head, HttpSend, Options, ReqwestSend};
use tenantry::magento_bi::Client;
use tenantry::magento_bi::onboarding::{Fleet, FlowOptions, Onboarding, OnboardingSpec};
use tenantry::ops::CallContext;
use tenantry::time::{Clock, Random, SystemClock, SystemRandom};
use tenantry_sandbox::{Sandbox, SandboxOptions};

/// Counts the bytes that are allocated.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A server in memory whose signups never end.
#[derive(Debug)]
struct Endless {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Invoke for Endless {
    fn invoke<'a>(
        &'a self,
        operation: &'static str,
        _: String,
        _: CallContext,
    ) -> BoxFuture<'a, tenantry::Result<String>> {
        let reply = match operation {
            "magento_bi.signups.create" => json!({"id": "1827c806-0000-4000-8000-000000000000"}),
            _ => json!({"status": "pending"}),
        };
        async move { Ok(reply.to_string()) }.boxed()
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    fn random(&self) -> &Arc<dyn Random> {
        &self.random
    }
}

fn spec() -> OnboardingSpec {
    let spec = json!({
        "company": "Coco Co.", "tier": "T100",
        "admin": {"email": "csm@example.com", "first_name": "CSMFirst", "last_name": "CSMLast", "role": "csm"},
        "magento": {"customer_id": "MAG0000001", "subscription_id": "1000"},
        "user": {"email": "customer@customer.com", "first_name": "tester", "last_name": "mctest",
            "client_rights": {"admin": 1, "billing": 1, "readonly": 1, "technical": 0}},
        "client_settings": {"name": "Coco Co.", "properties": {"default_currency": "USD", "timezone": "America/New_York"}},
        "connection": {"name": "store", "type": "mysql", "password": {"env": "STORE_DB_PASSWORD"},
            "properties": {"host": "db.example.com", "port": "3306", "username": "magento", "dbName": "magento_store"}},
        "dashboards": {"package": "magento1_rjql1", "database": "magento_store", "table_prefix": ""},
    });
    OnboardingSpec::from_json(&spec.to_string()).expect("the spec is complete")
}

/// Nanoseconds that this thread has run.
fn thread_cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

fn runner(client: &Client, invoke: Arc<dyn Invoke>, options: serde_json::Value) -> Box<Runner<Onboarding>> {
    let options: FlowOptions = serde_json::from_value(options).expect("the options are known");
    let machine = Onboarding::new(client, spec(), options).expect("the options are in range");
    Box::new(Runner::new(machine, Box::new(NoStore), invoke, Mode::Start))
}

/// Drives a flow until `stop` says so.
async fn drive(mut runner: Box<Runner<Onboarding>>, mut stop: impl FnMut(&FlowEvent) -> bool) {
    let host = Host::silent();
    while let Ok(Progress::Event(event)) = runner.next(&host).await {
        if stop(&event) {
            return;
        }
    }
}

fn waiting_flows(count: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let client = Client::builder().username("u").password("p").oauth_client_id(1).client_secret("s");
    let client = client.build().expect("a client");
    let invoke: Arc<dyn Invoke> = Arc::new(Endless { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) });
    runtime.block_on(async {
        let waiting = Arc::new(AtomicUsize::new(0));
        let before = ALLOCATED.load(Ordering::Relaxed);
        for _ in 0..count {
            let (runner, waiting) = (runner(&client, Arc::clone(&invoke), json!({})), Arc::clone(&waiting));
            tokio::spawn(drive(runner, move |event| {
                if event.r#type == "polled" {
                    waiting.fetch_add(1, Ordering::Relaxed);
                }
                false
            }));
        }
        while waiting.load(Ordering::Relaxed) < count {
            tokio::task::yield_now().await;
        }
        let bytes = ALLOCATED.load(Ordering::Relaxed) - before;
        println!("flows waiting: {count:>6}   Rust heap each: {:>5} B   goal: 2048 B", bytes / count);
    });
}

fn polls(flows: usize, each: usize) {
    let sandbox =
        Sandbox::start(SandboxOptions { wait_ms: 3_600_000, ..SandboxOptions::default() }).expect("a sandbox");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let config = sandbox.line()["magento_bi"].to_string();
    let client = Client::builder().config_json(&config).and_then(|builder| builder.build()).expect("a client");
    runtime.block_on(async {
        let signup = json!({"tier": "T", "company": "C", "first_name": "A", "last_name": "B", "email": "a@b.c", "role": "csm",
            "magento": {"customer_id": "M", "subscription_id": "1"}});
        let created = client.invoke("magento_bi.signups.create", &signup.to_string(), Options::default()).await;
        let created: serde_json::Value = serde_json::from_str(&created.expect("a signup")).expect("JSON");
        let url = format!("{}/v3/signups/{}", sandbox.url(), created["id"].as_str().unwrap_or_default());
        let send = ReqwestSend::new(&Options::default()).expect("connections");
        let bare = || async {
            for _ in 0..each {
                let head = Head { method: Method::GET, url: url.parse().expect("a URL"), headers: HeaderMap::new() };
                let answer = send.send(head, Bytes::new()).await.expect("a reply");
                let _body: Vec<_> = answer.body.collect().await;
            }
        };
        let polling = || {
            let fast = json!({"poll": {"min_ms": 1, "max_ms": 1, "factor": 1.0, "jitter": 0.0}});
            let mut left = each;
            drive(runner(&client, Arc::new(client.clone()), fast), move |event| {
                left -= usize::from(event.r#type == "polled");
                left == 0
            })
        };
        let mut ratios = Vec::new();
        for round in 0..6 {
            let start = thread_cpu_ns();
            join_all((0..flows).map(|_| bare())).await;
            let middle = thread_cpu_ns();
            join_all((0..flows).map(|_| polling())).await;
            let end = thread_cpu_ns();
            let calls = (flows * each) as f64 * 1e3;
            let (call, poll) = ((middle - start) as f64 / calls, (end - middle) as f64 / calls);
            if round > 0 {
                ratios.push((poll / call, call, poll)); // The first round warms up.
            }
        }
        ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (ratio, call, poll) = ratios[ratios.len() / 2];
        println!("CPU, median of five: bare HTTP call {call:.1} us   poll of a flow {poll:.1} us   ratio {ratio:.2}   goal: 2");
    });
}

/// Bytes of a fleet's parked flows; `kept` has the merchants' specs in this process too, as a map would.
fn parked_flows(count: usize, kept: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let client = Client::builder().username("u").password("p").oauth_client_id(1).client_secret("s");
    let client = client.build().expect("a client");
    let invoke: Arc<dyn Invoke> = Arc::new(Endless { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) });
    runtime.block_on(async {
        let before = ALLOCATED.load(Ordering::Relaxed);
        let specs: Vec<OnboardingSpec> = (0..if kept { count } else { 0 }).map(|_| spec()).collect();
        let specs = move |key: &str| Ok(key.parse::<usize>().ok().and_then(|at| specs.get(at).cloned()).unwrap_or_else(spec));
        let poll = serde_json::json!({"min_ms": 3_600_000, "max_ms": 3_600_000});
        let options = serde_json::from_value(json!({"flow": {"poll": poll}})).expect("the options are known");
        let mut fleet =
            Fleet::new(&client, invoke, specs, options, Arc::new(NoCheckpoints)).expect("the options are in range");
        let start = thread_cpu_ns();
        // As a lazy caller does: no more are added than can begin.
        for number in 0..count {
            fleet.add(&number.to_string()).expect("a new key");
            if number % 64 == 63 {
                let _nothing = fleet.next().now_or_never();
            }
        }
        while fleet.status().waiting < count {
            let _nothing = fleet.next().now_or_never();
        }
        let each = (thread_cpu_ns() - start) as f64 / count as f64 / 1e3;
        let bytes = ALLOCATED.load(Ordering::Relaxed) - before;
        let place = if kept { "in this process" } else { "outside" };
        println!(
            "fleet waiting: {count:>6}   Rust heap each: {:>5} B   goal: 200 B   specs {place}   CPU of a start {each:.1} us",
            bytes / count
        );
    });
}

/// CPU of a fleet's polls beside the bare HTTP call, through the client's own connections.
fn fleet_polls(flows: usize, interval_ms: u64, rounds: usize) {
    let server = server();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let config = json!({"base_url": server, "dashboard_url": server, "username": "u", "password": "p",
        "oauth_client_id": 1, "client_secret": "s", "options": {"allow_insecure_http": true}});
    let client = Client::builder().config_json(&config.to_string()).and_then(|builder| builder.build());
    let client = client.expect("a client");
    runtime.block_on(async {
        let send = ReqwestSend::new(&Options::default()).expect("connections");
        let url = format!("{server}/v3/signups/1");
        let bare = || async {
            for _ in 0..200 {
                let head = Head { method: Method::GET, url: url.parse().expect("a URL"), headers: HeaderMap::new() };
                let answer = send.send(head, Bytes::new()).await.expect("a reply");
                let _body: Vec<_> = answer.body.collect().await;
            }
        };
        let poll = json!({"min_ms": interval_ms, "max_ms": interval_ms, "factor": 1.0, "jitter": 0.1});
        let options = serde_json::from_value(json!({"flow": {"poll": poll}})).expect("the options are known");
        let mut fleet = client.onboarding_fleet(|_: &str| Ok(spec()), options).expect("the options are in range");
        for number in 0..flows {
            fleet.add(&format!("shop-{number}")).expect("a new key");
        }
        let until = |ms| tokio::time::sleep(Duration::from_millis(ms));
        while fleet.status().new + fleet.status().active > 0 {
            let _timed_out = tokio::time::timeout(Duration::from_millis(50), fleet.next()).await;
        }
        let mut ratios = Vec::new();
        for round in 0..=rounds {
            let start = thread_cpu_ns();
            join_all((0..16).map(|_| bare())).await;
            let middle = thread_cpu_ns();
            let polls = fleet.status().polls;
            tokio::select! {
                report = fleet.next() => panic!("{report:?}"),
                () = until(interval_ms) => {}
            }
            let polled = (fleet.status().polls - polls) as f64;
            let (call, poll) = ((middle - start) as f64 / 3.2e6, (thread_cpu_ns() - middle) as f64 / polled / 1e3);
            if round > 0 {
                ratios.push((poll / call, call, poll)); // The first round warms up.
            }
        }
        ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (ratio, call, poll) = ratios[ratios.len() / 2];
        let status = fleet.status();
        println!(
            "fleet polling: {flows:>6} every {interval_ms} ms   CPU, median of {rounds}: bare HTTP call {call:.1} us   \
             poll {poll:.1} us   ratio {ratio:.2}   goal: 10 us   late p50 {:.1} ms, p99 {:.1} ms",
            status.late_p50_ms, status.late_p99_ms
        );
    });
}

/// CPU of all that a poll costs besides its HTTP call.
fn poll_alone(flows: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let client = Client::builder().username("u").password("p").oauth_client_id(1).client_secret("s");
    let client = client.build().expect("a client");
    let invoke: Arc<dyn Invoke> = Arc::new(Endless { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) });
    runtime.block_on(async {
        let poll = json!({"min_ms": 500, "max_ms": 500, "factor": 1.0, "jitter": 0.1});
        let options = serde_json::from_value(json!({"flow": {"poll": poll}})).expect("the options are known");
        let mut fleet = Fleet::new(&client, invoke, |_: &str| Ok(spec()), options, Arc::new(NoCheckpoints))
            .expect("the options are in range");
        for number in 0..flows {
            fleet.add(&format!("shop-{number}")).expect("a new key");
        }
        while fleet.status().waiting < flows {
            let _nothing = tokio::time::timeout(Duration::from_millis(1), fleet.next()).await;
        }
        let (start, polls) = (thread_cpu_ns(), fleet.status().polls);
        let _nothing = tokio::time::timeout(Duration::from_secs(2), fleet.next()).await;
        let polled = (fleet.status().polls - polls) as f64;
        println!(
            "fleet polling: {flows:>6} without HTTP   CPU of a poll {:.2} us",
            (thread_cpu_ns() - start) as f64 / polled / 1e3
        );
    });
}

/// A server on a thread of its own that knows one reply, to each request that has come whole.
fn server() -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let (mut socket, mut buffer, mut have) = (socket, vec![0; 16 << 10], 0);
                let _nodelay = socket.set_nodelay(true);
                while let Ok(read @ 1..) = socket.read(&mut buffer[have..]) {
                    have += read;
                    let text = String::from_utf8_lossy(&buffer[..have]).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                    if body.len() < length.unwrap_or(0) {
                        continue;
                    }
                    have = 0;
                    let reply = r#"{"id": "1827c806-0000-4000-8000-000000000000", "status": "pending", "client_id": null, "pubkey": null}"#;
                    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
                    let sent = socket.write_all(format!("{head}{}\r\n\r\n{reply}", reply.len()).as_bytes());
                    if sent.is_err() {
                        return;
                    }
                }
            });
        }
    });
    format!("http://{address}")
}

fn main() {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    if wanted("alone") {
        waiting_flows(10_000);
        polls(50, 100);
    }
    if wanted("parked") {
        for count in [1_000, 10_000, 100_000] {
            parked_flows(count, false);
        }
        parked_flows(100_000, true);
    }
    if wanted("fleet") {
        poll_alone(10_000);
        fleet_polls(1_000, 500, 5);
        fleet_polls(10_000, 3_000, 5);
        fleet_polls(100_000, 20_000, 2);
    }
}
