//! The configuration endpoint (contract, table 1a).

use crate::marketplace::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

#[test]
fn both_marketplaces_are_served_with_and_without_a_slash_and_differ_where_the_vendors_may() {
    let maestrano = start();
    let line = maestrano.line()["maestrano"].take();
    let auth = basic(line["api_key"].as_str().unwrap(), line["api_secret"].as_str().unwrap());
    let headers = [auth.as_str(), "accept: text/html", "host: developer.maestrano.com"];
    let slashed = raw::get(&maestrano, "/api/config/v1/marketplaces/", &headers).expect(200);
    let [own, telco] = slashed["marketplaces"].as_array().unwrap().as_slice() else { panic!("{slashed}") };
    assert_eq!(maestrano.entries, [own.clone(), telco.clone()]);

    assert_eq!((&own["marketplace"], &telco["marketplace"]), (&json!("maestrano"), &json!("some-telco")));
    for entry in [own, telco] {
        for host in ["/api/host", "/sso/idp", "/connec/host"] {
            assert_eq!(entry.pointer(host).unwrap(), maestrano.url(), "{host}");
        }
        assert_eq!(entry["app"]["host"], "http://127.0.0.1:8000");
        assert_eq!(entry["api"]["base"], "/api/v1/");
    }
    assert_ne!(own["api"]["id"], telco["api"]["id"]);
    assert!(!own["api"]["key"].as_str().unwrap().contains(':') && telco["api"]["key"].as_str().unwrap().contains(':'));
    assert_eq!((&own["sso"]["idm"], &telco["sso"]["idm"]), (&Value::Null, &json!("http://127.0.0.1:8000")));
    let external_ids = "/webhooks/connec/external_ids";
    assert_eq!((own.pointer(external_ids), telco.pointer(external_ids)), (Some(&json!(false)), Some(&json!(true))));
    assert_eq!(own["app"].get("synchronization_status_path"), None);
    assert!(telco["app"]["synchronization_status_path"].as_str().unwrap().ends_with(":cld-uid"));
}

#[test]
fn the_fingerprint_is_the_certificates() {
    let maestrano = start();
    let sso = &maestrano.entries[0]["sso"];
    let pem = sso["x509_certificate"].as_str().unwrap();
    let body = pem.strip_prefix("-----BEGIN CERTIFICATE-----\n").unwrap();
    let body = body.strip_suffix("\n-----END CERTIFICATE-----\n").unwrap();
    assert!(body.lines().all(|line| line.len() <= 64));
    let der = STANDARD.decode(body.replace('\n', "")).unwrap();
    let digest: Vec<String> = Sha1::digest(der).iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(sso["x509_fingerprint"], digest.join(":"));
}

#[test]
fn wrong_credentials_get_a_401_with_an_error() {
    let maestrano = start();
    let line = maestrano.line()["maestrano"].take();
    let key = line["api_key"].as_str().unwrap();
    for auth in [basic(key, "wrong"), basic("wrong", line["api_secret"].as_str().unwrap()), maestrano.auth(0)] {
        let reply = raw::get(&maestrano, "/api/config/v1/marketplaces", &[&auth]).expect(401);
        assert!(reply["error"].is_string(), "{reply}");
    }
    raw::get(&maestrano, "/api/config/v1/marketplaces", &[]).expect(401);
}

#[test]
fn behaviour_shows_in_the_configuration() {
    let maestrano = start();
    let all = maestrano.maestrano(json!({"app_host": "http://127.0.0.1:9000/", "broken": "some-telco"})).unwrap();
    assert_eq!((&all["app_host"], &all["recheck_ms"]), (&json!("http://127.0.0.1:9000"), &json!(180_000)));
    let reply = configuration(&maestrano).expect(200);
    assert_eq!(reply["marketplaces"][0]["app"]["host"], "http://127.0.0.1:9000");
    assert_eq!(
        (&reply["marketplaces"][0]["api"]["host"], &reply["marketplaces"][1]["api"]),
        (&json!(maestrano.url()), &Value::Null)
    );

    // Old keys are worth nothing any more, and new ones are served.
    maestrano.maestrano(json!({"broken": null, "rotate_keys": true})).unwrap();
    maestrano.send("GET", "/api/v1/ping", &Value::Null).expect(401);
    let entry = configuration(&maestrano).expect(200)["marketplaces"][0].take();
    assert_ne!(entry["api"]["key"], maestrano.entries[0]["api"]["key"]);
    assert_eq!(entry["api"]["id"], maestrano.entries[0]["api"]["id"]);
}

#[test]
fn a_wrong_behaviour_is_refused_by_the_name_of_its_key() {
    let maestrano = start();
    for (change, key) in [
        (json!({"app_hots": "http://x"}), "app_hots"),
        (json!({"app_host": "ftp://x"}), "app_host"),
        (json!({"signature": "md5"}), "signature"),
        (json!({"invoice_ms": "soon"}), "invoice_ms"),
        (json!({"broken": "nobody"}), "broken"),
    ] {
        let error = maestrano.maestrano(change.clone()).unwrap_err().to_string();
        assert!(error.contains(key), "{error}");
        let reply = raw::post(&maestrano, "/_sandbox/maestrano/behaviour", &[], &change).expect(400);
        assert!(reply["message"].as_str().unwrap().contains(key), "{reply}");
    }
    let all = raw::post(&maestrano, "/_sandbox/maestrano/behaviour", &[], &json!({"signature": "sha1"})).expect(201);
    assert_eq!((&all["signature"], &all["session_valid"]), (&json!("sha1"), &json!(true)));
    maestrano.reset();
    assert_eq!(maestrano.maestrano(json!({})).unwrap()["signature"], "sha256");
}
