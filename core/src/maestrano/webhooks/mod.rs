//! What Maestrano tells an app: a group is gone, a user left a group, data changed, a synchronization is asked for.
//!
//! Free of frameworks, I/O and clocks: a request's parts in, a typed event and the reply out.
//! ```
//! # let key = format!("{:x}", std::process::id());
//! # let configuration = format!(
//! #     r#"{{"marketplace": "some-telco", "app": {{"host": "https://app.example"}},
//! #     "api": {{"id": "app-1", "key": "{key}", "host": "https://api.example", "base": "/api/v1/"}},
//! #     "sso": {{"init_path": "/init", "consume_path": "/consume", "idp": "https://idp.example"}},
//! #     "webhooks": {{"account": {{"group_path": "/groups/:id"}}}}}}"#
//! # );
//! # let marketplace = serde_json::from_str(&configuration)?;
//! use tenantry::maestrano::webhooks::{self, Event, Order};
//!
//! // A test makes the request that Maestrano would send.
//! let order = Order::from_json(r#"{"type": "group_deleted", "group_id": "cld-4"}"#)?;
//! let signed = webhooks::request(&marketplace, &order)?;
//! assert_eq!((signed.request.method.as_str(), signed.request.path.as_str()), ("DELETE", "/groups/cld-4"));
//!
//! let unwrapped = webhooks::unwrap([&marketplace], &signed.request)?;
//! assert!(matches!(unwrapped.event, Event::GroupDeleted { group_id } if group_id.as_str() == "cld-4"));
//! assert_eq!((unwrapped.marketplace.as_str(), unwrapped.reply.status), ("some-telco", 200));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! Paths are those of the marketplace's configuration. A placeholder (`:id`, `:group_id`, `:cld-uid`) is a whole segment
//! or a whole value of the query, and takes an [`Id`](crate::Id). One slash at the end makes no difference. What the
//! configured query asks for must be in the request's. The path of the app's own URL may stand before the configured one,
//! or be cut off by a proxy. A path that is empty or lacks its placeholder is not served.
//! `webhooks.connec.initialization_path` is not either: what is sent there is written down nowhere.
//!
//! Where marketplaces share a path, the credentials say which one it is. There is no signature, no date and no number of a
//! delivery: who has the app's key can repeat whatever was sent.
//!
//! Source: the page "SDK free integration", the wiki's pages of webhooks, and the vendor's Rails packages.

mod body;
mod canonical;
mod credentials;
mod dedupe;
mod event;
mod kind;
mod local;
mod members;
mod notification;
mod order;
mod refusal;
mod reply;
mod request;
mod template;
mod unwrap;
mod user;

pub use event::{Entities, Event, Group, Unwrapped};
pub use kind::Kind;
pub use local::local;
pub use order::{Order, Signed, request};
pub use reply::{Reply, Synchronization, SynchronizationState};
pub use request::Request;
pub use unwrap::{MAX_BODY_BYTES, unwrap, unwrap_within};
pub use user::{mask_user, unmask_user};
