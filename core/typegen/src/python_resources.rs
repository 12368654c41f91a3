//! `resources.py`: the methods, blocking and awaited.

use std::fmt::Write as _;

use tenantry::retry::Safety;

use crate::python::{HEADER, annotation, imports, line, name, offer, optional, slot};
use crate::python_doc::{block, docstring, in_python, in_seconds};
use crate::python_filters::filters_of;
use crate::schema::{Argument, Field, List, Method, Model, Resource, Type};

/// Arguments that hold what customers filled in, perhaps passwords: no frame of a traceback shows them.
const PRIVATE: [&str; 3] = ["asset", "params", "values"];

/// The options that every method takes: name, type, documentation.
const OPTIONS: [(&str, &str, &str); 8] = [
    ("timeout", "float | timedelta | None", "Seconds for one request, its reply included; default the client's."),
    (
        "max_retries",
        "int | None",
        "How often a failed request is sent again where that is safe, 0 to 10; default the client's.",
    ),
    ("proxy", "str | Literal[False] | None", "The proxy's URL, or False for none; default the client's."),
    (
        "ca_file",
        "str | PathLike[str] | None",
        "A file of PEM certificates to trust besides the system's; default the client's.",
    ),
    ("allow_insecure_http", "bool | None", "Allows plain http to other machines; default the client's."),
    ("user_agent", "str | None", "Put in front of tenantry's own user agent; default the client's."),
    ("extra_headers", "Mapping[str, str] | None", "Sent with the request; default the client's."),
    ("on_event", "Callable[[Event], object] | None", "Called with each event of this call; default the client's."),
];

pub fn resources(model: &Model) -> String {
    let mut body = String::new();
    for is_async in [false, true] {
        for resource in &model.resources {
            class(&mut body, resource, model, is_async);
        }
    }
    for is_async in [false, true] {
        nouns(&mut body, model, is_async);
    }
    let mut out = format!(
        "{HEADER}\"\"\"Methods of `{}`, generated from the core's operation table.\"\"\"\n\n\
         from __future__ import annotations\n\n",
        model.system
    );
    if body.contains("builtins.") {
        out.push_str("import builtins\n");
    }
    let standard: [(&str, &[&str]); 5] = [
        ("collections.abc", &["Callable", "Mapping", "Sequence"]),
        ("datetime", &["datetime", "timedelta"]),
        ("decimal", &["Decimal"]),
        ("os", &["PathLike"]),
        ("typing", &["Any", "Literal"]),
    ];
    let own: [(&str, &[&str]); 6] = [
        ("tenantry.client", &["AsyncSession", "Session"]),
        ("tenantry.events", &["Event"]),
        ("tenantry.journal", &["Journal"]),
        ("tenantry.options", &["call_options", "limit"]),
        ("tenantry.pager", &["AsyncPager", "Pager", "Unpack"]),
        ("tenantry.secret", &["Secret", "as_secret", "hidden", "sealed", "sealed_by_name"]),
    ];
    let _ = write!(out, "{}\n{}\nfrom . import models\n", imports(&body, &standard), imports(&body, &own));
    out.push_str(&imports(&body, &[(".query", &["Query"])]));
    out.push('\n');
    let mut names = vec!["AsyncResources".to_owned(), "Resources".to_owned()];
    for resource in &model.resources {
        names.extend([class_name(resource, false), class_name(resource, true)]);
    }
    offer(&mut out, names);
    out.push_str(&body);
    out
}

fn class(out: &mut String, resource: &Resource, model: &Model, is_async: bool) {
    let session = if is_async { "AsyncSession" } else { "Session" };
    let _ = write!(out, "\n\nclass {}:\n", class_name(resource, is_async));
    docstring(out, 1, &[in_python(&resource.doc)]);
    out.push_str("\n    __slots__ = (\"_session\",)\n");
    let _ = write!(out, "\n    def __init__(self, session: {session}) -> None:\n        self._session = session\n");
    for method in &resource.methods {
        match &method.list {
            Some(of) => list(out, method, of, is_async),
            None => call(out, method, model, is_async),
        }
    }
}

/// The class that a client inherits its nouns from.
fn nouns(out: &mut String, model: &Model, is_async: bool) {
    let (prefix, session) = if is_async { ("Async", "AsyncSession") } else { ("", "Session") };
    let _ = write!(out, "\n\nclass {prefix}Resources:\n");
    docstring(out, 1, &["The nouns of a client.".to_owned()]);
    let _ = write!(out, "\n    _session: {session}\n");
    for resource in &model.resources {
        let class = class_name(resource, is_async);
        let _ = write!(out, "\n    @property\n    def {}(self) -> {class}:\n", resource.name);
        docstring(out, 2, &[in_python(&resource.doc)]);
        let _ = writeln!(out, "        return {class}(self._session)");
    }
}

fn class_name(resource: &Resource, is_async: bool) -> String {
    let camel: String = resource.name.split('_').map(capital).collect();
    if is_async { format!("Async{camel}") } else { camel }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

fn call(out: &mut String, method: &Method, model: &Model, is_async: bool) {
    let (def, wait) = if is_async { ("async def", "await ") } else { ("def", "") };
    let (way, reply, returned) = reply(&method.reply);
    signature(out, method, def, None, None, &returned);
    document(out, method, None);
    for argument in &method.arguments {
        let field = spelled(&argument.field);
        let secrets = secrets(&argument.field.kind, model);
        if slot(&argument.field.kind, "").0 == "secret" {
            line(out, 2, &format!("{field} = as_secret({field})"));
        } else if PRIVATE.contains(&field.as_str()) {
            line(out, 2, &format!("{field} = hidden({field})"));
        } else if is_open_to_secrets(&argument.field.kind, model) {
            line(out, 2, &format!("{field} = sealed_by_name({field})"));
        } else if !secrets.is_empty() {
            line(out, 2, &format!("{field} = sealed({field}, {})", secrets.join(", ")));
        }
    }
    line(out, 2, &format!("return {wait}self._session.{way}("));
    line(out, 3, &format!("\"{}\",", method.operation));
    passed(out, "", &method.arguments.iter().collect::<Vec<_>>());
    if let Some(reply) = reply {
        line(out, 3, &format!("{reply},"));
    }
    options(out, "");
    line(out, 2, ")");
}

/// A list is no call: it is made without one, and read when it is iterated.
fn list(out: &mut String, method: &Method, list: &List, is_async: bool) {
    let pager = if is_async { "AsyncPager" } else { "Pager" };
    let filters = format!("**filters: Unpack[models.{}],", filters_of(list));
    let returned = format!("{pager}[models.{}]", list.item);
    signature(out, method, "def", Some("query: Query | None = None,"), Some(&filters), &returned);
    document(out, method, Some(pager));
    let (path, keywords): (Vec<_>, Vec<_>) = method.arguments.iter().partition(|argument| argument.in_path);
    line(out, 2, &format!("return {pager}("));
    line(out, 3, "self._session,");
    line(out, 3, &format!("\"{}\",", method.operation));
    let ids: String = path.iter().map(|argument| format!("{}, ", spelled(&argument.field))).collect();
    line(out, 3, &format!("models.{},", list.item));
    line(out, 3, &format!("ids=({}),", if path.len() == 1 { ids.trim_end() } else { ids.trim_end_matches(", ") }));
    line(out, 3, "query=query,");
    line(out, 3, "filters=filters,");
    passed(out, "arguments=", &keywords);
    options(out, "options=");
    line(out, 2, ")");
}

/// The line of `def` with its parameters: `second` after those of the path, `last` after all.
fn signature(out: &mut String, method: &Method, def: &str, second: Option<&str>, last: Option<&str>, returned: &str) {
    let _ = write!(out, "\n    {def} {}(\n        self,\n", name(&method.name));
    let (path, keywords): (Vec<_>, Vec<_>) = method.arguments.iter().partition(|argument| argument.in_path);
    for argument in path {
        line(out, 2, &format!("{}: {},", spelled(&argument.field), qualified(&argument.field.kind)));
    }
    second.iter().for_each(|parameter| line(out, 2, parameter));
    line(out, 2, "*,");
    for argument in keywords {
        let field = &argument.field;
        let kind = typed(method, field);
        let text = match default(field) {
            _ if field.required => kind,
            Some(value) => format!("{kind} = {value}"),
            None => format!("{} = None", optional(&kind, field)),
        };
        line(out, 2, &format!("{}: {text},", spelled(field)));
    }
    for (option, kind, _) in OPTIONS {
        line(out, 2, &format!("{option}: {kind} = None,"));
    }
    last.iter().for_each(|parameter| line(out, 2, parameter));
    line(out, 1, &format!(") -> {returned}:"));
}

/// An argument's name in Python: a duration has no unit in its name.
fn spelled(field: &Field) -> String {
    name(field.duration().unwrap_or(&field.name))
}

/// The type of a keyword argument.
fn typed(method: &Method, field: &Field) -> String {
    if field.duration().is_some() {
        return "float | timedelta".to_owned();
    }
    // What a list takes several of can be one.
    let several = field.name == "status" || matches!(field.kind, Type::List(_));
    if method.list.is_some() && several { "str | Sequence[str]".to_owned() } else { qualified(&field.kind) }
}

/// The dictionary of arguments that a call passes on.
fn passed(out: &mut String, keyword: &str, arguments: &[&Argument]) {
    if arguments.is_empty() {
        return line(out, 3, &format!("{keyword}{{}},"));
    }
    line(out, 3, &format!("{keyword}{{"));
    for argument in arguments {
        let (wire, own) = (&argument.field.name, spelled(&argument.field));
        match argument.field.duration() {
            Some(_) => line(out, 4, &format!("\"{wire}\": limit(\"{own}\", {own}),")),
            None => line(out, 4, &format!("\"{wire}\": {own},")),
        }
    }
    line(out, 3, "},");
}

fn options(out: &mut String, keyword: &str) {
    line(out, 3, &format!("{keyword}call_options("));
    OPTIONS.iter().for_each(|(option, ..)| line(out, 4, &format!("{option}={option},")));
    line(out, 3, "),");
}

fn default(field: &Field) -> Option<String> {
    match field.default.as_ref()? {
        serde_json::Value::Bool(value) => Some(if *value { "True" } else { "False" }.to_owned()),
        serde_json::Value::Number(value) => Some(value.to_string()),
        serde_json::Value::String(value) => Some(format!("{value:?}")),
        _ => None,
    }
}

/// The session's method that makes the reply, its model, and the type that comes back.
fn reply(kind: &Type) -> (&'static str, Option<String>, String) {
    match kind {
        Type::Named(name) => ("record", Some(format!("models.{name}")), format!("models.{name}")),
        Type::Nullable(inner) => {
            let (_, model, returned) = reply(inner);
            ("optional", model, format!("{returned} | None"))
        }
        Type::List(inner) => {
            let (_, model, returned) = reply(inner);
            ("records", model, format!("builtins.list[{returned}]"))
        }
        Type::Text => ("value", None, "str".to_owned()),
        _ => ("value", None, "Any".to_owned()),
    }
}

fn document(out: &mut String, method: &Method, pager: Option<&str>) {
    let doc = in_python(&method.doc);
    let (text, source) = doc.split_once("\nSource: ").unwrap_or((doc.trim(), ""));
    let mut paragraphs: Vec<String> = text.trim().split("\n\n").map(str::to_owned).collect();
    paragraphs.push(
        match method.safety {
            Safety::Safe => "Reads only; a failed attempt is repeated, up to `max_retries` times.",
            Safety::Idempotent => {
                "Idempotent: sending it twice leaves the same state as once, so a failed attempt is repeated, up to \
                 `max_retries` times."
            }
            Safety::Once => "Not idempotent: it is sent again only when nothing of it can have reached the server, or as said above.",
        }
        .to_owned(),
    );
    let mut arguments: Vec<(String, String)> = Vec::new();
    for argument in &method.arguments {
        let doc = in_python(&argument.field.doc);
        let is_duration = argument.field.duration().is_some();
        arguments.push((spelled(&argument.field), if is_duration { in_seconds(&doc) } else { doc }));
    }
    let mut filters = None;
    if let Some(list) = &method.list {
        let place = method.arguments.iter().filter(|argument| argument.in_path).count();
        arguments.insert(place, ("query".to_owned(), "A condition made with `R`, besides the filters.".to_owned()));
        let doc = format!("Filters by keyword; see `models.{}`.", filters_of(list));
        filters = Some(("**filters".to_owned(), doc));
    }
    arguments.extend(OPTIONS.iter().map(|(option, _, doc)| ((*option).to_owned(), (*doc).to_owned())));
    arguments.extend(filters);
    let mut raises = vec![
        ("ValidationError", "An argument is missing or of another form; nothing was sent."),
        ("AuthenticationError", "The credentials are refused, also after a new login."),
        ("PermissionDeniedError", "The credentials do not allow this."),
        ("NotFoundError", "There is no such thing."),
        ("BadRequestError", "The server refuses the request; likewise `ConflictError`, `UnprocessableEntityError`."),
        ("RateLimitError", "Too many requests, also after waiting; see its `retry_after`."),
    ];
    if method.safety == Safety::Once {
        raises.push(("OutcomeUnknownError", "The request may have been carried out: look before sending it again."));
        raises.push(("APIConnectionError", "No connection; nothing was sent. Likewise `APITimeoutError`."));
    } else {
        raises.push(("InternalServerError", "The server failed, at each attempt."));
        raises.push(("APIConnectionError", "No connection or no reply, at each attempt. Likewise `APITimeoutError`."));
    }
    raises.push(("ResponseError", "The reply is a redirect, is no JSON, or lacks a field."));
    let raises: Vec<(String, String)> = raises.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    if !source.is_empty() {
        paragraphs.push(format!("Source: {source}"));
    }
    let mut sections = vec![block(2, "Args", &arguments), block(2, "Raises", &raises)];
    if let Some(pager) = pager {
        let text = "The list, read page by page when it is iterated, each time anew; what it raises, it raises then.";
        let text = format!("{text} Only arguments are looked at before, which raises `ValidationError`.");
        sections.insert(1, block(2, "Returns", &[(pager.to_owned(), text)]));
    }
    crate::python_doc::with_sections(out, 2, &paragraphs, &sections);
}

/// The names of the secrets in an argument, quoted.
fn secrets(kind: &Type, model: &Model) -> Vec<String> {
    let Type::Named(name) = kind else { return Vec::new() };
    let shape = model.inputs.iter().find(|shape| &shape.name == name);
    let fields = shape.map(|shape| shape.fields.as_slice()).unwrap_or_default();
    let is_secret = |field: &&Field| slot(&field.kind, "").0 == "secret";
    fields.iter().filter(is_secret).map(|field| format!("\"{}\"", field.name)).collect()
}

/// Whether an argument is a map of any names whose values may be secrets.
fn is_open_to_secrets(kind: &Type, model: &Model) -> bool {
    let Type::Named(name) = kind else { return false };
    let shape = model.inputs.iter().find(|shape| &shape.name == name);
    shape.and_then(|shape| shape.others.as_ref()).is_some_and(|others| slot(others, "").0 == "secret")
}

/// The type of an argument, in the file of the methods.
fn qualified(kind: &Type) -> String {
    match kind {
        Type::Named(name) => format!("models.{name}"),
        Type::Nullable(inner) => format!("{} | None", qualified(inner)),
        Type::List(inner) => format!("builtins.list[{}]", qualified(inner)),
        other => annotation(other, true),
    }
}
