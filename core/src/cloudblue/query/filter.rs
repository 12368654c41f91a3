//! Filters by keyword: which the lists have, and how a keyword says its comparison.

use serde_json::{Map, Value};

use super::{Op, Query, Test};
use crate::error::{Error, Result};

/// A filter of a list, as the vendor's specification has it.
#[derive(Debug)]
pub struct Filter {
    /// Its name, e.g. `asset.product.id`; a keyword spells the dots as `__`.
    pub name: &'static str,
    /// The comparisons that it takes.
    pub lookups: &'static [Op],
}

/// Sets of comparisons that the specification uses.
pub mod lookups {
    use super::Op::{self, Eq, Ge, Gt, Ilike, In, IsNull, Le, Like, Lt, Ne, Out};

    pub const EQ: &[Op] = &[Eq];
    pub const EQ_IN: &[Op] = &[Eq, In];
    pub const EQ_ILIKE: &[Op] = &[Eq, Ilike];
    pub const EQ_ILIKE_IN: &[Op] = &[Eq, Ilike, In];
    pub const EQ_NULL_IN: &[Op] = &[Eq, IsNull, In];
    pub const AFTER_BEFORE: &[Op] = &[Gt, Lt];
    pub const NUMBER: &[Op] = &[Eq, Ge, Gt, Le, Lt];
    pub const NUMBER_LIST: &[Op] = &[Eq, Ne, Ge, Gt, Le, Lt, IsNull, In, Out];
    pub const DATE: &[Op] = &[Eq, Ne, Ge, Gt, Le, Lt, In, Out];
    pub const TEXT: &[Op] = &[Eq, Ne, Like, Ilike, In, Out];
    pub const ID: &[Op] = &[Eq, Ne, Like, Ilike, IsNull, In, Out];
}

/// The keywords of the comparisons; plain equality, and a list of values, need none.
pub const KEYWORDS: [(&str, Op); 11] = [
    ("eq", Op::Eq),
    ("ne", Op::Ne),
    ("gt", Op::Gt),
    ("ge", Op::Ge),
    ("lt", Op::Lt),
    ("le", Op::Le),
    ("in", Op::In),
    ("out", Op::Out),
    ("like", Op::Like),
    ("ilike", Op::Ilike),
    ("null", Op::IsNull),
];

/// The condition that keywords say: `{"type": "purchase", "created__ge": "2026-01-01", "asset.id": {"in": ["AS-1"]}}`.
///
/// # Errors
/// `validation` that names the keyword: unknown, or with a comparison that its filter does not take.
pub fn by_keyword(filters: &[Filter], given: &Map<String, Value>) -> Result<Query> {
    let mut tests = Vec::new();
    for (keyword, value) in given {
        let (name, op) = split(keyword)?;
        let filter = filters.iter().find(|filter| filter.name == name).ok_or_else(|| unknown(filters, keyword))?;
        match (op, value) {
            (None, Value::Object(comparisons)) if comparisons.is_empty() => {
                return Err(Error::validation(keyword, "names no comparison, and would filter nothing"));
            }
            (None, Value::Object(comparisons)) => {
                for (word, value) in comparisons {
                    tests.push(test(filter, keyword, operator(keyword, word)?, value)?);
                }
            }
            (None, Value::Array(_)) => tests.push(test(filter, keyword, Op::In, value)?),
            (None, value) => tests.push(test(filter, keyword, Op::Eq, value)?),
            (Some(op), value) => tests.push(test(filter, keyword, op, value)?),
        }
    }
    Ok(Query::And(tests))
}

/// The filter's name and, if the keyword ends in one, the comparison.
fn split(keyword: &str) -> Result<(String, Option<Op>)> {
    let dotted = keyword.replace("__", ".");
    let Some((name, last)) = dotted.rsplit_once('.') else { return Ok((dotted, None)) };
    match KEYWORDS.iter().find(|(word, _)| *word == last) {
        Some((_, op)) => Ok((name.to_owned(), Some(*op))),
        None if matches!(last, "gte" | "lte") => operator(keyword, last).map(|op| (name.to_owned(), Some(op))),
        None => Ok((dotted, None)),
    }
}

fn operator(keyword: &str, word: &str) -> Result<Op> {
    if let Some((_, op)) = KEYWORDS.iter().find(|(known, _)| *known == word) {
        return Ok(*op);
    }
    let hint = match word {
        "gte" => "the query language calls it ge".to_owned(),
        "lte" => "the query language calls it le".to_owned(),
        _ => format!("comparisons are {}", KEYWORDS.map(|(word, _)| word).join(", ")),
    };
    Err(Error::validation(keyword, format!("{word} is no comparison")).with_hint(hint))
}

fn test(filter: &Filter, keyword: &str, op: Op, value: &Value) -> Result<Query> {
    if !filter.lookups.contains(&op) {
        let words = KEYWORDS.iter().filter(|(_, op)| filter.lookups.contains(op)).map(|(word, _)| *word);
        let words: Vec<&str> = words.collect();
        return Err(Error::validation(keyword, format!("this filter takes only {}", words.join(", ")))
            .with_hint("R(…) sends any comparison"));
    }
    Ok(Query::Test(Test { field: filter.name.to_owned(), op, value: value.clone() }))
}

fn unknown(filters: &[Filter], keyword: &str) -> Error {
    let hint = match keyword {
        "limit" => "use page_size for a page's rows and max_items for all".to_owned(),
        "offset" => "a list pages by itself; use max_items, or .pages()".to_owned(),
        "ordering" | "order" => "use order_by".to_owned(),
        _ => match filters.iter().find(|filter| filter.name.ends_with(&format!(".{}", keyword.replace("__", ".")))) {
            Some(filter) => format!("did you mean {}?", filter.name.replace('.', "__")),
            None => "R(…) sends a filter that is not in the specification".to_owned(),
        },
    };
    Error::validation(keyword, "is no filter of this list").with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FILTERS: &[Filter] = &[
        Filter { name: "type", lookups: lookups::TEXT },
        Filter { name: "created", lookups: lookups::DATE },
        Filter { name: "asset.id", lookups: lookups::EQ_IN },
        Filter { name: "assignee", lookups: lookups::EQ_NULL_IN },
    ];

    fn query(given: &Value) -> Result<String> {
        by_keyword(FILTERS, given.as_object().unwrap())?.to_rql()
    }

    #[test]
    fn keywords_say_comparisons_in_both_spellings() {
        for (given, text) in [
            (json!({"type": "purchase"}), "eq(type,purchase)"),
            (json!({"type": ["purchase", "change"]}), "in(type,(purchase,change))"),
            (json!({"created__ge": "2026-01-01"}), "ge(created,2026-01-01)"),
            (
                json!({"created": {"ge": "2026-01-01", "lt": "2026-02-01"}}),
                "ge(created,2026-01-01)&lt(created,2026-02-01)",
            ),
            (json!({"asset__id": "AS-1"}), "eq(asset.id,AS-1)"),
            (json!({"asset.id": {"in": ["AS-1"]}}), "in(asset.id,(AS-1))"),
            (json!({"assignee__null": true}), "eq(assignee,null())"),
        ] {
            assert_eq!(query(&given).unwrap(), text);
        }
    }

    #[test]
    fn what_the_list_does_not_have_is_refused_with_a_hint() {
        for (given, hint) in [
            (json!({"limit": 5}), "page_size"),
            (json!({"stauts": "pending"}), "R("),
            (json!({"id": "AS-1"}), "asset__id"),
            (json!({"created__gte": "2026"}), "calls it ge"),
            (json!({"created": {"lte": "2026"}}), "calls it le"),
            (json!({"asset__id__like": "A*"}), "takes only eq, in"),
            (json!({"created": {}}), "filter nothing"),
        ] {
            let error = query(&given).unwrap_err();
            assert!(error.to_string().contains(hint), "{error}");
        }
    }
}
