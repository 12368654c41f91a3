//! Maestrano: marketplaces, billing, webhooks, sessions and single sign-on.
//!
//! Source: the vendor's page "SDK free integration", its wiki, and the sources of its SDKs and of its API sandbox. The live
//! systems cannot be reached: nothing here was checked against them.

mod auth;
pub mod billing;
pub mod bills;
mod changes;
mod client;
mod composed;
mod connec;
mod filters;
pub mod groups;
mod marketplace;
pub mod marketplaces;
mod money;
mod patience;
pub mod recurring_bills;
pub mod resellers;
pub mod saml;
pub mod sessions;
mod shown;
pub mod sso;
pub mod users;
mod wait;
mod watch;
pub mod webhooks;

pub use billing::Journal;
pub use bills::{Bill, CreateBill, ListBills, WaitForBill};
pub use client::{BASE_URL, Builder, Client, Config};
pub use groups::{Group, ListGroups};
pub use marketplace::{AccountWebhooks, Api, App, Connec, ConnecWebhooks, Marketplace, Sso, Webhooks};
pub use marketplaces::{Change, Marketplaces, Refreshed};
pub use money::{Cents, Units};
pub use recurring_bills::{CreateRecurringBill, ListRecurringBills, RecurringBill};
pub use resellers::{ListResellers, Reseller};
pub use sessions::{CheckSession, SessionStatus};
pub use users::{ListUsers, User};

use crate::ops::Operation;

/// Every operation of Maestrano that has a method of its own.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    [
        groups::OPERATIONS,
        users::OPERATIONS,
        bills::OPERATIONS,
        recurring_bills::OPERATIONS,
        resellers::OPERATIONS,
        sessions::OPERATIONS,
        shown::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}
