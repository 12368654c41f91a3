//! How the sandbox plays Maestrano.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test fails the test")]

#[path = "../marketplace/mod.rs"]
mod marketplace;

mod account;
mod configuration;
mod connec;
mod lifecycle;
mod sign_on;
mod sso;
mod webhooks;
