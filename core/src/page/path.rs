//! The way from a record to one of its fields, or to a field of that.

use tenantry_tape::{Block, Holds, Kind, Shape, member};

use crate::error::{Error, Result};

/// A field of a record, or of a record within it: `asset.product.id`.
#[derive(Debug, Clone)]
pub struct Path {
    /// Places in the shapes of the record and of those within it.
    known: Vec<usize>,
    /// Names within a value that has no shape.
    rest: Vec<Box<str>>,
    holds: Holds,
}

impl Path {
    /// Reads a path. Its first name must be a field of the model; within a value that has none, any names may follow.
    ///
    /// # Errors
    /// `validation` that lists the fields there are.
    pub fn parse(shape: &'static Shape, path: &str) -> Result<Self> {
        let (mut shape, mut known, mut rest, mut holds) = (Some(shape), Vec::new(), Vec::new(), Holds::Any);
        for name in path.split('.') {
            let Some(within) = shape else {
                if name.is_empty() {
                    return Err(Error::validation("fields", format!("{path:?} is no path of names")));
                }
                rest.push(name.into());
                holds = Holds::Any;
                continue;
            };
            let at = within.fields.iter().position(|field| field.key == name);
            if at.is_none() && within.name.is_empty() && !name.is_empty() {
                // A record that models leave open may hold any names.
                rest.push(name.into());
                (shape, holds) = (None, Holds::Any);
                continue;
            }
            let at = at.ok_or_else(|| {
                let names: Vec<&str> = within.fields.iter().map(|field| field.key).collect();
                Error::validation("fields", format!("{path:?}: {} has no field {name:?}", within.name))
                    .with_hint(format!("its fields: {}", names.join(", ")))
            })?;
            known.push(at);
            holds = within.fields[at].holds;
            shape = match within.fields[at].kind {
                Kind::Record(shape) | Kind::Far { shape, .. } => Some(shape),
                Kind::Value | Kind::List { .. } => None,
            };
        }
        Ok(Self { known, rest, holds })
    }

    /// What the field is documented to hold.
    pub fn holds(&self) -> Holds {
        self.holds
    }

    /// The field's JSON text in the record; `None` where it is absent.
    pub fn find<'t>(&self, text: &'t str, mut block: Block<'_>) -> Option<&'t str> {
        let (last, way) = self.known.split_last()?;
        for at in way {
            block = block.record(*at)?;
        }
        let mut found = block.value(*last)?.of(text);
        for name in &self.rest {
            found = member(found, name)?;
        }
        Some(found)
    }
}
