//! What the server answers.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use crate::request;
use crate::store::{PAGE, Store};

/// Long enough for a whole run.
const TOKEN: &str = concat!(
    r#"{"access_token":"0123456789abcdef","token_type":"bearer","id":1,"user_id":1,"oauth_client_id":1,"client_id":null,"#,
    r#""scope":"default","grant_type":"password","expires_in":14400,"refresh_token":null,"#,
    r#""refreshed_at":"2026-03-01 00:00:00","create_at":"2026-03-01 00:00:00","expires_at":"2026-03-01 04:00:00"}"#
);

pub struct Server {
    pub store: Store,
    pub gzip: bool,
    /// How long each page is held back.
    pub delay: Duration,
    /// The poll that finds a signup completed.
    pub polls: u32,
    /// How often each signup was polled; the first one is there from the start.
    pub signups: RefCell<Vec<u32>>,
}

pub enum Body<'s> {
    Text(String),
    One(&'s [u8]),
    Page(&'s [u8]),
    Packed(Rc<[u8]>),
}

pub struct Reply<'s> {
    pub status: &'static str,
    pub range: String,
    pub body: Body<'s>,
}

impl Server {
    pub fn reply(&self, method: &str, target: &str, takes_gzip: bool) -> Reply<'_> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.trim_end_matches('/');
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        match (method, parent.rsplit('/').next().unwrap_or(""), name) {
            ("GET", _, "requests") => self.page(query, takes_gzip && self.gzip),
            ("GET", "requests", id) => match request::index_of(id).filter(|index| *index < self.store.total()) {
                Some(index) => ok(Body::One(self.store.one(index))),
                None => missing(),
            },
            ("POST", _, "tokens") => Reply { status: "201 Created", ..ok(Body::Text(TOKEN.to_owned())) },
            ("POST", _, "signups") => {
                let mut signups = self.signups.borrow_mut();
                signups.push(0);
                let id = uuid_of(signups.len() - 1);
                let text = format!(r#"{{"id":"{id}","url":"/v3/signups/{id}"}}"#);
                Reply { status: "201 Created", ..ok(Body::Text(text)) }
            }
            ("GET", "signups", id) => self.poll(id).map_or_else(missing, |text| ok(Body::Text(text))),
            _ => missing(),
        }
    }

    fn poll(&self, id: &str) -> Option<String> {
        let number = usize::from_str_radix(id.rsplit('-').next()?, 16).ok()?;
        let mut signups = self.signups.borrow_mut();
        let polled = signups.get_mut(number)?;
        *polled = polled.saturating_add(1);
        Some(match *polled < self.polls {
            true => r#"{"status":"pending","client_id":null,"pubkey":null}"#.to_owned(),
            false => {
                format!(r#"{{"status":"completed","client_id":{},"pubkey":"ssh-rsa AAAAB3NzaC1yc2E"}}"#, number + 1)
            }
        })
    }

    fn page(&self, query: &str, packed: bool) -> Reply<'_> {
        let number = |name: &str| {
            query.split('&').find_map(|term| term.strip_prefix(name)?.strip_prefix('=')?.parse::<usize>().ok())
        };
        let total = self.store.total();
        let first = since(query).map_or(0, |(created, or_at)| self.store.since(&created, or_at));
        let start = first.saturating_add(number("offset").unwrap_or(0)).min(total);
        let range = start..(start + number("limit").unwrap_or(100).min(PAGE)).min(total);
        let end = (range.end - first).max(1) - 1;
        let content_range = match range.is_empty() {
            true => "items 0-0/0".to_owned(),
            false => format!("items {}-{end}/{}", range.start - first, total - first),
        };
        Reply { range: content_range, ..ok(self.rows(&range, packed)) }
    }

    fn rows(&self, range: &Range<usize>, packed: bool) -> Body<'_> {
        if packed { Body::Packed(self.store.packed(range)) } else { Body::Page(self.store.rows(range)) }
    }
}

/// What `ge(created,…)` or `gt(created,…)` compares with, and whether that instant is included.
fn since(query: &str) -> Option<(String, bool)> {
    let query = decoded(query);
    [("ge(created,", true), ("gt(created,", false)].into_iter().find_map(|(start, or_at)| {
        let (_, rest) = query.split_once(start)?;
        Some((rest.split_once(')')?.0.trim_matches(['"', '\'']).to_owned(), or_at))
    })
}

fn decoded(query: &str) -> String {
    let mut pieces = query.split('%');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let code = piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        // All that a query is asked about is ASCII.
        text.push(code.map_or('?', char::from));
        text.push_str(piece.get(2..).unwrap_or_default());
    }
    text
}

fn uuid_of(number: usize) -> String {
    format!("27182818-2845-4904-8235-{number:012x}")
}

fn ok(body: Body<'_>) -> Reply<'_> {
    Reply { status: "200 OK", range: String::new(), body }
}

fn missing() -> Reply<'static> {
    Reply { status: "404 Not Found", ..ok(Body::Text(r#"{"errors":["there is none"]}"#.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        Server { store: Store::new(30), gzip: true, delay: Duration::ZERO, polls: 2, signups: RefCell::default() }
    }

    fn page<'s>(server: &'s Server, query: &str) -> (&'s str, String) {
        let reply = server.reply("GET", &format!("/public/v1/requests?{query}"), false);
        let Body::Page(rows) = reply.body else { panic!("no page") };
        (std::str::from_utf8(rows).unwrap(), reply.range)
    }

    #[test]
    fn a_page_begins_where_its_key_says() {
        let server = server();
        let created = request::created_of(10);
        let (rows, range) = page(&server, &format!("ge(created,{created})&ordering(created)&limit=5&offset=1"));
        assert!(rows.starts_with(&format!(r#"{{"id":"{}""#, request::id_of(11))));
        assert_eq!(range, "items 1-5/20");
        let (rows, range) = page(&server, &format!("gt(created,%22{}%22)&limit=50", created.replace('+', "%2B")));
        assert!(rows.starts_with(&format!(r#"{{"id":"{}""#, request::id_of(11))));
        assert_eq!(range, "items 0-18/19");
        assert_eq!(page(&server, "limit=5&offset=40"), ("", "items 0-0/0".to_owned()));
    }

    #[test]
    fn later_requests_have_later_instants() {
        let created: Vec<String> = (0..20_000).map(request::created_of).collect();
        assert!(created.is_sorted() && request::index_of(&request::id_of(123_456)) == Some(123_456));
    }

    #[test]
    fn a_signup_is_completed_at_the_poll_that_was_asked_for() {
        let server = server();
        server.reply("POST", "/v3/signups", false);
        let target = format!("/v3/signups/{}", uuid_of(0));
        let polls: Vec<bool> = (0..3)
            .map(|_| matches!(server.reply("GET", &target, false).body, Body::Text(text) if text.contains("completed")))
            .collect();
        assert_eq!(polls, [false, true, true]);
    }
}
