//! Plays Magento BI's Cloud Onboarding API as the contract has it (section 1); one file per resource.
//!
//! Nothing is ever de-duplicated: two equal POSTs make two things, as with a server without idempotency keys.

mod auth;
mod autodash;
mod clients;
mod connections;
mod credentials;
mod invites;
mod jobs;
mod outcome;
mod seed;
mod show;
mod signups;
mod state;
mod tokens;

use crate::operation::Operation;

pub(crate) use credentials::Credentials;
pub(crate) use state::State;

/// Every call, in the contract's order.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "magento_bi.tokens.create", method: "POST", path: "/v1/tokens", handle: tokens::create },
    Operation { name: "magento_bi.signups.create", method: "POST", path: "/v3/signups", handle: signups::create },
    Operation { name: "magento_bi.signups.get", method: "GET", path: "/v3/signups/{}", handle: signups::get },
    Operation { name: "magento_bi.invites.create", method: "POST", path: "/v3/invites", handle: invites::create },
    Operation { name: "magento_bi.clients.update", method: "PUT", path: "/v1/clients/{}", handle: clients::update },
    Operation {
        name: "magento_bi.connections.create",
        method: "POST",
        path: "/v1/v2/clients/{}/connections/input-connections",
        handle: connections::create,
    },
    Operation {
        name: "magento_bi.connections.list",
        method: "GET",
        path: "/v1/v2/clients/{}/connections/input-connections",
        handle: connections::list,
    },
    Operation {
        name: "magento_bi.jobs.start_connection_test",
        method: "POST",
        path: "/v2/client/{}/job",
        handle: jobs::start_connection_test,
    },
    Operation {
        name: "magento_bi.jobs.list_by_type",
        method: "GET",
        path: "/v2/client/{}/job/type/{}",
        handle: jobs::list_by_type,
    },
    Operation {
        name: "magento_bi.autodash.create",
        method: "POST",
        path: "/v1/clients/{}/autodash",
        handle: autodash::create,
    },
    Operation {
        name: "magento_bi.autodash.get",
        method: "GET",
        path: "/v1/clients/{}/autodash/{}",
        handle: autodash::get,
    },
];
