//! CloudBlue Connect: its client against fakes and the sandbox.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod composed;
mod interop;
mod list;
mod models;
mod refusals;
mod refused;
mod stable;
mod transitions;
mod worker;
