//! Magento BI (RJMetrics) Cloud Onboarding: eleven calls, and the flow that makes a merchant of them.
//!
//! Source: the vendor's document "Magento BI Cloud Onboarding API" (beta), and what its example client of 2018 sends.
//! The live API is private: nothing here was checked against it.

mod auth;
pub mod autodash;
mod client;
pub mod clients;
pub mod connections;
pub mod invites;
pub mod jobs;
pub mod onboarding;
pub mod signups;
pub mod tokens;

pub use auth::AuthStyle;
pub use client::{Builder, Client, Config};

use crate::ops::Operation;

/// Every operation of Magento BI, in the order of the vendor's document.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    [
        tokens::OPERATIONS,
        signups::OPERATIONS,
        invites::OPERATIONS,
        clients::OPERATIONS,
        connections::OPERATIONS,
        jobs::OPERATIONS,
        autodash::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}
