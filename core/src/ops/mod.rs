//! The operation table, and its one door.
//!
//! # The boundary
//! Text, bytes and handles cross to Python and Node, never a model of this crate. `invoke(op, args_json)` answers with an
//! envelope: `{"ok": …}` holds the reply's own text, untouched, so that numbers, unknown fields and unknown values survive;
//! `{"error": {…}}` holds a [`crate::error::Report`]. A [`Call`] may put out messages before its envelope: `{"event": …}`,
//! to be shown, and `{"ask": {id, kind, data}}`, to be answered with [`Call::reply`]. Who has a use for a record's page takes
//! the [`Reply`] itself, by [`Call::poll_step`], in place of the envelope. A domain error is never a native exception; a
//! native exception is a defect.
//!
//! Data keeps the wire's names everywhere. `null` means none, absence means not sent. Durations are integers whose names
//! end in `_ms`; money is integer minor units; an unknown word of an enumeration passes through.
//!
//! # Adding an operation
//! Write its argument and reply structs and one row of `operations!` in `<system>/<noun>.rs`; a route in the sandbox; a
//! scenario; then `make gen`.

mod call;
mod door;
mod execute;
mod json;
mod judge;
mod lossless;
mod raw;
mod reply;
mod table;

pub use call::{Call, Step, envelope};
pub use door::{Client, spec};
pub use lossless::Lossless;
pub use reply::Reply;
pub use table::{Auth, Body, Kind, Operation};

#[cfg(feature = "schema")]
pub use table::Schemas;

pub use execute::CallContext;
pub(crate) use execute::{Credentials, Engine, System};
pub(crate) use json::{any_json, check_depth, decode, map, picked, read_arguments, read_config};
pub(crate) use judge::Success;
pub(crate) use lossless::mark_applied;
pub(crate) use raw::{RawRequest, encode_query, rows as raw_rows};
pub(crate) use table::{Arguments, Fields, OfId, operations, row};
