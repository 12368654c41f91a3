//! What a page of a list costs: finding its fields, and deciding where the next page begins; beside other readers of the
//! same text. Prints; asserts nothing.

mod requests;

use std::hint::black_box;
use std::time::Instant;

use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;
use tenantry::page::{Cursor, KeyLookup, Page, RowKey, layout};
use tenantry_tape::Tape;

const ROWS: usize = 1000;
const ROUNDS: usize = 41;

/// The median and the least of many rounds, in microseconds an object.
fn measure(name: &str, bytes: usize, mut round: impl FnMut()) {
    let mut took: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            round();
            start.elapsed().as_secs_f64()
        })
        .collect();
    took.sort_unstable_by(f64::total_cmp);
    let (median, best) = (took[ROUNDS / 2], took[0]);
    let each = |seconds: f64| seconds * 1e6 / ROWS as f64;
    println!("{name:<44} {:>7.3} {:>7.3} {:>7.2}", each(median), each(best), bytes as f64 / best / 1e9);
}

fn leaves(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.iter().map(leaves).sum(),
        Value::Object(members) => members.values().map(leaves).sum(),
        _ => 1,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = requests::page(0, ROWS);
    let bytes = text.len();
    let layout = layout("cloudblue", "Request").ok_or("no layout of requests")?;
    let leaves = leaves(&serde_json::from_str(&text)?);
    println!("{ROWS} requests of {} bytes and {} values each", bytes / ROWS, leaves / ROWS);
    println!("{:<44} {:>7} {:>7} {:>7}", "", "median", "best", "best");
    println!("{:<44} {:>7} {:>7} {:>7}", "", "µs each", "µs each", "GB/s");

    let mut copy = vec![0; bytes];
    measure("memcpy", bytes, || black_box(&mut copy).copy_from_slice(black_box(text.as_bytes())));
    measure("UTF-8 validation", bytes, || assert!(std::str::from_utf8(black_box(text.as_bytes())).is_ok()));
    measure("serde_json, IgnoredAny", bytes, || {
        assert!(serde_json::from_str::<IgnoredAny>(black_box(&text)).is_ok());
    });
    measure("serde_json, &RawValue of each row", bytes, || {
        assert!(serde_json::from_str::<Vec<&RawValue>>(black_box(&text)).is_ok());
    });
    let mut tape = Tape::default();
    measure("tape", bytes, || {
        assert!(tape.parse(layout, black_box(&text)).is_ok());
    });
    println!("  ({} bytes of slots each)", tape.capacity() / ROWS);

    let mut texts: Vec<String> = (0..ROUNDS).map(|_| text.clone()).collect();
    measure("page", bytes, || {
        let page = texts.pop().and_then(|text| Page::of_rows(layout, text).ok());
        assert!(black_box(page).is_some());
    });
    let page = Page::of_rows(layout, text.clone())?;
    measure("keys of the rows", bytes, || {
        black_box(RowKey::of_page(&page));
    });
    let keys = RowKey::of_page(&page);
    for (name, lookup) in [("cursor by key", Some(KeyLookup::GreaterOrEqual)), ("cursor by offset", None)] {
        let mut cursors: Vec<Cursor> = (0..ROUNDS).map(|_| Cursor::new(lookup, 1000)).collect();
        measure(name, bytes, || {
            let taken = cursors.pop().map(|mut cursor| cursor.take(&keys, Some("items 0-999/100000")));
            assert!(taken.is_some_and(|taken| taken.is_ok()));
        });
    }
    Ok(())
}
