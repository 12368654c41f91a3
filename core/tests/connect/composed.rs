//! What takes several requests: an inquiry with its errors, values of parameters, and waiting.

use std::time::Duration;

use crate::support::detail;
use crate::support::world::World;
use serde_json::{Value, json};
use tenantry::cloudblue::{Approve, Client, Inquire, SetParamValues, WaitFor};
use tenantry::{Code, Outcome};

fn client(world: &World) -> Client {
    world.client().cloudblue
}

/// What arrived about the request, without the reads: verb and body.
fn changes(world: &World, id: &str) -> Vec<(String, Value)> {
    let journal = world.sandbox.journal();
    let about = journal.as_array().unwrap().iter();
    let about = about.filter(|entry| entry["path"].as_str().unwrap().contains(id) && entry["method"] != "GET");
    let verb = |entry: &Value| entry["operation"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
    about.map(|entry| (verb(entry), entry["body"].clone())).collect()
}

fn verbs(world: &World, id: &str) -> Vec<String> {
    changes(world, id).into_iter().map(|(verb, _)| verb).collect()
}

fn fault(world: &World, operation: &str, effect: Value) {
    let mut rule = json!({"operation": format!("cloudblue.requests.{operation}")});
    rule.as_object_mut().unwrap().extend(effect.as_object().unwrap().clone());
    world.sandbox.fault(rule).unwrap();
}

fn two_errors() -> Inquire {
    Inquire::template("TL-2").error("email", "does not exist").error("domain", "is taken")
}

#[tokio::test]
async fn an_inquiry_writes_its_errors_first_and_then_inquires() {
    let world = World::new().await;
    let id = world.untouched("pending");
    let request = client(&world).requests().inquire(&id, two_errors()).await.unwrap();
    let asset = request.asset.as_ref().unwrap();
    assert_eq!(request.status.as_deref(), Some("inquiring"));
    assert_eq!(asset.param("email").unwrap().value_error.as_deref(), Some("does not exist"));
    let errors = json!([{"id": "domain", "value_error": "is taken"}, {"id": "email", "value_error": "does not exist"}]);
    let made = changes(&world, &id);
    assert_eq!(made[0], ("update".to_owned(), json!({"asset": {"params": errors}})));
    assert_eq!(made[1..], [("inquire".to_owned(), json!({"template_id": "TL-2"}))]);
}

#[tokio::test]
async fn an_inquiry_without_errors_is_one_request() {
    let world = World::new().await;
    let mut tile = Inquire::new();
    tile.activation_tile = Some("# Hm".to_owned());
    for (inquire, body) in [
        (Inquire::new(), json!({})),
        (Inquire::template("TL-2"), json!({"template_id": "TL-2"})),
        (tile, json!({"activation_tile": "# Hm"})),
    ] {
        let id = world.untouched("pending");
        client(&world).requests().inquire(&id, inquire).await.unwrap();
        assert_eq!(changes(&world, &id), [("inquire".to_owned(), body)]);
    }
}

#[tokio::test]
async fn an_inquiry_that_fails_after_its_errors_were_written_says_so() {
    let world = World::new().await;
    for (effect, code) in [
        (json!({"status": 400}), Code::BadRequest),
        (json!({"status": 403}), Code::Permission),
        (json!({"drop": true}), Code::OutcomeUnknown),
        (json!({"status": 500}), Code::OutcomeUnknown),
    ] {
        let id = world.untouched("pending");
        fault(&world, "inquire", effect.clone());
        let error = client(&world).requests().inquire(&id, two_errors()).await.unwrap_err();
        assert_eq!((error.code(), detail(&error, "params_written")), (code, &json!(true)), "{effect}: {error:?}");
        assert_eq!(verbs(&world, &id), ["update", "inquire"], "{effect}");
        assert_eq!(world.status(&id), "pending", "{effect}");
        // Without errors nothing was written, and nothing is said of it.
        let id = world.untouched("pending");
        fault(&world, "inquire", effect.clone());
        let error = client(&world).requests().inquire(&id, Inquire::new()).await.unwrap_err();
        assert_eq!((error.code(), detail(&error, "params_written")), (code, &Value::Null), "{effect}: {error:?}");
    }
}

#[tokio::test]
async fn an_inquiry_whose_errors_cannot_be_written_is_not_made() {
    let world = World::new().await;
    for (effect, code) in [
        (json!({"status": 400}), Code::BadRequest),
        (json!({"status": 404}), Code::NotFound),
        (json!({"status": 500, "times": null}), Code::Server),
        (json!({"drop": true, "times": null}), Code::Connection),
    ] {
        let id = world.untouched("pending");
        fault(&world, "update", effect.clone());
        let error = client(&world).requests().inquire(&id, two_errors()).await.unwrap_err();
        world.sandbox.clear_faults();
        assert_eq!((error.code(), detail(&error, "params_written")), (code, &Value::Null), "{effect}: {error:?}");
        assert!(!verbs(&world, &id).contains(&"inquire".to_owned()), "{effect}");
    }
    let id = world.untouched("pending");
    let error = client(&world).requests().inquire(&id, Inquire::new().error("nothing", "x")).await.unwrap_err();
    assert_eq!((error.code(), verbs(&world, &id)), (Code::BadRequest, vec!["update".to_owned()]));
}

#[tokio::test]
async fn an_inquiry_whose_reply_is_lost_is_settled_and_its_errors_are_written_once() {
    let world = World::new().await;
    let id = world.untouched("pending");
    fault(&world, "inquire", json!({"when": "after", "drop": true}));
    let request = client(&world).requests().inquire(&id, two_errors()).await.unwrap();
    assert!(request.raw().contains("\"already_applied\":true"));
    assert_eq!(verbs(&world, &id), ["update", "inquire"]);
    // The errors may be written twice: that leaves what once does.
    let id = world.untouched("pending");
    fault(&world, "update", json!({"when": "after", "drop": true}));
    client(&world).requests().inquire(&id, two_errors()).await.unwrap();
    assert_eq!(
        (verbs(&world, &id), world.status(&id).as_str()),
        (["update", "update", "inquire"].map(str::to_owned).to_vec(), "inquiring")
    );
}

/// A request whose parameters are these.
async fn with_params(world: &World, params: &[(&str, Value)]) -> String {
    let id = world.untouched("pending");
    client(world).requests().set_param_values(&id, SetParamValues::new(params.to_vec())).await.unwrap();
    id
}

#[tokio::test]
async fn only_values_that_differ_are_sent_each_in_its_kind() {
    let world = World::new().await;
    let office = json!({"city": "Erdek", "country": "tr"});
    let known = [("email", json!("a@example.com")), ("office", office.clone()), ("domain", json!("example.com"))];
    let id = with_params(&world, &known).await;
    let before = changes(&world, &id).len();
    let values = SetParamValues::new([
        ("email", json!("a@example.com")),
        ("office", office),
        ("domain", json!("example.org")),
        ("features", json!({"sso": true, "audit": false})),
        ("migration_info", json!([1, {"deep": null}])),
        ("subscription_id", json!(42)),
    ]);
    let request = client(&world).requests().set_param_values(&id, values).await.unwrap();
    let sent = json!([
        {"id": "domain", "value": "example.org"},
        {"id": "features", "structured_value": {"sso": true, "audit": false}},
        {"id": "migration_info", "structured_value": [1, {"deep": null}]},
        {"id": "subscription_id", "value": "42"},
    ]);
    assert_eq!(changes(&world, &id)[before..], [("update".to_owned(), json!({"asset": {"params": sent}}))]);
    let asset = request.asset.as_ref().unwrap();
    assert_eq!(asset.param("subscription_id").unwrap().value.as_deref(), Some("42"));
    assert_eq!(asset.param("features").unwrap().structured_value, Some(json!({"sso": true, "audit": false})));
}

#[tokio::test]
async fn values_that_are_there_already_are_not_sent() {
    let world = World::new().await;
    let office = json!({"city": "Erdek"});
    let id = with_params(&world, &[("email", json!("a@example.com")), ("office", office.clone())]).await;
    let before = changes(&world, &id).len();
    for values in [vec![], vec![("email", json!("a@example.com"))], vec![("office", office)]] {
        let reply = client(&world).requests().set_param_values(&id, SetParamValues::new(values)).await.unwrap();
        assert_eq!((&*reply.id, changes(&world, &id).len()), (&*id, before));
    }
}

#[tokio::test]
async fn a_value_of_an_unknown_parameter_or_of_the_wrong_kind_is_refused_by_its_name() {
    let world = World::new().await;
    let id = world.untouched("pending");
    for (param, value) in [
        ("nothing", json!("x")),
        ("", json!("x")),
        ("Email", json!("x")),
        ("office", json!("Erdek")),
        ("phone", json!("+90")),
        ("features", json!(true)),
        ("email", json!(null)),
    ] {
        // A value that could be sent does not go alone.
        let values = SetParamValues::new([("domain", json!("example.net")), (param, value.clone())]);
        let error = client(&world).requests().set_param_values(&id, values).await.unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::Validation, Some(Outcome::NotSent)), "{param} {value}");
        assert_eq!(detail(&error, "field"), &json!(format!("values.{param}")), "{error:?}");
        assert_eq!(error.report().operation.as_deref(), Some("cloudblue.requests.set_param_values"), "{error:?}");
        assert!(changes(&world, &id).is_empty(), "{param} {value}");
        if param == "nothing" {
            assert!(detail(&error, "params").as_array().unwrap().contains(&json!("email")), "{error:?}");
        }
    }
}

fn until(statuses: &[&str]) -> WaitFor {
    let mut wait = WaitFor::the_end();
    wait.until = statuses.iter().map(|status| (*status).to_owned()).collect();
    wait
}

fn at_most(max_wait_ms: Option<u64>) -> WaitFor {
    let mut wait = WaitFor::the_end();
    wait.max_wait_ms = max_wait_ms;
    wait
}

#[tokio::test]
async fn a_wait_ends_when_the_status_is_reached_and_not_before() {
    let world = World::new().await;
    world.sandbox.cloudblue(json!({"buyer_ms": 60_000})).unwrap();
    let connect = client(&world);
    let id = world.untouched("pending");
    connect.requests().inquire(&id, Inquire::new().error("email", "is wrong")).await.unwrap();
    let (start, before) = (world.sandbox.clock().now(), world.arrived("cloudblue.requests.get"));
    let request = connect.requests().wait(&id, until(&["approved", "pending"])).await.unwrap();
    let (took, polls) = (world.sandbox.clock().now() - start, world.arrived("cloudblue.requests.get") - before);
    assert_eq!(request.status.as_deref(), Some("pending"));
    // It is read at once and then after 3, 4.5, 6.75 … 30 s, each a fifth more or less.
    assert!((Duration::from_secs(60)..Duration::from_secs(60 + 37)).contains(&took), "{took:?}");
    assert!((5..=9).contains(&polls), "{polls} polls");
    // What is there already costs one read and no time.
    for (status, statuses) in [("approved", vec![]), ("failed", vec![]), ("revoked", vec![]), ("draft", vec!["draft"])]
    {
        let (id, start) = (world.untouched(status), world.sandbox.clock().now());
        let before = world.arrived("cloudblue.requests.get");
        connect.requests().wait(&id, until(&statuses)).await.unwrap();
        let now = (world.sandbox.clock().now(), world.arrived("cloudblue.requests.get"));
        assert_eq!(now, (start, before + 1), "{status}");
    }
}

#[tokio::test]
async fn a_wait_ends_at_its_limit_with_the_current_status() {
    let world = World::new().await;
    for (max_wait_ms, ends_ms) in [(Some(0), 0), (Some(1), 1), (Some(10_000), 10_000), (None, 1_800_000)] {
        let (id, start) = (world.untouched("pending"), world.sandbox.clock().now());
        let error = client(&world).requests().wait(&id, at_most(max_wait_ms)).await.unwrap_err();
        assert_eq!((error.code(), detail(&error, "current")), (Code::MaxWait, &json!("pending")), "{max_wait_ms:?}");
        assert_eq!(world.sandbox.clock().now() - start, Duration::from_millis(ends_ms), "{max_wait_ms:?}");
        assert_eq!(error.report().operation.as_deref(), Some("cloudblue.requests.wait"), "{error:?}");
    }
}

#[tokio::test]
async fn a_wait_outlives_five_failures_in_a_row_and_no_more() {
    let world = World::new().await;
    let connect = client(&world);
    for effect in [json!({"status": 503}), json!({"drop": true}), json!({"status": 500}), json!({"status": 429})] {
        for (times, survives) in [(1, true), (5, true), (6, false)] {
            let id = world.untouched("approved");
            let mut rule = json!({"times": times});
            rule.as_object_mut().unwrap().extend(effect.as_object().unwrap().clone());
            fault(&world, "get", rule);
            let before = world.arrived("cloudblue.requests.get");
            let result = connect.requests().wait(&id, WaitFor::the_end()).await;
            world.sandbox.clear_faults();
            assert_eq!(result.is_ok(), survives, "{effect} {times}: {result:?}");
            let polls = world.arrived("cloudblue.requests.get") - before;
            assert_eq!(polls, times + usize::from(survives), "each poll is one attempt: {effect}");
        }
    }
    for (status, code) in [(404, Code::NotFound), (403, Code::Permission), (401, Code::Authentication)] {
        let id = world.untouched("approved");
        fault(&world, "get", json!({"status": status}));
        let error = connect.requests().wait(&id, WaitFor::the_end()).await.unwrap_err();
        assert_eq!(error.code(), code, "nothing to wait for");
    }
}

#[tokio::test]
async fn a_wait_obeys_retry_after() {
    let world = World::new().await;
    let (id, start) = (world.untouched("approved"), world.sandbox.clock().now());
    fault(&world, "get", json!({"status": 503, "headers": {"retry-after": "77"}}));
    client(&world).requests().wait(&id, WaitFor::the_end()).await.unwrap();
    assert_eq!(world.sandbox.clock().now() - start, Duration::from_secs(77));
}

#[tokio::test]
async fn an_approval_sends_its_dates_where_they_belong() {
    let world = World::new().await;
    let id = world.untouched("pending");
    let mut approve = Approve::tile("# Ready");
    approve.effective_date = Some("2026-02-01T00:00:00+00:00".to_owned());
    approve.next_billing_date = Some("2026-03-01T00:00:00+00:00".to_owned());
    let request = client(&world).requests().approve(&id, approve).await.unwrap();
    let body = json!({
        "activation_tile": "# Ready", "effective_date": "2026-02-01T00:00:00+00:00",
        "asset": {"billing": {"next_date": "2026-03-01T00:00:00+00:00"}},
    });
    assert_eq!(changes(&world, &id), [("approve".to_owned(), body)]);
    assert_eq!(request.effective_date.as_deref(), Some("2026-02-01T00:00:00+00:00"));
}
