//! Runs the scenarios that all three languages run (`tests/README.md`).

mod common;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use common::sandbox_with;
use serde_json::{Map, Value, json};
use tenantry::ops::{Call, Client, envelope};
use tenantry_sandbox::{Sandbox, Vocabulary};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios/magento_bi")
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn only(object: &Value, keys: &[&str]) {
    for key in object.as_object().unwrap().keys() {
        assert!(keys.contains(&key.as_str()), "unknown key {key}");
    }
}

struct Run {
    sandbox: Sandbox,
    client: Client,
    kept: HashMap<String, Value>,
}

#[tokio::test]
async fn every_scenario_holds() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.retain(|path| path.file_name().unwrap() != "spec.json");
    assert!(files.len() >= 12, "{files:?}");
    for path in files {
        println!("{}", path.display());
        assert_eq!(path.extension().unwrap(), "json", "a file that no runner runs");
        scenario(&read(&path)).await;
    }
}

async fn scenario(scenario: &Value) {
    only(scenario, &["name", "sandbox", "client", "steps", "journal", "committed"]);
    let settings = &scenario["sandbox"];
    if settings.is_object() {
        only(settings, &["vocabulary", "wait_ms", "commit_delay_ms"]);
    }
    let sandbox = sandbox_with(|options| {
        options.wait_ms = settings["wait_ms"].as_u64().unwrap_or(options.wait_ms);
        options.commit_delay_ms = settings["commit_delay_ms"].as_u64().unwrap_or(0);
        if settings["vocabulary"] == "document" {
            options.vocabulary = Vocabulary::Document;
        }
    });
    let mut config = sandbox.line()["magento_bi"].clone();
    merge(&mut config, &scenario["client"]);
    let client = Client::open("magento_bi", &config.to_string(), Some(sandbox.clock())).unwrap();
    let mut run = Run { sandbox, client, kept: HashMap::new() };
    for step in scenario["steps"].as_array().unwrap() {
        run.step(step).await;
    }
    if let Some(expected) = scenario["journal"].as_array() {
        let expected: Vec<&str> = expected.iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(common::arrived(&run.sandbox), expected);
    }
    for (operation, count) in scenario["committed"].as_object().into_iter().flatten() {
        assert_eq!(common::committed(&run.sandbox, operation) as u64, count.as_u64().unwrap(), "{operation}");
    }
}

impl Run {
    async fn step(&mut self, step: &Value) {
        let kind = ["fault", "outcome", "seed", "expire_tokens", "call", "flow"]
            .into_iter()
            .find(|key| step.get(key).is_some());
        match kind.unwrap_or_else(|| panic!("a step of no known kind: {step}")) {
            "fault" => self.sandbox.fault(step["fault"].clone()).unwrap(),
            "outcome" => self.sandbox.outcome(step["outcome"].clone()).unwrap(),
            "seed" => drop(self.sandbox.seed(step["seed"].clone()).unwrap()),
            "expire_tokens" => self.sandbox.expire_tokens(),
            "call" => return self.call(step).await,
            _ => return self.flow(step).await,
        }
        assert_eq!(step.as_object().unwrap().len(), 1, "{step}");
    }

    async fn call(&mut self, step: &Value) {
        only(step, &["call", "arguments", "options", "expect", "events", "keep"]);
        let arguments = self.fill(&step["arguments"]).to_string();
        let options = step.get("options").map(Value::to_string).unwrap_or_default();
        let call = self.client.call(step["call"].as_str().unwrap(), &arguments, &options, true);
        let (envelope, events) = run(call).await;
        matches(&self.fill(&step["expect"]), &envelope, &format!("{step}"));
        if let Some(expected) = step["events"].as_array() {
            assert_eq!(&events, expected, "{step}");
        }
        for (name, pointer) in step["keep"].as_object().into_iter().flatten() {
            let value = envelope["ok"].pointer(pointer.as_str().unwrap()).unwrap().clone();
            self.kept.insert(format!("${name}"), value);
        }
    }

    async fn flow(&mut self, step: &Value) {
        only(step, &["flow", "answers", "expect", "steps"]);
        only(&step["flow"], &["spec", "options"]);
        let mut spec = read(&folder().join("spec.json"));
        merge(&mut spec, &step["flow"]["spec"]);
        let options = step["flow"]["options"].to_string();
        let flow = match self.client.flow("magento_bi.onboarding", &spec.to_string(), &options) {
            Ok(flow) => flow,
            Err(error) => {
                let envelope: Value = serde_json::from_str(&envelope(Err(error))).unwrap();
                return matches(&step["expect"], &envelope, &format!("{step}"));
            }
        };
        let mut answers = step["answers"].as_array().into_iter().flatten();
        let mut started = Vec::new();
        let end = loop {
            let (envelope, _) = run(flow.advance(false)).await;
            let turn = &envelope["ok"];
            if let Some(need) = turn.get("need") {
                let next = answers.next().unwrap_or_else(|| panic!("an unexpected need: {need}"));
                only(next, &["reason", "answer"]);
                assert_eq!(need["reason"], next["reason"]);
                flow.answer(&next["answer"].to_string()).unwrap();
            } else if let Some(event) = turn.get("event") {
                if event["type"] == "step_started" {
                    started.push(event["step"].clone());
                }
            } else {
                break if turn.is_null() { envelope } else { turn.clone() };
            }
        };
        assert!(answers.next().is_none(), "an answer was not asked for");
        matches(&step["expect"], &end, &format!("{step}"));
        if let Some(expected) = step["steps"].as_array() {
            assert_eq!(&started, expected);
        }
    }

    /// The value with each `"$name"` replaced by what was kept under that name.
    fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.kept.get(text).unwrap_or(value).clone(),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(map) => {
                Value::Object(map.iter().map(|(key, value)| (key.clone(), self.fill(value))).collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }
}

/// The envelope of a call, and the kinds of its events.
async fn run(mut call: Call) -> (Value, Vec<Value>) {
    let mut events = Vec::new();
    loop {
        let message: Value = serde_json::from_str(&call.next().await.unwrap()).unwrap();
        match message.get("event") {
            Some(event) => events.push(event["kind"].clone()),
            None => return (message, events),
        }
    }
}

fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (_, Value::Null) => {}
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                match base.get_mut(key) {
                    Some(old) if old.is_object() && value.is_object() => merge(old, value),
                    _ => drop(base.insert(key.clone(), value.clone())),
                }
            }
        }
        (base, over) => *base = over.clone(),
    }
}

fn matches(expected: &Value, found: &Value, place: &str) {
    match expected {
        Value::Object(map) if map.contains_key("$is") => {
            let is = match map["$is"].as_str().unwrap() {
                "number" => found.is_number(),
                "string" => found.is_string(),
                "object" => found.is_object(),
                "null" => found.is_null(),
                other => panic!("no kind {other}"),
            };
            assert!(is, "{place}: {found} is not {}", map["$is"]);
        }
        Value::Object(map) => {
            assert!(found.is_object(), "{place}: {found} is no object");
            for (key, value) in map {
                matches(value, found.get(key).unwrap_or(&json!(null)), &format!("{place}.{key}"));
            }
        }
        Value::Array(items) => {
            let found = found.as_array().unwrap_or_else(|| panic!("{place}: {found} is no list"));
            assert_eq!(items.len(), found.len(), "{place}");
            for (index, (item, found)) in items.iter().zip(found).enumerate() {
                matches(item, found, &format!("{place}[{index}]"));
            }
        }
        other => assert_eq!(other, found, "{place}"),
    }
}
