//! Every method and path that the client calls exists in the vendor's own specification.
//!
//! The document is the vendor's and no part of this project: the test reads it from the folder that `TENANTRY_SHARED` names,
//! or from `../shared` beside the checkout, and says so when it is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::Value;
use tenantry::cloudblue;

const DOCUMENT: &str = "contracts/cloudblue-openapi-assets.json";

/// The document, or why there is none.
fn document() -> Result<Value, String> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("TENANTRY_SHARED").map_or(beside, PathBuf::from);
    let path = folder.join(DOCUMENT);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(serde_json::from_str(&text).unwrap())
}

/// Runs `check` on the document; a test without one is skipped, and says why.
fn with_document(check: impl FnOnce(&Value)) {
    match document() {
        Ok(document) => check(&document),
        // Straight to the handle: what is printed by a test that passes is kept from its reader.
        Err(why) => drop(writeln!(
            std::io::stderr(),
            "skipped, for the vendor's specification cannot be read (set TENANTRY_SHARED): {why}"
        )),
    }
}

/// A path template without the names of its parameters.
fn unnamed(path: &str) -> String {
    path.split('/').map(|step| if step.starts_with('{') { "{}" } else { step }).collect::<Vec<_>>().join("/")
}

/// The operations of the document by method and unnamed path.
fn documented(document: &Value) -> BTreeMap<(String, String), &Value> {
    let paths = document["paths"].as_object().unwrap().iter();
    let methods = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, operation)| ((method.to_uppercase(), unnamed(path)), operation))
    });
    methods.collect()
}

#[test]
fn every_method_and_path_is_in_the_vendors_specification() {
    with_document(|document| {
        let documented = documented(document);
        let known: BTreeSet<_> = documented.keys().cloned().collect();
        for operation in cloudblue::operations() {
            let called = (operation.method.to_owned(), unnamed(operation.path));
            assert!(known.contains(&called), "{} calls {called:?}, which is in no specification", operation.name);
        }
        assert!(cloudblue::operations().count() >= 28);
    });
}

#[test]
fn every_operation_of_the_assets_module_has_a_method() {
    with_document(|document| {
        let called: BTreeSet<_> =
            cloudblue::operations().map(|operation| (operation.method.to_owned(), unnamed(operation.path))).collect();
        let assets = |path: &str| {
            path == "/requests" || path == "/assets" || path.starts_with("/requests/") || path.starts_with("/assets/")
        };
        let missing: Vec<_> = documented(document)
            .into_keys()
            .filter(|(_, path)| assets(path))
            .filter(|key| !called.contains(key))
            .collect();
        assert!(missing.is_empty(), "no method calls {missing:?}");
    });
}

/// The comparisons that a parameter's description names: `**lookups:** eq, ne, null()`.
fn lookups(parameter: &Value) -> BTreeSet<String> {
    let description = parameter["description"].as_str().unwrap_or_default();
    let line = description.split("**lookups:**").nth(1).unwrap_or_default().lines().next().unwrap_or_default();
    line.split(',').map(|word| word.trim().trim_end_matches("()").to_owned()).filter(|word| !word.is_empty()).collect()
}

#[test]
fn every_filter_and_its_comparisons_are_those_of_a_parameter_of_its_list() {
    with_document(|document| {
        let documented = documented(document);
        let mut checked = 0;
        for operation in cloudblue::operations().filter(|operation| !operation.filters.is_empty()) {
            let list = documented[&(operation.method.to_owned(), unnamed(operation.path))];
            let parameters = list["parameters"].as_array().unwrap();
            for filter in operation.filters {
                let case = format!("{}: {}", operation.name, filter.name);
                let named = |parameter: &&Value| parameter["name"] == filter.name;
                let parameter = parameters.iter().find(named).unwrap_or_else(|| panic!("{case} is no parameter"));
                let words = filter.lookups.iter().map(|op| serde_json::to_value(op).unwrap());
                let words: BTreeSet<String> =
                    words.map(|word| word.as_str().unwrap().trim_start_matches("is_").to_owned()).collect();
                assert_eq!(words, lookups(parameter), "{case}");
                checked += 1;
            }
        }
        assert!(checked > 80, "only {checked} filters");
    });
}
