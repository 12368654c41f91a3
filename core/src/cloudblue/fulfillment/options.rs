//! What a worker works on, and how.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::listing::Listing;
use super::super::query::Query;
use crate::error::{Error, Result};
use crate::http::Options;

/// A queue of requests, by the status that they wait in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// To be approved, failed, inquired or scheduled.
    Pending,
    /// To be confirmed.
    Revoking,
}

impl Lane {
    /// The status of the lane's requests.
    pub fn status(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Revoking => "revoking",
        }
    }
}

/// What a worker works on, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkerOptions {
    /// The products whose requests it handles; none: all.
    pub product_ids: Vec<String>,
    /// The types of requests that it handles; none: all.
    pub types: Vec<String>,
    /// Filters by keyword.
    pub filters: Map<String, Value>,
    /// A query besides.
    pub query: Option<Query>,
    /// The queues that it works off, in this order; default `pending` alone, for a handler that would approve what waits to be
    /// revoked has to be told of it.
    pub lanes: Vec<Lane>,
    /// Milliseconds from the start of a cycle to the start of the next; default 180,000, spread by a tenth, though not below
    /// 120,000 unless `any_interval` allows it.
    pub interval_ms: u64,
    /// Allows an interval outside of 120,000 to 300,000 milliseconds, which the vendor recommends.
    pub any_interval: bool,
    /// Requests in hand at the same time; default 1.
    pub concurrency: usize,
    /// Rows of a page; default 100.
    pub page_size: Option<u64>,
    /// Requests that a cycle hands out at most; default: no limit.
    pub max_per_cycle: Option<u64>,
    /// The age in milliseconds at which what is known of a request is read again before it counts; default 10,000.
    pub recheck_after_ms: u64,
    /// Fields to leave out (`-template`) or to put in.
    pub select: Vec<String>,
    /// Connection options of its calls.
    pub options: Options,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            product_ids: Vec::new(),
            types: Vec::new(),
            filters: Map::new(),
            query: None,
            lanes: vec![Lane::Pending],
            interval_ms: 180_000,
            any_interval: false,
            concurrency: 1,
            page_size: None,
            max_per_cycle: None,
            recheck_after_ms: 10_000,
            select: Vec::new(),
            options: Options::default(),
        }
    }
}

/// The vendor's recommendation: not more often, and not less often.
pub(super) const FLOOR: Duration = Duration::from_secs(120);
const CEILING: Duration = Duration::from_secs(300);

impl WorkerOptions {
    pub(super) fn check(&self) -> Result<()> {
        if !self.any_interval && !(FLOOR..=CEILING).contains(&self.interval()) {
            return Err(Error::validation("interval", "must be 120 to 300 seconds, as the vendor recommends")
                .with_hint("any_interval allows any other"));
        }
        if self.interval_ms == 0 {
            return Err(Error::validation("interval", "must be positive"));
        }
        if self.concurrency == 0 {
            return Err(Error::validation("concurrency", "must be at least 1"));
        }
        if self.lanes.is_empty() {
            return Err(Error::validation("lanes", "must name pending, revoking or both"));
        }
        if self.filters.keys().any(|key| key == "status" || key.starts_with("status__")) {
            return Err(Error::validation("status", "is the lanes' own").with_hint("use lanes"));
        }
        if self.query.as_ref().is_some_and(|query| query.mentions("status")) {
            return Err(Error::validation("query", "cannot be about status: the lanes are").with_hint("use lanes"));
        }
        let needed = ["id", "created", "status", "asset", "asset.id"];
        if let Some(field) = self.select.iter().filter_map(|field| field.strip_prefix('-')).find(|f| needed.contains(f))
        {
            return Err(Error::validation("select", format!("cannot leave {field} out: the worker goes by it")));
        }
        Ok(())
    }

    pub(super) fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    /// What a lane's list is asked for.
    pub(super) fn listing(&self, lane: Lane) -> Listing {
        let mut filters = self.filters.clone();
        for (keyword, values) in [("product_id", &self.product_ids), ("type", &self.types)] {
            match values.as_slice() {
                [] => {}
                [one] => drop(filters.insert(keyword.to_owned(), one.as_str().into())),
                several => drop(filters.insert(keyword.to_owned(), several.to_vec().into())),
            }
        }
        Listing {
            status: Some(lane.status().into()),
            filters,
            query: self.query.clone(),
            select: self.select.clone(),
            page_size: self.page_size,
            ..Listing::default()
        }
    }
}

/// One run of a worker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    /// Cycles until it ends by itself; absent: until it is stopped.
    pub max_cycles: Option<u64>,
    /// Whether decisions are only told, and nothing is sent.
    pub dry_run: bool,
}

impl Run {
    /// One cycle; an error of reading the queue ends it with that error.
    pub fn once() -> Self {
        Self { max_cycles: Some(1), dry_run: false }
    }
}
