//! Runs the scenarios that all three languages run (`tests/README.md`).

mod common;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use common::sandbox_with;
use serde_json::{Map, Value, json};
use tenantry::ops::{Call, Client, envelope, spec};
use tenantry_sandbox::{Sandbox, Vocabulary};

fn folder(system: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios").join(system)
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

/// The kinds of steps that do something to the sandbox alone.
const CONTROLS: [&str; 7] = ["fault", "outcome", "seed", "expire_tokens", "behave", "generate", "advance"];

struct Run {
    system: &'static str,
    sandbox: Sandbox,
    client: Client,
    /// Of Maestrano: the set that the client is of.
    marketplaces: Option<Client>,
    kept: HashMap<String, Value>,
    /// Where a story keeps what it keeps in files.
    _folder: tempfile::TempDir,
}

#[tokio::test]
async fn every_scenario_of_magento_bi_holds() {
    every_scenario("magento_bi", 12).await;
}

#[tokio::test]
async fn every_scenario_of_cloudblue_holds() {
    every_scenario("cloudblue", 16).await;
}

#[tokio::test]
async fn every_scenario_of_maestrano_holds() {
    every_scenario("maestrano", 17).await;
}

async fn every_scenario(system: &'static str, least: usize) {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder(system)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.retain(|path| path.file_name().unwrap() != "spec.json");
    assert!(files.len() >= least, "{files:?}");
    let mut failed = Vec::new();
    for path in files {
        assert_eq!(path.extension().unwrap(), "json", "a file that no runner runs");
        println!("{}", path.display());
        let story = read(&path);
        // Each tells of its own failure; the others run all the same.
        if tokio::spawn(async move { scenario(system, &story).await }).await.is_err() {
            failed.push(path);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

async fn scenario(system: &'static str, scenario: &Value) {
    only(scenario, &["name", "sandbox", "client", "marketplace", "steps", "journal", "committed", "state"]);
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
    let mut config = sandbox.line()[system].clone();
    merge(&mut config, &scenario["client"]);
    let folder = tempfile::tempdir().unwrap();
    let kept = HashMap::from([("$journal".to_owned(), folder.path().join("journal.json").to_str().unwrap().into())]);
    let (client, marketplaces) = opened(system, &config, &scenario["marketplace"], &sandbox).await;
    let mut run = Run { system, sandbox, client, marketplaces, kept, _folder: folder };
    for step in scenario["steps"].as_array().unwrap() {
        run.step(step).await;
    }
    let arrived = run.arrived();
    if let Some(expected) = scenario["journal"].as_array() {
        let names: Vec<&Value> = arrived.iter().map(|(name, _)| name).collect();
        assert_eq!(names, expected.iter().collect::<Vec<_>>());
    }
    for (operation, count) in scenario["committed"].as_object().into_iter().flatten() {
        let committed = arrived.iter().filter(|(name, committed)| name == operation && *committed).count();
        assert_eq!(committed as u64, count.as_u64().unwrap(), "{operation}");
    }
    for (id, status) in scenario["state"].as_object().into_iter().flatten() {
        let state = run.sandbox.state();
        let id = run.fill(&id.as_str().into());
        let mut rows = state[system]["requests"].as_array().unwrap().iter();
        assert_eq!(rows.find(|row| row["id"] == id).map(|row| &row["status"]), Some(status), "{id}");
    }
}

/// The client of a story; of Maestrano, a marketplace's client, and the set that it is of.
async fn opened(system: &str, config: &Value, marketplace: &Value, sandbox: &Sandbox) -> (Client, Option<Client>) {
    let open = |system| Client::open(system, &config.to_string(), Some(sandbox.clock())).unwrap();
    if system != "maestrano" {
        return (open(system), None);
    }
    let marketplaces = open("maestrano.marketplaces");
    run(marketplaces.call("maestrano.marketplaces.refresh", "{}", "", false)).await;
    let client = marketplaces.marketplace(marketplace.as_str().unwrap_or("some-telco"), "").unwrap();
    (client, Some(marketplaces))
}

impl Run {
    /// The operations that arrived, without their system's name, and whether each was carried out.
    fn arrived(&self) -> Vec<(Value, bool)> {
        let journal = self.sandbox.journal();
        let prefix = format!("{}.", self.system);
        let name = |entry: &Value| entry["operation"].as_str().unwrap_or("?").replace(&prefix, "").into();
        journal.as_array().unwrap().iter().map(|entry| (name(entry), entry["committed"] == true)).collect()
    }

    async fn step(&mut self, step: &Value) {
        let tellers = ["call", "local", "flow", "query", "list", "count", "worker"];
        let kind = tellers.into_iter().chain(CONTROLS).find(|key| step.get(key).is_some());
        match kind.unwrap_or_else(|| panic!("a step of no known kind: {step}")) {
            "call" => self.call(step).await,
            "local" => {
                only(step, &["local", "arguments", "expect", "keep"]);
                let name = step["local"].as_str().unwrap();
                let text = self.asking(name).local(name, &self.arguments(step).to_string());
                let found: Value = serde_json::from_str(&text).unwrap();
                matches(&self.fill(&step["expect"]), &found, &format!("{step}"));
                self.keep(step, &found);
            }
            "flow" => self.flow(step).await,
            "query" => {
                only(step, &["query", "expect"]);
                let found: Value = serde_json::from_str(&spec("cloudblue.query", &step["query"].to_string())).unwrap();
                matches(&step["expect"], &found, &format!("{step}"));
            }
            "list" => self.list(step).await,
            "count" => {
                only(step, &["count", "arguments", "options", "expect"]);
                let (name, arguments, options) = self.asked(step, "count");
                let (found, _) = run(self.client.count(&name, &arguments, &options, false)).await;
                matches(&step["expect"], &found, &format!("{step}"));
            }
            "worker" => self.worker(step).await,
            control => {
                assert_eq!(step.as_object().unwrap().len(), 1, "{step}");
                self.control(control, self.fill(&step[control]));
            }
        }
    }

    fn control(&self, kind: &str, value: Value) {
        match kind {
            "fault" => self.sandbox.fault(value).unwrap(),
            "outcome" => self.sandbox.outcome(value).unwrap(),
            "seed" => drop(self.sandbox.seed(value).unwrap()),
            "behave" if self.system == "maestrano" => drop(self.sandbox.maestrano(value).unwrap()),
            "behave" => drop(self.sandbox.cloudblue(value).unwrap()),
            "advance" => self.sandbox.advance(value.as_u64().unwrap()).unwrap(),
            "generate" => drop(self.sandbox.generate(value).unwrap()),
            _ => self.sandbox.expire_tokens(),
        }
    }

    /// The operation of a list or a count, its arguments and its options.
    fn asked(&self, step: &Value, kind: &str) -> (String, String, String) {
        let arguments = step.get("arguments").map_or_else(|| json!({}), |arguments| self.fill(arguments));
        let options = step.get("options").map(Value::to_string).unwrap_or_default();
        (step[kind].as_str().unwrap().to_owned(), arguments.to_string(), options)
    }

    async fn list(&mut self, step: &Value) {
        only(step, &["list", "arguments", "options", "each", "expect"]);
        let (name, arguments, options) = self.asked(step, "list");
        let found = match self.client.list(&name, &arguments, &options, false) {
            Err(error) => serde_json::from_str(&envelope(Err(error))).unwrap(),
            Ok(pages) => {
                let mut ids = Vec::new();
                loop {
                    let (page, _) = run(pages.next_call()).await;
                    let Some(brought) = pages.take() else {
                        // Null is the end; anything else is an error.
                        break if page.get("error").is_some() { page } else { json!({"ids": ids, "count": ids.len()}) };
                    };
                    for row in brought.decode::<Value>().unwrap() {
                        ids.push(row["id"].clone());
                        self.kept.insert("$id".to_owned(), row["id"].clone());
                        if let Some(each) = step.get("each") {
                            let mut each = each.clone();
                            let expected = each.as_object_mut().unwrap().entry("expect");
                            expected.or_insert_with(|| json!({"ok": {}}));
                            self.call(&each).await;
                        }
                    }
                }
            }
        };
        matches(&self.fill(&step["expect"]), &found, &format!("{step}"));
    }

    async fn worker(&mut self, step: &Value) {
        only(step, &["worker", "run", "outcomes", "expect"]);
        let found = self.work(step).await;
        matches(&self.fill(&step["expect"]), &found, &format!("{step}"));
    }

    /// What a worker ends with: `{"report"}` or `{"error"}`.
    async fn work(&self, step: &Value) -> Value {
        let failed = |error| serde_json::from_str(&envelope(Err(error))).unwrap();
        let worker = match self.client.worker(&self.fill(&step["worker"]).to_string()) {
            Ok(worker) => worker,
            Err(error) => return failed(error),
        };
        let begun = serde_json::from_value(step.get("run").cloned().unwrap_or_else(|| json!({}))).unwrap();
        if let Err(error) = worker.begin(begun) {
            return failed(error);
        }
        loop {
            let (turn, _) = run(worker.next_call(false)).await;
            if turn.get("error").is_some() {
                return turn;
            }
            if turn["ok"].get("report").is_some() {
                return turn["ok"].clone();
            }
            let job = &turn["ok"]["job"];
            if job.is_object() {
                let request = &job["request"];
                let keys = [request["id"].as_str(), request["type"].as_str(), Some("*")];
                let outcome = keys.into_iter().flatten().find_map(|key| step["outcomes"].get(key));
                let outcome = outcome.map_or_else(|| json!({"nothing": {}}), |outcome| self.fill(outcome));
                run(worker.act_call(job["number"].as_u64().unwrap(), &outcome.to_string(), false)).await;
            }
        }
    }

    async fn call(&mut self, step: &Value) {
        only(step, &["call", "arguments", "options", "expect", "events", "keep"]);
        let arguments = self.arguments(step).to_string();
        let options = step.get("options").map(Value::to_string).unwrap_or_default();
        let name = step["call"].as_str().unwrap();
        let call = self.asking(name).call(name, &arguments, &options, true);
        let (envelope, events) = run(call).await;
        matches(&self.fill(&step["expect"]), &envelope, &format!("{step}"));
        if let Some(expected) = step["events"].as_array() {
            assert_eq!(&events, expected, "{step}");
        }
        self.keep(step, &envelope);
    }

    fn keep(&mut self, step: &Value, envelope: &Value) {
        for (name, pointer) in step["keep"].as_object().into_iter().flatten() {
            let value = envelope["ok"].pointer(pointer.as_str().unwrap()).unwrap().clone();
            self.kept.insert(format!("${name}"), value);
        }
    }

    fn arguments(&self, step: &Value) -> Value {
        step.get("arguments").map_or_else(|| json!({}), |arguments| self.fill(arguments))
    }

    /// The client that an operation is asked of: some are the whole set's.
    fn asking(&self, name: &str) -> &Client {
        let of_all = ["maestrano.marketplaces.", "maestrano.webhooks."].iter().any(|prefix| name.starts_with(prefix));
        self.marketplaces.as_ref().filter(|_| of_all).unwrap_or(&self.client)
    }

    async fn flow(&mut self, step: &Value) {
        only(step, &["flow", "answers", "expect", "steps"]);
        only(&step["flow"], &["spec", "options"]);
        let mut spec = read(&folder("magento_bi").join("spec.json"));
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
                "list" => found.is_array(),
                "boolean" => found.is_boolean(),
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
