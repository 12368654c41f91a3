//! Maestrano: marketplaces, billing, webhooks, sessions and single sign-on.
//!
//! Source: the vendor's page "SDK free integration", its wiki, and the sources of its SDKs and of its API sandbox. The live
//! systems cannot be reached: nothing here was checked against them.

mod marketplace;

pub use marketplace::{AccountWebhooks, Api, App, Connec, ConnecWebhooks, Marketplace, Sso, Webhooks};
