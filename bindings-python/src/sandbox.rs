//! The sandbox in this process. Every method answers with an envelope.

use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use tenantry::{Code, Error, ops};
use tenantry_sandbox::{ClockKind, SandboxError, SandboxOptions, Vocabulary};

use crate::process::PerProcess;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    port: u16,
    clock: String,
    vocabulary: String,
    wait_ms: u64,
    #[serde(default)]
    commit_delay_ms: u64,
}

fn invalid(message: String) -> Error {
    Error::new(Code::Validation, message)
}

fn problem(error: SandboxError) -> Error {
    match error {
        SandboxError::Invalid(message) => invalid(message),
        SandboxError::RealClock => Error::config(
            "the sandbox runs on the real clock, which cannot be advanced",
            "start it with clock=\"virtual\"",
        ),
        SandboxError::Bind { port, source } => Error::config(
            format!("the sandbox cannot listen on 127.0.0.1:{port}: {source}"),
            "choose another port, or 0 for any free one",
        ),
        SandboxError::Delivery(_) => Error::new(Code::Connection, error.to_string()),
        other => Error::internal(other.to_string()),
    }
}

fn read(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| invalid(format!("no JSON: {error}")))
}

fn start(text: &str) -> Result<tenantry_sandbox::Sandbox, Error> {
    let options: Options = serde_json::from_str(text).map_err(|error| invalid(format!("sandbox: {error}")))?;
    let clock = match options.clock.as_str() {
        "real" => ClockKind::Real,
        "virtual" => ClockKind::Virtual,
        other => return Err(Error::validation("clock", format!("{other} is neither real nor virtual"))),
    };
    let vocabulary = match options.vocabulary.as_str() {
        "client" => Vocabulary::Client,
        "document" => Vocabulary::Document,
        other => return Err(Error::validation("vocabulary", format!("{other} is neither client nor document"))),
    };
    let Options { port, wait_ms, commit_delay_ms, .. } = options;
    let options = SandboxOptions { port, clock, vocabulary, wait_ms, commit_delay_ms };
    tenantry_sandbox::Sandbox::start(options).map_err(problem)
}

#[pyclass(frozen, module = "tenantry._native")]
pub struct Sandbox(PerProcess<tenantry_sandbox::Sandbox>);

impl Sandbox {
    fn with(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&tenantry_sandbox::Sandbox) -> Result<Value, Error> + Send,
    ) -> String {
        match self.0.get_or_envelope("sandbox") {
            // Python's other threads go on: a handler of the sandbox may wait for one of them.
            Ok(sandbox) => py.detach(|| ops::envelope(act(sandbox).map(|value| value.to_string()))),
            Err(envelope) => envelope,
        }
    }
}

#[pymethods]
impl Sandbox {
    /// The sandbox, or an envelope that says why not.
    #[staticmethod]
    fn start(py: Python<'_>, options: &str) -> PyResult<Py<PyAny>> {
        match py.detach(|| start(options)) {
            Ok(sandbox) => Ok(Py::new(py, Self(PerProcess::new(sandbox)))?.into_any()),
            Err(error) => Ok(ops::envelope(Err(error)).into_pyobject(py)?.into_any().unbind()),
        }
    }

    /// What the program prints when ready.
    fn line(&self, py: Python<'_>) -> String {
        self.with(py, |sandbox| Ok(sandbox.line()))
    }

    fn fault(&self, py: Python<'_>, rule: &str) -> String {
        self.with(py, |sandbox| sandbox.fault(read(rule)?).map(|()| Value::Null).map_err(problem))
    }

    fn clear_faults(&self, py: Python<'_>) -> String {
        self.with(py, |sandbox| {
            sandbox.clear_faults();
            Ok(Value::Null)
        })
    }

    fn advance(&self, py: Python<'_>, ms: u64) -> String {
        self.with(py, |sandbox| sandbox.advance(ms).map(|()| Value::Null).map_err(problem))
    }

    fn journal(&self, py: Python<'_>) -> String {
        self.with(py, |sandbox| Ok(sandbox.journal()))
    }

    fn state(&self, py: Python<'_>) -> String {
        self.with(py, |sandbox| Ok(sandbox.state()))
    }

    fn reset(&self, py: Python<'_>) -> String {
        self.with(py, |sandbox| {
            sandbox.reset();
            Ok(Value::Null)
        })
    }

    fn expire_tokens(&self, py: Python<'_>) -> String {
        self.with(py, |sandbox| {
            sandbox.expire_tokens();
            Ok(Value::Null)
        })
    }

    fn outcome(&self, py: Python<'_>, outcome: &str) -> String {
        self.with(py, |sandbox| sandbox.outcome(read(outcome)?).map(|()| Value::Null).map_err(problem))
    }

    fn seed(&self, py: Python<'_>, seed: &str) -> String {
        self.with(py, |sandbox| sandbox.seed(read(seed)?).map_err(problem))
    }

    fn generate(&self, py: Python<'_>, order: &str) -> String {
        self.with(py, |sandbox| sandbox.generate(read(order)?).map_err(problem))
    }

    fn behave(&self, py: Python<'_>, behaviour: &str) -> String {
        self.with(py, |sandbox| sandbox.cloudblue(read(behaviour)?).map_err(problem))
    }

    fn behave_maestrano(&self, py: Python<'_>, behaviour: &str) -> String {
        self.with(py, |sandbox| sandbox.maestrano(read(behaviour)?).map_err(problem))
    }

    fn webhook(&self, py: Python<'_>, order: &str) -> String {
        self.with(py, |sandbox| sandbox.webhook(read(order)?).map_err(problem))
    }

    fn close(&self, py: Python<'_>) {
        if let Some(sandbox) = self.0.get() {
            py.detach(|| sandbox.close());
        }
    }
}
