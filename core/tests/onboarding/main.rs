//! The onboarding of Magento BI: a flow against the sandbox.

#[path = "../common/mod.rs"]
mod common;

mod fleet;
mod lifecycle;
mod requests;
mod settling;
mod spread;
mod story;
mod unknown;
mod waiting;
