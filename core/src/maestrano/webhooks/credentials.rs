//! The one proof of who sent a webhook: Basic credentials, compared so that time tells nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{self, SHA256};
use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroizing;

use super::request::Request;
use crate::error::{Error, Result};
use crate::maestrano::Marketplace;

/// Why a request cannot prove who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    Missing,
    Malformed,
    Wrong,
}

/// A digest of `id:key`. Digests have one length, so comparing them cannot tell the length of a key.
pub(super) struct Print([u8; 32]);

impl Print {
    fn of(parts: &[&[u8]]) -> Self {
        let mut context = digest::Context::new(&SHA256);
        parts.iter().for_each(|part| context.update(part));
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }

    fn equals(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

/// Which of `marketplaces` have the credentials that `request` brings: a flag for each, in their order.
///
/// A request without usable credentials costs the same comparisons as one with wrong ones.
///
/// # Errors
/// `config` for a marketplace whose key was not read yet.
pub(super) fn check(
    marketplaces: &[&Marketplace],
    request: &Request,
) -> Result<std::result::Result<Vec<bool>, Problem>> {
    let presented = presented(request);
    let known = marketplaces.iter().map(|marketplace| print(marketplace)).collect::<Result<Vec<_>>>()?;
    let shown = Print::of(&[presented.as_ref().map_or(&[][..], |text| text)]);
    let equal = compare(&shown, &known, Print::equals);
    Ok(match presented {
        Err(problem) => Err(problem),
        Ok(_) if equal.contains(&true) => Ok(equal),
        Ok(_) => Err(Problem::Wrong),
    })
}

/// Compares with all, whatever the first ones say.
fn compare(shown: &Print, known: &[Option<Print>], equals: impl Fn(&Print, &Print) -> Choice) -> Vec<bool> {
    // What has no credentials is compared with these, so that the work is the same; its flag is taken away again.
    let nobody = Print([0; 32]);
    let flags = known.iter().map(|known| {
        let usable = Choice::from(u8::from(known.is_some()));
        bool::from(equals(shown, known.as_ref().unwrap_or(&nobody)) & usable)
    });
    flags.collect()
}

/// `None` where a marketplace has no id or no key: nobody has those credentials.
fn print(marketplace: &Marketplace) -> Result<Option<Print>> {
    let (id, key) = pair(marketplace)?;
    Ok((!id.is_empty() && !key.is_empty()).then(|| Print::of(&[id.as_bytes(), b":", key.as_bytes()])))
}

fn pair(marketplace: &Marketplace) -> Result<(&str, &str)> {
    let key = marketplace.api.key.expose().map_err(|_| {
        let what = format!("the api.key of {} was not read from its source", marketplace.marketplace);
        Error::config(what, "webhooks are checked without any I/O: give the key as text")
    })?;
    Ok((&marketplace.api.id, key))
}

/// `id:key` as the request brings it. The key, not the id, may hold further colons.
fn presented(request: &Request) -> std::result::Result<Zeroizing<Vec<u8>>, Problem> {
    let mut headers = request.header("authorization");
    let header = headers
        .next()
        .map(|header| header.trim_matches([' ', '\t']))
        .filter(|header| !header.is_empty())
        .ok_or(Problem::Missing)?;
    if headers.next().is_some() {
        return Err(Problem::Malformed);
    }
    let (scheme, text) = header.split_once(' ').ok_or(Problem::Malformed)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(Problem::Malformed);
    }
    let decoded = STANDARD.decode(text.trim_start_matches(' ')).map(Zeroizing::new).map_err(|_| Problem::Malformed)?;
    if decoded.contains(&b':') { Ok(decoded) } else { Err(Problem::Malformed) }
}

/// The `authorization` header that Maestrano would send to the app.
///
/// # Errors
/// `config` for a marketplace whose key was not read yet.
pub(super) fn basic(marketplace: &Marketplace) -> Result<String> {
    let (id, key) = pair(marketplace)?;
    Ok(format!("Basic {}", STANDARD.encode(Zeroizing::new(format!("{id}:{key}")).as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn request(authorization: &[&str]) -> Request {
        let headers = authorization.iter().map(|value| ("Authorization".to_owned(), (*value).to_owned()));
        Request::new("GET", "/", headers, "")
    }

    #[test]
    fn every_candidate_is_compared_once_whatever_is_shown() {
        let known = ["id:right", "id:other", "id:right"].map(|text| Some(Print::of(&[text.as_bytes()])));
        let known: Vec<_> = known.into_iter().chain([None]).collect();
        for (shown, expected) in [
            ("id:right", [true, false, true, false]),
            ("id:wrong", [false; 4]),
            ("id:wrong length", [false; 4]),
            ("", [false; 4]),
        ] {
            let comparisons = Cell::new(0);
            let flags = compare(&Print::of(&[shown.as_bytes()]), &known, |one, other| {
                comparisons.set(comparisons.get() + 1);
                one.equals(other)
            });
            assert_eq!((flags.as_slice(), comparisons.get()), (expected.as_slice(), 4), "{shown}");
        }
    }

    #[test]
    fn nobody_has_the_print_that_stands_for_none() {
        assert_eq!(compare(&Print([0; 32]), &[None], Print::equals), [false]);
    }

    #[test]
    fn basic_is_read_strictly() {
        let text = STANDARD.encode("id:a:b");
        let accepted = [format!("Basic {text}"), format!("bAsIc   {text} ")];
        for header in accepted {
            assert_eq!(presented(&request(&[&header])).unwrap().as_slice(), b"id:a:b", "{header}");
        }
        let no_colon = STANDARD.encode("id");
        let unpadded = STANDARD.encode("id:ab").trim_end_matches('=').to_owned();
        for (headers, problem) in [
            (vec![], Problem::Missing),
            (vec![String::new()], Problem::Missing),
            (vec!["Basic".to_owned()], Problem::Malformed),
            (vec![format!("Bearer {text}")], Problem::Malformed),
            (vec![text.clone()], Problem::Malformed),
            (vec![format!("Basic {no_colon}")], Problem::Malformed),
            (vec![format!("Basic {unpadded}")], Problem::Malformed),
            (vec![format!("Basic {text}=")], Problem::Malformed),
            (vec![format!("Basic {text}\n")], Problem::Malformed),
            (vec![format!("Basic {} {}", &text[..4], &text[4..])], Problem::Malformed),
            (vec!["Basic aWQ6a2V5_-".to_owned()], Problem::Malformed),
            // The last letter holds bits beyond the last byte: two spellings of one text are one too many.
            (vec!["Basic aWQ6YWJ=".to_owned()], Problem::Malformed),
            (vec![format!("Basic {text}"), format!("Basic {text}")], Problem::Malformed),
        ] {
            let headers: Vec<_> = headers.iter().map(String::as_str).collect();
            assert_eq!(presented(&request(&headers)).unwrap_err(), problem, "{headers:?}");
        }
    }
}
