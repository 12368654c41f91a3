//! Lists page by page: where the next page begins ([`Cursor`]), and who fetches it ahead of time ([`Pages`], [`Pager`]).
//!
//! A list that is ordered by its key (`created`) pages by that key: the next page begins at the last row's key, and rows
//! that were seen already are left out. So nothing is skipped while the rows that were handled leave the list, as they do
//! when each pending request is approved. A list in another order pages by offset: rows that leave or enter it meanwhile
//! can shift others past the reader.
//!
//! A page is its text and a tape of where its fields lie ([`Page`], [`Row`]); no object is built that nobody asks for.

mod ascii;
mod columns;
mod cursor;
mod key;
#[rustfmt::skip]
mod layouts;
mod packed;
mod page;
mod pager;
mod pages;
mod path;
mod row;

pub use tenantry_tape::{At, Block, Field, Holds, Kind, Layout, Shape, Slot, unescape};

pub use columns::{Batch, Column, Columns, Values};
pub use cursor::{Cursor, Window};
pub use key::{Instant, KeyLookup, RowKey};
pub use layouts::layout;
pub(crate) use layouts::layout_of_list;
pub use packed::Packed;
pub use page::Page;
pub(crate) use page::is_record;
pub use pager::Pager;
pub use pages::Pages;
pub use path::Path;
pub use row::Row;

pub(crate) use pager::count;
pub(crate) use pages::{PageOptions, Source};
