//! `models.py`: a class for each record, and a type for each structured argument.

use std::fmt::Write as _;

use crate::python::{HEADER, annotation, imports, line, name, offer, optional, slot, uses};
use crate::python_doc::{docstring, summarised};
use crate::python_filters::filter_names;
use crate::schema::{Field, Model, Shape, Type};

/// What is written by hand for a record, in `views.py` of its system: further properties and methods.
const VIEWS: [(&str, &str, &str); 3] =
    [("cloudblue", "Asset", "AssetView"), ("cloudblue", "Item", "ItemView"), ("cloudblue", "Param", "ParamView")];

pub fn models(model: &Model) -> String {
    let mut body = String::new();
    let mut names: Vec<String> = model.records.iter().chain(&model.inputs).map(|shape| shape.name.clone()).collect();
    for shape in &model.records {
        let view = VIEWS.iter().find(|(system, name, _)| *system == model.system && *name == shape.name);
        record(&mut body, model.system, shape, view.map(|(.., view)| *view));
    }
    model.inputs.iter().for_each(|shape| input(&mut body, shape));
    let filters = filter_names(model);
    names.extend(filters.iter().cloned());
    if !filters.is_empty() {
        body.push_str("\n\ndef __getattr__(name: str) -> Any:\n");
        body.push_str("    # Hundreds of keywords, which only those read who look at annotations.\n");
        body.push_str("    if not name.endswith(\"Filters\"):\n");
        body.push_str("        raise AttributeError(f\"module {__name__!r} has no attribute {name!r}\")\n");
        body.push_str("    from . import filters\n\n    return getattr(filters, name)\n");
    }
    let mut checked = String::new();
    if !filters.is_empty() {
        checked.push_str("if TYPE_CHECKING:\n    from .filters import (\n");
        filters.iter().for_each(|name| line(&mut checked, 2, &format!("{name},")));
        checked.push_str("    )\n\n");
    }
    let mut out = format!(
        "{HEADER}\"\"\"Models and structured arguments of `{}`, generated from the core's operation table.\"\"\"\n\n\
         from __future__ import annotations\n\n",
        model.system
    );
    let standard: [(&str, &[&str]); 3] = [
        ("collections.abc", &["Mapping", "Sequence"]),
        ("datetime", &["datetime"]),
        (
            "typing",
            if filters.is_empty() {
                &["Any", "ClassVar", "TypedDict"]
            } else {
                &["TYPE_CHECKING", "Any", "ClassVar", "TypedDict"]
            },
        ),
    ];
    let own: [(&str, &[&str]); 2] = [("tenantry._native", &["Record"]), ("tenantry.secret", &["Secret"])];
    let _ = write!(out, "{}\n{}\n", imports(&format!("{checked}{body}"), &standard), imports(&body, &own));
    let views: Vec<&str> = VIEWS.iter().map(|(.., view)| *view).filter(|view| uses(&body, view)).collect();
    if !views.is_empty() {
        let _ = write!(out, "from .views import {}\n\n", views.join(", "));
    }
    out.push_str(&checked);
    offer(&mut out, names);
    out.push_str(&body);
    out
}

fn record(out: &mut String, system: &str, shape: &Shape, view: Option<&str>) {
    let view = view.map(|view| format!("{view}, ")).unwrap_or_default();
    let _ = write!(out, "\n\nclass {}({view}Record):\n", shape.name);
    docstring(out, 1, &summarised(1, &shape.name, &shape.doc));
    out.push_str("\n    __slots__ = ()\n");
    line(out, 1, &format!("_model: ClassVar[tuple[str, str]] = (\"{system}\", \"{}\")", shape.name));
    let table = "_fields: ClassVar[tuple[tuple[str, str, type[Record] | None], ...]] = (";
    let rows: Vec<String> = shape.fields.iter().map(|field| row(field, &shape.name)).collect();
    if let [row] = rows.as_slice() {
        // One row stands in the line, as the formatter has it.
        line(out, 1, &format!("{table}{row},)"));
    } else {
        line(out, 1, table);
        rows.iter().for_each(|row| line(out, 2, &format!("{row},")));
        line(out, 1, ")");
    }
    for (slot, field) in shape.fields.iter().enumerate() {
        out.push_str("\n    @property\n");
        line(
            out,
            1,
            &format!("def {}(self) -> {}:", name(&field.name), optional(&annotation(&field.kind, false), field)),
        );
        docstring(out, 2, &summarised(2, &field.name, &described(field)));
        line(out, 2, &format!("return self._get({slot})"));
    }
}

/// A field's documentation; a time that cannot be read comes as what it is.
fn described(field: &Field) -> String {
    let is_instant = slot(&field.kind, "").0 == "instant";
    let doc = &field.doc;
    if is_instant { format!("{}; text if it is no time.", doc.trim_end_matches('.')) } else { doc.clone() }
}

/// A row of the table that says how a record reads its fields.
fn row(field: &Field, class: &str) -> String {
    let (kind, model) = slot(&field.kind, class);
    format!("(\"{}\", \"{kind}\", {model})", field.name)
}

fn input(out: &mut String, shape: &Shape) {
    if let Some(others) = &shape.others {
        return open_input(out, shape, others);
    }
    let (required, rest): (Vec<&Field>, Vec<&Field>) = shape.fields.iter().partition(|field| field.required);
    // A class for each half: Required and NotRequired came with Python 3.11.
    let mut base = "TypedDict".to_owned();
    if !required.is_empty() && !rest.is_empty() {
        base = format!("_{}Required", shape.name);
        let _ = write!(out, "\n\nclass {base}(TypedDict):\n");
        fields(out, &required);
    }
    let total = if rest.is_empty() { "" } else { ", total=False" };
    let _ = write!(out, "\n\nclass {}({base}{total}):\n", shape.name);
    docstring(out, 1, std::slice::from_ref(&shape.doc));
    out.push('\n');
    fields(out, if rest.is_empty() { &required } else { &rest });
}

fn fields(out: &mut String, fields: &[&Field]) {
    for field in fields {
        line(out, 1, &format!("{}: {}", field.name, annotation(&field.kind, true)));
        docstring(out, 1, std::slice::from_ref(&field.doc));
    }
}

/// Further keys are allowed, which no TypedDict can say.
fn open_input(out: &mut String, shape: &Shape, others: &Type) {
    let mut kinds: Vec<String> = annotation(others, true).split(" | ").map(str::to_owned).collect();
    for field in &shape.fields {
        kinds.extend(annotation(&field.kind, true).split(" | ").map(str::to_owned));
    }
    let mut distinct: Vec<String> = Vec::new();
    for kind in kinds {
        if kind != "None" && !distinct.contains(&kind) {
            distinct.push(kind);
        }
    }
    let _ = write!(out, "\n\n{} = Mapping[str, {} | None]\n", shape.name, distinct.join(" | "));
    let known = shape.fields.iter().map(|field| format!("`{}`: {}", field.name, field.doc));
    let paragraphs: Vec<String> = std::iter::once(shape.doc.clone()).chain(known).collect();
    docstring(out, 0, &paragraphs);
}
