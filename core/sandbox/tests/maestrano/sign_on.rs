//! The package's own sign-on against the sandbox's provider: what the one asks for the other answers, and believes.

use std::collections::BTreeMap;

use crate::marketplace::*;
use futures::FutureExt as _;
use serde_json::{Value, json};
use tenantry::maestrano::Marketplace;
use tenantry::maestrano::sso::{Consume, Identity, MemoryReplays, consume, login};
use tenantry::time::SystemRandom;

/// Signs in to the n-th marketplace; the error is the reason why the response is not believed.
fn sign_on(maestrano: &Maestrano, n: usize, params: &[(&str, &str)], allow_sha1: bool) -> Result<Identity, Value> {
    let marketplace: Marketplace = serde_json::from_value(maestrano.entries[n].clone()).unwrap();
    let (clock, params) = (maestrano.clock(), params.iter().map(|(key, value)| ((*key).into(), (*value).into())));
    let params: BTreeMap<String, String> = params.collect();
    let begun = login(&marketplace, &params, &SystemRandom, clock.wall_ms()).unwrap();
    let page = raw::get(maestrano, begun.url.strip_prefix(maestrano.url()).unwrap(), &[&host(maestrano)]);
    let (_, rest) = page.body.split_once("name=\"SAMLResponse\" value=\"").unwrap_or_else(|| panic!("{page:?}"));
    let posted = Consume::new(rest.split_once('"').unwrap().0, begun.request_id).allow_sha1(allow_sha1);
    let replays = MemoryReplays::new(clock.clone(), 16);
    let consumed = consume(&marketplace, &posted, &replays, clock.wall_ms()).now_or_never().unwrap();
    consumed.map_err(|error| error.report().details["reason"].clone())
}

/// As a browser calls it: by the address in its URL.
fn host(maestrano: &Maestrano) -> String {
    format!("host: {}", address(maestrano))
}

#[test]
fn both_marketplaces_sign_their_users_in() {
    let maestrano = start();
    for (n, params, uid) in [
        (0, vec![], "usr-1"),
        (0, vec![("group_id", "cld-5")], "usr-1"),
        (1, vec![("group_id", "cld-6"), ("marketplace", "some-telco")], "usr-3"),
        (1, vec![("group_id", "cld-4"), ("user_id", "usr-2")], "usr-2"),
    ] {
        let identity = sign_on(&maestrano, n, &params, false).unwrap();
        assert_eq!(identity.name_id, uid);
    }
}

#[test]
fn sha_1_is_believed_only_where_it_is_allowed_and_the_vendors_names_of_sha_256_always() {
    let maestrano = start();
    maestrano.maestrano(json!({"signature": "sha256_nonstandard"})).unwrap();
    sign_on(&maestrano, 0, &[], false).unwrap();
    maestrano.maestrano(json!({"signature": "sha1"})).unwrap();
    sign_on(&maestrano, 0, &[], true).unwrap();
    assert!(sign_on(&maestrano, 0, &[], false).is_err());
}

#[test]
fn a_name_that_is_not_escaped_is_not_believed() {
    let maestrano = start();
    maestrano.maestrano(json!({"escape": false})).unwrap();
    assert!(sign_on(&maestrano, 0, &[("group_id", "cld-5")], false).is_err());
}
