//! Replies that are not what an operation expects, for every operation (fault matrix H1, H2, H5, H9; D1 by status).

use crate::support::fake::{Canned, FakeSend, Play};
use crate::support::samples::{Sample, samples, token};
use crate::support::{detail, options, secret, shown};
use serde_json::{Value, json};
use tenantry::{Code, Error, Outcome};

/// Sends `sample` to a server that says `canned`; how often it was sent, and what came of it.
async fn said(sample: &Sample, canned: Canned) -> (usize, Result<String, Error>) {
    let fake = FakeSend::playing(sample, Play::Reply(canned));
    let result = sample.invoke(&fake.client()).await;
    (fake.sent_for(sample), result)
}

/// What a request whose reply cannot be used has become.
fn unread(sample: &Sample) -> Outcome {
    if sample.safe() { Outcome::Answered } else { Outcome::Unknown }
}

/// Every operation whose failed request is the call's own failure.
fn direct() -> impl Iterator<Item = Sample> {
    samples().into_iter().filter(Sample::direct)
}

/// Every operation that replies with JSON, and to which a reply that cannot be read is no answer.
fn in_json() -> impl Iterator<Item = Sample> {
    samples().into_iter().filter(|sample| !sample.is_text() && !sample.falls_back())
}

/// Pages that stand in front of an API, and other things that are no JSON.
fn pages(secret: &str) -> [(&'static str, String); 20] {
    let html = "text/html; charset=utf-8";
    let long = format!("<html><body>{}</body></html>", "padding ".repeat(4_000));
    [
        (html, "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<hr><center>nginx</center>".to_owned()),
        (html, "<html>\r\n<head><title>413 Request Entity Too Large</title></head></html>".to_owned()),
        (html, "<!DOCTYPE html><title>Just a moment...</title><div id=\"cf-wrapper\"></div>".to_owned()),
        (html, "<!DOCTYPE html><span>Error 522</span><span>Connection timed out</span>".to_owned()),
        (html, "<form action=/login><input name=username><input type=submit></form>".to_owned()),
        (html, format!("<pre>{{\"user\": \"csm\", \"password\": \"{secret}\"}}</pre>")),
        (html, format!("<script>window.token='{secret}'; access_token={secret}</script>")),
        (html, long),
        ("text/plain", "upstream connect error or disconnect/reset before headers".to_owned()),
        ("text/plain", "OK".to_owned()),
        ("text/plain", "Fatal error: Allowed memory size of 134217728 bytes exhausted".to_owned()),
        ("text/plain", "id=1&status=completed".to_owned()),
        ("text/xml", "<?xml version=\"1.0\"?><error><message>no</message></error>".to_owned()),
        ("application/xml", "<id>1</id>".to_owned()),
        ("application/javascript", "callback({\"id\": 1})".to_owned()),
        ("application/octet-stream", "\u{1}\u{2}\u{3}".to_owned()),
        ("application/json", "<html><body>said to be JSON</body></html>".to_owned()),
        ("application/problem+json", "<!-- nothing -->".to_owned()),
        ("", "just words".to_owned()),
        ("", "---\nid: 1\n".to_owned()),
    ]
}

#[tokio::test]
async fn h1_a_page_instead_of_json_is_unexpected_content_with_a_clean_excerpt() {
    for sample in in_json() {
        let secret = secret();
        for (content_type, body) in pages(&secret) {
            let mut canned = Canned::new(200, body.clone());
            if !content_type.is_empty() {
                canned = canned.with("content-type", content_type);
            }
            let (sent, result) = said(&sample, canned).await;
            let error = result.unwrap_err();
            let case = format!("{} {body:.60}", sample.name());
            assert_eq!(
                (error.code(), error.status()),
                (sample.lost(Code::UnexpectedContent), Some(200)),
                "{case}: {error}"
            );
            assert_eq!((error.outcome(), sent), (Some(unread(&sample)), 1), "{case}");
            let excerpt = detail(&error, "excerpt").as_str().unwrap();
            assert!(!excerpt.is_empty() && excerpt.len() <= 2_048, "{case}");
            if body.contains(&secret) {
                assert!(excerpt.contains("***") && !shown(&error).contains(&secret), "{case}: {error:?}");
            }
        }
    }
}

#[tokio::test]
async fn h1_a_servers_echo_of_the_calls_own_secrets_is_masked() {
    for sample in direct() {
        let itself = sample.is_login();
        let fake = FakeSend::new(move |seen| {
            if seen.is_login() && !itself {
                return Play::Reply(Canned::json(201, &token()));
            }
            // Everything that came goes back, headers and body, as a debug page shows them; without the separators by
            // which a secret could be told from its key, so that it must be known.
            let headers = seen.headers.values().map(|value| value.to_str().unwrap()).collect::<Vec<_>>().join(" ");
            let page = format!("<pre>{headers} {} {}", seen.target, String::from_utf8_lossy(&seen.body));
            let page = page.replace([':', '='], " ");
            Play::Reply(Canned::new(500, page).with("content-type", "text/html"))
        });
        let (password, client_secret) = (secret(), secret());
        let client = fake.builder().password(&password).client_secret(&client_secret).build().unwrap();
        let no_retry = options(json!({"max_retries": 0}));
        let error = sample.call(&client, no_retry).await.unwrap_err();
        let text = shown(&error);
        let own = sample.arguments["credentials"]["password"].as_str().unwrap_or(&password);
        for secret in [&password, &client_secret, own] {
            assert!(!text.contains(secret), "{}: {text}", sample.name());
        }
        // The token of this run begins as every secret of the tests does.
        assert!(!text.contains("canary-"), "{}: {text}", sample.name());
        assert!(text.contains("<pre>"), "{}: the page is shown, {text}", sample.name());
    }
}

#[tokio::test]
async fn h1_json_is_json_whatever_its_content_type_says() {
    for sample in in_json() {
        for content_type in ["text/html", "text/plain", "application/octet-stream", ""] {
            let mut canned = Canned::new(200, sample.body());
            if !content_type.is_empty() {
                canned = canned.with("content-type", content_type);
            }
            let reply = said(&sample, canned).await.1;
            assert_eq!(reply.unwrap(), sample.answer(), "{} {content_type}", sample.name());
        }
    }
}

#[tokio::test]
async fn h2_an_empty_reply_is_null_where_an_operation_promises_nothing_and_an_error_elsewhere() {
    for sample in samples().into_iter().filter(|sample| !sample.falls_back()) {
        for (status, body) in [(204, ""), (200, ""), (201, " \r\n\t "), (200, "null")] {
            let (sent, result) = said(&sample, Canned::new(status, body)).await;
            let case = format!("{} {status} {body:?}", sample.name());
            assert_eq!(sent, 1, "{case}");
            if sample.name() == "magento_bi.clients.update" || sample.is_thin() {
                assert_eq!(result.unwrap(), "null", "{case}");
            } else if sample.is_text() {
                assert_eq!(result.unwrap(), json!(body).to_string(), "{case}");
            } else if sample.changes() {
                // The change was made; that it cannot be read now does not undo it.
                let id = sample.arguments["id"].as_str().unwrap();
                assert_eq!(result.unwrap(), json!({"id": id}).to_string(), "{case}");
            } else {
                let error = result.unwrap_err();
                assert_eq!(
                    (error.code(), error.outcome()),
                    (sample.lost(Code::Decode), Some(unread(&sample))),
                    "{case}"
                );
            }
        }
    }
}

#[tokio::test]
async fn h2_a_change_that_is_answered_with_nothing_is_read() {
    for sample in samples().into_iter().filter(Sample::changes) {
        for (status, body) in [(204, ""), (200, ""), (200, "null"), (200, "[]"), (202, " \n")] {
            let plays = vec![Play::Reply(Canned::new(status, body))];
            let fake = FakeSend::playing_and_reading(&sample, plays, Play::Reply(sample.canned(200)));
            let reply = sample.invoke(&fake.client()).await.unwrap();
            assert_eq!(reply, sample.body(), "{} {status} {body:?}", sample.name());
            assert_eq!((fake.sent_for(&sample), fake.sent()), (1, 2), "{} {status} {body:?}", sample.name());
        }
    }
}

#[tokio::test]
async fn h2_a_reply_with_a_status_that_promises_none_is_read() {
    for sample in samples() {
        for status in [202, 204, 205, 226] {
            let reply = said(&sample, sample.canned(status)).await.1;
            assert_eq!(reply.unwrap(), sample.answer(), "{} {status}", sample.name());
        }
    }
}

#[tokio::test]
async fn h5_a_refusal_is_typed_final_and_keeps_every_field_error() {
    let rows = [
        (400, Code::BadRequest),
        (402, Code::BadRequest),
        (403, Code::Permission),
        (404, Code::NotFound),
        (405, Code::BadRequest),
        (409, Code::Conflict),
        (410, Code::NotFound),
        (412, Code::Conflict),
        (415, Code::BadRequest),
        (422, Code::Unprocessable),
        (451, Code::BadRequest),
    ];
    let errors = json!([
        {"field": "email", "message": "is taken"},
        {"field": "magento.customer_id", "message": "is unknown", "codes": [1, 2]},
        {"field": "tier", "message": null},
    ]);
    for sample in samples() {
        for (status, code) in rows {
            let body = json!({"message": "look here", "errors": errors});
            let (sent, result) = said(&sample, Canned::json(status, &body).with("x-request-id", "server-7")).await;
            let error = result.unwrap_err();
            let case = format!("{} {status}", sample.name());
            assert_eq!((error.code(), error.status()), (code, Some(status)), "{case}");
            assert_eq!((error.outcome(), sent), (Some(Outcome::Rejected), 1), "{case}");
            assert_eq!(detail(&error, "errors"), &errors, "{case}");
            assert!(error.to_string().contains("look here"), "{case}: {error}");
            let report = error.report();
            assert_eq!(report.operation.as_deref(), Some(sample.row().name), "{case}");
            assert_eq!((report.request_id.as_deref(), report.retryable), (Some("server-7"), false), "{case}");
        }
    }
}

#[tokio::test]
async fn h5_field_errors_are_kept_in_the_form_that_they_came_in() {
    for sample in samples() {
        let forms = [json!({"email": ["is taken", "is long"]}), json!("all wrong"), json!([1, null]), json!([])];
        for errors in forms {
            let error = said(&sample, Canned::json(422, &json!({"errors": errors}))).await.1.unwrap_err();
            assert_eq!(detail(&error, "errors"), &errors, "{}", sample.name());
        }
        for body in [json!([1]), json!("no"), Value::Null, json!({"error": {"message": "deep"}})] {
            let error = said(&sample, Canned::json(422, &body)).await.1.unwrap_err();
            assert_eq!(error.code(), Code::Unprocessable, "{} {body}", sample.name());
        }
    }
}

#[tokio::test]
async fn d1_a_server_error_after_a_create_asks_instead_of_repeating() {
    for sample in direct() {
        for status in [500, 502, 503, 504, 520, 599] {
            let (sent, result) = said(&sample, Canned::new(status, "down")).await;
            let error = result.unwrap_err();
            let case = format!("{} {status}", sample.name());
            assert_eq!(error.outcome(), Some(Outcome::Unknown), "{case}");
            if sample.once() {
                assert_eq!((error.code(), sent), (Code::OutcomeUnknown, 1), "{case}");
                assert_eq!((detail(&error, "cause"), error.report().retryable), (&json!("server"), false), "{case}");
            } else {
                assert_eq!((error.code(), sent), (Code::Server, 3), "{case}");
                assert!(error.report().retryable, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn d1_a_success_that_cannot_be_read_is_never_sent_again() {
    for sample in in_json() {
        for body in ["{\"id\": ", "{", "[[", "{}{}", "[}"] {
            let canned = Canned::new(201, body).with("content-type", "application/json");
            let (sent, result) = said(&sample, canned).await;
            let error = result.unwrap_err();
            let case = format!("{} {body}", sample.name());
            assert_eq!((error.code(), sent), (sample.lost(Code::Decode), 1), "{case}: {error}");
            assert_eq!((error.outcome(), error.report().retryable), (Some(unread(&sample)), false), "{case}");
        }
    }
}

/// Every operation whose replies say in their own words whether they are one.
fn wrapped() -> impl Iterator<Item = Sample> {
    samples().into_iter().filter(Sample::wrapped)
}

#[tokio::test]
async fn h9_no_success_is_an_error_whatever_its_status_says() {
    let rows = [
        (json!({"id": ["does not exist"]}), Code::NotFound),
        (json!({"status": ["has already been set to invoiced and cannot be changed"]}), Code::Conflict),
        (json!({"authentication": ["Invalid API token"]}), Code::Authentication),
        (json!({"group_id": ["does not exist or cannot be charged by your service"]}), Code::BadRequest),
        (json!({"price_cents": ["can't be blank", "is not a number"], "currency": ["is unknown"]}), Code::BadRequest),
        (json!({}), Code::BadRequest),
        (json!(["no", 1]), Code::BadRequest),
        (json!(null), Code::BadRequest),
    ];
    for sample in wrapped() {
        for (errors, code) in &rows {
            // The data that comes with it is none, be it whole.
            for data in [json!({}), json!(null), sample.reply.clone()] {
                for status in [200, 201] {
                    let body = json!({"success": false, "errors": errors, "data": data});
                    let (sent, result) = said(&sample, Canned::json(status, &body)).await;
                    let error = result.unwrap_err();
                    let case = format!("{} {body}: {error:?}", sample.name());
                    assert_eq!((error.code(), error.outcome()), (*code, Some(Outcome::Rejected)), "{case}");
                    assert_eq!((error.status(), sent), (Some(status), 1), "{case}");
                    assert_eq!(detail(&error, "errors"), errors, "{case}");
                    let fields = errors.as_object().into_iter().flatten();
                    for text in fields.flat_map(|(_, texts)| texts.as_array().unwrap()) {
                        assert!(error.to_string().contains(text.as_str().unwrap()), "{case}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn h9_a_system_that_failed_with_200_may_have_carried_it_out() {
    let errors = json!({"system": ["A system error occured. Please retry later or contact somebody."]});
    for sample in wrapped().filter(Sample::direct) {
        let body = json!({"success": false, "errors": errors, "data": {}});
        let (sent, result) = said(&sample, Canned::json(200, &body)).await;
        let error = result.unwrap_err();
        let case = format!("{}: {error:?}", sample.name());
        let (code, times) = if sample.once() { (Code::OutcomeUnknown, 1) } else { (Code::Server, 3) };
        assert_eq!((error.code(), error.outcome(), sent), (code, Some(Outcome::Unknown), times), "{case}");
    }
}

#[tokio::test]
async fn h9_what_is_not_wrapped_as_it_should_be_is_no_reply() {
    for sample in wrapped() {
        let data = sample.reply.to_string();
        let unreadable = [
            data.clone(),
            format!(r#"{{"data":{data}}}"#),
            format!(r#"{{"success":"true","errors":{{}},"data":{data}}}"#),
            format!(r#"{{"success":1,"data":{data}}}"#),
            format!(r#"{{"success":null,"data":{data}}}"#),
            format!(r#"{{"success":true,"success":true,"data":{data}}}"#),
            r#"{"success":true,"errors":{}}"#.to_owned(),
            r#"{"success":true,"errors":{},"data":null}"#.to_owned(),
            format!("[{}]", sample.body()),
        ];
        for body in unreadable {
            let (sent, result) = said(&sample, Canned::new(200, body.clone())).await;
            let error = result.unwrap_err();
            let case = format!("{} {body:.80}: {error:?}", sample.name());
            assert_eq!((error.code(), error.outcome()), (sample.lost(Code::Decode), Some(unread(&sample))), "{case}");
            assert_eq!(sent, 1, "{case}");
        }
        let readable = [
            format!(r#"{{"data":{data},"errors":{{}},"success":true}}"#),
            format!(r#"{{"success":true,"data":{data}}}"#),
            format!(r#"{{"success":true,"errors":["odd"],"more":[1e400],"data": {data} }}"#),
        ];
        for body in readable {
            let reply = said(&sample, Canned::new(200, body.clone())).await.1;
            assert_eq!(reply.unwrap(), sample.answer(), "{} {body:.80}", sample.name());
        }
    }
}

#[tokio::test]
async fn h2_an_object_without_anything_is_no_row() {
    for sample in wrapped().filter(|sample| sample.reply["id"].is_string()) {
        let body = sample.wrap("{}");
        let error = said(&sample, Canned::new(200, body)).await.1.unwrap_err();
        assert_eq!(error.code(), sample.lost(Code::Decode), "{}: {error}", sample.name());
    }
}

#[tokio::test]
async fn d1_a_bill_is_found_in_whatever_row_it_stands() {
    // None of it is a value that this program could hold; the reference can be read all the same.
    let extras = [r#""extra":1e400"#, r#""extra":"\ud800""#, r#""units":"1E400","extra":[[{"a":-1e999}]]"#];
    for sample in samples().into_iter().filter(Sample::bills) {
        for extra in extras {
            let row = sample.reply.to_string().replacen('{', &format!("{{{extra},"), 1);
            let row = if extra.contains("units") { row.replace(r#","units":"1.50""#, "") } else { row };
            let list = Canned::new(200, sample.wrap(&format!("[{row}]")));
            let fake = FakeSend::playing_and_reading(&sample, vec![Play::Reset], Play::Reply(list));
            let reply = sample.invoke(&fake.client()).await;
            let case = format!("{} {extra}: {reply:?}", sample.name());
            assert_eq!(fake.sent_for(&sample), 1, "{case}");
            assert!(reply.unwrap().ends_with(r#""already_applied":true}"#), "{case}");
        }
        // Several may be it, and nobody but a person can tell.
        let rows = sample.wrap(&json!([sample.reply, sample.reply]).to_string());
        let fake = FakeSend::playing_and_reading(&sample, vec![Play::Reset], Play::Reply(Canned::new(200, rows)));
        let error = sample.invoke(&fake.client()).await.unwrap_err();
        assert_eq!((error.code(), fake.sent_for(&sample)), (Code::OutcomeUnknown, 1), "{}", sample.name());
        assert_eq!(detail(&error, "candidates"), &json!([sample.reply, sample.reply]), "{}", sample.name());
    }
}

/// Ways in which nobody can be asked, and how often it is tried.
fn outages(secret: &str) -> Vec<(Play, Code, usize)> {
    let page = Canned::new(200, format!("<script>token='{secret}'</script>")).with("content-type", "text/html");
    let elsewhere = Canned::new(302, "").with("location", format!("https://evil.example/?session={secret}"));
    vec![
        (Play::Refused, Code::Connection, 0),
        (Play::Reset, Code::Connection, 3),
        (Play::Reply(Canned::new(500, "")), Code::Server, 3),
        (Play::Reply(Canned::new(503, "").with("retry-after", "1")), Code::Server, 3),
        (Play::Reply(Canned::new(429, "").with("retry-after", "100000")), Code::RateLimited, 1),
        (Play::Reply(page), Code::UnexpectedContent, 1),
        (Play::Reply(elsewhere), Code::Redirect, 1),
        (Play::Reply(Canned::new(200, "")), Code::Decode, 1),
        (Play::Reply(Canned::new(200, "{\"valid\": ")), Code::Decode, 1),
        (Play::Reply(Canned::new(200, "{\"valid\": \"true\"}")), Code::Decode, 1),
        (Play::Reply(Canned::new(200, "{\"recheck\": null}")), Code::Decode, 1),
        (Play::Reply(Canned { cut_at: Some(3), ..Canned::new(200, "{\"valid\": true}") }), Code::Connection, 3),
    ]
}

#[tokio::test]
async fn h1_a_session_that_nobody_can_tell_of_is_as_valid_as_the_caller_says_and_not_remembered() {
    for sample in samples().into_iter().filter(Sample::falls_back) {
        let token = sample.arguments["session"].as_str().unwrap();
        for (play, code, times) in outages(token) {
            for fail_open in [false, true] {
                let mut sample = sample.clone();
                sample.arguments["fail_open"] = json!(fail_open);
                let fake = FakeSend::playing(&sample, play.clone());
                let client = fake.client();
                for asked in 1..=2 {
                    let reply = sample.invoke(&client).await.unwrap();
                    let told: Value = serde_json::from_str(&reply).unwrap();
                    let reason = code.to_string();
                    let expected = json!({"valid": fail_open, "recheck": null, "checked": false, "reason": reason});
                    assert_eq!(told, expected, "{play:?}");
                    assert_eq!(fake.sent_for(&sample), asked * times, "{play:?}");
                    assert!(!reply.contains(token), "{reply}");
                }
            }
        }
        // Whoever refuses to say has been asked.
        for (status, code) in [(400, Code::BadRequest), (403, Code::Permission), (404, Code::NotFound)] {
            let canned = Canned::json(status, &json!({"message": format!("no session {token}")}));
            let error = said(&sample, canned).await.1.unwrap_err();
            assert_eq!(error.code(), code);
            assert!(!shown(&error).contains(token), "{error:?}");
        }
    }
}
