//! Replies that point somewhere else: redirects, and addresses in a reply (fault matrix H6, H7).

use crate::support;

use crate::support::client::Client;
use crate::support::fake::{Canned, FakeSend, Play};
use crate::support::samples::{LOGIN, Sample, maestrano_samples, sample};
use crate::support::way::Way;
use crate::support::wire::{Step, Wire};
use crate::support::world::World;
use crate::support::{detail, secret};
use serde_json::json;
use tenantry::{Code, Outcome};

/// A server that must never hear anything.
async fn trap() -> Wire {
    Wire::start(|_| Step::Close(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec())).await
}

const REDIRECTS: [u16; 9] = [300, 301, 302, 303, 304, 305, 307, 308, 399];

async fn h6_no_redirect_is_followed_anywhere_by_any_operation(way: Way) {
    let (world, trap) = (World::by(way).await, trap().await);
    let client = world.logged_in().await;
    let port = trap.addr.port();
    let targets = [
        (format!("http://127.0.0.1:{port}/stolen"), Some("127.0.0.1")),
        (format!("http://localhost:{port}/stolen"), Some("localhost")),
        (format!("https://127.0.0.1:{port}/stolen"), Some("127.0.0.1")),
        (format!("//127.0.0.1:{port}/stolen"), None),
        (format!("{}/stolen", world.sandbox.url()), Some("127.0.0.1")),
        ("/stolen".to_owned(), None),
        (format!("http://user:{}@127.0.0.1:{port}/", secret()), Some("127.0.0.1")),
        ("ht tp://%".to_owned(), None),
    ];
    for sample in world.samples().into_iter().filter(|sample| !sample.falls_back()) {
        // The journal is long: it is counted once for all cases of an operation.
        let (before, mut cases) = (world.arrived(sample.row().name), 0);
        for (n, status) in REDIRECTS.into_iter().enumerate() {
            for (m, (target, host)) in targets.iter().enumerate() {
                // Those of systems that share all of this meet each status and each target once.
                if sample.light() && n % targets.len() != m {
                    continue;
                }
                let headers = json!({"location": target, "refresh": format!("0; url={target}")});
                let rule = json!({"operation": sample.row().name, "status": status, "headers": headers, "body": ""});
                world.blind(&sample);
                world.sandbox.fault(rule).unwrap();
                let error = sample.invoke(&client).await.unwrap_err();
                world.sandbox.clear_faults();
                let case = format!("{} {status} {target}", sample.name());
                assert_eq!((error.code(), error.status()), (sample.lost(Code::Redirect), Some(status)), "{case}");
                assert_eq!(detail(&error, "location_host").as_str(), *host, "{case}");
                cases += 1;
                let outcome = if sample.safe() { Outcome::Answered } else { Outcome::Unknown };
                assert_eq!((error.outcome(), error.report().retryable), (Some(outcome), false), "{case}");
            }
        }
        assert_eq!(world.arrived(sample.row().name) - before, cases, "{}", sample.name());
    }
    assert_eq!(trap.connections(), 0);
    let journal = world.sandbox.journal();
    assert!(journal.as_array().unwrap().iter().all(|entry| entry["path"] != "/stolen"));
}

async fn h6_a_redirected_login_sends_the_password_nowhere_else(way: Way) {
    let (world, trap) = (World::by(way).await, trap().await);
    let sender = way.sender();
    for sample in world.magento_bi_samples().iter().filter(|sample| sample.authorised()) {
        for status in REDIRECTS {
            let headers = json!({"location": format!("{}/v1/tokens", trap.url())});
            world.sandbox.fault(json!({"operation": LOGIN, "status": status, "headers": headers})).unwrap();
            let client = world.builder().http_send(sender.clone()).build().unwrap();
            let before = world.arrived(sample.name());
            let error = sample.invoke(&client).await.unwrap_err();
            assert_eq!(error.code(), Code::Redirect, "{}", sample.name());
            assert_eq!(world.arrived(sample.name()), before, "{}", sample.name());
        }
    }
    assert_eq!(trap.connections(), 0);
}

/// A signup whose reply says `reply` on top of the usual; its text.
async fn signed_up(world: &World, client: &Client, reply: serde_json::Value) -> tenantry::Result<String> {
    let create: Sample = sample(&world.magento_bi_samples(), "signups.create");
    world.sandbox.fault(json!({"operation": create.name(), "merge": reply})).unwrap();
    create.invoke(client).await
}

async fn h7_an_address_in_a_reply_is_kept_and_never_visited(way: Way) {
    let (world, trap) = (World::by(way).await, trap().await);
    let client = world.logged_in().await;
    let (port, api) = (trap.addr.port(), world.sandbox.url());
    let corpus = [
        format!("http://127.0.0.1:{port}/v3/signups/1"),
        format!("http://user@127.0.0.1:{port}/v3/signups/1"),
        format!("http://{}@127.0.0.1:{port}/v3/signups/1", api.trim_start_matches("http://")),
        format!("//127.0.0.1:{port}/v3/signups/1"),
        format!("http://localhost:{port}/v3/signups/1"),
        format!("http:\\\\127.0.0.1:{port}\\v3\\signups\\1"),
        format!("http://127.1:{port}/v3/signups/1"),
        format!("http://0x7f000001:{port}/v3/signups/1"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("{api}/v3/signups/../../v1/tokens"),
        format!("{api}/v3/signups/1?next=http://127.0.0.1:{port}"),
        format!("{api}#@127.0.0.1:{port}"),
        format!("{api}.evil.example:{port}/"),
        "https://xn--pi-7kc.example/v3/signups/1".to_owned(),
        "javascript:alert(1)".to_owned(),
        "file:///etc/passwd".to_owned(),
        "http://".to_owned(),
        String::new(),
        "not an address\r\nx: y".to_owned(),
    ];
    for url in corpus {
        let reply = signed_up(&world, &client, json!({"url": url})).await.unwrap();
        let reply: serde_json::Value = serde_json::from_str(&reply).unwrap();
        assert_eq!(reply["url"], url);
        let before = world.sandbox.journal().as_array().unwrap().len();
        let arguments = json!({"signup_id": reply["id"]});
        client
            .magento_bi
            .invoke("magento_bi.signups.get", &arguments.to_string(), support::options(json!({})))
            .await
            .unwrap();
        let journal = world.sandbox.journal();
        let made = &journal.as_array().unwrap()[before..];
        assert_eq!(made.len(), 1);
        assert_eq!(made[0]["path"], format!("/v3/signups/{}", reply["id"].as_str().unwrap()));
    }
    assert_eq!(trap.connections(), 0);
}

async fn h7_an_id_in_a_reply_that_could_change_an_address_is_no_id(way: Way) {
    let world = World::by(way).await;
    let client = world.logged_in().await;
    for id in
        ["../../v1/tokens", "..", "1/2", "1?x", "1#x", "//evil.example", "http://evil.example", "1%2f2", "1\r\n2", ""]
    {
        let error = signed_up(&world, &client, json!({"id": id})).await.unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::Decode, Some(Outcome::Unknown)), "{id}: {error}");
        assert_eq!(detail(&error, "path"), "id", "{id}");
        assert!(!error.report().retryable);
    }
}

/// A page of people whose next one is said to be at `next`.
fn page(sample: &Sample, next: &str) -> Play {
    let mut reply = sample.reply.clone();
    reply["pagination"]["next"] = json!(next);
    Play::Reply(Canned::json(200, &reply))
}

#[tokio::test]
async fn h7_the_next_page_is_of_the_same_list_on_the_same_host_or_nowhere() {
    let sample = sample(&maestrano_samples(), "connec.page");
    let here = "https://api.example.com/api/v2/cld-4/people";
    let refused = [
        "https://evil.example/api/v2/cld-4/people?$skip=10",
        "http://api.example.com/api/v2/cld-4/people?$skip=10",
        "https://api.example.com:8443/api/v2/cld-4/people?$skip=10",
        "https://api.example.com.evil.example/api/v2/cld-4/people?$skip=10",
        "https://api.example.com@evil.example/api/v2/cld-4/people?$skip=10",
        "//evil.example/api/v2/cld-4/people?$skip=10",
        "\\\\evil.example\\api\\v2\\cld-4\\people",
        "https://xn--pi-7kc.example/api/v2/cld-4/people",
        "https://api.example.com/api/v2/cld-5/people?$skip=10",
        "https://api.example.com/api/v2/cld-4/people/../../cld-5/people",
        "https://api.example.com/api/v2/cld-4/organizations?$skip=10",
        "https://api.example.com/api/v1/account/bills",
        "/stolen",
        "javascript:alert(1)",
        "https://",
        "http://[::1",
    ];
    for next in refused {
        let fake = FakeSend::playing(&sample, page(&sample, next));
        let error = sample.invoke(&fake.client()).await.unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::UnexpectedContent, Some(Outcome::Answered)), "{next}");
        assert_eq!((detail(&error, "reason"), fake.sent()), (&json!("other_origin"), 1), "{next}: {error:?}");
        // Nor is it gone to when a caller brings it.
        let mut asked = sample.clone();
        asked.arguments["next"] = json!(next);
        let fake = FakeSend::playing(&sample, page(&sample, ""));
        let error = asked.invoke(&fake.client()).await.unwrap_err();
        assert_eq!((error.code(), fake.sent()), (Code::UnexpectedContent, 0), "{next}");
    }
    for next in
        [format!("{here}?%24skip=10&%24top=10"), "?$skip=10".to_owned(), "/api/v2/cld-4/people?$skip=10".to_owned()]
    {
        // A name alone is relative to the host, which is another list.
        let fake = FakeSend::playing(&sample, page(&sample, &next));
        let reply = sample.invoke(&fake.client()).await;
        if next.starts_with('?') {
            assert_eq!(reply.unwrap_err().code(), Code::UnexpectedContent);
            continue;
        }
        let reply: serde_json::Value = serde_json::from_str(&reply.unwrap()).unwrap();
        assert_eq!(reply["next"], next);
        let mut second = sample.clone();
        second.arguments["next"] = reply["next"].clone();
        second.invoke(&fake.client()).await.unwrap_err();
        let sent = fake.seen();
        assert!(sent[1].url.query().unwrap().contains("skip=10"), "{}", sent[1].target);
        assert!(!sent[1].target.contains("filter"), "the next page's query is the vendor's own: {}", sent[1].target);
    }
}

crate::over_both! {
    [
        h6_no_redirect_is_followed_anywhere_by_any_operation,
        h6_a_redirected_login_sends_the_password_nowhere_else,
        h7_an_address_in_a_reply_is_kept_and_never_visited,
        h7_an_id_in_a_reply_that_could_change_an_address_is_no_id,
    ]
}
