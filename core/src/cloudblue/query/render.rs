//! Writes a query as text that the server's grammar takes.

use serde_json::Value;

use super::{Op, Query, Test};
use crate::error::{Error, Result};

/// What a query selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selects {
    /// No row can match: nothing needs to be sent.
    Nothing,
    /// The rows that this text selects; empty text: all.
    Rows(String),
}

/// A query without negations of groups, as the grammar wants it.
enum Form {
    True,
    False,
    Term(String),
    Raw(String),
    And(Vec<Form>),
    Or(Vec<Form>),
}

pub(super) fn render(query: &Query) -> Result<Selects> {
    let parts = match form(query, false)? {
        Form::True => return Ok(Selects::Rows(String::new())),
        Form::False => return Ok(Selects::Nothing),
        Form::And(parts) => parts,
        part => vec![part],
    };
    let parts: Result<Vec<String>> = parts.iter().map(|part| text(part, true)).collect();
    Ok(Selects::Rows(parts?.join("&")))
}

/// Pushes negations inward (the grammar's `not` takes one comparison) and settles what is always or never true.
fn form(query: &Query, negated: bool) -> Result<Form> {
    match query {
        Query::Test(test) => comparison(test, negated),
        Query::Not(inner) => form(inner, !negated),
        Query::And(parts) => group(parts, negated, !negated),
        Query::Or(parts) => group(parts, negated, negated),
        Query::Raw(_) if negated => {
            Err(Error::validation("query", "a raw part cannot be negated: write the negation in its text"))
        }
        Query::Raw(text) => raw(text),
    }
}

/// A group whose parts must all hold (`all`), or of which one must.
fn group(parts: &[Query], negated: bool, all: bool) -> Result<Form> {
    let mut forms = Vec::new();
    for part in parts {
        match (form(part, negated)?, all) {
            (Form::False, true) => return Ok(Form::False),
            (Form::True, false) => return Ok(Form::True),
            (Form::True, true) | (Form::False, false) => {}
            (Form::And(inner), true) | (Form::Or(inner), false) => forms.extend(inner),
            (form, _) => forms.push(form),
        }
    }
    match (forms.len(), all) {
        (0, true) => Ok(Form::True),
        (0, false) => Ok(Form::False),
        (1, _) => Ok(forms.remove(0)),
        (_, true) => Ok(Form::And(forms)),
        (_, false) => Ok(Form::Or(forms)),
    }
}

fn text(form: &Form, top: bool) -> Result<String> {
    let join = |parts: &[Form]| -> Result<String> {
        let parts: Result<Vec<String>> = parts.iter().map(|part| text(part, false)).collect();
        Ok(parts?.join(","))
    };
    match form {
        Form::Term(text) => Ok(text.clone()),
        Form::Raw(text) if top => Ok(text.clone()),
        Form::Raw(_) => Err(Error::validation("query", "a raw part can only be and-ed with the rest of a query")),
        Form::And(parts) => Ok(format!("and({})", join(parts)?)),
        Form::Or(parts) => Ok(format!("or({})", join(parts)?)),
        // A group settles them before it is written.
        Form::True | Form::False => Err(Error::internal("a settled condition inside a group")),
    }
}

/// What would page, order or select against the list's own is refused.
fn raw(text: &str) -> Result<Form> {
    let of_a_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let mut words = text.split(|c| !of_a_name(c));
    if let Some(word) = words.find(|word| ["limit", "offset", "ordering", "select"].contains(word)) {
        return Err(Error::validation("query", format!("a raw part cannot hold {word}: the list has options for it")));
    }
    Ok(if text.trim().is_empty() { Form::True } else { Form::Raw(text.to_owned()) })
}

fn comparison(test: &Test, negated: bool) -> Result<Form> {
    let field = check_name(&test.field)?;
    let name = match test.op {
        Op::Eq => "eq",
        Op::Ne => "ne",
        Op::Gt => "gt",
        Op::Ge => "ge",
        Op::Lt => "lt",
        Op::Le => "le",
        Op::Like => "like",
        Op::Ilike => "ilike",
        Op::In | Op::Out => return list(test, field, negated),
        Op::IsNull | Op::IsEmpty => return constant(test, field, negated),
    };
    let value = match (&test.value, test.op) {
        (Value::String(pattern), Op::Like | Op::Ilike) => value(field, &Value::String(single_stars(pattern)))?,
        (plain, _) => value(field, plain)?,
    };
    Ok(Form::Term(negate(format!("{name}({field},{value})"), negated)))
}

/// Two stars say what one says, and the server refuses them; `\*` is a star itself.
fn single_stars(pattern: &str) -> String {
    let (mut out, mut escaped, mut star) = (String::new(), false, false);
    for c in pattern.chars() {
        let is_star = c == '*' && !escaped;
        if !(is_star && star) {
            out.push(c);
        }
        star = is_star;
        escaped = c == '\\' && !escaped;
    }
    out
}

fn list(test: &Test, field: &str, negated: bool) -> Result<Form> {
    let Value::Array(values) = &test.value else {
        return Err(Error::validation(field, "in and out take a list of values"));
    };
    let one_of = test.op == Op::In;
    if values.is_empty() {
        return Ok(if one_of == negated { Form::True } else { Form::False });
    }
    let values: Result<Vec<String>> = values.iter().map(|item| value(field, item)).collect();
    let name = if one_of { "in" } else { "out" };
    Ok(Form::Term(negate(format!("{name}({field},({}))", values?.join(",")), negated)))
}

fn constant(test: &Test, field: &str, negated: bool) -> Result<Form> {
    let Value::Bool(wanted) = test.value else {
        return Err(Error::validation(field, "is_null and is_empty take true or false"));
    };
    let name = if wanted == negated { "ne" } else { "eq" };
    let constant = if test.op == Op::IsNull { "null()" } else { "empty()" };
    Ok(Form::Term(format!("{name}({field},{constant})")))
}

fn negate(term: String, negated: bool) -> String {
    if negated { format!("not({term})") } else { term }
}

/// Words of the grammar that cannot be names of fields.
const RESERVED: [&str; 16] =
    ["eq", "ne", "gt", "ge", "lt", "le", "in", "out", "like", "ilike", "and", "or", "not", "t", "ordering", "select"];

/// Refuses what the grammar does not take as a field's name, and what a list sets itself.
pub(crate) fn check_name(name: &str) -> Result<&str> {
    if name == "limit" || name == "offset" {
        return Err(Error::validation(name, "is the list's own").with_hint("use page_size and max_items"));
    }
    check_prop(name)
}

/// Refuses what the grammar does not take as a field's name.
pub(crate) fn check_prop(name: &str) -> Result<&str> {
    let mut characters = name.chars();
    let first = characters.next().is_some_and(|c| c.is_ascii_alphabetic());
    let rest = characters.all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    if first && rest && !RESERVED.contains(&name) {
        return Ok(name);
    }
    // The text is not echoed: it may be anything.
    Err(Error::validation("query", "a field's name is letters, digits, _ . and -, and begins with a letter"))
}

/// A value as the grammar takes it, quoted where it must be.
pub(crate) fn value(field: &str, value: &Value) -> Result<String> {
    match value {
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::String(text) => quote(field, text),
        Value::Null => Err(Error::validation(field, "null is no value: use is_null")),
        Value::Array(_) => Err(Error::validation(field, "a list needs one_of (in) or none_of (out)")),
        Value::Object(_) => Err(Error::validation(field, "an object is no value")),
    }
}

fn quote(field: &str, text: &str) -> Result<String> {
    // The server takes quotes off before it looks for its constants.
    if let "null()" | "empty()" = text {
        return Err(Error::validation(
            field,
            format!("{text} cannot be sent as text: the query language means a constant"),
        )
        .with_hint("use is_null or is_empty for the constant"));
    }
    let mut characters = text.chars();
    let plain = characters.next().is_some_and(|c| c.is_ascii_alphanumeric())
        && characters.all(|c| c.is_ascii_alphanumeric() || "_.:-".contains(c))
        && !RESERVED.contains(&text);
    match (plain, text.contains('"'), text.contains('\'')) {
        (true, ..) => Ok(text.to_owned()),
        (_, false, _) => Ok(format!("\"{text}\"")),
        (_, true, false) => Ok(format!("'{text}'")),
        (_, true, true) => Err(Error::validation(
            field,
            "a value with both \" and ' cannot be sent: the query language has no escape for quotes",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::R;
    use super::*;
    use crate::error::Code;

    fn rql(query: Query) -> String {
        query.to_rql().unwrap()
    }

    #[test]
    fn negations_go_inward() {
        let (a, b, c) = (R("a").eq("1"), R("b").gt("2"), R("c").one_of(["3"]));
        assert_eq!(rql(!(a.clone() & b.clone())), "or(not(eq(a,1)),not(gt(b,2)))");
        assert_eq!(rql(!(a.clone() | (b.clone() & !c.clone()))), "not(eq(a,1))&or(not(gt(b,2)),in(c,(3)))");
        assert_eq!(rql(!!a.clone()), "eq(a,1)");
        assert_eq!(rql(!R("a").is_null(true)), "ne(a,null())");
        assert_eq!(rql(!R("a").is_empty(false)), "eq(a,empty())");
    }

    #[test]
    fn what_needs_quotes_gets_them() {
        for (text, written) in [
            ("PRD-1", "PRD-1"),
            ("Foo, Bar & Co", "\"Foo, Bar & Co\""),
            ("", "\"\""),
            ("t", "\"t\""),
            ("say \"x\"", "'say \"x\"'"),
            ("it's", "\"it's\""),
            ("2026-01-01T00:00:00+00:00", "\"2026-01-01T00:00:00+00:00\""),
            ("-1", "\"-1\""),
        ] {
            assert_eq!(rql(R("a").eq(text)), format!("eq(a,{written})"));
        }
    }

    #[test]
    fn what_cannot_be_said_is_refused_with_its_name() {
        let refused = |query: Query| {
            let error = query.to_rql().unwrap_err();
            assert_eq!(error.code(), Code::Validation);
            error.to_string()
        };
        assert!(refused(R("name").eq("\"'")).contains("name"));
        assert!(refused(R("a b").eq("x")).contains("field's name"));
        assert!(refused(R("limit").eq("5")).contains("page_size"));
        assert!(refused(R("a").eq(Value::Null)).contains("is_null"));
        assert!(refused(R("a").one_of(["x", "empty()"])).contains("is_empty"));
        assert!(refused(!Query::raw("eq(a,b)")).contains("negated"));
        assert!(refused(Query::raw("eq(a,b)") | R("c").eq("d")).contains("and-ed"));
        assert!(refused(Query::raw("limit=5")).contains("limit"));
    }

    #[test]
    fn stars_in_a_row_are_one() {
        for (pattern, written) in [("a***b", "\"a*b\""), ("\\**", "\"\\**\""), ("**", "\"*\""), ("a*b*", "\"a*b*\"")] {
            assert_eq!(rql(R("a").like(pattern)), format!("like(a,{written})"));
        }
    }

    #[test]
    fn an_empty_list_is_settled_here() {
        let none = || R("a").one_of(Vec::<String>::new());
        assert_eq!(none().selects().unwrap(), Selects::Nothing);
        assert_eq!((none() & R("b").eq("c")).selects().unwrap(), Selects::Nothing);
        assert_eq!(rql(none() | R("b").eq("c")), "eq(b,c)");
        assert_eq!(rql(!none()), "");
        assert_eq!(rql(R("a").none_of(Vec::<String>::new()) & R("b").eq("c")), "eq(b,c)");
        assert_eq!(Query::Or(vec![]).selects().unwrap(), Selects::Nothing);
    }
}
