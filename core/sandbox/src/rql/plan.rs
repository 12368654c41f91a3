//! A query checked against a table: what to select, in which order, which part of it, and what to show.

use super::column::{Column, Kind, Lookup};
use super::pattern::Pattern;
use super::predicate::{Check, Constant, Predicate};
use super::query::{Operand, Operator, Query, Term};
use super::{Refused, instant};

/// The most properties that rows can be ordered by.
const MOST_ORDERINGS: usize = 5;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan<F> {
    /// What must hold of a row, all together.
    pub(crate) filter: Vec<Predicate<F>>,
    /// Fields to order by, and whether downwards; `None` when the query does not order.
    pub(crate) ordering: Option<Vec<(F, bool)>>,
    /// As written, sign included.
    pub(crate) select: Vec<String>,
    /// As written: whether it is a number is for the pager to judge.
    pub(crate) limit: Option<String>,
    pub(crate) offset: Option<String>,
}

impl<F: Copy> Plan<F> {
    /// Refuses unknown properties, and lookups that a property does not have.
    pub(crate) fn bind(query: &Query, columns: &[Column<F>]) -> Result<Plan<F>, Refused> {
        let plan = Plan { filter: Vec::new(), ordering: None, select: Vec::new(), limit: None, offset: None };
        let mut binder = Binder { columns, plan };
        for term in &query.terms {
            if let Some(predicate) = binder.bind(term)? {
                binder.plan.filter.push(predicate);
            }
        }
        let mut plan = binder.plan;
        plan.filter = plan.filter.into_iter().flat_map(conjuncts).collect();
        Ok(plan)
    }

    pub(crate) fn selects(&self, row: &impl super::Row<Field = F>) -> bool {
        self.filter.iter().all(|predicate| predicate.selects(row))
    }
}

/// `and(and(a,b),c)` is `a`, `b`, `c`: whoever picks an index needs to see them side by side.
fn conjuncts<F>(predicate: Predicate<F>) -> Vec<Predicate<F>> {
    match predicate {
        Predicate::All(all) => all.into_iter().flat_map(conjuncts).collect(),
        other => vec![other],
    }
}

struct Binder<'a, F> {
    columns: &'a [Column<F>],
    plan: Plan<F>,
}

impl<F: Copy> Binder<'_, F> {
    /// The predicate of a term; none for what does not select rows.
    fn bind(&mut self, term: &Term) -> Result<Option<Predicate<F>>, Refused> {
        match term {
            Term::And(terms) => Ok(some(self.bind_all(terms)?, Predicate::All)),
            Term::Or(terms) => Ok(some(self.bind_all(terms)?, Predicate::Any)),
            Term::Not(term) => Ok(self.bind(term)?.map(|inner| Predicate::Not(Box::new(inner)))),
            Term::Test { property, operator, operands } => self.test(property, *operator, operands),
            Term::Ordering(properties) => self.ordering(properties).map(|()| None),
            Term::Select(properties) => {
                self.plan.select.extend(properties.iter().cloned());
                Ok(None)
            }
            Term::Tuple(_) => Err(Refused::new("Bad filter: t(…) stands for no property here.")),
        }
    }

    fn bind_all(&mut self, terms: &[Term]) -> Result<Vec<Predicate<F>>, Refused> {
        let bound: Result<Vec<_>, _> = terms.iter().map(|term| self.bind(term)).collect();
        bound.map(|found| found.into_iter().flatten().collect())
    }

    fn ordering(&mut self, properties: &[String]) -> Result<(), Refused> {
        if self.plan.ordering.is_some() {
            return Err(Refused::new("Bad ordering filter: query can contain only one ordering operation."));
        }
        if properties.len() > MOST_ORDERINGS {
            return Err(Refused::new(format!("Bad ordering filter: max allowed number is {MOST_ORDERINGS}.")));
        }
        let mut fields = Vec::new();
        for signed in properties {
            let name = signed.strip_prefix('-').unwrap_or(signed);
            let column = self.columns.iter().find(|column| column.name == name && column.ordering);
            let column = column.ok_or_else(|| Refused::new(format!("Bad ordering filter: {name}.")))?;
            fields.push((column.field, signed.starts_with('-')));
        }
        self.plan.ordering = Some(fields);
        Ok(())
    }

    fn test(
        &mut self,
        property: &str,
        operator: Operator,
        operands: &[Operand],
    ) -> Result<Option<Predicate<F>>, Refused> {
        match property {
            "limit" => return part(&mut self.plan.limit, operator, operands).map(|()| None),
            "offset" => return part(&mut self.plan.offset, operator, operands).map(|()| None),
            "search" => return self.search(operator, operands).map(Some),
            _ => {}
        }
        let column = self.columns.iter().find(|column| column.name == property);
        let column = column.ok_or_else(|| Refused::new(format!("Bad filter: `{property}` is unknown.")))?;
        let constants = || -> Result<Vec<Constant>, Refused> {
            operands.iter().map(|operand| constant(column, operator, operand)).collect()
        };
        let check = match operator {
            Operator::Eq | Operator::Ne | Operator::In | Operator::Out => Check::OneOf(constants()?),
            Operator::Like | Operator::Ilike => {
                admit(column, operator)?;
                let (text, _) = text_of(column, operands.first())?;
                Check::Like(Pattern::read(text, operator == Operator::Ilike)?)
            }
            Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le => {
                Check::Compare(operator, constants()?.into_iter().next().unwrap_or(Constant::Null))
            }
        };
        let test = Predicate::Test(column.field, check);
        let negated = matches!(operator, Operator::Ne | Operator::Out);
        Ok(Some(if negated { Predicate::Not(Box::new(test)) } else { test }))
    }

    fn search(&self, operator: Operator, operands: &[Operand]) -> Result<Predicate<F>, Refused> {
        let text = match operands {
            [Operand::Text { text, .. }] if operator == Operator::Eq => text,
            _ => return Err(Refused::new(format!("Bad search filter: {}.", operator.word()))),
        };
        let pattern = Pattern::containing(text)?;
        let searched = self.columns.iter().filter(|column| column.search);
        let tests: Vec<_> =
            searched.map(|column| Predicate::Test(column.field, Check::Like(pattern.clone()))).collect();
        // Without a searchable column the vendor's server selects everything.
        Ok(if tests.is_empty() { Predicate::All(tests) } else { Predicate::Any(tests) })
    }
}

fn some<F>(predicates: Vec<Predicate<F>>, joined: fn(Vec<Predicate<F>>) -> Predicate<F>) -> Option<Predicate<F>> {
    if predicates.is_empty() { None } else { Some(joined(predicates)) }
}

/// Takes a `limit` or `offset`: once, and with `=` only.
fn part(place: &mut Option<String>, operator: Operator, operands: &[Operand]) -> Result<(), Refused> {
    match operands {
        [Operand::Text { text, quoted }] if operator == Operator::Eq && place.is_none() => {
            // In quotes it is no number to the vendor's server.
            *place = Some(if *quoted { String::new() } else { text.clone() });
            Ok(())
        }
        _ => Err(Refused::new("Limit and offset are set incorrectly.")),
    }
}

fn admit<F>(column: &Column<F>, operator: Operator) -> Result<(), Refused> {
    let lookup = match operator {
        Operator::Eq => Lookup::EQ,
        Operator::Ne => Lookup::NE,
        Operator::Gt => Lookup::GT,
        Operator::Ge => Lookup::GE,
        Operator::Lt => Lookup::LT,
        Operator::Le => Lookup::LE,
        Operator::In => Lookup::IN,
        Operator::Out => Lookup::OUT,
        Operator::Like => Lookup::LIKE,
        Operator::Ilike => Lookup::ILIKE,
    };
    if column.lookups.has(lookup) { Ok(()) } else { Err(no_lookup(column, operator.word())) }
}

fn no_lookup<F>(column: &Column<F>, word: &str) -> Refused {
    Refused::new(format!("Bad filter lookup: `{}` has no lookup `{word}`.", column.name))
}

fn text_of<'a, F>(column: &Column<F>, operand: Option<&'a Operand>) -> Result<(&'a str, bool), Refused> {
    match operand {
        Some(Operand::Text { text, quoted }) => Ok((text, *quoted)),
        _ => Err(Refused::new(format!("Bad filter value: of `{}`.", column.name))),
    }
}

fn constant<F>(column: &Column<F>, operator: Operator, operand: &Operand) -> Result<Constant, Refused> {
    let equates = matches!(operator, Operator::Eq | Operator::Ne | Operator::In | Operator::Out);
    let is_null = match operand {
        Operand::Null => true,
        Operand::Text { text, quoted: false } => text == column.null_word,
        _ => false,
    };
    if is_null {
        let admitted = column.lookups.has(Lookup::NULL) && equates;
        return if admitted { Ok(Constant::Null) } else { Err(no_lookup(column, "null")) };
    }
    let bad = || Refused::new(format!("Bad filter value: of `{}`.", column.name));
    if *operand == Operand::Empty {
        return if equates && column.kind == Kind::Text { Ok(Constant::Text(String::new())) } else { Err(bad()) };
    }
    admit(column, operator)?;
    let (text, _) = text_of(column, Some(operand))?;
    match column.kind {
        Kind::Text => Ok(Constant::Text(text.to_owned())),
        Kind::Integer => text.parse().map(Constant::Integer).map_err(|_| bad()),
        Kind::Instant => instant::micros_of(text).map(Constant::Integer).ok_or_else(bad),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Row, Scalar};
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Field {
        Name,
        Size,
        Tags,
    }

    /// A row with a name that may be null, a number, and any number of tags.
    struct Thing(Option<&'static str>, i64, &'static [&'static str]);

    impl Row for Thing {
        type Field = Field;

        fn any(&self, field: Field, holds: &mut dyn FnMut(Scalar<'_>) -> bool) -> bool {
            match field {
                Field::Name => holds(self.0.map_or(Scalar::Null, Scalar::Text)),
                Field::Size => holds(Scalar::Integer(self.1)),
                Field::Tags => self.2.iter().any(|tag| holds(Scalar::Text(tag))),
            }
        }
    }

    const TEXT: Lookup =
        Lookup::EQ.and(Lookup::NE).and(Lookup::IN).and(Lookup::OUT).and(Lookup::LIKE).and(Lookup::NULL);
    const NUMBER: Lookup = Lookup::EQ.and(Lookup::GT).and(Lookup::GE).and(Lookup::LT).and(Lookup::LE);
    const COLUMNS: &[Column<Field>] = &[
        Column::new("name", Field::Name, Kind::Text, TEXT.and(Lookup::ILIKE)).searched().null_as("nobody"),
        Column::new("size", Field::Size, Kind::Integer, NUMBER).ordered(),
        Column::new("tags", Field::Tags, Kind::Text, TEXT).searched(),
    ];

    fn plan(query: &str) -> Result<Plan<Field>, Refused> {
        Plan::bind(&Query::parse(query)?, COLUMNS)
    }

    /// Which of the things a query selects, by their sizes.
    fn selected(query: &str) -> Vec<i64> {
        let things = [
            Thing(Some("ant"), 1, &["small", "red"]),
            Thing(Some("Bee"), 2, &["small"]),
            Thing(None, 3, &[]),
            Thing(Some(""), 4, &["big"]),
        ];
        let plan = plan(query).unwrap_or_else(|refused| panic!("{query}: {}", refused.0));
        things.iter().filter(|thing| plan.selects(*thing)).map(|thing| thing.1).collect()
    }

    #[test]
    fn a_query_selects_what_it_says() {
        for (query, sizes) in [
            ("", &[1, 2, 3, 4][..]),
            ("name=ant", &[1]),
            ("ne(name,ant)", &[2, 3, 4]),
            ("name=null()", &[3]),
            ("name=nobody", &[3]),
            ("name=\"nobody\"", &[]),
            ("ne(name,null())", &[1, 2, 4]),
            ("name=empty()", &[4]),
            ("in(name,(ant,null(),empty()))", &[1, 3, 4]),
            ("out(name,(ant,null()))", &[2, 4]),
            ("like(name,b*)", &[]),
            ("ilike(name,b*)", &[2]),
            ("like(name,*)", &[1, 2, 4]),
            ("gt(size,2)", &[3, 4]),
            ("size=ge=2&size=le=3", &[2, 3]),
            ("lt(size,2)", &[1]),
            ("tags=small", &[1, 2]),
            ("ne(tags,small)", &[3, 4]),
            ("in(tags,(red,big))", &[1, 4]),
            ("(tags=red|size=3)", &[1, 3]),
            ("and(tags=small,or(name=ant,size=4))", &[1]),
            ("not(tags=small)", &[3, 4]),
            ("search=E", &[1, 2]),
            ("search=\"*bi*\"", &[4]),
            ("size=2,ordering(-size),select(-x),limit=1", &[2]),
            ("or(limit=1,size=2)", &[2]),
        ] {
            assert_eq!(selected(query), sizes, "{query}");
        }
    }

    #[test]
    fn the_rest_of_a_query_is_kept_as_written() {
        let plan = plan("and(ordering(-size,size),select(-a,b),and(limit=x,offset=7),size=1)&size=2").unwrap();
        assert_eq!(plan.ordering, Some(vec![(Field::Size, true), (Field::Size, false)]));
        assert_eq!(plan.select, ["-a", "b"]);
        assert_eq!((plan.limit.as_deref(), plan.offset.as_deref()), (Some("x"), Some("7")));
        assert_eq!(plan.filter.len(), 2, "side by side, for whoever picks an index");
    }

    #[test]
    fn what_a_column_cannot_do_is_refused() {
        for query in [
            "other=1",
            "gt(name,a)",
            "size=null()",
            "size=empty()",
            "size=x",
            "ne(size,1)",
            "in(size,(1))",
            "like(size,1)",
            "gt(size,null())",
            "like(name,null())",
            "like(name,a**)",
            "name=t(a=1)",
            "t(name=a)",
            "ordering(name)",
            "ordering(other)",
            "ordering(size)&ordering(size)",
            "limit=1&limit=1",
            "ge(offset,1)",
            "like(search,a)",
            "search=null()",
        ] {
            assert!(plan(query).is_err(), "{query}");
        }
    }
}
