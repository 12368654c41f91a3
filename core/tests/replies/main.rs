//! What servers reply, and what callers give, for every operation of all systems.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod bodies;
mod bodies_mutated;
mod hostile_input;
mod http_replies;
mod http_send;
mod login;
mod marketplaces;
mod raw;
mod redirects;
mod retry_after;
