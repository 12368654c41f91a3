//! What the server refuses: passed on whole, explained by the state table, and never blocked before it is asked.

use crate::support::connect_samples::{from_status, target};
use crate::support::samples::{Sample, sample};
use crate::support::world::World;
use crate::support::{Events, detail, options, secret, shown};
use serde_json::{Value, json};
use tenantry::cloudblue::{Approve, CreateRequest, Inquire, ParamChange, Pend, Update};
use tenantry::http::Options;
use tenantry::{Code, Outcome, Secret};

fn sample_of(world: &World, name: &str) -> Sample {
    sample(&world.samples(), &format!("cloudblue.requests.{name}"))
}

#[tokio::test]
async fn a_bad_template_is_a_bad_request_with_the_vendors_own_words() {
    let world = World::new().await;
    let client = world.client().cloudblue;
    let id = world.untouched("pending");
    // None such; one to inquire with; another product's.
    for template in ["TL-999", "TL-2", "TL-5"] {
        let error = client.requests().approve(&id, Approve::template(template)).await.unwrap_err();
        assert_eq!((error.code(), error.status()), (Code::BadRequest, Some(400)), "{template}");
        assert_eq!(error.outcome(), Some(Outcome::Rejected), "{template}");
        assert_eq!(detail(&error, "error_code"), "VAL_001", "{template}");
        let errors = detail(&error, "errors").as_array().unwrap();
        assert!(errors[0].as_str().unwrap().contains(template), "{errors:?}");
        assert!(error.to_string().contains(errors[0].as_str().unwrap()), "{error}");
        // The request could be approved: its status is no reason.
        assert_eq!((detail(&error, "current"), &error.report().hint), (&json!("pending"), &None), "{template}");
        assert_eq!(world.status(&id), "pending");
    }
}

#[tokio::test]
async fn a_create_of_what_exists_is_a_conflict_that_names_it() {
    let world = World::new().await;
    let client = world.client().cloudblue;
    let create = sample_of(&world, "create");
    let create: CreateRequest = serde_json::from_value(create.arguments).unwrap();
    let first = client.requests().create(create.clone()).await.unwrap();
    let error = client.requests().create(create).await.unwrap_err();
    assert_eq!((error.code(), error.status(), error.outcome()), (Code::Conflict, Some(409), Some(Outcome::Rejected)));
    let params = detail(&error, "params");
    assert_eq!((params["request_id"].as_str(), params["request_status"].as_str()), (Some(&*first.id), Some("pending")));
    assert_eq!(params["asset_id"].as_str(), first.asset.as_ref().map(|asset| &*asset.id));
    for key in ["asset_status", "template", "params_form_url", "fail_message"] {
        assert!(params.get(key).is_some(), "{key}: {params}");
    }
    assert!(detail(&error, "error_code").is_string() && detail(&error, "errors").is_array(), "{error:?}");
    assert_eq!(world.committed("cloudblue.requests.create"), 1);
}

#[tokio::test]
async fn a_move_out_of_turn_is_asked_for_and_explained_by_the_state_table() {
    let world = World::new().await;
    let client = world.client();
    let statuses =
        ["draft", "tiers_setup", "pending", "inquiring", "scheduled", "revoking", "approved", "failed", "revoked"];
    let verbs = ["approve", "fail", "inquire", "pend", "schedule", "revoke", "confirm", "purchase"];
    let mut explained = 0;
    for verb in verbs {
        for status in statuses {
            if status == from_status(verb) {
                continue;
            }
            let mut sample = sample_of(&world, verb);
            let id = world.untouched(status);
            sample.arguments["id"] = json!(id);
            let before = world.arrived(sample.name());
            let result = sample.invoke(&client).await;
            let case = format!("{verb} of {status}: {result:?}");
            assert_eq!(world.arrived(sample.name()) - before, 1, "{case}: asked for, once");
            assert_eq!(world.status(&id), status, "{case}");
            let targets: &[&str] = match verb {
                "purchase" => &["pending", "tiers_setup", "inquiring"],
                _ => &[target(verb).unwrap()],
            };
            if targets.contains(&status) {
                let reply: Value = serde_json::from_str(&result.unwrap()).unwrap();
                assert_eq!((&reply["already_applied"], &reply["status"]), (&json!(true), &json!(status)), "{verb}");
                continue;
            }
            let error = result.unwrap_err();
            assert_eq!((error.outcome(), error.status()), (Some(Outcome::Rejected), Some(400)), "{case}");
            assert_eq!(detail(&error, "current"), status, "{case}");
            assert!(detail(&error, "errors").is_array() && detail(&error, "error_code").is_string(), "{case}");
            assert_eq!(error.report().operation.as_deref(), Some(sample.name()), "{case}");
            if ["approved", "failed", "revoked"].contains(&status) {
                assert_eq!(error.code(), Code::Conflict, "{case}");
                assert!(error.to_string().contains(status), "{case}");
                continue;
            }
            assert_eq!(error.code(), Code::BadRequest, "{case}");
            let hint = error.report().hint.as_deref().unwrap_or_default();
            assert!(hint.contains(status) && hint.contains(verb) && hint.contains(from_status(verb)), "{case}");
            explained += 1;
        }
    }
    assert!(explained > 30, "only {explained} cases");
}

#[tokio::test]
async fn what_the_server_allows_beyond_the_table_is_done() {
    let world = World::new().await;
    world.sandbox.cloudblue(json!({"inquiring_is_final": false})).unwrap();
    for verb in ["approve", "fail"] {
        let mut sample = sample_of(&world, verb);
        let id = world.untouched("inquiring");
        sample.arguments["id"] = json!(id);
        sample.invoke(&world.client()).await.unwrap();
        assert_eq!(world.status(&id), target(verb).unwrap());
    }
}

#[tokio::test]
async fn pend_is_understood_with_and_without_a_reply() {
    let world = World::new().await;
    let client = world.client().cloudblue;
    for (reply, reads) in [("request", 0), ("empty", 1)] {
        world.sandbox.cloudblue(json!({"pend_reply": reply})).unwrap();
        let (id, before) = (world.untouched("inquiring"), world.arrived("cloudblue.requests.get"));
        let request = client.requests().pend(&id, Pend::new()).await.unwrap();
        assert_eq!((&*request.id, request.status.as_deref()), (&*id, Some("pending")), "{reply}");
        assert!(request.asset.is_some() && !request.raw().contains("already_applied"), "{reply}");
        assert_eq!(world.arrived("cloudblue.requests.get") - before, reads, "{reply}");
    }
}

#[tokio::test]
async fn a_change_is_understood_with_a_request_and_with_a_list() {
    let world = World::new().await;
    let client = world.client().cloudblue;
    for reply in ["request", "list"] {
        world.sandbox.cloudblue(json!({"update_reply": reply})).unwrap();
        let id = world.untouched("pending");
        let change =
            ParamChange { id: "email".to_owned(), value: Some("b@example.com".to_owned()), ..Default::default() };
        let before = world.arrived("cloudblue.requests.get");
        let request = client.requests().update(&id, Update::params([change])).await.unwrap();
        let asset = request.asset.as_ref().unwrap();
        assert_eq!((&*request.id, asset.param("email").unwrap().value.as_deref()), (&*id, Some("b@example.com")));
        assert!(request.raw().starts_with('{'), "{reply}");
        assert_eq!(world.arrived("cloudblue.requests.get"), before, "{reply}");
    }
}

#[tokio::test]
async fn a_request_that_is_gone_is_not_found_whatever_is_asked_of_it() {
    let world = World::new().await;
    let client = world.client();
    world.sandbox.cloudblue(json!({"draft_ms": 1_000})).unwrap();
    let create = json!({"status": "draft"});
    let mut sample_create = sample_of(&world, "create");
    sample_create.arguments.as_object_mut().unwrap().extend(create.as_object().unwrap().clone());
    let reply = sample_create.invoke(&client).await.unwrap();
    let draft = serde_json::from_str::<Value>(&reply).unwrap()["id"].clone();
    world.sandbox.advance(2_000).unwrap();
    let of_requests =
        |sample: &Sample| sample.name().starts_with("cloudblue.requests.") && !sample.arguments["id"].is_null();
    for mut sample in world.samples().into_iter().filter(of_requests) {
        for id in [draft.clone(), json!("PR-0000-0000-0000-000")] {
            sample.arguments["id"] = id;
            let error = sample.invoke(&client).await.unwrap_err();
            assert_eq!((error.code(), error.status()), (Code::NotFound, Some(404)), "{}: {error:?}", sample.name());
            assert_eq!(
                (error.outcome(), error.report().retryable),
                (Some(Outcome::Rejected), false),
                "{}",
                sample.name()
            );
        }
    }
}

#[tokio::test]
async fn a_request_that_goes_while_its_move_is_lost_is_not_found() {
    let world = World::new().await;
    let client = world.client();
    for verb in ["approve", "fail", "inquire", "purchase"] {
        let sample = sample_of(&world, verb);
        world.sandbox.fault(json!({"operation": sample.name(), "drop": true})).unwrap();
        world.sandbox.fault(json!({"operation": "cloudblue.requests.get", "status": 404})).unwrap();
        let error = sample.invoke(&client).await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound, "{verb}: {error:?}");
        assert_eq!(error.report().operation.as_deref(), Some(sample.name()), "{verb}");
        world.sandbox.clear_faults();
    }
}

#[tokio::test]
async fn h4_a_refused_key_is_an_authentication_error_at_once() {
    let world = World::new().await;
    for sample in world.samples().into_iter().filter(Sample::connect) {
        for (status, code) in [(401, Code::Authentication), (403, Code::Permission)] {
            world.sandbox.fault(json!({"operation": "cloudblue.*", "status": status, "times": null})).unwrap();
            let before = world.sandbox.journal().as_array().unwrap().len();
            let error = sample.call(&world.client(), options(json!({"max_retries": 10}))).await.unwrap_err();
            world.sandbox.clear_faults();
            assert_eq!((error.code(), error.status()), (code, Some(status)), "{}", sample.name());
            assert_eq!(
                (error.outcome(), error.report().retryable),
                (Some(Outcome::Rejected), false),
                "{}",
                sample.name()
            );
            assert_eq!(world.sandbox.journal().as_array().unwrap().len() - before, 1, "{}", sample.name());
        }
    }
}

#[tokio::test]
async fn h4_a_key_that_is_given_by_its_source_is_looked_up_once_more_when_it_is_refused() {
    let world = World::new().await;
    let key = world.sandbox.line()["cloudblue"]["api_key"].as_str().unwrap().to_owned();
    let file = tempfile::NamedTempFile::new().unwrap();
    let fresh = || {
        let client =
            tenantry::cloudblue::Client::builder().api_key(Secret::file(file.path())).clock(world.sandbox.clock());
        client.base_url(world.sandbox.line()["cloudblue"]["base_url"].as_str().unwrap())
    };
    let get = |id: &str| json!({"id": id}).to_string();
    let id = world.untouched("pending");
    let told = Events::default();
    std::fs::write(file.path(), &key).unwrap();
    let client = fresh().on_event(told.listener()).build().unwrap();
    client.invoke("cloudblue.requests.get", &get(&id), Options::default()).await.unwrap();
    // The server turns the key down once, as it does when keys are changed; the file holds the right one.
    world.sandbox.fault(json!({"operation": "cloudblue.requests.approve", "status": 401})).unwrap();
    let approve = json!({"id": id, "template_id": "TL-1"}).to_string();
    client.invoke("cloudblue.requests.approve", &approve, Options::default()).await.unwrap();
    assert_eq!((world.arrived("cloudblue.requests.approve"), world.committed("cloudblue.requests.approve")), (2, 1));
    assert_eq!(told.take().iter().filter(|event| event.kind == "reauthenticated").count(), 1);
    // A key that stays wrong is refused after the second look.
    let wrong = format!("SU-000-000-000:{}", secret());
    std::fs::write(file.path(), &wrong).unwrap();
    let client = fresh().build().unwrap();
    let before = world.arrived("cloudblue.requests.get");
    let error = client.invoke("cloudblue.requests.get", &get(&id), Options::default()).await.unwrap_err();
    assert_eq!((error.code(), world.arrived("cloudblue.requests.get") - before), (Code::Authentication, 2));
    assert_eq!(detail(&error, "error_code"), "AUTH_001");
    assert!(!shown(&error).contains(wrong.split_once(':').unwrap().1), "{error:?}");
}

#[tokio::test]
async fn h4_a_key_with_and_without_its_word_is_the_same_key() {
    let world = World::new().await;
    let line = world.sandbox.line();
    let key = line["cloudblue"]["api_key"].as_str().unwrap();
    let bare = key.trim_start_matches("ApiKey ");
    for given in [key.to_owned(), bare.to_owned(), format!("apikey {bare}"), format!(" {bare}\n")] {
        let client = tenantry::cloudblue::Client::builder().api_key(given.as_str());
        let client = client.base_url(line["cloudblue"]["base_url"].as_str().unwrap()).clock(world.sandbox.clock());
        client.build().unwrap().requests().get(&world.untouched("pending")).await.unwrap();
    }
}

#[tokio::test]
async fn p2_a_key_that_could_change_a_header_is_refused_and_not_shown() {
    let world = World::new().await;
    let id = world.untouched("pending");
    for tail in ["\r\nx: y", "\n\n x", "\0", "ü", " x", "\u{7f}", "\t,"] {
        let hidden = secret();
        let client = tenantry::cloudblue::Client::builder().api_key(format!("SU-1:{hidden}{tail}"));
        let client = client.base_url(world.sandbox.line()["cloudblue"]["base_url"].as_str().unwrap());
        let before = world.sandbox.journal().as_array().unwrap().len();
        let error = client.clock(world.sandbox.clock()).build().unwrap().requests().get(&id).await.unwrap_err();
        assert_eq!(error.outcome(), Some(Outcome::NotSent), "{tail:?}: {error:?}");
        assert!(error.to_string().contains("api_key") && !shown(&error).contains(&hidden), "{tail:?}: {error:?}");
        assert_eq!(world.sandbox.journal().as_array().unwrap().len(), before, "{tail:?}");
    }
}

#[tokio::test]
async fn an_inquiry_of_what_is_inquiring_is_applied_already() {
    let world = World::new().await;
    let id = world.untouched("inquiring");
    let request = world.client().cloudblue.requests().inquire(&id, Inquire::new()).await.unwrap();
    assert!(request.raw().contains("\"already_applied\":true"), "{}", request.raw());
}
