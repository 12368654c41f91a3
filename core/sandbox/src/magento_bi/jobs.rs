//! `POST /v2/client/{client_id}/job` (step 8) and `GET /v2/client/{client_id}/job/type/{type}` (step 9), on the dashboard host.

use std::time::Duration;

use serde_json::{Value, json};

use super::auth;
use super::outcome::SUCCESS;
use super::state::{Birth, End, Job};
use crate::call::Call;
use crate::clock::wall;
use crate::reply::Reply;
use crate::world::Systems;

pub(super) const CONNECTION_TEST: u64 = 27;
pub(super) const STRUCTURE_SYNC: u64 = 5;

/// The name of a job type; the document has only the first.
fn type_name(kind: u64) -> &'static str {
    match kind {
        CONNECTION_TEST => "Connection Test",
        STRUCTURE_SYNC => "struct sync",
        2 => "Full Update",
        _ => "Job",
    }
}

pub(super) fn start_connection_test(systems: &mut Systems, call: &Call<'_>) -> Reply {
    test(systems, call).unwrap_or_else(|refusal| refusal)
}

fn test(systems: &mut Systems, call: &Call<'_>) -> Result<Reply, Reply> {
    let state = &mut systems.magento_bi;
    auth::dashboard(state, call)?;
    state.client(call.segment(0), call.now)?;
    if call.form("jobType")? != CONNECTION_TEST.to_string() {
        return Err(Reply::error(400, "field `jobType`: only 27, the connection test"));
    }
    let given = call.form("workload[connectionId]")?.parse().unwrap_or(0);
    let samples = call.form("workload[syncAndSample]").is_ok_and(|value| value == "1");
    let (ids, birth) = ((state.next_job_id(), state.next_job_id()), state.birth(call.now, call.visible_at()));
    let (end, sync_end) = (state.outcome.connection_test(), state.outcome.structure_sync());
    let passes = end.ends_well();

    let client = state.client(call.segment(0), call.now)?;
    let connection = client.connection(given, call.now);
    let connection = connection.ok_or_else(|| Reply::error(404, "this client has no such connection"))?;
    let test = Job::new(birth, ids.0, CONNECTION_TEST, Some(connection.meta_id), call, end);
    if passes && connection.established.is_none() {
        connection.established = Some((test.end_at, test.end_ms));
    }
    if passes && samples {
        // The structure sync exists from the moment in which the test has succeeded.
        let birth = Birth { visible_at: test.end_at, ..test.birth.clone() };
        client.jobs.push(Job::new(birth, ids.1, STRUCTURE_SYNC, test.connection, call, sync_end));
    }
    client.jobs.push(test);
    // The reply does not tell the job's id (contract, 8).
    Ok(Reply::created(&json!({
        "status": { "name": "Queued", "id": 1 }, "end": null, "start": null,
        "type": { "name": type_name(CONNECTION_TEST), "id": CONNECTION_TEST }, "id": null,
    })))
}

pub(super) fn list_by_type(systems: &mut Systems, call: &Call<'_>) -> Reply {
    listed(systems, call).unwrap_or_else(|refusal| refusal)
}

fn listed(systems: &mut Systems, call: &Call<'_>) -> Result<Reply, Reply> {
    auth::dashboard(&systems.magento_bi, call)?;
    let kind: u64 = call.segment(1).parse().map_err(|_| Reply::error(404, "a job type is a number"))?;
    let client = systems.magento_bi.client(call.segment(0), call.now)?;
    let mut jobs: Vec<&Job> =
        client.jobs.iter().filter(|job| job.kind == kind && job.birth.visible(call.now)).collect();
    // Newest first, as the vendor's client takes it.
    jobs.sort_by_key(|job| std::cmp::Reverse((job.birth.visible_at, job.id)));
    Ok(Reply::ok(&jobs.into_iter().map(|job| job.listed(call.now)).collect()))
}

impl End {
    pub(super) fn ends_well(&self) -> bool {
        self.name.eq_ignore_ascii_case(SUCCESS)
    }
}

impl Job {
    /// A job that waits half of its time and runs the other half.
    fn new(birth: Birth, id: u64, kind: u64, connection: Option<u64>, call: &Call<'_>, end: End) -> Job {
        let begin_at = birth.visible_at.saturating_add(call.wait / 2);
        let end_at = birth.visible_at.saturating_add(call.wait);
        let wall = |at: Duration| {
            let ahead = i64::try_from(at.saturating_sub(call.now).as_millis()).unwrap_or(i64::MAX);
            call.wall_ms.saturating_add(ahead)
        };
        Job { birth, id, kind, connection, begin_at, end_at, begin_ms: wall(begin_at), end_ms: wall(end_at), end }
    }

    /// Name and id of the status at `now`.
    pub(super) fn status(&self, now: Duration) -> (&str, u64) {
        if now >= self.end_at {
            (&self.end.name, self.end.id)
        } else if now >= self.begin_at {
            ("Running", 2)
        } else {
            ("Queued", 1)
        }
    }

    fn listed(&self, now: Duration) -> Value {
        let (name, id) = self.status(now);
        let start = (now >= self.begin_at).then(|| wall::stamp(self.begin_ms));
        let end = (now >= self.end_at && self.end.ended).then(|| wall::stamp(self.end_ms));
        json!({
            "status": { "name": name, "id": id }, "end": end, "start": start,
            "type": { "name": type_name(self.kind), "id": self.kind }, "id": self.id,
        })
    }
}
