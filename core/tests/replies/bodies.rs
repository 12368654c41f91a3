//! Bodies that are too deep, too long or no text, for every operation (fault matrix B2, B3; B1 without sockets).

use crate::support::fake::{Canned, FakeSend, Play};
use crate::support::samples::{Sample, samples};
use crate::support::{detail, options};
use serde_json::json;
use tenantry::{Code, Error, Outcome};

/// What comes of a reply proper that says `body`.
async fn said(sample: &Sample, body: impl AsRef<[u8]>) -> Result<String, Error> {
    let whole = sample.wrap("\0");
    let (before, after) = whole.split_once('\0').unwrap();
    said_whole(sample, [before.as_bytes(), body.as_ref(), after.as_bytes()].concat()).await
}

/// What comes of a reply that says `body`, with all that its system wraps it in.
async fn said_whole(sample: &Sample, body: impl Into<Vec<u8>>) -> Result<String, Error> {
    let content_type = if sample.is_text() { "text/markdown" } else { "application/json" };
    let canned = Canned::new(200, body).with("content-type", content_type);
    let fake = FakeSend::playing(sample, Play::Reply(canned));
    let result = sample.invoke(&fake.client()).await;
    assert_eq!(fake.sent_for(sample), 1, "{}: a body that cannot be read would be the same again", sample.name());
    result
}

/// Every operation that replies with JSON, and to which a reply that cannot be read is no answer.
fn in_json() -> impl Iterator<Item = Sample> {
    samples().into_iter().filter(|sample| !sample.is_text() && !sample.falls_back())
}

/// `sample`'s reply with `field` added to its object, or to the first of its list.
fn with_field(sample: &Sample, field: &str) -> String {
    let reply = sample.reply.to_string();
    let inside = reply.find('{').unwrap() + 1;
    let comma = if reply[inside..].starts_with('}') { "" } else { "," };
    format!("{}{field}{comma}{}", &reply[..inside], &reply[inside..])
}

#[tokio::test]
async fn b2_a_million_levels_are_an_error_and_no_overflow() {
    for sample in in_json() {
        for (opening, closing) in [("[", "]"), ("{\"a\":", "}"), ("[{\"id\":", "}]")] {
            for body in [opening.repeat(1_000_000), opening.repeat(100_000) + "1" + &closing.repeat(100_000)] {
                let error = said(&sample, body).await.err().map(|error| error.code());
                assert_eq!(error, Some(sample.lost(Code::Decode)), "{} {opening}", sample.name());
            }
            // Where nobody looks it is an error too: Python and Node would have to descend into it.
            let nested =
                |levels| with_field(&sample, &format!("\"extra\":{}1{}", "[".repeat(levels), "]".repeat(levels)));
            let error = said(&sample, nested(10_000)).await.err().map(|error| error.code());
            assert_eq!(error, Some(sample.lost(Code::Decode)), "{}", sample.name());
            assert_eq!(said(&sample, nested(120)).await.unwrap(), sample.given(&nested(120)), "{}", sample.name());
        }
    }
}

#[tokio::test]
async fn b2_a_number_of_a_million_digits_is_kept_where_nobody_reads_it() {
    let digits = "7".repeat(1_000_000);
    for sample in in_json() {
        for number in [digits.clone(), format!("-{digits}.{digits}"), format!("1e{digits}"), format!("0.{digits}e-9")] {
            let body = with_field(&sample, &format!("\"extra\":{number}"));
            assert_eq!(said(&sample, &body).await.unwrap(), sample.given(&body), "{}", sample.name());
        }
        // As an identifier it is none.
        if sample.changes() || sample.is_opaque() {
            // Whoever reads the identifier finds out.
            continue;
        }
        let error = said(&sample, format!("{{\"id\":{digits},\"status\":{digits},\"access_token\":{digits}}}")).await;
        assert_eq!(error.unwrap_err().code(), sample.lost(Code::Decode), "{}", sample.name());
    }
}

#[tokio::test]
async fn b2_a_hundred_thousand_keys_and_keys_said_twice_do_no_harm() {
    let keys: Vec<String> = (0..100_000).map(|n| format!("\"extra_{n}\":{n}")).collect();
    let keys = keys.join(",");
    for sample in in_json() {
        let body = with_field(&sample, &keys);
        assert_eq!(said(&sample, &body).await.unwrap(), sample.given(&body), "{}", sample.name());
        let body = with_field(&sample, "\"extra\":1,\"extra\":2,\"extra\":[]");
        assert_eq!(said(&sample, &body).await.unwrap(), sample.given(&body), "{}", sample.name());
        for known in ["id", "status", "access_token"] {
            // Two values for one field: which one is meant is not for a client to guess.
            let body = with_field(&sample, &format!("\"{known}\":\"a\",\"{known}\":\"b\""));
            match said(&sample, body.clone()).await {
                Ok(text) => assert_eq!(text, sample.given(&body)),
                Err(error) => assert_eq!(error.code(), sample.lost(Code::Decode), "{} {known}: {error}", sample.name()),
            }
        }
    }
}

#[tokio::test]
async fn b3_a_byte_order_mark_is_dropped_and_nothing_else_changed() {
    for sample in in_json() {
        let marked = [b"\xef\xbb\xbf", sample.body().as_bytes()].concat();
        assert_eq!(said_whole(&sample, marked).await.unwrap(), sample.answer(), "{}", sample.name());
        let spaced = format!(" \r\n\t{}\n ", sample.body());
        // What is taken out of a reply has no spaces of its own around it.
        let given = if sample.wrapped() || sample.reshapes() { sample.answer() } else { spaced.clone() };
        assert_eq!(said_whole(&sample, spaced).await.unwrap(), given, "{}", sample.name());
    }
}

#[tokio::test]
async fn b3_what_is_no_utf8_is_refused_at_its_byte() {
    for sample in in_json() {
        let reply = sample.reply.to_string();
        let utf16 = |marker: [u8; 2], order: fn(u16) -> [u8; 2]| {
            marker.into_iter().chain(reply.encode_utf16().flat_map(order)).collect::<Vec<u8>>()
        };
        let middle = reply.len() / 2;
        let broken = |bytes: &[u8]| [&reply.as_bytes()[..middle], bytes, &reply.as_bytes()[middle..]].concat();
        let rows = [
            (utf16([0xff, 0xfe], u16::to_le_bytes), 0),
            (utf16([0xfe, 0xff], u16::to_be_bytes), 0),
            (broken(b"\xff"), middle),
            (broken(b"\xc3"), middle),
            (broken(b"\xc0\x80"), middle),
            (broken(b"\xed\xa0\x80"), middle),
            (broken(b"\xf4\x90\x80\x80"), middle),
            ([reply.as_bytes(), b"\xe2\x82"].concat(), reply.len()),
        ];
        for (body, byte) in rows {
            let error = said(&sample, body).await.unwrap_err();
            let (code, byte) = (sample.lost(Code::Decode), sample.wrapping() + byte);
            assert_eq!((error.code(), detail(&error, "byte")), (code, &json!(byte)), "{}", sample.name());
            let outcome = if sample.safe() { Outcome::Answered } else { Outcome::Unknown };
            assert_eq!(error.outcome(), Some(outcome), "{}", sample.name());
        }
    }
}

#[tokio::test]
async fn b3_control_characters_and_lone_surrogates_are_refused_where_they_are_read() {
    for sample in in_json() {
        let required = sample.required.first().map_or("id", |path| path.rsplit(['.', ']']).next().unwrap());
        for text in ["\0", "\u{1}", "\n", "\\ud800", "\\udc00", "\\ud800\\ud800", "\\x", "\\u12"] {
            let body = format!("{{\"{required}\":\"{text}\"}}");
            let body = if sample.reply.is_array() { format!("[{body}]") } else { body };
            let at = (sample.wrapping() + body.find(text).unwrap()) as u64;
            let error = match said(&sample, body.clone()).await {
                Err(error) => error,
                // Surrogates are text to whom nobody asks what it says: it is the caller's, as it came.
                Ok(reply) => {
                    assert!(
                        text.starts_with("\\u") && (sample.changes() || sample.lists() || sample.is_opaque()),
                        "{} {text:?}",
                        sample.name()
                    );
                    assert_eq!(reply, sample.given(&body));
                    continue;
                }
            };
            let case = format!("{} {text:?}: {error:?}", sample.name());
            assert_eq!(error.code(), sample.lost(Code::Decode), "{case}");
            // A label is an object: text is refused there before it is read.
            if let Some(byte) = detail(&error, "byte").as_u64() {
                // In text that is skipped, the parser tells the byte before.
                assert!(byte + 1 >= at && byte <= at + text.len() as u64 + 1, "{case}");
            } else {
                assert!(detail(&error, "path").is_string() || sample.fetches(), "{case}");
            }
        }
    }
}

#[tokio::test]
async fn b1_a_body_beyond_the_limit_is_an_error_that_names_it() {
    for sample in samples().into_iter().filter(|sample| !sample.falls_back()) {
        let (limit, reply) = (100_000, sample.body());
        for (length, fits) in [(limit, true), (limit + 1, false), (limit * 50, false)] {
            let body = format!("{reply}{}", " ".repeat(length - reply.len()));
            let fake = FakeSend::playing(&sample, Play::Reply(Canned::new(200, body)));
            let client = fake.builder().options(options(json!({"max_response_bytes": limit}))).build().unwrap();
            let result = sample.invoke(&client).await;
            let case = format!("{} {length}", sample.name());
            assert_eq!((result.is_ok(), fake.sent_for(&sample)), (fits, 1), "{case}");
            let Err(error) = result else { continue };
            let code = sample.lost(Code::UnexpectedContent);
            assert_eq!((error.code(), error.outcome()), (code, Some(Outcome::Unknown)), "{case}");
            assert_eq!(detail(&error, "reason"), "too_large", "{case}");
            assert!(error.to_string().contains("max_response_bytes"), "{case}: {error}");
        }
    }
}

#[tokio::test]
async fn b3_a_text_is_given_as_it_came_or_refused_at_its_byte() {
    for sample in samples().into_iter().filter(Sample::is_text) {
        for body in ["", "null", "{}", "\"\0\u{1}\u{1f600}", " # Ready\r\n", "[[[["] {
            assert_eq!(said(&sample, body).await.unwrap(), json!(body).to_string(), "{}", sample.name());
        }
        assert_eq!(said(&sample, "\u{feff}# Ready").await.unwrap(), "\"# Ready\"", "{}", sample.name());
        let error = said(&sample, b"# \xff").await.unwrap_err();
        assert_eq!((error.code(), detail(&error, "byte")), (Code::Decode, &json!(2)), "{}", sample.name());
    }
}

#[tokio::test]
async fn h2_a_change_may_be_answered_with_a_list_that_holds_the_request() {
    for sample in samples().into_iter().filter(Sample::changes) {
        let mut other = sample.reply.clone();
        other["id"] = json!("PR-9999-9999-9999-999");
        let list = json!([other, sample.reply, other]).to_string();
        assert_eq!(said(&sample, list).await.unwrap(), sample.body(), "{}", sample.name());
    }
}
