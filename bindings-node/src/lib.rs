//! The Node binding: text and handles. No model, no endpoint, no promise; those are TypeScript (`ts/`).
//!
//! A domain error crosses as the text of its envelope. A native exception is a defect.

mod awaitable;
mod call;
mod columns;
mod fleet;
mod flow;
mod pages;
mod sandbox;
mod worker;

fn failure(error: tenantry::Error) -> String {
    tenantry::ops::envelope(Err(error))
}
