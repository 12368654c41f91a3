//! Fields of pages as columns, in the memory layout of Apache Arrow.

use tenantry_tape::{Holds, Shape, unescape};

use super::{Instant, Page, Path};
use crate::error::{Error, Result};

/// Which fields are columns.
#[derive(Debug, Clone)]
pub struct Columns {
    fields: Vec<(String, Path)>,
}

impl Columns {
    /// A column for each path; its type is what the field is documented to hold.
    ///
    /// # Errors
    /// `validation` of a path that the records have not, and of no path at all.
    pub fn new<S: AsRef<str>>(shape: &'static Shape, paths: &[S]) -> Result<Self> {
        if paths.is_empty() {
            return Err(Error::validation("fields", "no field is named"));
        }
        let field = |path: &S| Ok((path.as_ref().to_owned(), Path::parse(shape, path.as_ref())?));
        Ok(Self { fields: paths.iter().map(field).collect::<Result<_>>()? })
    }

    /// Their names and what they hold.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&str, Holds)> {
        self.fields.iter().map(|(name, path)| (name.as_str(), path.holds()))
    }

    /// The rows that a page gives out.
    pub fn of(&self, page: &Page) -> Batch {
        let rows = page.numbers().len();
        let columns = self.fields.iter().map(|(_, path)| {
            let mut column = Column::new(path.holds(), rows);
            for number in page.numbers() {
                column.push(path.find(page.text(), page.block(*number)).filter(|json| *json != "null"));
            }
            column
        });
        Batch { columns: columns.collect(), rows }
    }
}

/// The rows of a page, column by column.
#[derive(Debug)]
pub struct Batch {
    pub rows: usize,
    pub columns: Vec<Column>,
}

/// The values of a column.
#[derive(Debug)]
pub struct Column {
    /// A bit for each row, the lowest one of each byte first: whether it has a value.
    pub validity: Vec<u8>,
    /// How many rows have none.
    pub nulls: usize,
    pub values: Values,
    rows: usize,
}

/// What a column holds. Where a row has no value, there is a zero, or no text.
#[derive(Debug)]
pub enum Values {
    /// Strings as the text that they mean, anything else as its JSON; between two offsets each.
    Text { offsets: Vec<i32>, bytes: Vec<u8> },
    /// Microseconds since the Unix epoch. What is no time with an offset has no value.
    Instants(Vec<i64>),
    /// What is no integer of 64 bits has no value.
    Integers(Vec<i64>),
    /// A bit for each row. What is neither true nor false has no value.
    Booleans(Vec<u8>),
}

impl Column {
    fn new(holds: Holds, rows: usize) -> Self {
        let bits = rows.div_ceil(8);
        let values = match holds {
            Holds::Instant => Values::Instants(Vec::with_capacity(rows)),
            Holds::Integer => Values::Integers(Vec::with_capacity(rows)),
            Holds::Boolean => Values::Booleans(vec![0; bits]),
            Holds::Text | Holds::Any => {
                let mut offsets = Vec::with_capacity(rows + 1);
                offsets.push(0);
                Values::Text { offsets, bytes: Vec::with_capacity(rows * 16) }
            }
        };
        Self { validity: vec![0; bits], nulls: 0, values, rows: 0 }
    }

    fn push(&mut self, json: Option<&str>) {
        let row = self.rows;
        let has_value = match &mut self.values {
            Values::Instants(all) => push(all, json.and_then(micros)),
            Values::Integers(all) => push(all, json.and_then(|json| json.parse().ok())),
            Values::Booleans(bits) => match json {
                Some("true") => {
                    bits[row / 8] |= 1 << (row % 8);
                    true
                }
                other => other == Some("false"),
            },
            Values::Text { offsets, bytes } => {
                let has_text = match json {
                    Some(json) if json.starts_with('"') => match unescape(json) {
                        Some(text) => {
                            bytes.extend_from_slice(text.as_bytes());
                            true
                        }
                        // The escape of a lone surrogate, which no text holds.
                        None => false,
                    },
                    Some(json) => {
                        bytes.extend_from_slice(json.as_bytes());
                        true
                    }
                    None => false,
                };
                // A page is shorter than what an offset can say.
                offsets.push(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
                has_text
            }
        };
        if has_value {
            self.validity[row / 8] |= 1 << (row % 8);
        } else {
            self.nulls += 1;
        }
        self.rows += 1;
    }
}

fn push(all: &mut Vec<i64>, value: Option<i64>) -> bool {
    all.push(value.unwrap_or_default());
    value.is_some()
}

fn micros(json: &str) -> Option<i64> {
    let text = json.strip_prefix('"')?.strip_suffix('"')?;
    // The vendor's way to say none.
    let at = Instant::parse(text).filter(|_| !text.starts_with("0000-"))?;
    i64::try_from(at.nanos().div_euclid(1_000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn page(rows: &[&str]) -> Page {
        let layout = crate::page::layout("cloudblue", "Request").unwrap();
        Page::of_rows(layout, format!("[{}]", rows.join(","))).unwrap()
    }

    fn texts(column: &Column) -> Vec<Option<String>> {
        let Values::Text { offsets, bytes } = &column.values else { panic!("no column of text") };
        let text = |row: usize| String::from_utf8(bytes[offsets[row] as usize..offsets[row + 1] as usize].to_vec());
        (0..column.rows).map(|row| has_value(column, row).then(|| text(row).unwrap())).collect()
    }

    fn has_value(column: &Column, row: usize) -> bool {
        column.validity[row / 8] & (1 << (row % 8)) != 0
    }

    #[test]
    fn a_column_has_a_value_for_each_row_or_none() {
        let page = page(&[
            r#"{"id": "PR-1", "created": "2026-01-01T00:00:00.000001+00:00", "already_applied": true,
                "asset": {"product": {"id": "PRD-\u0031"}, "events": {"n": [1, 2]}}}"#,
            r#"{"id": null, "created": "0000-00-00T00:00:00Z", "already_applied": 1, "asset": {}}"#,
            r#"{"id": 7, "created": "1969-12-31T23:59:59.9999999+00:00", "already_applied": false,
                "asset": {"product": {"id": "\ud800"}, "events": {"n": "two"}}}"#,
            "3",
        ]);
        let names = ["id", "created", "already_applied", "asset.product.id", "asset.events.n"];
        let columns = Columns::new(page.layout().root, &names).unwrap();
        let holds: Vec<Holds> = columns.fields().map(|(_, holds)| holds).collect();
        assert_eq!(holds, [Holds::Text, Holds::Instant, Holds::Boolean, Holds::Text, Holds::Any]);
        let batch = columns.of(&page);
        let all = &batch.columns;
        assert_eq!(batch.rows, 4);
        assert_eq!(all.iter().map(|column| column.nulls).collect::<Vec<_>>(), [2, 2, 2, 3, 2]);
        assert_eq!(texts(&all[0]), [Some("PR-1".to_owned()), None, Some("7".to_owned()), None]);
        let Values::Instants(instants) = &all[1].values else { panic!() };
        assert_eq!(*instants, [1_767_225_600_000_001, 0, -1, 0]);
        let Values::Booleans(bits) = &all[2].values else { panic!() };
        assert_eq!((bits.as_slice(), all[2].validity.as_slice()), ([0b001].as_slice(), [0b101].as_slice()));
        assert_eq!(texts(&all[3]), [Some("PRD-1".to_owned()), None, None, None]);
        assert_eq!(texts(&all[4]), [Some("[1, 2]".to_owned()), None, Some("two".to_owned()), None]);
    }

    #[test]
    fn a_column_that_no_record_has_is_refused() {
        let shape = crate::page::layout("cloudblue", "Request").unwrap().root;
        let error = Columns::new(shape, &["id", "asset.serial"]).unwrap_err();
        assert_eq!(error.code(), Code::Validation);
        assert!(error.report().hint.as_deref().unwrap_or_default().contains("external_id"));
        assert_eq!(Columns::new::<&str>(shape, &[]).unwrap_err().code(), Code::Validation);
    }
}
