//! The Node binding: text and handles. No model, no endpoint, no promise; those are TypeScript (`ts/`).
//!
//! A domain error crosses as the text of its envelope. A native exception is a defect.

mod awaitable;
mod call;
mod columns;
mod fleet;
mod flow;
#[cfg(target_os = "linux")]
mod lane;
mod pages;
mod sandbox;
#[cfg(target_os = "linux")]
mod uv;
#[cfg(target_os = "linux")]
mod watch;
#[cfg(not(target_os = "linux"))]
#[path = "watch_none.rs"]
mod watch;
mod worker;

fn failure(error: tenantry::Error) -> String {
    tenantry::ops::envelope(Err(error))
}
