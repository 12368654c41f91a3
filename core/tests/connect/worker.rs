//! The fulfillment worker against the sandbox on virtual time: each request ends as its handler chose, once.

use std::collections::HashMap;
use std::sync::Arc;

use futures::TryStreamExt as _;
use serde_json::{Value, json};
use tenantry::Code;
use tenantry::cloudblue::Client;
use tenantry::cloudblue::fulfillment::{Lane, Outcome, Report, Run, Turn, Worker, WorkerOptions};
use tenantry::host::Host;
use tenantry_sandbox::{ClockKind, Sandbox, SandboxOptions};

fn start(requests: Value) -> (Sandbox, Client) {
    let sandbox = Sandbox::start(SandboxOptions { clock: ClockKind::Virtual, ..SandboxOptions::default() }).unwrap();
    let mut order = json!({"status": "pending", "type": "purchase", "product_id": "PRD-1", "clear": true});
    order.as_object_mut().unwrap().extend(requests.as_object().unwrap().clone());
    sandbox.generate(order).unwrap();
    let client = connect(&sandbox);
    (sandbox, client)
}

fn connect(sandbox: &Sandbox) -> Client {
    let config = sandbox.line()["cloudblue"].to_string();
    Client::builder().config_json(&config).unwrap().clock(sandbox.clock()).build().unwrap()
}

fn worker(client: &Client, change: impl FnOnce(&mut WorkerOptions)) -> Worker {
    let mut options = WorkerOptions::default();
    change(&mut options);
    client.fulfillment_worker(options).unwrap()
}

/// Runs the worker; `decide` is given the request's id and the attempt.
async fn run(worker: &Worker, run: Run, decide: impl Fn(&str, u32) -> Outcome) -> Report {
    worker.begin(run).unwrap();
    let mut jobs = worker.jobs();
    while let Some(job) = jobs.try_next().await.unwrap() {
        job.act(decide(&job.request.id, job.attempt)).await.unwrap();
    }
    worker.report()
}

fn statuses(sandbox: &Sandbox) -> HashMap<String, String> {
    let state = sandbox.state();
    let requests = state["cloudblue"]["requests"].as_array().unwrap();
    requests.iter().map(|row| (text(&row["id"]), text(&row["status"]))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn count(sandbox: &Sandbox, operation: &str) -> usize {
    let journal = sandbox.journal();
    journal.as_array().unwrap().iter().filter(|entry| entry["operation"] == operation).count()
}

#[tokio::test]
async fn every_outcome_is_carried_out_once() {
    let (sandbox, client) = start(json!({"requests": 60}));
    let worker = worker(&client, |_| {});
    let number = |id: &str| id.bytes().map(usize::from).sum::<usize>() % 6;
    let choose = |id: &str, _| match number(id) {
        0 => Outcome::approve("TL-1"),
        1 => Outcome::fail("out of stock"),
        2 => Outcome::inquire("TL-2").error("email", "Please fill this in"),
        3 => Outcome::Schedule { planned_date: "2030-01-01T00:00:00+00:00".to_owned() },
        4 => Outcome::skip(),
        _ => Outcome::approve("TL-1").param("email", "a@example.com"),
    };
    let report = run(&worker, Run::once(), choose).await;
    let sum = report.approved + report.failed + report.inquired + report.scheduled + report.skipped + report.held;
    assert_eq!((report.seen, sum, report.error_count), (60, 60, 0), "{report:?}");
    for (id, status) in statuses(&sandbox) {
        let wanted = ["approved", "failed", "inquiring", "scheduled", "pending", "approved"][number(&id)];
        assert!(status == wanted || status == "pending", "{id}: {status}, not {wanted}");
    }
}

#[tokio::test]
async fn an_hour_of_cycles_takes_up_what_was_left_in_its_time() {
    let (sandbox, client) = start(json!({"requests": 40, "assets": 40}));
    let worker = worker(&client, |_| {});
    let report =
        run(&worker, Run { max_cycles: Some(20), dry_run: false }, |id, attempt| match (id.ends_with('1'), attempt) {
            (true, ..3) => Outcome::Error { message: "the vendor's system is down".to_owned() },
            _ => Outcome::approve("TL-1"),
        })
        .await;
    assert_eq!((report.cycles, report.approved), (20, 40), "{report:?}");
    assert!(report.error_count >= 2 && report.errors[0].message.contains("is down"));
    assert!(statuses(&sandbox).values().all(|status| status == "approved"));
    let minutes = sandbox.clock().now().as_secs() / 60;
    assert!((50..=70).contains(&minutes), "{minutes} minutes");
}

#[tokio::test]
async fn a_request_nobody_decided_about_is_never_touched() {
    let (sandbox, client) = start(json!({"requests": 40, "assets": 40}));
    let worker = worker(&client, |_| {});
    let report = run(&worker, Run::once(), |id, _| match id.bytes().map(usize::from).sum::<usize>() % 4 {
        0 => Outcome::Nothing {},
        1 => Outcome::Error { message: "TypeError".to_owned() },
        2 => Outcome::Approve {
            template_id: Some("TL-1".to_owned()),
            activation_tile: Some("both".to_owned()),
            effective_date: None,
            next_billing_date: None,
            params: Default::default(),
        },
        _ => Outcome::fail(" "),
    })
    .await;
    assert_eq!(report.approved + report.failed, 0);
    assert!(report.error_count > 0 && report.skipped > 0);
    assert!(statuses(&sandbox).values().all(|status| status == "pending"));
    let posts = sandbox.journal().as_array().unwrap().iter().filter(|entry| entry["method"] == "POST").count();
    assert_eq!(posts, 0);
    // The jobs that a Rust program drops are left as well.
    worker.begin(Run::once()).unwrap();
    worker.jobs().try_for_each(|_| std::future::ready(Ok(()))).await.unwrap();
    assert!(statuses(&sandbox).values().all(|status| status == "pending"));
}

#[tokio::test]
async fn a_dry_run_sends_nothing_but_reads() {
    let (sandbox, client) = start(json!({"requests": 10, "assets": 10}));
    let worker = worker(&client, |_| {});
    worker.begin(Run { max_cycles: Some(1), dry_run: true }).unwrap();
    let mut decided = Vec::new();
    loop {
        match worker.next(&Host::silent()).await.unwrap() {
            Turn::Job(job) => drop(job.act(Outcome::fail("no")).await.unwrap()),
            Turn::Event(event) if event["type"] == "decided" => decided.push(event),
            Turn::Event(_) => {}
            Turn::Report(report) => {
                assert_eq!((report.decided, report.failed), (10, 0));
                break;
            }
        }
    }
    assert_eq!((decided.len(), &decided[0]["outcome"]), (10, &json!({"fail": {"reason": "no"}})));
    assert!(sandbox.journal().as_array().unwrap().iter().all(|entry| entry["method"] == "GET"));
}

#[tokio::test]
async fn several_in_hand_keep_the_order_of_each_asset() {
    let (sandbox, client) = start(json!({"requests": 120, "assets": 15}));
    let worker = worker(&client, |options| options.concurrency = 8);
    worker.begin(Run::once()).unwrap();
    let decide = |worker: Worker| async move {
        while let Some(job) = worker.jobs().try_next().await.unwrap() {
            tokio::task::yield_now().await;
            job.act(Outcome::approve("TL-1")).await.unwrap();
        }
    };
    futures::future::join_all((0..8).map(|_| decide(worker.clone()))).await;
    let report = worker.report();
    assert_eq!((report.seen, report.approved, report.error_count), (120, 120, 0), "{report:?}");
    // Approvals of one asset arrived in the order in which its requests were created.
    let state = sandbox.state();
    let rows = state["cloudblue"]["requests"].as_array().unwrap();
    let of = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap();
    let mut last: HashMap<String, i64> = HashMap::new();
    for entry in
        sandbox.journal().as_array().unwrap().iter().filter(|entry| entry["operation"] == "cloudblue.requests.approve")
    {
        let path = text(&entry["path"]);
        let row = of(path.rsplit('/').nth(1).unwrap());
        let created = row["created_ms"].as_i64().unwrap();
        let before = last.insert(text(&row["asset_id"]), created).unwrap_or(i64::MIN);
        assert!(before <= created, "{path} came before an older request of its asset");
    }
}

#[tokio::test]
async fn two_workers_on_one_queue_end_each_request_once() {
    let (sandbox, client) = start(json!({"requests": 300, "assets": 300}));
    let clients = [client, connect(&sandbox)];
    let runs = clients.iter().map(|client| {
        let worker = worker(client, |options| options.concurrency = 4);
        async move { run(&worker, Run::once(), |_, _| Outcome::approve("TL-1")).await }
    });
    let reports = futures::future::join_all(runs).await;
    let sum = |field: fn(&Report) -> u64| reports.iter().map(field).sum::<u64>();
    assert_eq!(sum(|report| report.approved), 300);
    assert_eq!(sum(|report| report.error_count + report.conflicts), 0, "{reports:?}");
    assert!(statuses(&sandbox).values().all(|status| status == "approved"));
}

#[tokio::test]
async fn lost_replies_are_settled_by_reading() {
    let (sandbox, client) = start(json!({"requests": 30, "assets": 30}));
    sandbox
        .fault(
            json!({"operation": "cloudblue.requests.approve", "skip": 3, "times": 10, "when": "after", "drop": true}),
        )
        .unwrap();
    let report = run(&worker(&client, |_| {}), Run::once(), |_, _| Outcome::approve("TL-1")).await;
    assert_eq!((report.approved, report.already_applied, report.error_count), (20, 10, 0), "{report:?}");
    assert_eq!(count(&sandbox, "cloudblue.requests.approve"), 30);
}

#[tokio::test]
async fn refused_credentials_end_the_run_with_one_error_and_a_rate_limit_stretches_it() {
    let (sandbox, client) = start(json!({"requests": 5, "assets": 5}));
    sandbox.fault(json!({"operation": "cloudblue.requests.list", "times": 1, "status": 429, "headers": {"retry-after": "700"}})).unwrap();
    let worker = worker(&client, |_| {});
    let report = run(&worker, Run { max_cycles: Some(3), dry_run: false }, |_, _| Outcome::approve("TL-1")).await;
    assert_eq!(report.approved, 5, "{report:?}");
    assert!(sandbox.clock().now().as_secs() >= 700);
    sandbox.clear_faults();
    sandbox.fault(json!({"operation": "cloudblue.*", "times": null, "status": 403})).unwrap();
    worker.begin(Run::default()).unwrap();
    let error = worker.jobs().try_next().await.unwrap_err();
    assert_eq!(error.code(), Code::Permission);
    assert_eq!(error.report().details["report"]["approved"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_finishes_what_is_in_hand_and_hands_out_no_more() {
    let (sandbox, client) = start(json!({"requests": 50, "assets": 50}));
    let worker = Arc::new(worker(&client, |_| {}));
    worker.begin(Run::default()).unwrap();
    let mut jobs = worker.jobs();
    let job = jobs.try_next().await.unwrap().unwrap();
    worker.stop();
    job.act(Outcome::approve("TL-1")).await.unwrap();
    assert!(jobs.try_next().await.unwrap().is_none());
    assert_eq!((worker.report().approved, count(&sandbox, "cloudblue.requests.approve")), (1, 1));
    // While it sleeps between cycles, too.
    worker.begin(Run { max_cycles: Some(100), dry_run: true }).unwrap();
    let other = Arc::clone(&worker);
    while let Turn::Event(_) | Turn::Job(_) = worker.next(&Host::silent()).await.unwrap() {
        if worker.report().next_due.is_some() {
            other.stop();
        }
    }
}

#[tokio::test]
async fn an_old_snapshot_is_read_again_before_it_counts() {
    let (sandbox, client) = start(json!({"requests": 3, "assets": 3}));
    let worker = worker(&client, |options| options.recheck_after_ms = 1_000);
    worker.begin(Run::once()).unwrap();
    let mut jobs = worker.jobs();
    let job = jobs.try_next().await.unwrap().unwrap();
    client.requests().fail(&job.request.id, tenantry::cloudblue::Fail::new("by somebody else")).await.unwrap();
    sandbox.advance(5_000).unwrap();
    let result = job.act(Outcome::approve("TL-1")).await.unwrap();
    assert_eq!(result.result, "conflict");
    assert_eq!(result.error.unwrap().report().details["current"], "failed");
    assert_eq!(count(&sandbox, "cloudblue.requests.approve"), 0);
    // One that left the lane meanwhile is not even handed out.
    let others: Vec<String> =
        statuses(&sandbox).into_iter().filter(|(_, status)| status == "pending").map(|(id, _)| id).collect();
    for id in &others {
        client.requests().approve(id, tenantry::cloudblue::Approve::template("TL-1")).await.unwrap();
    }
    sandbox.advance(5_000).unwrap();
    assert!(jobs.try_next().await.unwrap().is_none());
    assert_eq!(worker.report().gone, 2);
}

#[tokio::test]
async fn requests_to_be_revoked_come_only_to_a_worker_that_asks_for_them() {
    let (sandbox, client) = start(json!({"requests": 6, "assets": 6, "status": "revoking"}));
    let report = run(&worker(&client, |_| {}), Run::once(), |_, _| Outcome::approve("TL-1")).await;
    assert_eq!(report.seen, 0);
    let both = worker(&client, |options| options.lanes = vec![Lane::Revoking, Lane::Pending]);
    let report = run(&both, Run::once(), |_, _| Outcome::ConfirmRevoke {}).await;
    assert_eq!((report.revoked, report.error_count), (6, 0), "{report:?}");
    assert!(statuses(&sandbox).values().all(|status| status == "revoked"));
}

#[tokio::test]
async fn every_caller_gets_a_job_while_one_of_them_is_slow() {
    let (_sandbox, client) = start(json!({"requests": 30, "assets": 30}));
    let worker = worker(&client, |options| options.concurrency = 3);
    worker.begin(Run::once()).unwrap();
    let take = || async { worker.jobs().try_next().await.unwrap().unwrap() };
    // Nobody acts, so nothing but the page itself can wake the others.
    let jobs = futures::future::join_all([take(), take(), take()]).await;
    let mut ids: Vec<&str> = jobs.iter().map(|job| job.request.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn an_unreadable_row_is_reported_and_the_others_are_handled() {
    let (sandbox, client) = start(json!({"requests": 6, "assets": 6}));
    let rows: Vec<Value> = (0..3)
        .map(|n| json!({"id": format!("PR-{n}"), "status": "pending", "created": "2026-01-01T00:00:00Z"}))
        .collect();
    let text = serde_json::to_string(&rows).unwrap();
    let broken =
        text.replacen("\"PR-1\",\"status\":\"pending\"", "\"PR-1\",\"note\":\"\\ud83d\",\"status\":\"pending\"", 1);
    let broken = broken.replacen("\"PR-2\"", "7", 1);
    assert!(broken.contains("ud83d"));
    sandbox
        .fault(json!({"operation": "cloudblue.requests.list", "body": broken, "content_type": "application/json", "headers": {"content-range": "items 0-2/3"}}))
        .unwrap();
    let report = run(&worker(&client, |_| {}), Run::once(), |_, _| Outcome::skip()).await;
    assert_eq!((report.seen, report.skipped, report.error_count), (3, 1, 2), "{report:?}");
}

#[tokio::test]
async fn a_job_is_acted_upon_by_one_and_comes_again_read_anew_when_the_act_was_given_up() {
    let (sandbox, client) = start(json!({"requests": 2, "assets": 2}));
    let worker = worker(&client, |_| {});
    worker.begin(Run::once()).unwrap();
    let Turn::Event(_) = worker.next(&Host::silent()).await.unwrap() else { panic!("the cycle's start comes first") };
    let text = worker.next_call(false).next().await.unwrap();
    let job: Value = serde_json::from_str(&text).unwrap();
    let number = job["ok"]["job"]["number"].as_u64().unwrap();
    let host = Host::silent();
    let both = futures::join!(
        worker.act(number, Outcome::approve("TL-1"), &host),
        worker.act(number, Outcome::fail("no"), &host)
    );
    assert_eq!((both.0.is_ok(), both.1.unwrap_err().code()), (true, Code::Validation));
    assert_eq!(count(&sandbox, "cloudblue.requests.fail"), 0);
    // The second job's approval is carried out, and given up before its reply comes.
    sandbox.fault(json!({"operation": "cloudblue.requests.approve", "when": "after", "hold": true})).unwrap();
    let mut jobs = worker.jobs();
    let job = jobs.try_next().await.unwrap().unwrap();
    let given_up = tokio::time::timeout(std::time::Duration::from_millis(200), job.act(Outcome::approve("TL-1"))).await;
    if given_up.is_err() {
        assert!(jobs.try_next().await.unwrap().is_none());
        assert_eq!(worker.report().gone, 1);
    }
    assert!(statuses(&sandbox).values().all(|status| status == "approved"));
}

#[tokio::test]
async fn a_cycle_waits_for_what_is_in_hand_even_when_its_list_could_not_be_read() {
    let (sandbox, client) = start(json!({"requests": 150, "assets": 150}));
    sandbox.fault(json!({"operation": "cloudblue.requests.list", "skip": 1, "times": 3, "status": 503})).unwrap();
    let worker = worker(&client, |_| {});
    let mut handled = std::collections::HashSet::new();
    worker.begin(Run { max_cycles: Some(2), dry_run: false }).unwrap();
    let mut jobs = worker.jobs();
    while let Some(job) = jobs.try_next().await.unwrap() {
        assert!(handled.insert(job.request.id.clone()), "{} came twice", job.request.id);
        job.act(Outcome::approve("TL-1")).await.unwrap();
    }
    let report = worker.report();
    assert_eq!((report.approved, report.error_count), (150, 1), "{report:?}");
}

#[tokio::test]
async fn a_refusal_of_a_request_that_still_waits_is_an_error_and_holds_its_asset() {
    let (sandbox, client) = start(json!({"requests": 4, "assets": 1}));
    sandbox.fault(json!({"operation": "cloudblue.requests.approve", "status": 409, "json": {"error_code": "X", "errors": ["locked"]}})).unwrap();
    let report = run(&worker(&client, |_| {}), Run::once(), |_, _| Outcome::approve("TL-1")).await;
    assert_eq!((report.error_count, report.held, report.conflicts, report.approved), (1, 3, 0, 0), "{report:?}");
}

#[tokio::test]
async fn a_cap_counts_what_is_handed_out_so_that_those_behind_the_skipped_come_too() {
    let (_sandbox, client) = start(json!({"requests": 6, "assets": 6}));
    let worker = worker(&client, |options| options.max_per_cycle = Some(2));
    let seen = std::sync::Mutex::new(Vec::new());
    let report = run(&worker, Run { max_cycles: Some(4), dry_run: false }, |id, _| {
        let mut seen = seen.lock().unwrap();
        seen.push(id.to_owned());
        match seen.len() {
            ..=2 => Outcome::Skip { reason: None, not_before: Some("2030-01-01T00:00:00Z".to_owned()) },
            _ => Outcome::approve("TL-1"),
        }
    })
    .await;
    assert_eq!(report.approved, 4, "{report:?}");
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_value_of_a_parameter() {
    let (_sandbox, client) = start(json!({"requests": 3, "assets": 3}));
    let canary = format!("canary-{:016x}", std::process::id());
    let worker = worker(&client, |_| {});
    worker.begin(Run { max_cycles: Some(1), dry_run: true }).unwrap();
    let outcome = || Outcome::approve("TL-1").param("email", canary.as_str());
    assert!(!format!("{:?}", outcome()).contains(&canary));
    loop {
        match worker.next(&Host::silent()).await.unwrap() {
            Turn::Job(job) => {
                let value = job.request.asset.as_ref().and_then(|asset| asset.param("email")?.value.clone());
                if let Some(value) = value.filter(|value| !value.is_empty()) {
                    assert!(!format!("{job:?}").contains(&value));
                }
                drop(job.act(outcome()).await.unwrap());
            }
            Turn::Event(event) => assert!(!event.to_string().contains(&canary), "{event}"),
            Turn::Report(_) => break,
        }
    }
}
