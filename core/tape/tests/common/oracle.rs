//! What serde_json makes of a text, told by other means than the tape's: the tape has to agree in every field.

use std::collections::HashMap;
use std::fmt;

use serde_core::de::{IgnoredAny, MapAccess, Visitor};
use serde_core::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tenantry_tape::{Block, Kind, Layout, MAX_DEPTH, Shape, Slot, Tape, unescape};

/// Reads `text` with `tape`, as a page and as a record, and with serde_json; tells whether it is a page.
///
/// # Errors
/// Where they do not agree.
pub fn agree(tape: &mut Tape, layout: &'static Layout, text: &str) -> Result<bool, String> {
    let json = serde_json::from_str::<IgnoredAny>(text).is_ok() && depth(text) <= MAX_DEPTH;
    let rows = serde_json::from_str::<Vec<&RawValue>>(text).ok().filter(|_| json);
    let parsed = tape.parse(layout, text);
    check(parsed.is_ok() == rows.is_some(), || format!("a page: {parsed:?}, serde_json: {json}"))?;
    if let Err(fault) = parsed {
        check(fault.at <= text.len(), || format!("{fault} of {}", text.len()))?;
        check((0..=u8::MAX).all(|table| tape.rows(table) == 0), || "what was not read is kept".to_owned())?;
    }
    if let Some(rows) = &rows {
        check(tape.rows(0) as usize == rows.len(), || format!("{} rows of {}", tape.rows(0), rows.len()))?;
        for (number, row) in (0..).zip(rows) {
            record(text, tape.block(0, number), layout.root, row)?;
        }
    }
    let parsed = tape.parse_one(layout, text);
    check(parsed.is_ok() == json, || format!("a record: {parsed:?}, serde_json: {json}"))?;
    let one = serde_json::from_str::<&RawValue>(text);
    if let (true, Ok(one)) = (json, one) {
        check(tape.rows(0) == 1, || "one record is not one row".to_owned())?;
        record(text, tape.block(0, 0), layout.root, one)?;
    }
    Ok(rows.is_some())
}

/// Levels of brackets, those within strings left out.
fn depth(text: &str) -> u32 {
    let (mut depth, mut most, mut in_string, mut escaped) = (0_u32, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                most = most.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// A record and all that is in it.
fn record(text: &str, block: Block<'_>, shape: &'static Shape, json: &RawValue) -> Result<(), String> {
    let name = shape.name;
    check(std::ptr::eq(block.shape(), shape), || format!("{name}: another shape"))?;
    range(text, block.own(), json)?;
    let members = members(json);
    for (at, field) in shape.fields.iter().enumerate() {
        let (slot, json) = (block.value(at), members.get(field.key).copied());
        let what = || format!("{name}.{}", field.key);
        match (slot, json) {
            (None, None) => {}
            (Some(slot), Some(json)) => range(text, slot, json).map_err(|why| format!("{}: {why}", what()))?,
            _ => return Err(format!("{}: {slot:?} is {json:?}", what())),
        }
        let null = RawValue::NULL;
        match field.kind {
            Kind::Value => {
                check(block.record(at).is_none(), || format!("{}: a record", what()))?;
                check(block.list(at).len() == 0, || format!("{}: a list", what()))?;
            }
            Kind::Record(shape) => {
                let inner = block.record(at).ok_or_else(|| format!("{}: no record", what()))?;
                match json {
                    Some(json) => record(text, inner, shape, json)?,
                    None => empty(inner).map_err(|why| format!("{}: {why}", what()))?,
                }
            }
            Kind::Far { shape, .. } => {
                let inner = block.record(at).ok_or_else(|| format!("{}: no record", what()))?;
                match json.filter(|json| json.get().starts_with('{')) {
                    Some(json) => record(text, inner, shape, json)?,
                    None => empty(inner).map_err(|why| format!("{}: {why}", what()))?,
                }
            }
            Kind::List { shape, .. } => {
                let rows: Vec<&RawValue> = serde_json::from_str(json.unwrap_or(null).get()).unwrap_or_default();
                let blocks = block.list(at);
                check(blocks.len() == rows.len(), || format!("{}: {} rows", what(), blocks.len()))?;
                for (block, row) in blocks.zip(rows) {
                    record(text, block, shape, row)?;
                }
            }
        }
    }
    check(block.value(shape.fields.len()).is_none(), || format!("{name}: a field too many"))
}

/// None of its fields came.
fn empty(block: Block<'_>) -> Result<(), String> {
    for (at, field) in block.shape().fields.iter().enumerate() {
        check(block.value(at).is_none(), || format!("{} of nothing", field.key))?;
        check(block.list(at).len() == 0, || format!("rows of {} of nothing", field.key))?;
        if let Kind::Record(_) | Kind::Far { .. } = field.kind {
            empty(block.record(at).ok_or("no record")?)?;
        }
    }
    Ok(())
}

/// The slot is that value's, and says rightly whether it has escapes; its text is what serde_json makes of it.
fn range(text: &str, slot: Slot, json: &RawValue) -> Result<(), String> {
    let json = json.get();
    let start = json.as_ptr().addr() - text.as_ptr().addr();
    check(slot.range() == (start..start + json.len()), || format!("{:?} is {start} + {}", slot.range(), json.len()))?;
    check(slot.of(text) == json, || format!("{:?} is {json:?}", slot.of(text)))?;
    let escaped = json.starts_with('"') && json.contains('\\');
    check(slot.is_escaped() == escaped, || format!("escaped: {}: {json}", slot.is_escaped()))?;
    let wanted = serde_json::from_str::<String>(json).ok();
    let found = unescape(json);
    check(found.as_deref() == wanted.as_deref(), || format!("{json} is {found:?}, not {wanted:?}"))
}

/// The members of an object, of each key the last one; keys that no text can be are left out. Of anything else, none.
fn members(json: &RawValue) -> HashMap<String, &RawValue> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = HashMap<String, &'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = HashMap::new();
            while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                if let Ok(key) = serde_json::from_str(key.get()) {
                    members.insert(key, value);
                }
            }
            Ok(members)
        }
    }
    struct Object<'a>(HashMap<String, &'a RawValue>);
    impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(Members).map(Object)
        }
    }
    if !json.get().starts_with('{') {
        return HashMap::new();
    }
    serde_json::from_str::<Object<'_>>(json.get()).expect("serde_json read it once").0
}

fn check(holds: bool, or: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(or()) }
}
