//! A row of a table, as a predicate and an ordering look at it.

/// One value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar<'a> {
    Null,
    Text(&'a str),
    /// A number, or an instant in microseconds.
    Integer(i64),
}

/// What rows are ordered by: null, then numbers, then texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Null,
    Integer(i64),
    Text(String),
}

pub(crate) trait Row {
    type Field: Copy;

    /// Whether `holds` is true of any value of the field. A field may have one value or several, as the parameters of an
    /// asset do, or none.
    fn any(&self, field: Self::Field, holds: &mut dyn FnMut(Scalar<'_>) -> bool) -> bool;

    fn key(&self, field: Self::Field) -> Key {
        let mut key = Key::Null;
        self.any(field, &mut |scalar| {
            key = match scalar {
                Scalar::Null => Key::Null,
                Scalar::Integer(number) => Key::Integer(number),
                Scalar::Text(text) => Key::Text(text.to_owned()),
            };
            true
        });
        key
    }
}
