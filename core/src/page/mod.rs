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
mod flat;
mod ipc;
mod key;
#[rustfmt::skip]
mod layouts;
mod packed;
#[expect(clippy::module_inception, reason = "a file is named after its noun")]
mod page;
mod pager;
mod pages;
mod path;
mod row;

pub use tenantry_tape::{At, Block, Field, Holds, Kind, Layout, Shape, Slot, unescape};

pub use ascii::in_ascii;
pub use columns::{Batch, Column, Columns, Values};
pub use cursor::{Cursor, Window};
pub use ipc::Stream;
pub use key::{Instant, KeyLookup, RowKey};
pub use layouts::layout;
pub(crate) use layouts::layout_of_list;
pub use packed::Packed;
pub use page::Page;
pub(crate) use page::next_to_empty;
pub use pager::Pager;
pub use pages::Pages;
pub use path::Path;
pub use row::Row;

pub(crate) use pager::count;
pub(crate) use pages::{PageOptions, Source};

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::layouts::LAYOUTS;
    use super::*;
    use crate::cloudblue::Request;
    use crate::error::Code;
    use crate::ops::{Lossless, decode};

    /// Checks a shape and all within it; `around` are those that it lies in.
    fn check(shape: &'static Shape, layout: &Layout, around: &[u16], ids: &mut HashMap<u16, &'static Shape>) {
        let name = shape.name;
        assert!(!around.contains(&shape.id), "{name} lies within itself");
        let known = ids.insert(shape.id, shape);
        assert!(known.is_none_or(|known| std::ptr::eq(known, shape)), "{name} has the id of another shape");
        let around = [around, &[shape.id]].concat();
        let (mut at, mut keys) = (1, HashSet::new());
        for field in shape.fields {
            let key = field.key;
            assert!(keys.insert(key), "{name}.{key} comes twice");
            assert!(key.bytes().all(|byte| (0x20..0x7f).contains(&byte) && !b"\"\\".contains(&byte)), "{name}.{key}");
            assert_eq!(field.at, at, "{name}.{key} is not behind the field before it");
            at += match field.kind {
                Kind::Value => 1,
                Kind::Record(inner) => {
                    check(inner, layout, &around, ids);
                    inner.width
                }
                Kind::Far { shape: inner, table } | Kind::List { shape: inner, table } => {
                    assert!(table > 0, "{name}.{key}: the first table is the page's");
                    assert!(std::ptr::eq(layout.tables[usize::from(table)], inner), "{name}.{key}: another's table");
                    check(inner, layout, &around, ids);
                    2
                }
            };
        }
        assert_eq!(shape.width, at, "{name}");
    }

    #[test]
    fn every_layout_is_one_that_a_tape_can_be_read_by() {
        let mut ids = HashMap::new();
        for (system, model, layout) in LAYOUTS {
            assert!(std::ptr::eq(layout.tables[0], layout.root), "{system} {model}");
            check(layout.root, layout, &[], &mut ids);
        }
        assert!(ids.len() > 20);
    }

    #[test]
    fn a_record_is_read_as_a_page_only_where_its_model_reads_it() {
        for (text, is_page) in [
            (r#"{"id": "PR-1"}"#, true),
            (r#"{"id": "PR-1", "asset": 7, "status": {}, "type": null, "unknown": [1e400, "\ud800"]}"#, true),
            (r#"{"id": "\u0041", "asset": {"items": [{}, 3], "tiers": []}}"#, true),
            (r#"{"id": "PR-1", "unknown": 1, "unknown": 2}"#, true),
            (r#"{"id": "\ud800"}"#, false),
            (r#"{"id": "PR-1", "status": "a", "status": "b"}"#, false),
            (r#"{"id": "PR-1", "asset": {"id": "a", "id": "b"}}"#, false),
            (r#"{"id": 7}"#, false),
            ("{}", false),
            ("[]", false),
            (r#"[{"id": "PR-1"}]"#, false),
            ("null", false),
            (r#"{"id": "PR-1"} x"#, false),
            (r#"{"id": "PR-1",}"#, false),
            ("", false),
        ] {
            let page = Page::of_record(layout("cloudblue", "Request").unwrap(), text.to_owned(), &["id"]);
            assert_eq!(page.is_ok(), is_page, "{text}");
            assert_eq!(page.map_or_else(|text| text, Page::into_text), text);
            if is_page {
                decode::<Lossless<Request>>(text, "application/json").unwrap();
            }
        }
    }

    #[test]
    fn records_with_next_to_nothing_in_them_are_refused_rather_than_given_out_empty() {
        let layout = layout("cloudblue", "Request").unwrap();
        let rows = format!("[{}]", vec!["{}"; 200_000].join(","));
        let record = format!(r#"{{"asset":{{"params":{rows}}}}}"#);
        assert_eq!(Page::of_rows(layout, rows).unwrap_err().code(), Code::Decode);
        assert_eq!(Page::of_one(layout, record).unwrap_err().code(), Code::Decode);
        let usual = format!("[{}]", vec!["{}"; 20_000].join(","));
        assert_eq!(Page::of_rows(layout, usual).unwrap().rows().len(), 20_000);
    }
}
