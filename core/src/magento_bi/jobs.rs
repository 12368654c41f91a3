//! Steps 8 and 9: jobs that the dashboard's host runs.

use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

use super::Client;
use crate::id::Id;
use crate::ops::{Fields, operations};

/// The type of the jobs that test a connection.
pub const CONNECTION_TEST: u64 = 27;
/// The type of the jobs that read a database's structure; a connection test starts one.
pub const STRUCTURE_SYNC: u64 = 5;

/// Arguments of [`Jobs::start_connection_test`].
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StartConnectionTest {
    /// The client that the signup created.
    pub client_id: Id,
    /// The connection to test: its `meta_id`, as the vendor's example client has it.
    pub connection_id: Id,
    /// 1 reads the database's structure after the test; default 1.
    #[serde(default = "one")]
    pub sync_and_sample: u8,
}

fn one() -> u8 {
    1
}

impl Serialize for StartConnectionTest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("StartConnectionTest", 3)?;
        form.serialize_field("jobType", &CONNECTION_TEST)?;
        form.serialize_field("workload[connectionId]", &self.connection_id)?;
        form.serialize_field("workload[syncAndSample]", &self.sync_and_sample)?;
        form.end()
    }
}

impl Fields for StartConnectionTest {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.client_id]
    }

    fn referer(&self) -> Option<String> {
        let (client, connection) = (&self.client_id, &self.connection_id);
        Some(format!("/v2/client/{client}/dashapp/settings/connection/{connection}/"))
    }
}

/// Arguments of [`Jobs::list_by_type`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListJobsByType {
    /// The client that the signup created.
    #[serde(skip_serializing)]
    pub client_id: Id,
    /// The type: 5 for structure syncs, 27 for connection tests.
    #[serde(skip_serializing)]
    pub type_id: Id,
}

impl Fields for ListJobsByType {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.client_id, &self.type_id]
    }
}

/// A job of a client.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Job {
    /// Its id; null in the reply that starts it.
    pub id: Option<Id>,
    /// How far it is.
    pub status: Label,
    /// What it does.
    pub r#type: Option<Label>,
    /// When it started.
    pub start: Option<String>,
    /// When it ended.
    pub end: Option<String>,
}

/// A name with its number.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Label {
    /// The number, e.g. 1 for a queued job, 4 for one that succeeded.
    pub id: Option<Id>,
    /// The name, e.g. `Queued`, `Completed Successfully`.
    pub name: Option<String>,
}

operations! {
    /// Jobs of a client (the vendor's document, sections 8 and 9). They live on the dashboard's host.
    Jobs(Client) in "magento_bi.jobs" {
        /// Starts a job that tests a connection, and with `sync_and_sample` then reads the database's structure.
        ///
        /// Each sending starts one more job: a request whose reply was lost is not sent again, and raises
        /// `outcome_unknown`. A second test does no harm.
        /// Source: Magento BI Cloud Onboarding API, section 8.
        start_connection_test(StartConnectionTest) -> Job
            = POST "/v2/client/{client_id}/job", Once, DashboardCookies, Form;

        /// Lists the jobs of one type, the newest first.
        ///
        /// Source: Magento BI Cloud Onboarding API, section 9; the order is what the vendor's example client relies on.
        list_by_type(ListJobsByType) -> Vec<Job>
            = GET "/v2/client/{client_id}/job/type/{type_id}", Safe, DashboardCookies, None;
    }
}
