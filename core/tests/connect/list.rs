//! Lists of Connect against the sandbox: nothing is skipped, nothing comes twice, and nothing is asked for in vain.

use futures::TryStreamExt as _;
use serde_json::{Value, json};
use tenantry::Code;
use tenantry::cloudblue::{Approve, Client, ListAssets, ListRequests, ListTemplates, R};
use tenantry_sandbox::{Sandbox, SandboxOptions};

fn start() -> (Sandbox, Client) {
    let sandbox = Sandbox::start(SandboxOptions::default()).unwrap();
    let client =
        Client::builder().config_json(&sandbox.line()["cloudblue"].to_string()).unwrap().clock(sandbox.clock()).build();
    (sandbox, client.unwrap())
}

fn arrived(sandbox: &Sandbox, operation: &str) -> Vec<Value> {
    let journal = sandbox.journal();
    journal.as_array().unwrap().iter().filter(|entry| entry["operation"] == operation).cloned().collect()
}

async fn approve_all(client: &Client, list: ListRequests) -> usize {
    let mut requests = client.requests().list(list).into_stream();
    let mut approved = 0;
    while let Some(request) = requests.try_next().await.unwrap() {
        client.requests().approve(&request.id, Approve::template("TL-1")).await.unwrap();
        approved += 1;
    }
    approved
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approving_each_request_as_it_comes_skips_none() {
    // A bulk import shares one timestamp, which is the harder case.
    for (spread_ms, prefetch) in [(60_000, true), (0, true), (0, false)] {
        let (sandbox, client) = start();
        sandbox
            .generate(json!({"requests": 2_500, "seed": 7, "product_id": "PRD-1", "status": "pending",
                             "type": "purchase", "created_spread_ms": spread_ms, "clear": true}))
            .unwrap();
        let list = ListRequests::pending().product_id("PRD-1").page_size(100).prefetch(prefetch);
        assert_eq!(approve_all(&client, list.clone()).await, 2_500, "spread {spread_ms}, prefetch {prefetch}");
        assert_eq!(client.requests().list(list).count().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_list_is_lazy_and_reads_no_more_than_it_must() {
    let (sandbox, client) = start();
    sandbox.generate(json!({"requests": 1_000, "status": "pending", "clear": true})).unwrap();
    let pager = client.requests().list(ListRequests::pending().page_size(100));
    assert!(arrived(&sandbox, "cloudblue.requests.list").is_empty());
    assert!(pager.first().await.unwrap().is_some());
    let first = arrived(&sandbox, "cloudblue.requests.list");
    // A page of one row could not be paged by key.
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["query"]["rql"], "eq(status,pending)&ordering(created)&limit=2");
    assert_eq!(
        client.requests().list(ListRequests::pending().max_items(250).page_size(100)).to_list().await.unwrap().len(),
        250
    );
    assert_eq!(arrived(&sandbox, "cloudblue.requests.list").len(), 1 + 3);
}

#[tokio::test]
async fn a_server_that_caps_pages_below_the_limit_loses_no_row() {
    let (sandbox, client) = start();
    sandbox.generate(json!({"requests": 530, "status": "pending", "clear": true})).unwrap();
    sandbox.cloudblue(json!({"page_cap": 50})).unwrap();
    let list = || ListRequests::pending().page_size(200);
    let ids = |rows: Vec<tenantry::ops::Lossless<tenantry::cloudblue::Request>>| {
        let mut ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        ids.sort();
        ids.dedup();
        ids.len()
    };
    assert_eq!(ids(client.requests().list(list()).to_list().await.unwrap()), 530);
    assert_eq!(ids(client.requests().list(list().order_by("-created")).to_list().await.unwrap()), 530);
    assert_eq!(client.requests().list(list()).count().await.unwrap(), 530);
}

#[tokio::test]
async fn the_status_is_always_sent_and_any_means_all() {
    let (sandbox, client) = start();
    let total = sandbox.state()["cloudblue"]["requests"].as_array().unwrap().len();
    assert_eq!(client.requests().list(ListRequests::any()).to_list().await.unwrap().len(), total);
    let pending = client.requests().list(ListRequests::pending()).to_list().await.unwrap();
    assert!(pending.iter().all(|request| request.status.as_deref() == Some("pending")) && pending.len() >= 50);
    let queried = ListRequests::pending().matching(R("status").one_of(["approved", "failed"]));
    let queried = client.requests().list(queried).to_list().await.unwrap();
    assert!(!queried.is_empty() && queried.iter().all(|request| request.status.as_deref() != Some("pending")));
    let none = ListRequests::any().matching(R("id").one_of(Vec::<String>::new()));
    let before = arrived(&sandbox, "cloudblue.requests.list").len();
    assert!(client.requests().list(none.clone()).to_list().await.unwrap().is_empty());
    assert_eq!(client.requests().list(none).count().await.unwrap(), 0);
    assert_eq!(arrived(&sandbox, "cloudblue.requests.list").len(), before);
}

#[tokio::test]
async fn assets_and_templates_are_listed_too() {
    let (sandbox, client) = start();
    let assets = client.assets().list(ListAssets::default().page_size(10)).to_list().await.unwrap();
    assert_eq!(assets.len(), sandbox.state()["cloudblue"]["assets"].as_array().unwrap().len());
    let active = client.assets().list(ListAssets::default().status("active")).to_list().await.unwrap();
    assert!(!active.is_empty() && active.iter().all(|asset| asset.status.as_deref() == Some("active")));
    let templates = client.templates().list(ListTemplates::of("PRD-1").unwrap().filter("type", "fulfillment"));
    assert!(templates.to_list().await.unwrap().iter().any(|template| template.id == "TL-1"));
}

#[tokio::test]
async fn an_error_of_a_page_is_raised_and_the_same_page_can_be_asked_for_again() {
    let (sandbox, client) = start();
    sandbox.generate(json!({"requests": 300, "status": "pending", "clear": true})).unwrap();
    sandbox.fault(json!({"operation": "cloudblue.requests.list", "skip": 1, "times": 3, "status": 503, "headers": {"retry-after": "0"}})).unwrap();
    let pages = client.requests().list(ListRequests::pending().page_size(100)).pages().unwrap();
    let mut rows = 0;
    let mut errors = 0;
    loop {
        match pages.next_page().await {
            Ok(Some(page)) => rows += page.rows().len(),
            Ok(None) => break,
            Err(error) => {
                assert_eq!(error.code(), Code::Server);
                errors += 1;
            }
        }
    }
    assert_eq!((rows, errors), (300, 1));
}
