//! A fleet of flows, driven from Python one turn at a time.

use pyo3::prelude::*;
use tenantry::ops;

use crate::call::Call;
use crate::process::PerProcess;

#[pyclass(frozen, module = "tenantry._native")]
pub struct Fleet(PerProcess<tenantry::flow::Fleet>);

impl Fleet {
    pub fn new(fleet: tenantry::flow::Fleet) -> Self {
        Self(PerProcess::new(fleet))
    }
}

#[pymethods]
impl Fleet {
    /// Goes on until there is something to tell; takes flows, and specs that were wanted.
    fn advance(&self, given: &str) -> Call {
        match self.0.get_or_envelope("fleet") {
            Ok(fleet) => Call::new(fleet.advance(given)),
            Err(envelope) => Call::ended(envelope),
        }
    }

    /// Answers the need of a flow; an envelope says whether that is one of its choices.
    fn answer(&self, key: &str, text: &str) -> String {
        match self.0.get_or_envelope("fleet") {
            Ok(fleet) => ops::envelope(fleet.answer(key, text).map(|()| "null".to_owned())),
            Err(envelope) => envelope,
        }
    }

    /// Begins nothing more, and waits for what must not be sent twice; from any thread.
    fn stop(&self) {
        if let Some(fleet) = self.0.get() {
            fleet.stop();
        }
    }

    /// How many flows are where, as an envelope.
    fn status(&self) -> String {
        match self.0.get_or_envelope("fleet") {
            Ok(fleet) => ops::envelope(Ok(fleet.status())),
            Err(envelope) => envelope,
        }
    }
}
