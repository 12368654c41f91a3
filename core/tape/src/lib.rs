//! A slot tape: where each known field of a page of records lies, found in one pass that validates all of it.
//!
//! No object is built. A [`Layout`] says which fields are known; [`Tape::parse`] reads a JSON array and notes the range of
//! every known field of every record. What is not known is validated and skipped, and stays in the text.
//!
//! ```
//! use tenantry_tape::{Field, Holds, Kind, Layout, Shape, Tape};
//!
//! static ITEM: Shape = Shape { id: 1, name: "Item", fields: &[Field { key: "mpn", kind: Kind::Value, holds: Holds::Text, at: 1 }], width: 2 };
//! static ORDER: Shape = Shape {
//!     id: 0,
//!     name: "Order",
//!     fields: &[
//!         Field { key: "id", kind: Kind::Value, holds: Holds::Text, at: 1 },
//!         Field { key: "items", kind: Kind::List { shape: &ITEM, table: 1 }, holds: Holds::Any, at: 2 },
//!     ],
//!     width: 4,
//! };
//! static ORDERS: Layout = Layout { root: &ORDER, tables: &[&ORDER, &ITEM] };
//!
//! let text = r#"[{"id": "A", "note": [1, 2], "items": [{"mpn": "M-1"}, {"mpn": "M-2"}]}]"#;
//! let mut tape = Tape::default();
//! tape.parse(&ORDERS, text)?;
//! let order = tape.block(0, 0);
//! assert_eq!(order.value(0).map(|slot| slot.of(text)), Some("\"A\""));
//! let mpns = order.list(1).map(|item| item.value(0).map(|slot| slot.of(text)));
//! assert!(mpns.eq([Some("\"M-1\""), Some("\"M-2\"")]));
//! # Ok::<(), tenantry_tape::Fault>(())
//! ```
//!
//! The text is accepted exactly if it is a JSON array by RFC 8259, nested at most [`MAX_DEPTH`] deep and shorter than 2 GiB.
//! Escapes of lone surrogates pass, as they do where text is only skipped; of a key that comes twice the last one counts. A
//! page of more slots than bytes is not read if they would take more than 16 MiB: its records are next to empty.

#![deny(unsafe_code)]

mod block;
mod fault;
mod grammar;
mod layout;
mod order;
mod records;
mod scan;
mod slot;
#[cfg(target_arch = "x86_64")]
mod sse2;
mod tape;
mod text;
mod utf8;

pub use block::{At, Block};
pub use fault::Fault;
pub use layout::{Field, Holds, Kind, Layout, Shape};
pub use slot::Slot;
pub use tape::Tape;
pub use text::{is_plain, member, unescape};
pub use utf8::utf8;

/// Levels of arrays and objects that are read.
pub const MAX_DEPTH: u32 = 128;

/// A text that is longer has places that fit into no slot.
const MAX_BYTES: usize = 1 << 31;
