//! The SAML corpus, signed by others' programs: nothing hostile is accepted, nothing legitimate refused.
//!
//! `tests/saml/make_corpus.py` makes it anew. Where nothing can sign (neither the development requirements nor xmlsec1 and
//! openssl), the test says so and passes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value;
use tenantry::maestrano::Marketplace;
use tenantry::maestrano::sso::{MemoryReplays, consume_for};
use tenantry::time::Clock;
use tenantry::{Code, Error};

/// The exit code by which the script says that nothing here can sign.
const NOTHING_SIGNS: i32 = 77;

#[derive(Debug)]
struct At(i64);

impl Clock for At {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn wall_ms(&self) -> i64 {
        self.0
    }

    fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}

struct Corpus {
    folder: tempfile::TempDir,
    manifest: Value,
}

impl Corpus {
    fn make() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let folder = tempfile::tempdir().unwrap();
        let installed = root.join(".venv/bin/python");
        for python in [installed, PathBuf::from("python3")] {
            let script = root.join("tests/saml/make_corpus.py");
            let Ok(made) = Command::new(&python).arg("-B").arg(script).arg(folder.path()).output() else { continue };
            match made.status.code() {
                Some(0) => {
                    println!("{}", String::from_utf8_lossy(&made.stdout));
                    let manifest = std::fs::read_to_string(folder.path().join("manifest.json")).unwrap();
                    return Some(Self { folder, manifest: serde_json::from_str(&manifest).unwrap() });
                }
                Some(NOTHING_SIGNS) => println!("{}: {}", python.display(), String::from_utf8_lossy(&made.stdout)),
                _ => panic!("{}: {}", python.display(), String::from_utf8_lossy(&made.stderr)),
            }
        }
        None
    }

    fn cases(&self) -> &[Value] {
        self.manifest["cases"].as_array().unwrap()
    }

    fn consume(&self, case: &Value, replays: &MemoryReplays, now_ms: i64) -> Result<Value, Error> {
        let configuration = &self.manifest["configurations"][case["configuration"].as_str().unwrap()];
        let marketplace = &configuration["marketplaces"][0];
        assert_eq!(marketplace["marketplace"], case["marketplace"]);
        let marketplace: Marketplace = serde_json::from_str(&marketplace.to_string()).unwrap();
        let mut arguments = case["arguments"].clone();
        let file = self.folder.path().join(case["file"].as_str().unwrap());
        arguments["saml_response"] = std::fs::read_to_string(file).unwrap().into();
        consume_for("maestrano.sso.consume", &marketplace, &arguments.to_string(), replays, now_ms)
            .now_or_never()
            .expect("nothing to wait for")
            .map(|text| serde_json::from_str(&text).unwrap())
    }

    /// What became of a case: the identity or the refusal, after those that go before it.
    fn run(&self, case: &Value) -> Result<Value, Error> {
        let now_ms = self.manifest["made_at_ms"].as_i64().unwrap() + case["now_offset_ms"].as_i64().unwrap();
        let replays = MemoryReplays::new(Arc::new(At(now_ms)), 100);
        for name in case["before"].as_array().unwrap() {
            let before = self.cases().iter().find(|case| case["name"] == *name).unwrap();
            self.consume(before, &replays, now_ms).unwrap();
        }
        self.consume(case, &replays, now_ms)
    }
}

/// Every key that `expected` names is in `found`, and so.
fn differs(expected: &Value, found: &Value, path: &str) -> Option<String> {
    match expected {
        Value::Object(keys) => {
            keys.iter().find_map(|(key, value)| differs(value, &found[key], &format!("{path}.{key}")))
        }
        value => (value != found).then(|| format!("{path} is {found}, not {value}")),
    }
}

/// What is wrong with the outcome of a case.
fn complaint(case: &Value, outcome: &Result<Value, Error>) -> Option<String> {
    let (identity, reason) = (case["expect"].get("identity"), case["expect"].get("reason"));
    match (identity, reason, outcome) {
        (Some(expected), None, Ok(found)) => differs(expected, found, "identity"),
        (Some(_), None, Err(error)) => Some(format!("legitimate, and refused: {error}")),
        (None, Some(_), Ok(found)) => Some(format!("hostile, and accepted: {found}")),
        (None, Some(reason), Err(error))
            if error.code() != Code::Saml || error.report().details["reason"] != *reason =>
        {
            Some(format!("refused as {:?}, not as {reason}", error.report().details.get("reason")))
        }
        (None, Some(_), Err(error)) if error.report().details["marketplace"] != case["marketplace"] => {
            Some(format!("the refusal does not name the marketplace: {error}"))
        }
        (None, Some(_), Err(_)) => None,
        _ => Some("a case expects an identity or a reason".to_owned()),
    }
}

#[test]
fn nothing_hostile_is_accepted_and_nothing_legitimate_refused() {
    let Some(corpus) = Corpus::make() else {
        println!("skipped: nothing on this machine can sign XML");
        return;
    };
    let (legitimate, hostile): (Vec<_>, Vec<_>) =
        corpus.cases().iter().partition(|case| case["expect"].get("identity").is_some());
    assert!(legitimate.len() >= 10 && hostile.len() >= 28, "{} and {}", legitimate.len(), hostile.len());
    let complaints: Vec<String> = corpus
        .cases()
        .iter()
        .filter_map(|case| complaint(case, &corpus.run(case)).map(|what| format!("{}: {what}", case["name"])))
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    println!("{} legitimate accepted, {} hostile refused", legitimate.len(), hostile.len());
}
