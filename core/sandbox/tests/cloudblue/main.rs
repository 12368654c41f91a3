//! How the sandbox plays CloudBlue Connect.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test fails the test")]

#[path = "../connect/mod.rs"]
mod connect;

mod actors;
mod faults;
mod filters;
mod operations;
mod paging;
mod seed;
mod transitions;
