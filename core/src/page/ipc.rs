//! Columns as an Arrow IPC stream: a schema, a batch of rows for each page, and the end.
//!
//! Source: the Arrow columnar format, "Serialization and Interprocess Communication", and `Message.fbs`, `Schema.fbs`.

use std::borrow::Cow;

use tenantry_tape::Holds;

use super::flat::{Flat, flat};
use super::{Column, Columns, Page, Values, layout};
use crate::error::{Error, Result};

/// Of every stream, 4 for version 5 of the format.
const VERSION: i16 = 4;
const SCHEMA: u8 = 1;
const RECORD_BATCH: u8 = 3;

/// Fields of records as an Arrow IPC stream, written page by page.
#[derive(Debug)]
pub struct Stream {
    columns: Columns,
    out: Vec<u8>,
}

impl Stream {
    /// A stream of these fields of a system's model; each path names its column.
    ///
    /// # Errors
    /// `validation` that lists the fields there are.
    pub fn new(system: &str, model: &str, names: &[String]) -> Result<Self> {
        let layout = layout(system, model).ok_or_else(|| Error::internal(format!("{system} has no model {model}")))?;
        let columns = Columns::new(layout.root, names)?;
        let fields: Vec<_> = columns.fields().collect();
        let mut out = Vec::new();
        schema(&mut out, &fields);
        Ok(Self { columns, out })
    }

    /// Adds the rows of a page.
    pub fn add(&mut self, page: &Page) {
        let rows = self.columns.of(page);
        let buffers: Vec<_> = rows.columns.iter().map(|column| (column.nulls, buffers(column))).collect();
        batch(&mut self.out, rows.rows, &buffers);
    }

    /// Ends the stream and gives its bytes.
    pub fn finish(&mut self) -> Vec<u8> {
        end(&mut self.out);
        std::mem::take(&mut self.out)
    }
}

/// Begins a stream: the names of its columns, and what they hold.
fn schema(out: &mut Vec<u8>, columns: &[(&str, Holds)]) {
    let fields = columns.iter().map(|(name, holds)| {
        let (kind, of) = match holds {
            Holds::Integer => (2, vec![Flat::Int(64), Flat::Bool(true)]),
            Holds::Boolean => (6, vec![]),
            // In microseconds.
            Holds::Instant => (10, vec![Flat::Short(2), Flat::Text("UTC")]),
            Holds::Text | Holds::Any => (5, vec![]),
        };
        vec![Flat::Text(name), Flat::Bool(true), Flat::Byte(kind), Flat::Table(of), Flat::Absent, Flat::Tables(vec![])]
    });
    let schema = vec![Flat::Short(0), Flat::Tables(fields.collect())];
    message(out, SCHEMA, schema, &[]);
}

/// The buffers of a column, in the order of the format.
fn buffers(column: &Column) -> Vec<Cow<'_, [u8]>> {
    let numbers = |numbers: &[i64]| Cow::Owned(numbers.iter().flat_map(|number| number.to_le_bytes()).collect());
    let valid = if column.nulls == 0 { &[][..] } else { &column.validity };
    let mut buffers = vec![Cow::Borrowed(valid)];
    match &column.values {
        Values::Text { offsets, bytes } => {
            buffers.push(Cow::Owned(offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect()));
            buffers.push(Cow::Borrowed(bytes));
        }
        Values::Instants(all) | Values::Integers(all) => buffers.push(numbers(all)),
        Values::Booleans(bits) => buffers.push(Cow::Borrowed(bits)),
    }
    buffers
}

/// A batch: of each column how many are null, and its buffers.
fn batch(out: &mut Vec<u8>, rows: usize, columns: &[(usize, Vec<Cow<'_, [u8]>>)]) {
    let (mut nodes, mut places, mut body) = (Vec::new(), Vec::new(), 0);
    let buffers: Vec<&[u8]> = columns.iter().flat_map(|(_, buffers)| buffers.iter().map(AsRef::as_ref)).collect();
    nodes.extend(columns.iter().map(|(nulls, _)| [long(rows), long(*nulls)]));
    for buffer in &buffers {
        places.push([long(body), long(buffer.len())]);
        body += buffer.len().next_multiple_of(8);
    }
    message(out, RECORD_BATCH, vec![Flat::Long(long(rows)), Flat::Pairs(nodes), Flat::Pairs(places)], &buffers);
}

/// Ends a stream.
fn end(out: &mut Vec<u8>) {
    out.extend([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
}

fn message(out: &mut Vec<u8>, kind: u8, header: Vec<Flat<'_>>, body: &[&[u8]]) {
    let length: usize = body.iter().map(|buffer| buffer.len().next_multiple_of(8)).sum();
    let message = flat(&[Flat::Short(VERSION), Flat::Byte(kind), Flat::Table(header), Flat::Long(long(length))]);
    out.extend([0xff; 4]);
    out.extend(u32::try_from(message.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(message);
    for buffer in body {
        out.extend(*buffer);
        out.resize(out.len().next_multiple_of(8), 0);
    }
}

fn long(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
