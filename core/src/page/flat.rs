//! FlatBuffers, as far as Arrow's messages need them: tables, tables in vectors, texts and pairs of numbers.
//!
//! Source: the FlatBuffers documentation, "Internals". What a table refers to follows it, so that all offsets point forward.

/// A field's value; its place in the table is its place in the schema.
pub(super) enum Flat<'f> {
    Absent,
    Bool(bool),
    Byte(u8),
    Short(i16),
    Int(i32),
    Long(i64),
    Text(&'f str),
    Table(Vec<Flat<'f>>),
    Tables(Vec<Vec<Flat<'f>>>),
    /// A vector of structs of two numbers.
    Pairs(Vec<[i64; 2]>),
}

/// The buffer whose root is a table of these fields.
pub(super) fn flat(root: &[Flat<'_>]) -> Vec<u8> {
    let mut out = vec![0; 4];
    let table = table(&mut out, root);
    point(&mut out, 0, table);
    pad(&mut out, 8);
    out
}

/// Writes a table and what it refers to; gives its place.
fn table(out: &mut Vec<u8>, fields: &[Flat<'_>]) -> usize {
    let (mut places, mut size) = (Vec::new(), 4_usize);
    for field in fields {
        let width = field.width();
        size = if width == 0 { size } else { size.next_multiple_of(width) };
        places.push(if width == 0 { 0 } else { size });
        size += width;
    }
    pad(out, 2);
    let fields_at = out.len();
    for number in [4 + 2 * fields.len(), size].iter().chain(&places) {
        out.extend(u16::try_from(*number).unwrap_or(u16::MAX).to_le_bytes());
    }
    pad(out, 8);
    let start = out.len();
    out.resize(start + size, 0);
    put(out, start, &number(start - fields_at).to_le_bytes());
    for (field, place) in fields.iter().zip(places) {
        let at = start + place;
        match field {
            Flat::Absent => {}
            Flat::Bool(value) => put(out, at, &[u8::from(*value)]),
            Flat::Byte(value) => put(out, at, &[*value]),
            Flat::Short(value) => put(out, at, &value.to_le_bytes()),
            Flat::Int(value) => put(out, at, &value.to_le_bytes()),
            Flat::Long(value) => put(out, at, &value.to_le_bytes()),
            Flat::Text(text) => {
                let place = vector(out, text.len(), 4);
                out.extend(text.as_bytes());
                out.push(0);
                point(out, at, place);
            }
            Flat::Table(fields) => {
                let place = table(out, fields);
                point(out, at, place);
            }
            Flat::Tables(tables) => {
                let place = vector(out, tables.len(), 4);
                out.resize(out.len() + 4 * tables.len(), 0);
                point(out, at, place);
                for (number, fields) in tables.iter().enumerate() {
                    let element = table(out, fields);
                    point(out, place + 4 + 4 * number, element);
                }
            }
            Flat::Pairs(pairs) => {
                let place = vector(out, pairs.len(), 8);
                out.extend(pairs.iter().flatten().flat_map(|number| number.to_le_bytes()));
                point(out, at, place);
            }
        }
    }
    start
}

impl Flat<'_> {
    /// Bytes within the table.
    fn width(&self) -> usize {
        match self {
            Flat::Absent => 0,
            Flat::Bool(_) | Flat::Byte(_) => 1,
            Flat::Short(_) => 2,
            Flat::Int(_) | Flat::Text(_) | Flat::Table(_) | Flat::Tables(_) | Flat::Pairs(_) => 4,
            Flat::Long(_) => 8,
        }
    }
}

/// Begins a vector whose elements lie at multiples of `align`; gives its place.
fn vector(out: &mut Vec<u8>, length: usize, align: usize) -> usize {
    while !(out.len() + 4).is_multiple_of(align) {
        out.push(0);
    }
    out.extend(number(length).to_le_bytes());
    out.len() - 4
}

fn point(out: &mut [u8], from: usize, to: usize) {
    put(out, from, &number(to - from).to_le_bytes());
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    out[at..at + bytes.len()].copy_from_slice(bytes);
}

fn pad(out: &mut Vec<u8>, align: usize) {
    out.resize(out.len().next_multiple_of(align), 0);
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
