//! Bills under ten thousand random schedules of lost, late and stale replies and of crashes, among identical bills of others:
//! each order ends as one bill, and nobody takes another's for its own.
//!
//! Server, clock and journal are models in memory. `TENANTRY_SEED` makes other schedules, `TENANTRY_CASES` more of them.

use std::collections::HashMap;
use std::fmt;
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use http::HeaderMap;
use serde_json::{Value, json};
use tenantry::http::{Answer, Failure, Head, HttpSend};
use tenantry::time::Clock;
use tenantry::{Code, Outcome, maestrano, ops};

const EPOCH_MS: i64 = 1_767_225_600_000;
/// A bill becomes visible at most so late, and a stale list is at most so old: together less than the looks take.
const MOST_LAG_MS: i64 = 10_000;
const MOST_STALE_MS: i64 = 5_000;

/// Random numbers that a seed repeats.
#[derive(Debug, Clone)]
struct Lot(u64);

impl Lot {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 16
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn up_to(&mut self, most: i64) -> i64 {
        self.below(most as u64 + 1) as i64
    }
}

/// A clock on which sleeping takes no time, until the process dies.
#[derive(Debug, Default)]
struct Leap {
    ms: Arc<AtomicI64>,
    dead: Arc<AtomicBool>,
}

impl Clock for Leap {
    fn now(&self) -> Duration {
        Duration::from_millis(self.ms.load(Ordering::SeqCst) as u64)
    }

    fn wall_ms(&self) -> i64 {
        EPOCH_MS + self.ms.load(Ordering::SeqCst)
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        let (now, dead) = (Arc::clone(&self.ms), Arc::clone(&self.dead));
        async move {
            if dead.load(Ordering::SeqCst) {
                return pending().await;
            }
            now.fetch_max(at.as_millis().min(1 << 50) as i64, Ordering::SeqCst);
        }
        .boxed()
    }
}

/// A bill as the server keeps it.
#[derive(Debug, Clone)]
struct Kept {
    row: Value,
    visible_at: i64,
    /// The order it was made for; `None`: somebody else's.
    order: Option<usize>,
}

/// The vendor's server, which does what the lot says.
struct Server {
    lot: Mutex<Lot>,
    kept: Mutex<Vec<Kept>>,
    order: Mutex<usize>,
    clock: Arc<Leap>,
    /// Whether a process may die while it waits for a reply.
    deadly: AtomicBool,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}

impl Server {
    fn lot(&self, n: u64) -> u64 {
        self.lot.lock().unwrap().below(n)
    }

    fn now(&self) -> i64 {
        self.clock.ms.load(Ordering::SeqCst)
    }

    fn keep(&self, body: &Value, order: Option<usize>) -> Value {
        let mut kept = self.kept.lock().unwrap();
        let lag = self.lot.lock().unwrap().up_to(MOST_LAG_MS);
        let visible_at = self.now() + if self.lot(2) == 0 { 0 } else { lag };
        let mut row = body.clone();
        row["id"] = format!("bill-{}", kept.len() + 1).into();
        row["object"] = "account_bill".into();
        row["status"] = "submitted".into();
        row["created_at"] = tenantry::flow::Timestamp((EPOCH_MS + self.now()) / 1_000 * 1_000).to_string().into();
        kept.push(Kept { row: row.clone(), visible_at, order });
        row
    }

    fn list(&self, stale_ms: i64) -> Value {
        let at = self.now() - stale_ms;
        self.kept.lock().unwrap().iter().filter(|kept| kept.visible_at <= at).map(|kept| kept.row.clone()).collect()
    }

    fn reply(status: u16, data: &Value) -> Answer {
        let body = json!({ "success": status == 200, "errors": {}, "data": data }).to_string();
        Self::raw(status, body)
    }

    fn raw(status: u16, body: String) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        Answer { status, headers, body: stream::iter([Ok(Bytes::from(body))]).boxed() }
    }

    fn lost(code: Code, outcome: Outcome) -> Failure {
        Failure { code, outcome, reason: "reset", message: "the connection ended".to_owned(), causes: Vec::new() }
    }

    async fn die<T>(&self) -> T {
        self.clock.dead.store(true, Ordering::SeqCst);
        pending().await
    }

    async fn create(&self, body: Value) -> Result<Answer, Failure> {
        let order = Some(*self.order.lock().unwrap());
        // Somebody else bills the same customer the same, before or meanwhile.
        if self.lot(3) == 0 {
            self.keep(&others(&body), None);
        }
        let made = |server: &Self| server.keep(&body, order);
        let fate = if self.deadly.load(Ordering::SeqCst) { self.lot(12) } else { 2 + self.lot(10) };
        match fate {
            0 => self.die().await,
            1 => {
                made(self);
                self.die().await
            }
            2 => Err(Self::lost(Code::Connection, Outcome::Unknown)),
            3 => {
                made(self);
                Err(Self::lost(Code::Connection, Outcome::Unknown))
            }
            4 => Err(Self::lost(Code::Connection, Outcome::NotSent)),
            5 => Ok(Self::raw(502, "<html>bad gateway</html>".to_owned())),
            6 => {
                made(self);
                Ok(Self::raw(500, "{}".to_owned()))
            }
            7 => {
                // The reply would come later than anybody waits for it.
                made(self);
                pending().await
            }
            8 => {
                made(self);
                Ok(Self::raw(200, "{\"success\":true,\"data\":{\"id\":".to_owned()))
            }
            9 => Ok(Self::raw(429, "{}".to_owned())),
            _ => Ok(Self::reply(200, &made(self))),
        }
    }

    async fn read(&self) -> Result<Answer, Failure> {
        let deadly = self.deadly.load(Ordering::SeqCst);
        match self.lot(8) {
            0 if deadly => self.die().await,
            1 => Err(Self::lost(Code::Connection, Outcome::Unknown)),
            2 => Ok(Self::raw(503, "{}".to_owned())),
            3 => Ok(Self::reply(200, &self.list(self.lot.lock().unwrap().clone().up_to(MOST_STALE_MS)))),
            _ => Ok(Self::reply(200, &self.list(0))),
        }
    }
}

/// A bill of somebody else, which is the same but for a reference of its own.
fn others(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some((bare, _)) = body["description"].as_str().unwrap().split_once(" [ref:") {
        body["description"] = format!("{bare} [ref:theirs]").into();
    }
    body
}

impl HttpSend for Server {
    fn send(&self, head: Head, body: Bytes) -> BoxFuture<'_, Result<Answer, Failure>> {
        async move {
            let path = head.url.path();
            match (head.method.as_str(), path.strip_prefix("/api/v1/account/bills")) {
                ("POST", Some("")) => self.create(serde_json::from_slice(&body).unwrap()).await,
                ("GET", Some("")) => self.read().await,
                ("GET", Some(id)) => {
                    let kept = self.kept.lock().unwrap();
                    let row = kept.iter().find(|kept| kept.row["id"] == id[1..]).map(|kept| kept.row.clone());
                    Ok(Self::reply(200, &row.unwrap()))
                }
                _ => panic!("{} {path}", head.method),
            }
        }
        .boxed()
    }
}

/// One process after another, over one server and one journal.
struct Story {
    server: Arc<Server>,
    journal: HashMap<String, String>,
    /// Crashes, and questions to a person, that were seen.
    seen: [usize; 2],
    /// The last envelope.
    last: Value,
}

impl Story {
    fn new(seed: u64) -> Self {
        let clock = Arc::new(Leap::default());
        let server = Server {
            lot: Mutex::new(Lot(seed)),
            kept: Mutex::default(),
            order: Mutex::default(),
            clock,
            deadly: AtomicBool::new(false),
        };
        Self { server: Arc::new(server), journal: HashMap::new(), seen: [0; 2], last: Value::Null }
    }

    /// One process: the operation's envelope, or `None` when it died meanwhile.
    fn process(&mut self, operation: &str, arguments: &Value) -> Option<Value> {
        let clock = Arc::clone(&self.server.clock);
        clock.dead.store(false, Ordering::SeqCst);
        let client = maestrano::Client::builder()
            .app_id("app-1")
            .app_key(format!("key-{}", std::process::id()))
            .base_url("https://api.example.com/api/v1")
            .clock(clock.clone())
            .http_send(self.server.clone())
            .build()
            .unwrap();
        let mut call = ops::Client::Maestrano(client).call(operation, &arguments.to_string(), "", false);
        loop {
            let Some(message) = call.next().now_or_never() else {
                assert!(clock.dead.load(Ordering::SeqCst), "a call that waits for nothing");
                self.seen[0] += 1;
                return None;
            };
            let message: Value = serde_json::from_str(&message.unwrap()).unwrap();
            let Some(ask) = message.get("ask") else { return Some(message) };
            let key = ask["data"]["key"].as_str().unwrap().to_owned();
            let deadly = self.server.deadly.load(Ordering::SeqCst);
            let answer = match ask["kind"].as_str().unwrap() {
                "load" => json!({ "ok": self.journal.get(&key) }),
                "save" => {
                    // A process dies before it is kept, or after.
                    let fate = if deadly { self.server.lot(20) } else { 20 };
                    if fate != 0 {
                        self.journal.insert(key, ask["data"]["checkpoint"].as_str().unwrap().to_owned());
                    }
                    if fate <= 1 {
                        self.seen[0] += 1;
                        return None;
                    }
                    json!({ "ok": null })
                }
                other => panic!("{other}"),
            };
            call.reply(ask["id"].as_u64().unwrap(), &answer.to_string()).unwrap();
        }
    }

    fn of(&self, order: usize) -> Vec<String> {
        let kept = self.server.kept.lock().unwrap();
        let own = kept.iter().filter(|kept| kept.order == Some(order));
        own.map(|kept| kept.row["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Brings an order to its end as its owner would; gives the bill's id.
    fn order(&mut self, order: usize, reference: bool, journal: bool) -> String {
        *self.server.order.lock().unwrap() = order;
        self.server.deadly.store(journal, Ordering::SeqCst);
        let mut arguments =
            json!({"group_id": "cld-4", "price_cents": 2000, "currency": "USD", "description": "Product purchase"});
        if reference {
            arguments["reference"] = format!("order-{order}").into();
        }
        if journal {
            arguments["journal"] = json!({"store": "memory"});
        }
        let (mut operation, mut given) = ("maestrano.bills.create".to_owned(), arguments.clone());
        for _ in 0..200 {
            let Some(envelope) = self.process(&operation, &given) else { continue };
            if let Some(bill) = envelope.get("ok") {
                return bill["id"].as_str().unwrap().to_owned();
            }
            self.last = envelope.clone();
            if std::env::var_os("TRACE").is_some() {
                eprintln!(
                    "{operation} at {}: {} {} {} cands {} truth {:?}",
                    self.server.now(),
                    envelope["error"]["code"],
                    envelope["error"]["message"],
                    envelope["error"]["details"]["cause"],
                    envelope["error"]["details"]["candidates"],
                    self.of(order)
                );
            }
            let error = &envelope["error"];
            let candidates = error["details"]["candidates"].as_array().cloned().unwrap_or_default();
            if error["code"] != "outcome_unknown" {
                // Nothing was sent, or nothing was made: the same again.
                assert!(
                    ["not_sent", "rejected"].contains(&error["outcome"].as_str().unwrap_or("?"))
                        || error["code"] == "decode"
                        || error["code"] == "server"
                        || error["code"] == "connection"
                        || error["code"] == "rate_limited",
                    "{error}"
                );
            }
            if error["outcome"] == "unknown" && !journal {
                // A person looks, when the server has had time.
                self.seen[1] += 1;
                self.server.clock.ms.fetch_add(60_000, Ordering::SeqCst);
                match &self.of(order)[..] {
                    [] if candidates.is_empty() => {
                        (operation, given) = ("maestrano.bills.create".to_owned(), arguments.clone());
                    }
                    [] => (operation, given) = ("maestrano.bills.force".to_owned(), json!({ "arguments": arguments })),
                    [id] => {
                        let adopt = json!({ "id": id, "arguments": arguments });
                        (operation, given) = ("maestrano.bills.adopt".to_owned(), adopt);
                    }
                    several => panic!("billed twice: {several:?}"),
                }
            }
        }
        panic!("order {order} came to no end: {}", self.last);
    }
}

#[test]
fn no_schedule_bills_twice_loses_a_bill_or_takes_anothers() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (seed, cases) = (number("TENANTRY_SEED", 1), number("TENANTRY_CASES", 10_000));
    let (mut crashes, mut questions, mut identical, mut sent_again) = (0, 0, 0, 0);
    for case in 0..cases {
        let mut story = Story::new(seed.wrapping_mul(1_000_003).wrapping_add(case));
        let [reference, journal] = [[true, true], [true, false], [false, false]][case as usize % 3];
        for order in 0..2 {
            let id = story.order(order, reference, journal);
            assert_eq!(story.of(order), [id], "seed {seed}, case {case}, order {order}");
        }
        let kept = story.server.kept.lock().unwrap();
        identical += kept.iter().filter(|kept| kept.order.is_none()).count();
        sent_again += usize::from(kept.len() > 2);
        crashes += story.seen[0];
        questions += story.seen[1];
    }
    println!("{cases} schedules: {crashes} crashes, {questions} questions to a person, {identical} bills of others");
    assert!(
        crashes > cases as usize / 10 && questions > 0 && identical > 0 && sent_again > 0,
        "the schedules spoil nothing"
    );
}
