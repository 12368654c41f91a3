//! One local server that plays the vendors' systems: state, time, faults, and a journal of what arrived. No account, no network.
//!
//! ```
//! use std::io::{Read as _, Write as _};
//! use serde_json::json;
//! use tenantry_sandbox::{ClockKind, Sandbox, SandboxOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::start(SandboxOptions { clock: ClockKind::Virtual, ..SandboxOptions::default() })?;
//! // The first signup is carried out, but its reply breaks off after 12 bytes.
//! sandbox.fault(json!({"operation": "magento_bi.signups.create", "when": "after", "cut_at": 12}))?;
//!
//! let mut client = std::net::TcpStream::connect(sandbox.url().trim_start_matches("http://"))?;
//! let body = r#"{"company": "Coco Co.", "email": "csm@example.com"}"#;
//! let head = format!("POST /v3/signups HTTP/1.1\r\nhost: api.rjmetrics.com\r\ncontent-length: {}\r\n\r\n", body.len());
//! client.write_all(format!("{head}{body}").as_bytes())?;
//! let mut reply = String::new();
//! client.read_to_string(&mut reply)?;
//!
//! assert_eq!(reply, "HTTP/1.1 201");
//! assert_eq!(sandbox.journal()[0]["committed"], true);
//! assert_eq!(sandbox.state()["magento_bi"]["signups"][0]["status"], "pending");
//! sandbox.advance(1000)?;
//! assert_eq!(sandbox.state()["magento_bi"]["signups"][0]["status"], "completed");
//! # Ok(()) }
//! ```
//!
//! # What it plays
//! Magento BI's Cloud Onboarding API (contract, section 1): every POST answers 201, every GET and PUT 200, any `Host`
//! header will do, both hosts share one port. It keeps state and **never de-duplicates**. Bad JSON or a missing field
//! answers 400, a missing or useless token 401, an unknown path or id 404, each with `{"message"}`. The vendor's
//! unknowns are played like this: an unfinished signup or autodash job is `pending`, PUT merges and answers the client,
//! a failed job's status has id 5, and a type-5 job appears when a test with `syncAndSample=1` has succeeded.
//!
//! CloudBlue Connect's requests and assets (contract, section 1) under `/public/v1`, with the key of the sandbox's line:
//! both state machines, lists by RQL with paging to the letter, templates, conversations, usage. A fresh sandbox holds the
//! products `PRD-1` and `PRD-2`, seventy pending purchases of the first, and a request of each status and each type; their
//! dates lie in the five days before its start. Product `PRD-1` has parameters of all types, templates `TL-1` (fulfillment)
//! and `TL-2` (inquiring), drafts and suspension; `PRD-2` sets up tiers first. The vendor's unknowns are played like this:
//!
//! | point | played as |
//! |---|---|
//! | verbs | the vendor's, the buyer's (`purchase`, `submit`) and the distributor's (`revoke`) are taken from the same key |
//! | a verb out of turn | 400 `REQ_003`, naming both statuses; so is the second approval of a request |
//! | PUT | in every status but approved, failed and revoked; if one parameter is wrong, none is changed |
//! | parameters | a request shows its asset's, and when it has ended those that it ended with |
//! | POST of a duplicate | 409, while a request of the type is open, or for a purchase until its asset is terminated |
//! | a required parameter is missing in a purchase | it begins as inquiring |
//! | tiers, planned dates, buyers, drafts | by the clock, computed when somebody looks: [`Sandbox::cloudblue`] |
//! | a value of a status or type that does not exist | selects nothing |
//! | `ne` and `out` of a path with several values | none of them is the value |
//! | `select` of an unknown path, orders by more than five fields | 400, as the vendor's library has it |
//!
//! Maestrano (contract, section 1): the configuration endpoint, the account API under `/api/v1/`, the identity provider,
//! session checks, Connec!, and the calls that Maestrano makes to the app ([`Sandbox::webhook`]). The app is on the
//! marketplaces `maestrano` and `some-telco`, which share nothing but the provider and the ids of what they begin with: the
//! groups `cld-4`, `cld-5` (a name that XML has to escape, timestamps with milliseconds, a trial that ended in the year 0 or
//! is still on) and `cld-6` (nothing but what is always there), the users `usr-1` to `usr-3`, a bill and a recurring bill of
//! each status, a reseller, and 250 organizations in Connec!. The second marketplace has a colon in the app's key, ids as
//! lists, the synchronization paths and a query in a path; the first has a null `idm`. [`Sandbox::maestrano`] changes where the
//! app is and how all this behaves. The vendor's unknowns are played like this:
//!
//! | point | played as |
//! |---|---|
//! | an unknown id | 200 without success for GET, 400 for DELETE |
//! | errors | those of all fields at once, with the unknown group among them |
//! | bodies | JSON or a form; what is sent beside the known fields is ignored |
//! | `third_party`, `initial_cents` | kept, though the vendor's own sandbox drops them; `third_party` is shown if it was sent |
//! | a bill's `units` | a number on the wire, as the vendor prints it; text in [`Sandbox::state`] |
//! | timestamps | whole seconds, as its database keeps them; two of what is there at first have milliseconds |
//! | filters | compare what is shown; a key that is no column selects nothing; nor does an unreadable value |
//! | a bill's invoice | on the first 25th, 00:00 UTC, after its creation, or after `invoice_ms`; `updated_at` is that instant |
//! | recurring bills | a bill at `start_date` and at each anniversary; of half months, 15 days after it and at the next month's |
//! | a trial | makes no bill and uses up no cycle |
//! | cancelling what has expired | is carried out |
//! | the end of a group | cancels its recurring bills; it can be charged no more |
//! | who signs in | `user_id` of the query, else the first user of `group_id`, else the first; unknown apps, users and groups are sent to `/app_access_unauthorized` |
//! | sessions | one for each user of a marketplace; the check knows those of all; `/app_logout` ends them all |
//! | the provider's key | one for all sandboxes of a process, made when it is first asked for |
//! | Connec! | a page has `$top` rows, 100 by default; a batch at most 50 operations; three reports, whose content is made up |
//!
//! # Faults
//! [`Sandbox::fault`] and `POST /_sandbox/faults` take a rule or an array of rules. A rule that is wrong is refused by the
//! name of its key. A request meets at most one rule: the first one, in the order of adding, that applies.
//!
//! | key | meaning | default |
//! |---|---|---|
//! | `operation` | a name such as `magento_bi.signups.create`, with `*` for any text | any, if `method` or `path` is given |
//! | `method`, `path` | exact, `*` in a path for any text | any |
//! | `skip` | so many matching requests pass first | 0 |
//! | `times` | so many requests are hit; `null`: all | 1 |
//! | `percent`, `seed` | only so many of a hundred requests are hit, by lot; a seed always hits the same ones | 100, 1 |
//! | `when` | `before`: a spoiled request is not carried out; `after`: it is | `before` |
//! | `status`, `body` (text) or `json`, `content_type`, `headers` | take the place of the reply's own; a header may be a list | |
//! | `cut_at`, `drop` | the connection ends after so many bytes of the whole reply, or without any | |
//! | `reset` | it ends by RST instead of FIN | false |
//! | `hold` | the reply never comes | false |
//! | `hold_ms`, `latency_ms` | the reply comes so much later | 0 |
//! | `drip` | `{"bytes", "every_ms"}`: the reply comes in helpings | |
//! | `merge`, `remove` | fields laid over the reply's JSON, and paths (`"a.b"`) taken out; in a list, of each element | |
//! | `commit_delay_ms` | what the request makes can be seen so much later | [`SandboxOptions::commit_delay_ms`] |
//! | `idle_close_ms` | the connection ends so long after the reply, without notice | |
//!
//! `status`, `body`, `json`, `cut_at`, `drop` and `hold` *spoil*: with `before`, the request leaves no trace in the state,
//! and what is cut is the reply that it would have got. The other effects only delay or change a reply: such a request is
//! always carried out, with `before` at the end of the delay, with `after` at its beginning.
//!
//! # Control routes
//! `GET` `journal`, `state`; `POST` `faults`, `advance` (`{"ms"}`), `reset`, `magento_bi/expire_tokens`,
//! `magento_bi/outcome`, `magento_bi/seed`, `cloudblue/behaviour`, `cloudblue/generate`, `maestrano/behaviour`,
//! `maestrano/webhooks`; `DELETE` `faults`; all under `/_sandbox/`. They do what the methods of [`Sandbox`] do, and are
//! neither journalled nor faulted.
//!
//! # Journal
//! One object per request, in the order of arrival: `seq` (from 1), `at_ms` (the sandbox's clock), `operation` (`null` for
//! an unknown path), `method`, `path`, `query` (an object; of a GET of
//! CloudBlue `{"rql"}`, the whole query as one text), `headers` (content-type, accept, user-agent, referer, x-request-id, and
//! `auth`: `bearer`, `basic`, `apikey`, `cookie`, `dashuid+cookie`, … or `null`), `body` (JSON or form as an object, secrets
//! as `***`; `{"bytes": n}` when it is neither or broke off), `status` (`null` when no reply was sent), `committed` (it was
//! carried out with success), and `fault` (when and which effects, or `null`). The newest 100,000 are kept.
//!
//! # Time
//! With [`ClockKind::Virtual`] the sandbox lives by a [`VirtualClock`], which clients of the same process find by
//! [`clock_of`]. A client that sleeps on it moves it; one in another process moves it by `POST /_sandbox/advance`.
#![forbid(unsafe_code)]

mod call;
mod chance;
mod chaos;
mod clock;
mod cloudblue;
mod control;
mod error;
mod fault;
mod journal;
mod maestrano;
mod magento_bi;
mod mask;
mod operation;
mod options;
mod reply;
mod rql;
mod sandbox;
mod server;
mod wire;
mod world;

pub use chaos::{ChaosProxy, Ending, Plan};
pub use clock::{Park, VirtualClock, clock_of};
pub use error::SandboxError;
pub use options::{ClockKind, SandboxOptions, Vocabulary};
pub use sandbox::Sandbox;
