//! Moves of a request: settled by reading when the reply is lost, never doubled, and explained when they are refused.

use crate::support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::client::Client;
use crate::support::clock::JumpClock;
use crate::support::connect_samples::{from_status, target};
use crate::support::fake::{Canned, FakeSend, Play, Seen};
use crate::support::samples::{Sample, sample};
use crate::support::world::World;
use crate::support::{bounded, detail};
use serde_json::{Value, json};
use tenantry::http::Options;
use tenantry::time::Clock as _;
use tenantry::{Code, Error, Outcome};

const VERBS: [&str; 8] = ["approve", "fail", "inquire", "pend", "schedule", "revoke", "confirm", "purchase"];
/// Verbs that lead to an end, which the server itself refuses a second time.
const ENDS: [&str; 3] = ["approve", "fail", "confirm"];

/// A move of a request that nobody has touched, and the request's id.
fn move_of(world: &World, verb: &str) -> (Sample, String) {
    let sample = world.fresh(&sample(&support::samples::samples(), &format!("cloudblue.requests.{verb}")));
    let id = sample.arguments["id"].as_str().unwrap().to_owned();
    (sample, id)
}

fn with_id(sample: &Sample, id: &str) -> Sample {
    let mut sample = sample.clone();
    sample.arguments["id"] = json!(id);
    sample
}

async fn carried_out(client: &Client, sample: &Sample) -> Result<Value, Error> {
    let reply = bounded(sample.name(), sample.call(client, Options::default())).await?;
    Ok(serde_json::from_str(&reply).unwrap())
}

/// What arrived about the request: the verbs (`get` for a read) in order, the times, and how many were carried out.
fn journal(world: &World, id: &str) -> (Vec<String>, Vec<u64>, usize) {
    let journal = world.sandbox.journal();
    let about = journal.as_array().unwrap().iter().filter(|entry| entry["path"].as_str().unwrap().contains(id));
    let about: Vec<&Value> = about.collect();
    let verb = |entry: &&Value| entry["operation"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
    let committed = about.iter().filter(|entry| entry["method"] != "GET" && entry["committed"] == true).count();
    let times = about.iter().map(|entry| entry["at_ms"].as_u64().unwrap()).collect();
    (about.iter().map(verb).collect(), times, committed)
}

/// How often the request has changed its status since it was made.
fn moves(world: &World, id: &str) -> usize {
    let state = world.sandbox.state();
    let requests = state["cloudblue"]["requests"].as_array().unwrap();
    moves_of(requests.iter().find(|request| request["id"] == id).unwrap())
}

fn moves_of(request: &Value) -> usize {
    let all = request["transitions"].as_array().unwrap().iter();
    all.filter(|one| one["to"] == request["status"] && !one["from"].is_null()).count()
}

fn fault(world: &World, verb: &str, more: Value) {
    let mut rule = json!({"operation": format!("cloudblue.requests.{verb}")});
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.sandbox.fault(rule).unwrap();
}

#[tokio::test]
async fn a_move_whose_reply_is_lost_is_applied_already_and_was_sent_once() {
    let world = World::new().await;
    let client = world.client();
    let losses = [
        json!({"drop": true}),
        json!({"drop": true, "reset": true}),
        json!({"cut_at": 0}),
        json!({"cut_at": 40}),
        json!({"cut_at": 700, "reset": true}),
        json!({"hold": true}),
        json!({"status": 500}),
        json!({"status": 502, "body": "<html>bad gateway</html>", "content_type": "text/html"}),
        json!({"status": 503, "headers": {"retry-after": "1"}}),
        json!({"status": 302, "headers": {"location": "/"}}),
        json!({"body": "<html>logged out</html>", "content_type": "text/html"}),
        json!({"body": "{\"id\": ", "content_type": "application/json"}),
    ];
    for verb in VERBS {
        for loss in &losses {
            let (sample, id) = move_of(&world, verb);
            let mut rule = json!({"when": "after"});
            rule.as_object_mut().unwrap().extend(loss.as_object().unwrap().clone());
            fault(&world, verb, rule);
            let case = format!("{verb} {loss}");
            let reply = carried_out(&client, &sample).await.unwrap_or_else(|error| panic!("{case}: {error:?}"));
            assert_eq!((&reply["already_applied"], &reply["id"]), (&json!(true), &json!(id)), "{case}");
            let (verbs, _, committed) = journal(&world, &id);
            assert_eq!((verbs, committed), (vec![verb.to_owned(), "get".to_owned()], 1), "{case}");
            assert_eq!((reply["status"].as_str(), moves(&world, &id)), (Some(&*world.status(&id)), 1), "{case}");
            if verb != "purchase" {
                assert_eq!(reply["status"], target(verb).unwrap(), "{case}");
            }
        }
    }
}

#[tokio::test]
async fn a_move_that_never_arrived_is_sent_again_only_if_it_leads_to_an_end_and_only_after_four_looks() {
    let world = World::new().await;
    let client = world.client();
    for verb in VERBS {
        for loss in [json!({"drop": true}), json!({"cut_at": 30}), json!({"status": 500})] {
            let (sample, id) = move_of(&world, verb);
            fault(&world, verb, loss.clone());
            let result = carried_out(&client, &sample).await;
            let (verbs, times, committed) = journal(&world, &id);
            let looks = ["get"; 4];
            let case = format!("{verb} {loss}: {result:?}");
            let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert_eq!(pauses[..4], [0, 2_000, 5_000, 10_000], "{case}");
            if ENDS.contains(&verb) {
                assert_eq!(verbs, [&[verb][..], &looks, &[verb]].concat(), "{case}");
                let reply = result.unwrap();
                assert_eq!((reply["status"].as_str(), committed), (target(verb), 1));
                assert!(reply.get("already_applied").is_none(), "{reply}");
            } else {
                assert_eq!(
                    (verbs, committed),
                    ([&[verb][..], &looks].concat().iter().map(|v| (*v).to_owned()).collect(), 0)
                );
                let error = result.unwrap_err();
                assert_eq!((error.code(), error.outcome()), (Code::OutcomeUnknown, Some(Outcome::Unknown)), "{case}");
                assert_eq!((detail(&error, "current"), error.report().retryable), (&json!(from_status(verb)), false));
                assert_eq!(error.report().operation.as_deref(), Some(sample.name()), "{case}");
                assert_eq!(world.status(&id), from_status(verb), "{case}");
            }
        }
    }
}

#[tokio::test]
async fn a_move_that_is_lost_again_and_again_is_given_up_after_three_sendings() {
    let world = World::new().await;
    let client = world.client();
    for verb in VERBS {
        let (sample, id) = move_of(&world, verb);
        fault(&world, verb, json!({"drop": true, "times": null}));
        let error = carried_out(&client, &sample).await.unwrap_err();
        world.sandbox.clear_faults();
        let sent = journal(&world, &id).0.iter().filter(|sent| *sent == verb).count();
        assert_eq!(sent, if ENDS.contains(&verb) { 3 } else { 1 }, "{verb}");
        assert_eq!(
            (error.code(), detail(&error, "current")),
            (Code::OutcomeUnknown, &json!(from_status(verb))),
            "{verb}"
        );
    }
}

#[tokio::test]
async fn a_move_is_not_sent_again_while_reading_fails() {
    let world = World::new().await;
    let client = world.client();
    for verb in VERBS {
        for read in [json!({"status": 503}), json!({"status": 403}), json!({"drop": true}), json!({"body": "<p>"})] {
            let (sample, id) = move_of(&world, verb);
            fault(&world, verb, json!({"drop": true}));
            let mut rule = json!({"times": null});
            rule.as_object_mut().unwrap().extend(read.as_object().unwrap().clone());
            fault(&world, "get", rule);
            let error = carried_out(&client, &sample).await.unwrap_err();
            world.sandbox.clear_faults();
            assert_eq!(
                (error.code(), error.outcome()),
                (Code::OutcomeUnknown, Some(Outcome::Unknown)),
                "{verb} {read}"
            );
            assert_eq!(journal(&world, &id).0.iter().filter(|sent| *sent == verb).count(), 1, "{verb} {read}");
            assert_eq!(error.report().operation.as_deref(), Some(sample.name()), "{verb} {read}");
        }
    }
}

#[tokio::test]
async fn a_move_is_not_sent_again_when_the_last_look_failed() {
    let world = World::new().await;
    let client = world.client();
    for verb in VERBS {
        let (sample, id) = move_of(&world, verb);
        fault(&world, verb, json!({"drop": true}));
        // It was seen as it was, thrice; what it is now nobody knows.
        fault(&world, "get", json!({"skip": 3, "status": 403, "times": null}));
        let error = carried_out(&client, &sample).await.unwrap_err();
        world.sandbox.clear_faults();
        assert_eq!((error.code(), error.outcome()), (Code::OutcomeUnknown, Some(Outcome::Unknown)), "{verb}");
        assert_eq!(journal(&world, &id).0, [&[verb][..], &["get"; 4]].concat(), "{verb}");
    }
}

#[tokio::test]
async fn a_move_that_becomes_visible_late_is_never_doubled() {
    let world = World::new().await;
    let client = world.client();
    for verb in VERBS {
        for delay_ms in [1, 1_999, 2_001, 6_999, 7_001, 16_999] {
            let (sample, id) = move_of(&world, verb);
            fault(&world, verb, json!({"when": "after", "drop": true, "commit_delay_ms": delay_ms}));
            let reply = carried_out(&client, &sample).await.unwrap();
            assert_eq!(reply["already_applied"], true, "{verb} {delay_ms}");
            let (verbs, _, committed) = journal(&world, &id);
            let sent = verbs.iter().filter(|sent| *sent == verb).count();
            assert_eq!((sent, committed, moves(&world, &id)), (1, 1, 1), "{verb} {delay_ms}");
        }
        // Later than anybody looks: whatever the caller is told, it happened once.
        for delay_ms in [17_001, 60_000] {
            let (sample, id) = move_of(&world, verb);
            fault(&world, verb, json!({"when": "after", "drop": true, "commit_delay_ms": delay_ms}));
            let error = carried_out(&client, &sample).await.unwrap_err();
            let codes = [Code::OutcomeUnknown, Code::BadRequest];
            assert!(codes.contains(&error.code()) && detail(&error, "current") == from_status(verb), "{error:?}");
            assert_eq!((journal(&world, &id).2, moves(&world, &id)), (1, 1), "{verb} {delay_ms}");
        }
    }
}

/// A server that loses its first reply and carries the request out only so much later; any other at once.
struct Late {
    clock: Arc<JumpClock>,
    status: &'static str,
    due: Option<Duration>,
    sent: usize,
    carried_out: usize,
}

impl Late {
    fn go(&mut self, sample: &Sample) -> bool {
        let open = self.status == from_status(sample.verb());
        if open {
            self.status = target(sample.verb()).unwrap();
            self.carried_out += 1;
        }
        open
    }

    fn hear(&mut self, sample: &Sample, seen: &Seen, after: Duration) -> Play {
        let now = self.clock.now();
        if self.due.is_some_and(|due| due <= now) {
            self.due = None;
            self.go(sample);
        }
        if seen.is_of(sample) {
            self.sent += 1;
            if self.sent == 1 {
                self.due = Some(now + after);
                return Play::Reset;
            }
            if !self.go(sample) {
                return Play::Reply(Canned::json(400, &json!({"error_code": "REQ_003", "errors": ["out of turn"]})));
            }
        }
        Play::Reply(Canned::json(200, &json!({"id": sample.arguments["id"], "status": self.status})))
    }
}

#[tokio::test]
async fn a_server_that_carries_a_move_out_late_carries_it_out_once() {
    for verb in VERBS {
        let sample = sample(&support::samples::samples(), &format!("cloudblue.requests.{verb}"));
        for after_ms in [0, 1, 1_999, 2_001, 6_999, 7_001, 16_999, 17_001, 33_000, 90_000] {
            let clock = Arc::new(JumpClock::default());
            let status = from_status(verb);
            let late = Late { clock: clock.clone(), status, due: None, sent: 0, carried_out: 0 };
            let late = Arc::new(Mutex::new(late));
            let (heard, asked) = (late.clone(), sample.clone());
            let after = Duration::from_millis(after_ms);
            let fake = FakeSend::new(move |seen| heard.lock().unwrap().hear(&asked, seen, after));
            let client = fake.builder().clock(clock.clone()).build().unwrap();
            let result = carried_out(&client, &sample).await;
            let mut late = late.lock().unwrap();
            // What was lost is carried out at last, if that is still possible.
            if late.due.take().is_some() {
                late.go(&sample);
            }
            let case = format!("{verb} {after_ms}: {result:?}");
            assert_eq!(late.carried_out, 1, "{case}");
            if after_ms < 17_000 {
                assert_eq!((late.sent, &result.unwrap()["already_applied"]), (1, &json!(true)), "{case}");
            } else if ENDS.contains(&verb) {
                assert_eq!((late.sent, result.unwrap().get("already_applied")), (2, None), "{case}");
            } else {
                let error = result.unwrap_err();
                assert_eq!((late.sent, error.code()), (1, Code::OutcomeUnknown), "{case}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_that_race_for_500_requests_move_each_once() {
    let world = World::new().await;
    let order = json!({"requests": 500, "product_id": "PRD-1", "status": "pending", "type": "purchase", "clear": true});
    world.sandbox.generate(order).unwrap();
    let state = world.sandbox.state();
    let requests = state["cloudblue"]["requests"].as_array().unwrap();
    let ids: Vec<String> = requests.iter().map(|request| request["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 500);
    let mut running = Vec::new();
    // Both approve the first half; of the second, one approves and the other fails.
    for me in 0..2 {
        let (client, ids) = (world.client(), ids.clone());
        let samples = world_free_samples();
        running.push(tokio::spawn(async move {
            let mut results = Vec::new();
            for (n, id) in ids.iter().enumerate() {
                let verb = if me == 1 && n >= 250 { 1 } else { 0 };
                results.push(carried_out(&client, &with_id(&samples[verb], id)).await);
            }
            results
        }));
    }
    let mut results = Vec::new();
    for one in running {
        results.push(one.await.unwrap());
    }
    let (state, journal) = (world.sandbox.state(), world.sandbox.journal());
    for (n, id) in ids.iter().enumerate() {
        let (first, second) = (&results[0][n], &results[1][n]);
        let request = state["cloudblue"]["requests"].as_array().unwrap().iter().find(|request| request["id"] == *id);
        let (request, path) = (request.unwrap(), format!("/public/v1/requests/{id}/"));
        let posts = journal.as_array().unwrap().iter();
        let posts =
            posts.filter(|entry| entry["path"].as_str().unwrap().starts_with(&path) && entry["committed"] == true);
        let status = request["status"].as_str().unwrap();
        assert_eq!((moves_of(request), posts.count()), (1, 1), "{id}: {first:?} {second:?}");
        if n < 250 {
            let marked = [first, second].map(|result| result.as_ref().unwrap().get("already_applied").is_some());
            assert_eq!(marked.iter().filter(|marked| **marked).count(), 1, "{id}");
            continue;
        }
        let (won, lost) = if first.is_ok() { (first, second) } else { (second, first) };
        let (won, lost) = (won.as_ref().unwrap(), lost.as_ref().unwrap_err());
        assert!(won.get("already_applied").is_none(), "{id}");
        assert_eq!((lost.code(), lost.outcome()), (Code::Conflict, Some(Outcome::Rejected)), "{id}: {lost:?}");
        assert_eq!((detail(lost, "current"), &won["status"]), (&json!(status), &json!(status)));
    }
}

fn world_free_samples() -> [Sample; 2] {
    ["approve", "fail"].map(|verb| sample(&support::samples::samples(), &format!("cloudblue.requests.{verb}")))
}
