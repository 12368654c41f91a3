//! A flow, driven from Python one step at a time.

use pyo3::prelude::*;
use tenantry::ops;

use crate::call::{Call, heard};
use crate::process::PerProcess;

#[pyclass(frozen, module = "tenantry._native")]
pub struct Flow(PerProcess<tenantry::flow::Flow>);

impl Flow {
    pub fn new(flow: tenantry::flow::Flow) -> Self {
        Self(PerProcess::new(flow))
    }
}

#[pymethods]
impl Flow {
    /// Goes on until there is something to tell: an event, a need, or the result.
    fn advance(&self, events: u8) -> Call {
        match self.0.get_or_envelope("flow") {
            Ok(flow) => Call::new(flow.advance(heard(events))),
            Err(envelope) => Call::ended(envelope),
        }
    }

    /// Answers the flow's need; an envelope says whether that is one of its choices.
    fn answer(&self, text: &str) -> String {
        match self.0.get_or_envelope("flow") {
            Ok(flow) => ops::envelope(flow.answer(text).map(|()| "null".to_owned())),
            Err(envelope) => envelope,
        }
    }

    /// Asks the flow to stop at the next point where nothing is lost; from any thread.
    fn stop(&self) {
        if let Some(flow) = self.0.get() {
            flow.stop();
        }
    }

    /// Where the flow is, as an envelope.
    fn status(&self) -> String {
        match self.0.get_or_envelope("flow") {
            Ok(flow) => ops::envelope(Ok(flow.status())),
            Err(envelope) => envelope,
        }
    }
}
