//! Lists that are said to be stable: several pages are under way at once, and come in their order.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use http::HeaderMap;
use serde_json::json;
use tenantry::cloudblue::{Client, ListRequests};
use tenantry::http::{Answer, Failure, Head, HttpSend};

/// A server of numbered rows that is far away, and remembers what it was asked for.
#[derive(Debug)]
struct Far {
    rows: u64,
    /// Rows of a page at most, whatever was asked for.
    cap: u64,
    with_total: bool,
    /// Offsets, by the order of their requests.
    asked: Mutex<Vec<u64>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
    /// An offset whose first request fails, and one whose first page has a row less.
    fails_at: Mutex<Option<u64>>,
    short_at: Mutex<Option<u64>>,
}

impl Far {
    fn new(rows: u64, cap: u64) -> Arc<Self> {
        Arc::new(Self {
            rows,
            cap,
            with_total: true,
            asked: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
            fails_at: Mutex::default(),
            short_at: Mutex::default(),
        })
    }

    fn client(self: &Arc<Self>) -> Client {
        let config = json!({"base_url": "http://127.0.0.1:9/public/v1", "api_key": "ApiKey SU-1:x",
                            "options": {"max_retries": 0}});
        let send: Arc<dyn HttpSend> = self.clone();
        Client::builder().config_json(&config.to_string()).unwrap().http_send(send).build().unwrap()
    }

    async fn read(self: &Arc<Self>, list: ListRequests) -> Vec<String> {
        let pages = self.client().requests().list(list.stable(true)).pages().unwrap();
        let (mut ids, mut errors) = (Vec::new(), 0);
        loop {
            match pages.next_page().await {
                Ok(Some(page)) => ids.extend(page.rows().map(|row| row.text("id").unwrap().into_owned())),
                Ok(None) => return ids,
                Err(_) if errors < 1 => errors += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn asked(&self) -> Vec<u64> {
        self.asked.lock().unwrap().clone()
    }
}

fn number(query: &str, name: &str) -> Option<u64> {
    query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

fn ids(rows: u64) -> Vec<String> {
    (0..rows).map(|row| format!("PR-{row}")).collect()
}

impl HttpSend for Far {
    fn send(&self, head: Head, _: Bytes) -> BoxFuture<'_, Result<Answer, Failure>> {
        async move {
            let query = head.url.query().unwrap_or_default().to_owned();
            let offset = number(&query, "offset").unwrap_or(0);
            self.asked.lock().unwrap().push(offset);
            self.most_under_way.fetch_max(self.under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // The later ones come first.
            tokio::time::sleep(Duration::from_millis(40 - (offset / 10) % 4 * 10)).await;
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            let once = |place: &Mutex<Option<u64>>| place.lock().unwrap().take_if(|at| *at == offset).is_some();
            let mut end = (offset + number(&query, "limit").unwrap_or(100).min(self.cap)).min(self.rows);
            end -= u64::from(once(&self.short_at));
            let rows: Vec<_> = (offset..end).map(|row| json!({"id": format!("PR-{row}")})).collect();
            let mut headers = HeaderMap::new();
            headers.insert("content-type", "application/json".parse().unwrap());
            if self.with_total {
                let range = format!("items {offset}-{}/{}", end.saturating_sub(1), self.rows);
                headers.insert("content-range", range.parse().unwrap());
            }
            let status = if once(&self.fails_at) { 500 } else { 200 };
            let body = Bytes::from(serde_json::to_vec(&rows).unwrap());
            Ok(Answer { status, headers, body: stream::iter([Ok(body)]).boxed() })
        }
        .boxed()
    }
}

#[tokio::test]
async fn four_pages_are_under_way_at_once_and_come_in_order() {
    let server = Far::new(95, 10);
    assert_eq!(server.read(ListRequests::any().page_size(10)).await, ids(95));
    assert_eq!(server.most_under_way.load(Ordering::SeqCst), 4);
    // No page is asked for twice, and none behind the last row.
    assert_eq!(server.asked(), [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
}

#[tokio::test]
async fn the_step_is_what_the_server_gives_and_not_what_it_was_asked_for() {
    let server = Far::new(95, 10);
    assert_eq!(server.read(ListRequests::any().page_size(1_000)).await, ids(95));
    assert_eq!(server.asked().len(), 10);
}

#[tokio::test]
async fn no_more_pages_are_asked_for_than_the_caller_wants_rows() {
    let server = Far::new(95, 10);
    assert_eq!(server.read(ListRequests::any().page_size(10).max_items(25)).await, ids(25));
    assert_eq!(server.asked(), [0, 10, 20]);
}

#[tokio::test]
async fn a_page_that_ends_early_moves_the_ones_behind_it() {
    let server = Far::new(95, 10);
    *server.short_at.lock().unwrap() = Some(30);
    assert_eq!(server.read(ListRequests::any().page_size(10)).await, ids(95));
    assert!(server.asked().contains(&39), "{:?}", server.asked());
}

#[tokio::test]
async fn a_page_that_fails_is_asked_for_again_and_nothing_is_lost_or_doubled() {
    let server = Far::new(95, 10);
    *server.fails_at.lock().unwrap() = Some(40);
    assert_eq!(server.read(ListRequests::any().page_size(10)).await, ids(95));
}

#[tokio::test]
async fn without_a_total_or_ahead_the_pages_come_one_after_the_other() {
    let mut server = Far::new(95, 10);
    Arc::get_mut(&mut server).unwrap().with_total = false;
    assert_eq!(server.read(ListRequests::any().page_size(10)).await, ids(95));
    assert_eq!(server.most_under_way.load(Ordering::SeqCst), 1);
    let server = Far::new(95, 10);
    assert_eq!(server.read(ListRequests::any().page_size(10).prefetch(false)).await, ids(95));
    assert_eq!(server.most_under_way.load(Ordering::SeqCst), 1);
}
