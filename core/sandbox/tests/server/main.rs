//! The sandbox as a server: faults, time, journal, and how it plays Magento BI.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test fails the test")]

#[path = "../raw/mod.rs"]
mod raw;

mod chaos;
mod client_2018;
mod faults;
mod journal;
mod operations;
mod outcomes;
mod virtual_clock;
