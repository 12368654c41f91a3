//! `filters.py`: a type for each list's filters.

use std::fmt::Write as _;

use tenantry::cloudblue::query::{Filter, Op};

use crate::python::{HEADER, imports, line, offer};
use crate::python_doc::docstring;
use crate::schema::{List, Method, Model};

/// The file's text; `None` for a system without lists that are read page by page.
pub fn file(model: &Model) -> Option<String> {
    let names = filter_names(model);
    if names.is_empty() {
        return None;
    }
    let mut body = String::new();
    for name in &names {
        if let Some((method, list)) = lists(model).find(|(_, list)| filters_of(list) == *name) {
            filters(&mut body, name, method, list);
        }
    }
    let mut out = format!(
        "{HEADER}\"\"\"What the lists of `{}` can be filtered by, generated from the core's operation table.\"\"\"\n\n\
         from __future__ import annotations\n\n",
        model.system
    );
    let standard: [(&str, &[&str]); 2] = [("collections.abc", &["Sequence"]), ("typing", &["TypedDict"])];
    let _ = write!(out, "{}\n{}\n", imports(&body, &standard), imports(&body, &[("tenantry.pager", &["FilterValue"])]));
    offer(&mut out, names);
    out.push_str(&body);
    Some(out)
}

/// The names of the types, each once.
pub fn filter_names(model: &Model) -> Vec<String> {
    let mut names: Vec<String> = lists(model).map(|(_, list)| filters_of(list)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The methods that are lists.
fn lists(model: &Model) -> impl Iterator<Item = (&Method, &List)> {
    let methods = model.resources.iter().flat_map(|resource| &resource.methods);
    methods.filter_map(|method| method.list.as_ref().map(|list| (method, list)))
}

/// The name of the type of a list's filters.
pub fn filters_of(list: &List) -> String {
    if list.filters.is_empty() { "NoFilters".to_owned() } else { format!("{}Filters", list.item) }
}

fn filters(out: &mut String, class: &str, method: &Method, list: &List) {
    let _ = write!(out, "\n\nclass {class}(TypedDict, total=False):\n");
    if list.filters.is_empty() {
        docstring(out, 1, &["What a list without filters can be filtered by with keywords: nothing.".to_owned()]);
        return;
    }
    let paragraphs = [
        format!("What `{}` can be filtered by with keywords; all that are given must hold.", method.operation),
        "The keyword alone means equality, or with a list of values one of them; `__ne`, `__gt`, `__ge`, `__lt`, `__le`, \
         `__in`, `__out`, `__like`, `__ilike` (`*` stands for any text) and `__null` after it say another comparison. \
         `__` stands for a dot."
            .to_owned(),
    ];
    docstring(out, 1, &paragraphs);
    out.push('\n');
    list.filters.iter().chain(&list.status).for_each(|filter| keywords(out, filter));
}

/// The keywords of one filter.
fn keywords(out: &mut String, filter: &Filter) {
    let name = filter.name.replace('.', "__");
    for lookup in filter.lookups {
        let (word, kind) = match lookup {
            // An argument of its own.
            Op::Eq if name == "status" => continue,
            Op::Eq if filter.lookups.contains(&Op::In) => ("", "FilterValue | Sequence[FilterValue]"),
            Op::Eq => ("", "FilterValue"),
            Op::Ne => ("__ne", "FilterValue"),
            Op::Gt => ("__gt", "FilterValue"),
            Op::Ge => ("__ge", "FilterValue"),
            Op::Lt => ("__lt", "FilterValue"),
            Op::Le => ("__le", "FilterValue"),
            Op::In => ("__in", "Sequence[FilterValue]"),
            Op::Out => ("__out", "Sequence[FilterValue]"),
            Op::Like => ("__like", "str"),
            Op::Ilike => ("__ilike", "str"),
            Op::IsNull => ("__null", "bool"),
            _ => continue,
        };
        line(out, 1, &format!("{name}{word}: {kind}"));
    }
}
