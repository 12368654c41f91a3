//! Webhooks of Maestrano: read, refused, signed and told apart.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/marketplaces.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod marketplaces;

mod deliveries;
mod round_trip;
mod vectors;
