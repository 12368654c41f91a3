//! The worker: it works off the queue of requests, and every request ends as its handler chose, once.
//!
//! A cycle reads the pending requests (and, where asked to, those being revoked) page by page, by key, so that none is skipped while
//! handled ones leave the list. Requests of one asset come in the order of their creation: while one of them is in hand, or
//! was left for later, those after it wait. What a handler decides is sent once; a lost reply is settled by reading. A request
//! that nobody decided about stays as it is.
//!
//! ```
//! # let runtime = tokio::runtime::Runtime::new().unwrap();
//! # runtime.block_on(async {
//! use futures::TryStreamExt as _;
//! use tenantry::cloudblue::Client;
//! use tenantry::cloudblue::fulfillment::{Outcome, Run, WorkerOptions};
//! use tenantry_sandbox::{Sandbox, SandboxOptions};
//!
//! let sandbox = Sandbox::start(SandboxOptions::default())?;
//! let connect = Client::builder().config_json(&sandbox.line()["cloudblue"].to_string())?.build()?;
//! let worker = connect.fulfillment_worker(WorkerOptions { product_ids: vec!["PRD-1".to_owned()], ..Default::default() })?;
//! worker.begin(Run::once())?;
//! let mut jobs = worker.jobs();
//! while let Some(job) = jobs.try_next().await? {
//!     let email = job.request.asset.as_ref().and_then(|asset| asset.param("email")?.value.clone());
//!     match email {
//!         Some(email) if !email.is_empty() => job.act(Outcome::approve("TL-1")).await?,
//!         _ => job.act(Outcome::inquire("TL-2").error("email", "Please fill this in")).await?,
//!     };
//! }
//! let report = worker.report();
//! assert!(report.approved > 0 && report.inquired > 0 && report.error_count == 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//! Source: the page of 2020, "Recommended Polling Period": every two to five minutes.

mod act;
mod cycle;
mod drive;
mod job;
mod options;
mod outcome;
mod queue;
mod report;
mod worker;

pub use job::{Job, JobResult};
pub use options::{Lane, Run, WorkerOptions};
pub use outcome::Outcome;
pub use report::{Report, Trouble};
pub use worker::{Turn, Worker};
