//! What a text can ask of the tape at most: depth, memory, time.

use tenantry_tape::{Field, Holds, Kind, Layout, MAX_DEPTH, Shape, Tape};

static WIDE: Shape = Shape { id: 1, name: "Wide", fields: &[value("x", 1)], width: 64 };
static ROW: Shape = Shape {
    id: 0,
    name: "Row",
    fields: &[
        value("id", 1),
        Field { key: "in", kind: Kind::Record(&WIDE), holds: Holds::Any, at: 2 },
        Field { key: "far", kind: Kind::Far { shape: &WIDE, table: 1 }, holds: Holds::Any, at: 66 },
        Field { key: "list", kind: Kind::List { shape: &WIDE, table: 1 }, holds: Holds::Any, at: 68 },
    ],
    width: 70,
};
static LAYOUT: Layout = Layout { root: &ROW, tables: &[&ROW, &WIDE] };

const fn value(key: &'static str, at: u32) -> Field {
    Field { key, kind: Kind::Value, holds: Holds::Any, at }
}

fn read(text: &str) -> Result<Tape, usize> {
    let mut tape = Tape::default();
    tape.parse(&LAYOUT, text).map(|()| tape).map_err(|fault| fault.at)
}

#[test]
fn as_deep_as_said_and_no_deeper_wherever_it_is_deep() {
    let most = MAX_DEPTH as usize;
    for (before, behind, levels) in [
        ("", "", 0),
        ("[", "]", 1),
        (r#"[{"id":"#, "}]", 2),
        (r#"[{"unknown":"#, "}]", 2),
        (r#"[{"in":{"x":"#, "}}]", 3),
        (r#"[{"far":{"x":"#, "}}]", 3),
        (r#"[{"list":[{"x":"#, "}]}]", 4),
        (r#"[{"list":["#, "]}]", 3),
        (r#"[{"id":{"a":[{"b":"#, "}]}}]", 5),
    ] {
        let nested = |depth: usize| {
            let more = depth - levels;
            format!("{before}{}{}{behind}", "[".repeat(more), "]".repeat(more))
        };
        assert!(read(&nested(most)).is_ok(), "{before}");
        let at = before.len() + most - levels;
        assert_eq!(read(&nested(most + 1)).err(), Some(at), "{before}: the bracket that is one too many");
    }
}

#[test]
fn no_depth_overflows_a_small_stack() {
    let read = || {
        for (open, before) in
            [("[", ""), (r#"{"id":"#, "["), (r#"{"in":"#, "["), (r#"{"far":"#, "["), (r#"[{"list":"#, "")]
        {
            let text = before.to_owned() + &open.repeat(1_000_000);
            assert!(read(&text).is_err(), "{open}");
        }
        let deep = format!(r#"[{{"id":{}1{}}}]"#, r#"{"a":"#.repeat(126), "}".repeat(126));
        assert!(read(&deep).is_ok());
    };
    std::thread::Builder::new().stack_size(64 << 10).spawn(read).unwrap().join().unwrap();
}

#[test]
fn rows_with_nothing_in_them_do_not_fill_the_memory() {
    for (open, row, close) in [("[", "{}", "]"), (r#"[{"list":["#, "7", "]}]"), (r#"[{"#, r#""far":{}"#, "}]")] {
        let page = |rows: usize| format!("{open}{}{close}", vec![row; rows].join(","));
        assert!(read(&page(20_000)).is_ok(), "{row}: as many rows as any server gives");
        let many = page(1_000_000);
        assert!(read(&many).is_err(), "{row}: a hundred times its text");
        let mut tape = Tape::default();
        assert!(tape.parse(&LAYOUT, &many).is_err());
        let most = 16 * many.len().max(1 << 21);
        assert!(tape.capacity() <= most, "{row}: {} bytes for {}", tape.capacity(), many.len());
    }
    let text = "x".repeat(600);
    let rows: Vec<String> = (0..50_000).map(|id| format!(r#"{{"id":{id},"far":{{"x":"{text}"}}}}"#)).collect();
    let tape = read(&format!("[{}]", rows.join(","))).unwrap();
    assert_eq!(tape.rows(0), 50_000, "long pages have room for long rows");
}

#[test]
fn keys_that_nobody_knows_are_passed_over_in_any_number() {
    let unknown: Vec<String> = (0..200_000).map(|key| format!(r#""key{key}":{key}"#)).collect();
    let tape = read(&format!(r#"[{{"id":1,{},"in":{{"x":2}}}}]"#, unknown.join(","))).unwrap();
    assert!(tape.block(0, 0).record(1).unwrap().value(0).is_some());
    assert!(tape.capacity() < 4096, "they leave nothing behind");
}

#[test]
fn a_row_that_is_not_there_has_no_fields() {
    let tape = read(r#"[{"id": 1}]"#).unwrap();
    for (table, row) in [(0, 1), (0, u32::MAX), (1, 0), (2, 0), (u8::MAX, u32::MAX)] {
        let block = tape.block(table, row);
        assert!(block.own().is_empty() && block.value(0).is_none() && block.list(3).len() == 0, "{table} {row}");
    }
    assert_eq!((tape.rows(0), tape.rows(1), tape.rows(2)), (1, 0, 0));
}

#[test]
fn a_tape_that_was_used_knows_nothing_of_the_page_before() {
    let mut tape = Tape::default();
    tape.parse(&LAYOUT, r#"[{"id":1,"list":[{"x":1},{"x":2}]},{"id":2,"list":[]}]"#).unwrap();
    // The same places, other keys.
    tape.parse(&LAYOUT, r#"[{"if":1,"lost":[{"y":1},{"y":2}]},{"id":2,"list":[]}]"#).unwrap();
    assert!(tape.block(0, 0).value(0).is_none());
    assert!(tape.block(0, 1).value(0).is_some());
    assert!(tape.parse(&LAYOUT, "[{\"id\":1},").is_err());
    assert_eq!((tape.rows(0), tape.block(0, 0).own()), (0, Default::default()));
}
