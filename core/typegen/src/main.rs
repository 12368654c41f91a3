//! Writes the Python and TypeScript surfaces and the layouts of tapes from the operation table; with `--check`, exits 1 when a file is stale.

mod layouts;
mod python;
mod python_doc;
mod python_filters;
mod python_models;
mod python_resources;
mod schema;
mod typescript;
mod typescript_shapes;

use std::path::Path;
use std::process::ExitCode;

use schema::Model;

fn main() -> ExitCode {
    let check = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => {
            eprintln!("usage: tenantry-typegen [--check]");
            return ExitCode::from(2);
        }
    };
    match run(check) {
        Ok(stale) if stale.is_empty() => ExitCode::SUCCESS,
        Ok(stale) => {
            stale.iter().for_each(|path| eprintln!("{path} is stale: run `make gen`"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("typegen: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes every file, or with `check` only looks; returns those that were to be changed and were not.
fn run(check: bool) -> Result<Vec<String>, String> {
    let models = [
        Model::read("magento_bi", tenantry::magento_bi::operations())?,
        Model::read("cloudblue", tenantry::cloudblue::operations())?,
        Model::read("maestrano", tenantry::maestrano::operations())?,
    ];
    let mut files = vec![layouts::file(&models)?];
    for model in &models {
        files.extend(python::files(model));
        files.extend(typescript::files(model)?);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut stale = Vec::new();
    for (path, text) in files {
        let target = root.join(&path);
        if std::fs::read_to_string(&target).is_ok_and(|present| present == text) {
            continue;
        }
        if check {
            stale.push(path);
            continue;
        }
        let written =
            target.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&target, &text));
        written.map_err(|error| format!("{path}: {error}"))?;
        println!("{path}");
    }
    Ok(stale)
}
