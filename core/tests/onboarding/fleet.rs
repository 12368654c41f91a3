//! Many onboardings at once, on virtual time over real sockets.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::common::*;
use futures::FutureExt as _;
use serde_json::{Value, json};
use tenantry::Code;
use tenantry::flow::Report;
use tenantry::magento_bi::onboarding::{Fleet, FleetOptions, OnboardingSpec};
use tenantry_sandbox::Sandbox;

/// The merchant called `key`.
fn merchant(key: &str) -> tenantry::Result<OnboardingSpec> {
    Ok(spec_with(|spec| spec["company"] = key.into()))
}

fn fleet_options(json: Value) -> FleetOptions {
    serde_json::from_value(json).unwrap()
}

fn fleet(sandbox: &Sandbox, keys: usize, options: Value) -> Fleet {
    let mut fleet = client(sandbox).onboarding_fleet(merchant, fleet_options(options)).unwrap();
    (0..keys).for_each(|number| fleet.add(&format!("shop-{number}")).unwrap());
    fleet
}

/// Drives a fleet until it has nothing more to tell.
async fn reports(fleet: &mut Fleet) -> Vec<Report> {
    let mut reports = Vec::new();
    while let Some(report) = fleet.next().await {
        reports.push(report);
    }
    reports
}

fn done(report: &Report) -> (&str, &Value) {
    match report {
        Report::Done { key, outputs } => (key, outputs),
        other => panic!("not done: {other:?}"),
    }
}

/// Short waits: virtual time moves on by the wheel's steps, and each costs a moment of real time.
fn brisk(sandbox: impl FnOnce(&mut tenantry_sandbox::SandboxOptions)) -> Sandbox {
    sandbox_with(|options| {
        options.wait_ms = 1_000;
        sandbox(options);
    })
}

fn often() -> Value {
    json!({"min_ms": 600, "max_ms": 600, "factor": 1.0, "jitter": 0.1})
}

#[tokio::test]
async fn two_thousand_merchants_are_onboarded_each_thing_once() {
    let sandbox = brisk(|_| {});
    let mut fleet = fleet(&sandbox, 2_000, json!({"flow": {"poll": often()}}));
    let reports = reports(&mut fleet).await;
    let finished: BTreeMap<&str, &Value> = reports.iter().map(done).collect();
    assert_eq!(finished.len(), 2_000);
    let clients: BTreeSet<u64> = finished.values().map(|outputs| outputs["client_id"].as_u64().unwrap()).collect();
    assert_eq!(clients.len(), 2_000, "no client is two merchants'");
    for create in CREATES {
        assert_eq!(committed(&sandbox, create), 2_000, "{create}");
    }
    let journal = sandbox.journal();
    let signups = journal.as_array().unwrap().iter().filter(|entry| entry["operation"] == "magento_bi.signups.create");
    let companies: BTreeSet<&str> = signups.map(|entry| entry["body"]["company"].as_str().unwrap()).collect();
    assert_eq!(companies.len(), 2_000);
    let status = fleet.status();
    assert_eq!((status.new, status.waiting, status.asking, status.active), (0, 0, 0, 0));
}

#[tokio::test]
async fn a_flow_of_a_fleet_brings_what_it_brings_alone() {
    let events = |reports: &[Report]| -> Vec<(String, String)> {
        let named = reports.iter().filter_map(|report| match report {
            Report::Event { event, .. } => Some((event.step.to_owned(), event.r#type.to_owned())),
            _ => None,
        });
        named.filter(|(_, name)| name != "polled").collect()
    };
    let sandbox = sandbox();
    let mut fleet = fleet(&sandbox, 1, json!({"events": true}));
    let together = reports(&mut fleet).await;
    let outputs = done(together.last().unwrap()).1;
    let mut alone = client(&sandbox).onboarding(spec(), options(json!({}))).unwrap();
    let (told, _) = drive(&mut alone).await;
    let told: Vec<_> = told.into_iter().map(|event| Report::Event { key: String::new(), event }).collect();
    assert_eq!(events(&together), events(&told));
    let names = |outputs: &Value| outputs.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(outputs), names(&done_outputs(&mut alone).await));
}

async fn done_outputs(flow: &mut tenantry::magento_bi::onboarding::Flow) -> Value {
    crate::common::done(flow).await
}

#[tokio::test]
async fn a_decision_is_reported_and_its_flow_parked_until_it_is_taken() {
    let sandbox = brisk(|_| {});
    let confirmed = |key: &str| {
        Ok(spec_with(|spec| {
            spec["company"] = key.into();
            spec["confirm_user"] = (key == "shop-1").into();
        }))
    };
    let mut fleet = client(&sandbox).onboarding_fleet(confirmed, FleetOptions::default()).unwrap();
    ["shop-0", "shop-1", "shop-2"].iter().for_each(|key| fleet.add(key).unwrap());
    let first = reports(&mut fleet).await;
    assert_eq!(first.len(), 3, "the others go on to their end");
    let asked = first.iter().find_map(|report| match report {
        Report::Need { key, need } => Some((key.as_str(), need)),
        _ => None,
    });
    let (key, need) = asked.unwrap();
    assert_eq!((key, need.reason.as_str()), ("shop-1", "confirm_user"));
    assert!(need.data["user_id"].is_number());
    assert_eq!((fleet.status().asking, fleet.next().await.is_none()), (1, true));

    let refused = fleet.answer("shop-1", &json!({"choice": "maybe"})).unwrap_err();
    assert!(refused.to_string().contains("confirmed"), "{refused}");
    assert!(fleet.answer("shop-0", &json!({"choice": "confirmed"})).is_err(), "it asks nothing");
    fleet.answer("shop-1", &json!({"choice": "confirmed"})).unwrap();
    assert!(fleet.answer("shop-1", &json!({"choice": "confirmed"})).is_err(), "one answer is enough");
    let rest = reports(&mut fleet).await;
    assert_eq!((rest.len(), done(&rest[0]).0), (1, "shop-1"));
}

#[tokio::test]
async fn a_key_belongs_to_one_flow_at_a_time() {
    let sandbox = brisk(|_| {});
    let mut fleet = fleet(&sandbox, 1, json!({}));
    assert_eq!(fleet.add("shop-0").unwrap_err().code(), Code::Validation);
    reports(&mut fleet).await;
    fleet.add("shop-0").unwrap();
}

#[tokio::test]
async fn five_failed_polls_in_a_row_are_tolerated_and_six_are_not() {
    for (failures, ends) in [(5, true), (6, false)] {
        let sandbox = sandbox();
        sandbox.fault(json!({"operation": "magento_bi.signups.get", "times": failures, "status": 500})).unwrap();
        let mut fleet = fleet(&sandbox, 1, json!({}));
        match &reports(&mut fleet).await[..] {
            [Report::Done { .. }] => assert!(ends),
            [Report::Failed { key, error }] => {
                assert!(!ends && key == "shop-0" && error.code() == Code::Server, "{error}");
                assert_eq!(error.report().details["poll_errors"], 6);
                assert!(error.checkpoint().is_some());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_wait_without_end_reaches_the_limit_of_its_step() {
    let sandbox = sandbox();
    let brewing = json!({"operation": "magento_bi.signups.get", "times": null, "merge": {"status": "brewing"}});
    sandbox.fault(brewing).unwrap();
    let started = sandbox.clock().now();
    let mut fleet = fleet(&sandbox, 3, json!({}));
    for report in reports(&mut fleet).await {
        let Report::Failed { error, .. } = report else { panic!("{report:?}") };
        assert_eq!((error.code(), &error.report().details["last_status"]), (Code::MaxWait, &json!("brewing")));
    }
    let waited = (sandbox.clock().now() - started).as_secs();
    assert!((1_800..=1_802).contains(&waited), "the limit is 30 minutes, and it took {waited} s");
}

#[tokio::test]
async fn another_spec_than_at_the_beginning_is_refused() {
    let sandbox = brisk(|_| {});
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let changing = move |_: &str| {
        let time = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok(spec_with(|spec| spec["company"] = format!("company {time}").into()))
    };
    let mut fleet = client(&sandbox).onboarding_fleet(changing, FleetOptions::default()).unwrap();
    fleet.add("shop").unwrap();
    match &reports(&mut fleet).await[..] {
        [Report::Failed { error, .. }] => assert_eq!(error.report().details["why"], "mismatch", "{error}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(committed(&sandbox, "invites.create"), 0);
}

#[tokio::test]
async fn a_stopped_fleet_goes_on_from_its_folder_in_another_and_each_thing_is_made_once() {
    let sandbox = brisk(|_| {});
    let directory = tempfile::tempdir().unwrap();
    let settings = json!({
        "flow": {"checkpoint": {"file": directory.path()}, "mode": "start_or_resume", "poll": often()}, "at_once": 8,
    });
    let mut lives = 0;
    let mut finished = BTreeSet::new();
    while finished.len() < 40 {
        lives += 1;
        let mut fleet = fleet(&sandbox, 40, settings.clone());
        let (stop, clock) = (fleet.stopper(), sandbox.clock());
        let from = finished.len();
        let at = clock.now() + Duration::from_millis(700);
        let stopping = async move {
            clock.sleep_until(at).await;
            stop.stop();
        };
        let (reports, ()) = futures::join!(reports(&mut fleet), stopping);
        finished.extend(reports.iter().map(|report| done(report).0.to_owned()));
        assert!(finished.len() >= from);
        assert_eq!(fleet.status().active, 0, "nothing is under way when it has stopped");
    }
    assert!(lives > 2, "it was stopped {lives} times");
    for create in CREATES {
        assert_eq!(committed(&sandbox, create), 40, "{create}");
    }
}

#[tokio::test]
async fn a_request_that_must_not_be_sent_twice_is_waited_for_by_a_stop() {
    let sandbox = sandbox();
    sandbox.fault(json!({"operation": "magento_bi.signups.create", "latency_ms": 5_000})).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let settings = json!({"flow": {"checkpoint": {"file": directory.path()}}});
    let mut fleet = fleet(&sandbox, 1, settings);
    let (stop, clock) = (fleet.stopper(), sandbox.clock());
    let stopping = async move {
        clock.sleep_until(Duration::from_secs(1)).await;
        stop.stop();
    };
    let (reports, ()) = futures::join!(reports(&mut fleet), stopping);
    assert!(reports.is_empty(), "{reports:?}");
    assert_eq!(arrived(&sandbox), ["signups.create"]);
    let kept = std::fs::read_to_string(directory.path().join("shop-0.json")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert!(kept["outputs"]["signup_id"].is_string(), "its reply was kept: {kept}");
}

#[tokio::test]
async fn giving_up_a_wait_for_reports_loses_none() {
    let sandbox = brisk(|_| {});
    let mut fleet = fleet(&sandbox, 20, json!({"flow": {"poll": often()}}));
    let mut finished = 0;
    while finished < 20 {
        match fleet.next().now_or_never() {
            Some(Some(report)) => {
                done(&report);
                finished += 1;
            }
            Some(None) => panic!("{finished} reports"),
            None => tokio::task::yield_now().await,
        }
    }
    assert!(fleet.next().await.is_none());
}
