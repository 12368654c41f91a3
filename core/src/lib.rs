//! API clients and polling flows of SaaS marketplaces, one Rust core for Rust, Python and Node.
#![forbid(unsafe_code)]

mod auth;
pub mod cloudblue;
mod error;
pub mod flow;
pub mod host;
pub mod http;
mod id;
mod lenient;
pub mod maestrano;
pub mod magento_bi;
pub mod ops;
pub mod page;
pub mod poll;
pub mod reactor;
pub mod retry;
mod secret;
pub mod time;

pub use error::{Code, Error, Outcome, Report, Result};
pub use id::Id;
pub use secret::Secret;

/// The README's Rust runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
