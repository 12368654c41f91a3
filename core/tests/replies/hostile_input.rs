//! Input that tries to become something else: identifiers, headers and tokens, for every operation (fault matrix P1, P2, P3).

use crate::support;

use std::sync::Arc;

use crate::support::clock::StepClock;
use crate::support::fake::{Canned, FakeSend, Play};
use crate::support::samples::{LOGIN, Sample, magento_bi_samples, samples, token};
use crate::support::{Events, detail, options, secret, shown};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};
use tenantry::http::Options;
use tenantry::{Code, Error, Outcome};

/// Cases per identifier; more by PROPTEST_CASES. The operations of Connect and Maestrano share their checks and meet fewer.
const CASES: u32 = 500;
const LIGHT_CASES: u32 = 100;

fn config(sample: &Sample) -> Config {
    let usual = if sample.light() { LIGHT_CASES } else { CASES };
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    Config { failure_persistence: None, ..Config::with_cases(cases) }
}

/// Sends `sample` with its argument at `pointer` replaced; what was sent, and what came of it.
fn sent_with(sample: &Sample, pointer: &str, value: Value) -> (Vec<support::fake::Seen>, Result<String, Error>) {
    let mut sample = sample.clone();
    *sample.arguments.pointer_mut(pointer).unwrap() = value;
    let fake = FakeSend::playing(&sample, Play::Reply(sample.canned(200)));
    let result = StepClock::default().drive(sample.invoke(&fake.client()));
    (fake.seen(), result)
}

/// The path of a pointer, as an error names it.
fn field(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer[1..].split('/') {
        match part.parse::<usize>() {
            Ok(index) => path.push_str(&format!("[{index}]")),
            Err(_) if path.is_empty() => path.push_str(part),
            Err(_) => path.push_str(&format!(".{part}")),
        }
    }
    path
}

/// Where a sample's arguments hold identifiers.
fn identifiers(sample: &Sample) -> Vec<String> {
    if sample.connect() {
        // Its other identifiers are text in a body.
        let one = if sample.lists() { "/ids/0" } else { "/id" };
        return sample.arguments.pointer(one).map(|_| one.to_owned()).into_iter().collect();
    }
    if sample.maestrano() {
        let known = ["/id", "/group_id", "/resource", "/name", "/ops/0/resource", "/ops/0/id"];
        // A list's are filters; and a page is of the resource that was asked for.
        let is = |pointer: &&str| match *pointer {
            "/group_id" => !sample.name().ends_with(".list"),
            "/resource" => sample.name() != "maestrano.connec.page",
            _ => true,
        };
        let found = known.into_iter().filter(is).filter(|pointer| sample.arguments.pointer(pointer).is_some());
        return found.map(str::to_owned).collect();
    }
    let top = sample.arguments.as_object().unwrap().keys().filter(|key| key.ends_with("_id"));
    let mut found: Vec<String> = top.map(|key| format!("/{key}")).collect();
    let nested = "/connections/db/connection_id";
    if sample.arguments.pointer(nested).is_some() {
        found.push(nested.to_owned());
    }
    found
}

#[test]
fn p1_a_hostile_identifier_is_refused_before_anything_is_sent() {
    let long = "x".repeat(10_240);
    let hostile = [
        "",
        ".",
        "..",
        "../x",
        "../../v1/tokens",
        "a/b",
        "/",
        "//evil.example",
        "a?b",
        "a?b=c&d=e",
        "a#b",
        "%2f",
        "%2e%2e",
        "a%00",
        "a\\b",
        "..\\x",
        "a\r\nb",
        "a\nhost: evil",
        "a\0b",
        "a b",
        " a",
        "a ",
        "a;b",
        "a,b",
        "a'b",
        "a\"b",
        "a<b>",
        "a{b}",
        "{client_id}",
        "ü",
        "日本",
        "\u{202e}a",
        "a\u{200b}b",
        "２",
        "http://evil.example/",
        "a&b",
        "a=b",
        "a*b",
        "a(b)",
        "a|b",
        "a^b",
        "a`b",
        "a$b",
        "a!b",
        &long,
    ];
    let mut checked = 0;
    for sample in samples() {
        for pointer in identifiers(&sample) {
            for text in hostile {
                let (seen, result) = sent_with(&sample, &pointer, json!(text));
                let error = result.unwrap_err();
                let case = format!("{} {pointer} {text:.40?}: {error}", sample.name());
                assert_eq!((error.code(), error.outcome()), (Code::InvalidId, Some(Outcome::NotSent)), "{case}");
                assert!(seen.is_empty(), "{case}");
                assert_eq!(detail(&error, "field"), &json!(field(&pointer)), "{case}");
                checked += 1;
            }
        }
    }
    assert!(checked > 400, "only {checked} cases");
}

#[test]
fn p1_an_identifier_is_text_or_a_whole_number_and_nothing_else() {
    for sample in samples() {
        for pointer in identifiers(&sample) {
            for value in [json!(null), json!(true), json!(-1), json!(1.5), json!([]), json!({}), json!(["7"])] {
                // The user of a dashboard may be left out, and the id of what is shared.
                let shared = sample.name().starts_with("maestrano.connec.") && pointer.ends_with("/id");
                if value.is_null() && (pointer == "/user_id" || shared) {
                    continue;
                }
                let (seen, result) = sent_with(&sample, &pointer, value.clone());
                let error = result.unwrap_err();
                assert!(matches!(error.code(), Code::InvalidId | Code::Validation), "{pointer} {value}: {error}");
                assert!(seen.is_empty() && error.outcome() == Some(Outcome::NotSent), "{pointer} {value}");
            }
        }
    }
}

#[test]
fn p1_an_accepted_identifier_is_one_segment_of_the_path_and_nothing_else() {
    for sample in samples() {
        for pointer in identifiers(&sample) {
            let text = prop_oneof![any::<String>(), "[A-Za-z0-9._~:@+-]{1,128}", "[./%a-c?#\\\\;@:]{1,6}"];
            let run = TestRunner::new(config(&sample)).run(&text, |text| {
                let (seen, result) = sent_with(&sample, &pointer, json!(text));
                let allowed = |c: char| c.is_ascii_alphanumeric() || "._~:@+-".contains(c);
                let good = (1..=128).contains(&text.len()) && text.chars().all(allowed) && text != "." && text != "..";
                prop_assert_eq!(result.is_ok(), good, "{:?}", result);
                if !good {
                    prop_assert!(seen.is_empty());
                    return Ok::<(), TestCaseError>(());
                }
                let mut with = sample.clone();
                *with.arguments.pointer_mut(&pointer).unwrap() = json!(text);
                let sent = seen.last().unwrap();
                prop_assert_eq!(sent.url.path(), with.path());
                prop_assert_eq!(sent.url.path().split('/').count(), sample.path().split('/').count());
                prop_assert!(sent.url.fragment().is_none() && sent.url.username().is_empty());
                prop_assert!(sent.url.host_str().is_some_and(|host| host.ends_with(".example.com")));
                Ok(())
            });
            run.unwrap_or_else(|failure| panic!("{} {pointer}: {failure}", sample.name()));
        }
    }
}

#[test]
fn p1_a_hostile_text_stays_inside_its_body() {
    for sample in samples() {
        let texts: Vec<&str> = ["name", "company", "email", "package", "tier", "reason", "text", "template_id"]
            .into_iter()
            .filter(|key| sample.arguments[*key].is_string() && !identifiers(&sample).contains(&format!("/{key}")))
            .collect();
        for key in texts {
            for text in ["\"}, {\"x\": \"", "a\r\nhost: evil", "a\0b", "\u{202e}", "&admin=1", "' OR 1=1 --", "{{7*7}}"]
            {
                let (seen, result) = sent_with(&sample, &format!("/{key}"), json!(text));
                result.unwrap();
                let sent = seen.last().unwrap();
                let body: Value = serde_json::from_slice(&sent.body).unwrap();
                assert_eq!(body[key], text, "{}", sample.name());
                assert_eq!(sent.url.path(), sample.path());
            }
        }
    }
}

/// A sender whose login gives `token`, and whether anything but logins was sent.
fn logging_in_with(token: Value, sample: &Sample) -> (Result<String, Error>, usize) {
    let reply = sample.reply.clone();
    let fake = FakeSend::new(move |seen| {
        Play::Reply(if seen.is_login() { Canned::json(201, &token) } else { Canned::json(200, &reply) })
    });
    let result = StepClock::default().drive(sample.invoke(&fake.client()));
    (result, fake.seen().iter().filter(|seen| !seen.is_login()).count())
}

#[test]
fn p2_a_token_that_could_change_a_header_is_refused_and_not_shown() {
    let authorised: Vec<Sample> = magento_bi_samples().into_iter().filter(Sample::authorised).collect();
    for sample in &authorised {
        for tail in [";admin=1", "; path=/", "\r\nx: y", "\n", "\0", "ü", " ", ",b", "\"", "\\", "\u{7f}", "\t"] {
            let hidden = secret();
            let mut hostile = token();
            hostile["access_token"] = json!(format!("{hidden}{tail}"));
            let (result, sent) = logging_in_with(hostile, sample);
            let error = result.unwrap_err();
            assert_eq!((error.code(), sent), (Code::Decode, 0), "{} {tail:?}", sample.name());
            assert!(error.to_string().contains("access_token"), "{error}");
            assert!(!shown(&error).contains(&hidden), "{error:?}");
        }
        for user in [json!("1; DASHSESS2=x"), json!("1\r\nx: y"), json!(""), json!(".."), json!("ü"), json!(-1)] {
            let mut hostile = token();
            hostile["user_id"] = user.clone();
            let (result, sent) = logging_in_with(hostile, sample);
            assert_eq!((result.unwrap_err().code(), sent), (Code::Decode, 0), "{} {user}", sample.name());
        }
    }
}

#[test]
fn p2_any_token_is_sent_as_it_is_or_not_at_all() {
    let sample = support::samples::sample(&magento_bi_samples(), "jobs.list_by_type");
    let run = TestRunner::new(config(&sample)).run(&any::<String>(), |text| {
        let mut login = token();
        login["access_token"] = json!(text);
        let given = login.clone();
        let reply = sample.reply.clone();
        let fake = FakeSend::new(move |seen| {
            Play::Reply(if seen.is_login() { Canned::json(201, &given) } else { Canned::json(200, &reply) })
        });
        let result = StepClock::default().drive(sample.invoke(&fake.client()));
        let sent = fake.seen().into_iter().find(|seen| !seen.is_login());
        prop_assert_eq!(result.is_ok(), sent.is_some());
        if let Some(sent) = sent {
            let cookies: Vec<_> = sent.headers.get_all("cookie").iter().collect();
            prop_assert_eq!(cookies.len(), 1);
            let cookie = cookies[0].to_str().unwrap();
            prop_assert_eq!(cookie, format!("dashuid=1; DASHSESS2={text}"));
            prop_assert_eq!(cookie.split(';').count(), 2);
        }
        Ok(())
    });
    run.unwrap();
}

#[test]
fn p2_a_header_option_that_could_change_a_request_is_refused_by_name_and_not_shown() {
    for sample in samples() {
        for tail in ["\r\nx: y", "\n", "\r", "\0", "ü", "\u{7f}", "\u{1}"] {
            let hidden = secret();
            let value = format!("{hidden}{tail}");
            for (given, field) in [
                (json!({"extra_headers": {"x-tag": value}}), "extra_headers.x-tag"),
                (json!({"user_agent": value}), "user_agent"),
            ] {
                let fake = FakeSend::playing(&sample, Play::Reply(sample.canned(200)));
                let call = sample.call(&fake.client(), options(given)).await_now();
                let error = call.unwrap_err();
                assert_eq!((error.outcome(), fake.sent()), (Some(Outcome::NotSent), 0), "{field}");
                assert!(error.to_string().contains(field) && !shown(&error).contains(&hidden), "{error}");
            }
        }
        for name in ["x tag", "x:tag", "x\r\ntag", "", "ü", "Cookie", "AUTHORIZATION", "Host", "x-request-id"] {
            let fake = FakeSend::playing(&sample, Play::Reply(sample.canned(200)));
            let given = options(json!({"extra_headers": {name: "1"}}));
            assert!(sample.call(&fake.client(), given).await_now().is_err(), "{name}");
            assert_eq!(fake.sent(), 0, "{name}");
        }
    }
}

#[test]
fn p2_a_form_is_encoded_field_by_field() {
    let sample = support::samples::sample(&magento_bi_samples(), "jobs.start_connection_test");
    let (seen, result) = sent_with(&sample, "/connection_id", json!("5+6@7:8"));
    result.unwrap();
    let body = &seen.last().unwrap().body;
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let expected = [("jobType", "27"), ("workload[connectionId]", "5+6@7:8"), ("workload[syncAndSample]", "1")];
    assert_eq!(fields, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    assert!(!body.contains(&b'['));
}

#[test]
fn p2_no_event_shows_a_secret_an_identifier_or_a_query() {
    for sample in samples() {
        let (hidden, events) = (secret(), Events::default());
        let reply = Play::Reply(sample.canned(200).with("x-request-id", format!("password={hidden}")));
        let fake = FakeSend::playing(&sample, reply);
        let client = fake.builder().password(&hidden).on_event(events.listener()).build().unwrap();
        StepClock::default().drive(sample.call(&client, Options::default())).unwrap();
        let token = sample.arguments["session"].as_str().unwrap_or(&hidden);
        let told = events.take();
        assert!(told.iter().any(|event| event.operation == sample.row().name));
        for event in told {
            let text = serde_json::to_string(&event).unwrap();
            assert!(!text.contains(&hidden) && !text.contains("include_deleted"), "{text}");
            assert!(!text.contains(token) && !text.contains("filter"), "{text}");
            assert!([sample.row().path, "/v1/tokens"].contains(&event.path), "{text}");
            assert!([sample.row().name, LOGIN].contains(&event.operation), "{text}");
        }
    }
}

#[test]
fn p3_what_is_asked_of_maestrano_is_encoded_and_says_nothing_else() {
    let hostile = ["a&b=c", "a=b", "x y", "a+b", "#x", "%26", "ü\u{0}", "'; --", "a/../b", "?", "\r\nx: y"];
    let rows = [
        ("maestrano.bills.list", "/status", "status"),
        ("maestrano.users.list", "/group_id", "group_id"),
        ("maestrano.sessions.check", "/session", "session"),
        ("maestrano.connec.page", "/params/$filter", "$filter"),
        ("maestrano.connec.report", "/params/from", "from"),
    ];
    for (name, pointer, key) in rows {
        let sample = support::samples::sample(&samples(), name);
        for text in hostile {
            let (seen, result) = sent_with(&sample, pointer, json!(text));
            result.unwrap_or_else(|error| panic!("{name} {text:?}: {error}"));
            let sent = &seen.last().unwrap().url;
            let values: Vec<String> =
                sent.query_pairs().filter(|(name, _)| name == key).map(|(_, value)| value.into_owned()).collect();
            assert_eq!(values, [text], "{name}");
            let pairs = sent.query_pairs().count();
            let arguments = if sample.wrapped() { &sample.arguments } else { &sample.arguments["params"] };
            let given = arguments.as_object().map_or(1, serde_json::Map::len);
            assert_eq!((pairs, sent.path(), sent.fragment()), (given, sample.path().as_str(), None), "{name}");
        }
    }
}

#[test]
fn p2_what_is_billed_says_what_was_given_and_its_reference() {
    for sample in samples().into_iter().filter(Sample::bills) {
        let reference = sample.arguments["reference"].as_str().unwrap();
        for text in ["\"}, {\"x\": \"", "a\r\nhost: evil", "\u{202e}", "&admin=1", "' OR 1=1 --", "] [", "ü"] {
            let (seen, result) = sent_with(&sample, "/description", json!(text));
            result.unwrap();
            let body: Value = serde_json::from_slice(&seen.last().unwrap().body).unwrap();
            assert_eq!(body["description"], format!("{text} [ref:{reference}]"));
            assert!(body.get("reference").is_none() && body.get("journal").is_none());
        }
        for text in ["a b", "a]", "", "a[", "ü", "a\nb", &"x".repeat(65)] {
            let (seen, result) = sent_with(&sample, "/reference", json!(text));
            let error = result.unwrap_err();
            assert_eq!((error.code(), detail(&error, "field")), (Code::Validation, &json!("reference")), "{text:?}");
            assert!(seen.is_empty());
        }
    }
}

#[test]
fn p2_an_id_or_a_key_that_could_change_a_header_is_never_sent() {
    for id in ["a:b", ":", "a\r\nx: y", "ü", "a b"] {
        for key in ["k", "k:k", "k\r\nx: y", "ü\0"] {
            let sample = support::samples::sample(&samples(), "maestrano.groups.get");
            let fake = FakeSend::playing(&sample, Play::Reply(sample.canned(200)));
            let account = tenantry::maestrano::Client::builder().base_url("https://api.example.com/api/v1");
            let account = account.app_id(id).app_key(key).http_send(fake.clone());
            let account = account.clock(Arc::new(StepClock::default())).build();
            if id.contains(':') {
                assert_eq!(account.unwrap_err().code(), Code::Config);
                continue;
            }
            let client = support::client::Client { maestrano: account.unwrap(), ..fake.client() };
            sample.call(&client, Options::default()).await_now().unwrap();
            // Base64 says anything in letters that no header could be ended by.
            let shown = fake.seen()[0].headers["authorization"].to_str().unwrap().to_owned();
            let pair = STANDARD.decode(shown.strip_prefix("Basic ").unwrap()).unwrap();
            assert_eq!(String::from_utf8(pair).unwrap(), format!("{id}:{key}"));
        }
    }
}

/// Runs a call whose sender answers at once.
trait AwaitNow: Future + Sized {
    fn await_now(self) -> Self::Output {
        StepClock::default().drive(self)
    }
}

impl<F: Future> AwaitNow for F {}
