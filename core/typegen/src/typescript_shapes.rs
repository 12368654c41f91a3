//! Where the fields of a list's records lie, as TypeScript: the same as the layouts of the core.

use std::fmt::Write as _;

use crate::layouts::{Kind, elements, kind, opened, slots_of, width_of};
use crate::schema::{Model, Shape};
use crate::typescript::shouted;

/// The shapes of the records that lists of a system hold, each before its first use; nothing where there are no lists.
pub fn of_lists(model: &Model) -> String {
    let model = &opened(model);
    let mut out = String::new();
    let mut wanted = Vec::new();
    for method in model.resources.iter().flat_map(|resource| &resource.methods) {
        if let Some(list) = &method.list {
            collect(model, &list.item, &mut wanted);
        }
    }
    let tables = elements(model);
    for shape in model.records.iter().filter(|shape| wanted.contains(&shape.name.as_str())) {
        write(&mut out, model, shape, &tables);
    }
    out
}

/// The name of a shape.
pub fn constant(record: &str) -> String {
    format!("{}_SHAPE", shouted(record))
}

fn collect<'m>(model: &'m Model, name: &str, wanted: &mut Vec<&'m str>) {
    let Some(shape) = model.records.iter().find(|shape| shape.name == name) else { return };
    if wanted.contains(&shape.name.as_str()) {
        return;
    }
    wanted.push(&shape.name);
    for field in &shape.fields {
        if let Kind::Record(inner) | Kind::Far(inner) | Kind::List(inner) = kind(model, &field.kind, &shape.name) {
            collect(model, inner, wanted);
        }
    }
}

fn write(out: &mut String, model: &Model, shape: &Shape, tables: &[&str]) {
    let width = width_of(model, &shape.name);
    let _ = writeln!(
        out,
        "\nconst {}: Shape = {{\n  name: '{}',\n  width: {width},\n  fields: {{",
        constant(&shape.name),
        shape.name
    );
    let mut at = 1;
    for field in &shape.fields {
        let name = match field.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            true => field.name.clone(),
            false => format!("'{}'", field.name),
        };
        let place = match kind(model, &field.kind, &shape.name) {
            Kind::Value => format!("[{at}]"),
            Kind::Record(inner) => format!("[{at}, {}]", constant(inner)),
            Kind::Far(inner) | Kind::List(inner) => {
                let table = tables.iter().position(|table| *table == inner).map_or(0, |place| place + 1);
                format!("[{at}, {}, {table}]", constant(inner))
            }
        };
        let _ = writeln!(out, "    {name}: {place},");
        at += slots_of(model, &field.kind, &shape.name);
    }
    out.push_str("  },\n}\n");
}
