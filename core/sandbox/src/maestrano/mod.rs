//! Plays Maestrano as the contract has it (section 1): configuration, account API, identity provider, sessions, data sharing
//! and the calls that it makes to the app.
//!
//! Marketplaces share nothing but the provider. What nobody calls happens by the sandbox's clock, computed when somebody looks.

mod account;
mod assertion;
mod basic;
mod behaviour;
mod bill;
mod bills;
mod client;
mod configuration;
mod connec;
mod credentials;
mod currencies;
mod delivery;
mod envelope;
mod fields;
mod filter;
mod group;
mod groups;
mod identity;
mod instant;
mod period;
mod reading;
mod recurring_bill;
mod recurring_bills;
pub(crate) mod refusal;
mod reseller;
mod resellers;
mod saml_request;
mod seed;
mod sessions;
mod signature;
mod sso;
mod state;
mod user;
mod users;
mod webhook;
mod words;
mod xml;

use crate::call::Call;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::world::Systems;

pub(crate) use credentials::Credentials;
pub(crate) use delivery::Delivery;
pub(crate) use state::State;

const fn operation(
    name: &'static str,
    method: &'static str,
    path: &'static str,
    handle: fn(&mut Systems, &Call<'_>) -> Reply,
) -> Operation {
    Operation { name, method, path, handle }
}

/// Every call.
pub(crate) const OPERATIONS: &[Operation] = &[
    operation("maestrano.marketplaces.fetch", "GET", "/api/config/v1/marketplaces/?", configuration::fetch),
    operation("maestrano.client.ping", "GET", "/api/v1/ping", client::ping),
    operation("maestrano.groups.list", "GET", "/api/v1/account/groups", groups::list),
    operation("maestrano.groups.get", "GET", "/api/v1/account/groups/{}", groups::get),
    operation("maestrano.users.list", "GET", "/api/v1/account/users", users::list),
    operation("maestrano.users.get", "GET", "/api/v1/account/users/{}", users::get),
    operation("maestrano.bills.list", "GET", "/api/v1/account/bills", bills::list),
    operation("maestrano.bills.get", "GET", "/api/v1/account/bills/{}", bills::get),
    operation("maestrano.bills.create", "POST", "/api/v1/account/bills", bills::create),
    operation("maestrano.bills.cancel", "DELETE", "/api/v1/account/bills/{}", bills::cancel),
    operation("maestrano.recurring_bills.list", "GET", "/api/v1/account/recurring_bills", recurring_bills::list),
    operation("maestrano.recurring_bills.get", "GET", "/api/v1/account/recurring_bills/{}", recurring_bills::get),
    operation("maestrano.recurring_bills.create", "POST", "/api/v1/account/recurring_bills", recurring_bills::create),
    operation(
        "maestrano.recurring_bills.cancel",
        "DELETE",
        "/api/v1/account/recurring_bills/{}",
        recurring_bills::cancel,
    ),
    operation("maestrano.resellers.list", "GET", "/api/v1/account/resellers", resellers::list),
    operation("maestrano.resellers.get", "GET", "/api/v1/account/resellers/{}", resellers::get),
    operation("maestrano.resellers.groups", "GET", "/api/v1/account/resellers/{}/groups", resellers::groups),
    operation("maestrano.sessions.check", "GET", "/api/v1/auth/saml/{}", sessions::check),
    operation("maestrano.sso.login", "GET", "/api/v1/auth/saml", sso::login),
    operation("maestrano.sso.logout", "GET", "/app_logout", sso::logout),
    operation("maestrano.sso.unauthorized", "GET", "/app_access_unauthorized", sso::unauthorized),
    operation("maestrano.connec.index", "GET", "/api/v2/{}", connec::read),
    operation("maestrano.connec.list", "GET", "/api/v2/{}/{}", connec::read),
    operation("maestrano.connec.get", "GET", "/api/v2/{}/{}/{}", connec::read),
    operation("maestrano.connec.create", "POST", "/api/v2/{}/{}", connec::create),
    operation("maestrano.connec.update", "PUT", "/api/v2/{}/{}", connec::update),
    operation("maestrano.connec.update", "PUT", "/api/v2/{}/{}/{}", connec::update),
    operation("maestrano.connec.batch", "POST", "/batch", connec::batch),
    operation("maestrano.connec.report", "GET", "/api/reports/{}/{}", connec::report),
    operation("maestrano.connec.version", "GET", "/version", connec::version),
];
