//! Single sign-on: the verifier against what it may meet.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mutate.rs"]
mod mutate;
#[path = "../support/saml.rs"]
mod provider;

mod corpus;
mod mutations;
mod sso;
mod verify;
