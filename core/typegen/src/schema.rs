//! The surface to generate, free of any target language: resources with their methods, records that come back, shapes
//! that go in.
//!
//! Names are the wire's. Documentation is the Rust documentation's text, one paragraph per blank line, unwrapped by the
//! writers. Methods keep the order of the operation table. Of fields, the required ones come first, in the order of the Rust
//! struct; the optional ones follow by name, because JSON Schema keeps no order of them.

use std::collections::BTreeSet;

use schemars::SchemaGenerator;
use serde_json::{Map, Value};
use tenantry::cloudblue::query::Filter;
use tenantry::ops::{Kind, Operation};
use tenantry::retry::Safety;

/// Everything of one system.
#[derive(Debug, Clone)]
pub struct Model {
    /// `magento_bi`.
    pub system: &'static str,
    /// In the order of the operation table.
    pub resources: Vec<Resource>,
    /// Structured replies, each before its first use by another.
    pub records: Vec<Shape>,
    /// Structured arguments, each before its first use by another.
    pub inputs: Vec<Shape>,
}

/// A noun with its methods.
#[derive(Debug, Clone)]
pub struct Resource {
    /// `signups`.
    pub name: String,
    /// What it is.
    pub doc: String,
    /// In the order of the operation table.
    pub methods: Vec<Method>,
}

/// One operation.
#[derive(Debug, Clone)]
pub struct Method {
    /// `create`.
    pub name: String,
    /// `magento_bi.signups.create`.
    pub operation: &'static str,
    /// `POST`.
    pub verb: &'static str,
    /// `/v3/signups/{signup_id}`.
    pub path: &'static str,
    /// Whether it may be sent twice.
    pub safety: Safety,
    /// What it does.
    pub doc: String,
    /// Those in the path first, in its order.
    pub arguments: Vec<Argument>,
    /// What it returns; [`Type::Nullable`] where the reply may be empty.
    pub reply: Type,
    /// Set when it is a list that is read page by page: then `reply` is a list of the records, and `arguments` has, after
    /// those of the path, what every list takes. A query and the filters come besides.
    pub list: Option<List>,
}

/// What is particular to a list.
#[derive(Debug, Clone)]
pub struct List {
    /// The record that it is a list of.
    pub item: String,
    /// What it filters by with keywords, in the vendor's order; without the status, which is an argument.
    pub filters: Vec<&'static Filter>,
    /// The filter by status, where there is one: its other comparisons than equality are filters too.
    pub status: Option<&'static Filter>,
}

/// An argument of a method.
#[derive(Debug, Clone)]
pub struct Argument {
    /// Whether it is part of the path, and so may be given by position.
    pub in_path: bool,
    pub field: Field,
}

/// A record or a structured argument.
#[derive(Debug, Clone)]
pub struct Shape {
    /// `SignupStatus`.
    pub name: String,
    /// What it is.
    pub doc: String,
    pub fields: Vec<Field>,
    /// The type of further keys, where any are allowed as arguments.
    pub others: Option<Type>,
}

/// A field of a shape, or an argument.
#[derive(Debug, Clone)]
pub struct Field {
    /// The wire's name.
    pub name: String,
    pub doc: String,
    /// False when it may be absent.
    pub required: bool,
    /// What an absent one counts as, if the schema says.
    pub default: Option<Value>,
    pub kind: Type,
}

impl Field {
    /// Its name without `_ms`, if it is a duration of tenantry's own: languages have their own units and types for those.
    pub fn duration(&self) -> Option<&str> {
        let is_count = matches!(&self.kind, Type::Integer)
            || matches!(&self.kind, Type::Nullable(inner) if **inner == Type::Integer);
        self.name.strip_suffix("_ms").filter(|_| is_count)
    }
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    Text,
    /// A point in time as RFC 3339 text with an offset, for which languages have a type of their own.
    Instant,
    /// Text that is never shown. As an argument: a secret or where to find it; in a record: text that displays hide.
    Secret,
    /// A decimal, as an argument: a number or text.
    Decimal,
    /// As an argument: a file, or what keeps texts by their keys.
    Journal,
    /// An identifier: text or an integer.
    Id,
    Integer,
    Number,
    Boolean,
    /// Anything that JSON can hold.
    Any,
    List(Box<Type>),
    /// Any names, values of one type.
    Map(Box<Type>),
    /// A [`Shape`].
    Named(String),
    /// Null, or this.
    Nullable(Box<Type>),
}

impl Type {
    /// The shapes it names.
    fn names(&self) -> Vec<&str> {
        match self {
            Self::Named(name) => vec![name],
            Self::List(inner) | Self::Map(inner) | Self::Nullable(inner) => inner.names(),
            _ => Vec::new(),
        }
    }
}

impl Model {
    /// Reads the operation table of `system`.
    ///
    /// # Errors
    /// A sentence about the part of a schema that has no counterpart here.
    pub fn read(system: &'static str, operations: impl Iterator<Item = &'static Operation>) -> Result<Self, String> {
        let mut generator = SchemaGenerator::default();
        let mut drafts = Vec::new();
        for operation in operations {
            let arguments = (operation.schemas.arguments)(&mut generator).to_value();
            let reply = (operation.schemas.reply)(&mut generator).to_value();
            drafts.push((operation, arguments, reply));
        }
        let definitions = generator.take_definitions(true);
        let reader = Reader { definitions: &definitions };
        let mut model = Self { system, resources: Vec::new(), records: Vec::new(), inputs: Vec::new() };
        for (operation, arguments, reply) in &drafts {
            model.add(&reader, operation, arguments, reply).map_err(|error| format!("{}: {error}", operation.name))?;
        }
        Ok(model)
    }

    fn add(
        &mut self,
        reader: &Reader<'_>,
        operation: &'static Operation,
        arguments: &Value,
        reply: &Value,
    ) -> Result<(), String> {
        let mut parts = operation.name.split('.').skip(1);
        let (Some(resource), Some(method), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err("is not <system>.<resource>.<method>".to_owned());
        };
        let reply = reader.kind(reply)?;
        reader.collect(&reply, &mut self.records)?;
        if operation.kind == Kind::Local {
            return Ok(());
        }
        let shape = match reader.kind(arguments)? {
            Type::Named(name) => reader.shape(&name)?,
            other => return Err(format!("its arguments are no struct but {other:?}")),
        };
        let (arguments, list) = if operation.kind == Kind::List {
            let Type::List(item) = &reply else { return Err("is a list that replies with none".to_owned()) };
            let Type::Named(item) = &**item else { return Err("is a list of what is no record".to_owned()) };
            let (status, filters): (Vec<_>, Vec<_>) =
                operation.filters.iter().partition(|filter| filter.name == "status");
            let list = List { item: item.clone(), filters, status: status.first().copied() };
            (of_list(operation, &shape.fields)?, Some(list))
        } else {
            for field in &shape.fields {
                reader.collect(&field.kind, &mut self.inputs)?;
            }
            (in_order(operation.path, shape.fields)?, None)
        };
        let method = Method {
            name: method.to_owned(),
            operation: operation.name,
            verb: operation.method,
            path: operation.path,
            safety: operation.safety,
            doc: paragraphs(operation.doc),
            arguments,
            reply,
            list,
        };
        match self.resources.last_mut() {
            Some(last) if last.name == resource => last.methods.push(method),
            _ => {
                let doc = paragraphs(operation.resource_doc);
                self.resources.push(Resource { name: resource.to_owned(), doc, methods: vec![method] });
            }
        }
        Ok(())
    }
}

/// Arguments of the path in its order, then the others.
fn in_order(path: &str, mut fields: Vec<Field>) -> Result<Vec<Argument>, String> {
    let mut arguments = Vec::new();
    for name in in_braces(path) {
        let place = fields.iter().position(|field| field.name == name);
        let place = place.ok_or_else(|| format!("the path's {{{name}}} is no argument"))?;
        arguments.push(Argument { in_path: true, field: fields.remove(place) });
    }
    arguments.extend(fields.into_iter().map(|field| Argument { in_path: false, field }));
    Ok(arguments)
}

/// The names in the braces of a path.
fn in_braces(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).map(|part| part.split('}').next().unwrap_or_default())
}

/// What every list takes, in this order, besides its path's identifiers, a query and filters.
const OF_LISTS: [&str; 8] = ["status", "search", "order_by", "select", "page_size", "max_items", "prefetch", "stable"];

/// Arguments of a list: those of its path, then what every list takes.
fn of_list(operation: &Operation, fields: &[Field]) -> Result<Vec<Argument>, String> {
    let mut arguments = Vec::new();
    for name in in_braces(operation.path) {
        let thing = name.strip_suffix("_id").unwrap_or(name).replace('_', " ");
        let (doc, kind) = (format!("The {thing}'s id."), Type::Id);
        let field = Field { name: name.to_owned(), doc, required: true, default: None, kind };
        arguments.push(Argument { in_path: true, field });
    }
    for name in OF_LISTS {
        if name == "status" && !operation.filters.iter().any(|filter| filter.name == name) {
            continue;
        }
        let field = fields.iter().find(|field| field.name == name);
        let mut field = field.cloned().ok_or_else(|| format!("lists take no {name}"))?;
        // What the core makes of an absent one depends on the list; the documentation says what.
        field.default = None;
        if name == "status" {
            field.kind = Type::Text;
        }
        arguments.push(Argument { in_path: false, field });
    }
    Ok(arguments)
}

/// Rust documentation without the blank that begins each of its lines.
fn paragraphs(doc: &str) -> String {
    let lines: Vec<&str> = doc.lines().map(str::trim).collect();
    lines.join("\n").trim().to_owned()
}

struct Reader<'a> {
    definitions: &'a Map<String, Value>,
}

impl Reader<'_> {
    /// Adds the shapes that `kind` names, and those that these name, to `shapes`. A shape may hold itself.
    fn collect(&self, kind: &Type, shapes: &mut Vec<Shape>) -> Result<(), String> {
        self.collect_within(kind, shapes, &mut Vec::new())
    }

    fn collect_within(&self, kind: &Type, shapes: &mut Vec<Shape>, around: &mut Vec<String>) -> Result<(), String> {
        for name in kind.names() {
            if shapes.iter().any(|shape| shape.name == name) {
                continue;
            }
            match around.iter().rposition(|outer| outer == name) {
                Some(place) if place + 1 == around.len() => continue,
                Some(_) => return Err(format!("{name} holds itself, but within {}", around.join(", "))),
                None => {}
            }
            let shape = self.shape(name)?;
            around.push(name.to_owned());
            for field in &shape.fields {
                self.collect_within(&field.kind, shapes, around)?;
            }
            around.pop();
            shapes.push(shape);
        }
        Ok(())
    }

    fn shape(&self, name: &str) -> Result<Shape, String> {
        let schema = self.definitions.get(name).ok_or_else(|| format!("{name} has no definition"))?;
        if let Some(reference) = schema["$ref"].as_str() {
            // A struct around another one.
            return self.shape(reference.rsplit('/').next().unwrap_or_default());
        }
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let empty = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        let known: BTreeSet<&str> = required.iter().copied().collect();
        let names =
            required.iter().copied().chain(properties.keys().map(String::as_str).filter(|n| !known.contains(n)));
        let mut fields = Vec::new();
        for field in names {
            let property = properties.get(field).ok_or_else(|| format!("{name}.{field} is required and unknown"))?;
            fields.push(Field {
                name: field.to_owned(),
                doc: text(property, "description"),
                required: known.contains(field),
                default: property.get("default").cloned(),
                kind: self.kind(property).map_err(|error| format!("{name}.{field}: {error}"))?,
            });
        }
        let others = match schema.get("additionalProperties") {
            None | Some(Value::Bool(false)) => None,
            Some(schema) => Some(self.kind(schema)?),
        };
        Ok(Shape { name: name.to_owned(), doc: text(schema, "description"), fields, others })
    }

    fn kind(&self, schema: &Value) -> Result<Type, String> {
        if let Some(reference) = schema["$ref"].as_str() {
            return Ok(Type::Named(reference.rsplit('/').next().unwrap_or_default().to_owned()));
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            let kinds: Vec<&Value> = choices.iter().filter(|choice| choice["type"] != "null").collect();
            let [kind] = kinds[..] else { return Err(format!("a choice of several types: {schema}")) };
            let kind = self.kind(kind)?;
            return Ok(if choices.len() > 1 { Type::Nullable(Box::new(kind)) } else { kind });
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ if schema.as_bool() == Some(true) || schema.is_object() => return Ok(Type::Any),
            _ => return Err(format!("no type: {schema}")),
        };
        let mut names: Vec<&str> = types.iter().copied().filter(|name| *name != "null").collect();
        names.sort_unstable();
        let kind = match names[..] {
            ["string"] if schema["format"] == "secret" => Type::Secret,
            ["string"] if schema["format"] == "date-time" => Type::Instant,
            ["string"] if schema["format"] == "decimal" => Type::Decimal,
            ["string"] if schema["format"] == "journal" => Type::Journal,
            ["string"] => Type::Text,
            ["integer", "string"] => Type::Id,
            ["integer"] => Type::Integer,
            ["number"] => Type::Number,
            ["boolean"] => Type::Boolean,
            ["array"] => Type::List(Box::new(self.kind(&schema["items"])?)),
            ["object"] => match schema.get("additionalProperties") {
                None => Type::Map(Box::new(Type::Any)),
                Some(values) => Type::Map(Box::new(self.kind(values)?)),
            },
            _ => return Err(format!("an unknown type: {schema}")),
        };
        Ok(if names.len() < types.len() { Type::Nullable(Box::new(kind)) } else { kind })
    }
}

fn text(schema: &Value, key: &str) -> String {
    schema[key].as_str().unwrap_or_default().to_owned()
}
