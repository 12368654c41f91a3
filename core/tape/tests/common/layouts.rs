//! Layouts of every kind: some written down, and any number thrown with dice.

use std::sync::Mutex;

use tenantry_tape::{Field, Holds, Kind, Layout, Shape};

use super::dice::Dice;

/// Keys that are easily taken for each other, longer than a processor's register, or none at all.
const KEYS: [&str; 24] = [
    "id",
    "i",
    "id2",
    "idx",
    "Id",
    "",
    "a",
    "b",
    "value",
    "values",
    "created",
    "created_at",
    "updated",
    "key with space",
    "[",
    "{}",
    ":",
    ",",
    "x-y",
    "sixteen_bytes_ok",
    "seventeen_bytes_x",
    "previous_approved_request",
    "a_key_that_is_longer_than_two_registers_of_the_processor",
    "a_key_that_is_longer_than_two_registers_of_the_processes",
];

/// Shapes are never given back, as a few hundred are a few hundred kilobytes; kept here they are no leaks to a checker.
static SHAPES: Mutex<Vec<&'static Shape>> = Mutex::new(Vec::new());

/// A layout thrown with dice.
pub fn thrown(dice: &mut Dice) -> &'static Layout {
    let mut making = Making { dice, tables: Vec::new(), shapes: Vec::new() };
    // The innermost first: what a shape holds was made before it. Each has a table of its own but the root, which is last.
    let count = 1 + making.dice.roll(6);
    for _ in 0..count {
        making.shape();
    }
    let (root, _) = making.shapes.pop().expect("there is one at least");
    let mut tables = vec![root];
    tables.extend(making.tables);
    Box::leak(Box::new(Layout { root, tables: tables.leak() }))
}

struct Making<'d> {
    dice: &'d mut Dice,
    /// Shapes of the tables from 1 on.
    tables: Vec<&'static Shape>,
    /// Every shape, and its table if it has one.
    shapes: Vec<(&'static Shape, Option<u8>)>,
}

impl Making<'_> {
    fn shape(&mut self) {
        let mut keys = KEYS.to_vec();
        let (mut fields, mut at) = (Vec::new(), 1);
        for _ in 0..self.dice.roll(9) {
            let key = keys.swap_remove(self.dice.roll(keys.len()));
            let kind = self.kind();
            fields.push(Field { key, kind, holds: Holds::Any, at });
            at += match kind {
                Kind::Value => 1,
                Kind::Record(shape) => shape.width,
                Kind::Far { .. } | Kind::List { .. } => 2,
            };
        }
        // Shapes of other layouts have the same ids.
        let id = u16::try_from(self.shapes.len()).expect("a few");
        let shape: &'static Shape = Box::leak(Box::new(Shape { id, name: "thrown", fields: fields.leak(), width: at }));
        SHAPES.lock().expect("no test panics with it").push(shape);
        self.shapes.push((shape, None));
    }

    fn kind(&mut self) -> Kind {
        if self.shapes.is_empty() || self.dice.once_in(3) {
            return Kind::Value;
        }
        let which = self.dice.roll(self.shapes.len());
        if self.dice.once_in(3) {
            return Kind::Record(self.shapes[which].0);
        }
        let (shape, known) = self.shapes[which];
        let table = known.unwrap_or_else(|| {
            self.tables.push(shape);
            u8::try_from(self.tables.len()).expect("a few")
        });
        self.shapes[which].1 = Some(table);
        if self.dice.once_in(2) { Kind::Far { shape, table } } else { Kind::List { shape, table } }
    }
}
