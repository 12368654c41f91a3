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
