//! Reads the vendor's grammar by recursive descent.
//!
//! `&` binds closer than `|`, `;` and `,`; alternatives need parentheses; `not` takes one simple term; there is no
//! white space between the parts, and no escape inside quotes.

use super::Refused;
use super::query::{Operand, Operator, Term};

/// Deeper nesting than this is refused: it would come from a mistake or an attack.
const DEEPEST: usize = 64;

pub(super) fn parse(text: &str) -> Result<Vec<Term>, Refused> {
    let mut parser = Parser { text, at: 0, depth: 0, in_not: false };
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut terms = vec![parser.conjunction()?];
    while parser.takes(',') {
        terms.push(parser.conjunction()?);
    }
    if parser.at < text.len() {
        return Err(parser.unexpected("`&`, `,` or the end"));
    }
    Ok(terms)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// Inside of `not(…)`, where no tuple may stand.
    in_not: bool,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn next(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn takes(&mut self, wanted: char) -> bool {
        let there = self.rest().starts_with(wanted);
        if there {
            self.at += wanted.len_utf8();
        }
        there
    }

    fn expect(&mut self, wanted: char) -> Result<(), Refused> {
        if self.takes(wanted) { Ok(()) } else { Err(self.unexpected(&format!("`{wanted}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> Refused {
        let found = self.next().map_or_else(|| "the end".to_owned(), |found| format!("`{found}`"));
        let place = self.text[..self.at].chars().count() + 1;
        Refused::new(format!("Bad filter query: at character {place}: {wanted} expected, {found} found."))
    }

    /// Takes the longest run of characters that fit.
    fn run(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|next| !fits(next)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// `term` or `term&term&…`.
    fn conjunction(&mut self) -> Result<Term, Refused> {
        let first = self.term()?;
        if !self.rest().starts_with('&') {
            return Ok(first);
        }
        let mut terms = vec![first];
        while self.takes('&') {
            terms.push(self.term()?);
        }
        Ok(Term::And(terms))
    }

    fn term(&mut self) -> Result<Term, Refused> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Refused::new("Bad filter query: too many parentheses inside each other."));
        }
        let term = if self.takes('(') { self.group() } else { self.named() };
        self.depth -= 1;
        term
    }

    /// What stands in parentheses without a name: a term, alternatives, or a list of terms that hold together.
    fn group(&mut self) -> Result<Term, Refused> {
        let first = self.conjunction()?;
        let separator = match self.next() {
            Some(separator @ ('|' | ';' | ',')) => separator,
            _ => return self.expect(')').map(|()| first),
        };
        let mut terms = vec![first];
        while self.takes(separator) {
            terms.push(self.conjunction()?);
        }
        self.expect(')')?;
        Ok(if separator == ',' { Term::And(terms) } else { Term::Or(terms) })
    }

    fn named(&mut self) -> Result<Term, Refused> {
        let name = self.property()?;
        if name == "t" && !self.in_not {
            // The vendor's lexer takes it for the beginning of a tuple wherever there may be one.
            self.expect('(')?;
            return self.tuple().map(Term::Tuple);
        }
        if self.takes('=') {
            return self.comparison(name);
        }
        if !self.takes('(') {
            return Err(self.unexpected("`=` or `(`"));
        }
        if let Some(operator) = Operator::of_word(name) {
            let property = self.property()?.to_owned();
            self.expect(',')?;
            let operands = match operator {
                Operator::In | Operator::Out => self.operand_list()?,
                _ => vec![self.operand()?],
            };
            self.expect(')')?;
            return Ok(Term::Test { property, operator, operands });
        }
        match name {
            "and" => self.terms().map(Term::And),
            "or" => self.terms().map(Term::Or),
            "not" => self.negation(),
            "ordering" => self.signed().map(Term::Ordering),
            "select" => self.signed().map(Term::Select),
            _ => Err(Refused::new(format!("Bad filter query: `{name}` is no operator."))),
        }
    }

    /// At least two terms up to the closing parenthesis.
    fn terms(&mut self) -> Result<Vec<Term>, Refused> {
        let mut terms = vec![self.conjunction()?];
        while self.takes(',') {
            terms.push(self.conjunction()?);
        }
        if terms.len() < 2 {
            return Err(self.unexpected("`,` and a second term"));
        }
        self.expect(')').map(|()| terms)
    }

    fn negation(&mut self) -> Result<Term, Refused> {
        let from = self.at;
        self.in_not = true;
        let inner = self.term()?;
        self.in_not = false;
        let simple = matches!(inner, Term::Test { .. } | Term::Ordering(_) | Term::Select(_));
        if !simple {
            self.at = from;
            return Err(self.unexpected("one simple term in not(…)"));
        }
        self.expect(')').map(|()| Term::Not(Box::new(inner)))
    }

    /// The properties of `ordering` and `select`, each with its sign; there may be none.
    fn signed(&mut self) -> Result<Vec<String>, Refused> {
        let mut properties = Vec::new();
        if self.takes(')') {
            return Ok(properties);
        }
        loop {
            let sign = if self.takes('-') { "-" } else { "" };
            if sign.is_empty() {
                self.takes('+');
            }
            properties.push(format!("{sign}{}", self.property()?));
            if !self.takes(',') {
                return self.expect(')').map(|()| properties);
            }
        }
    }

    /// Behind `property=`: a value, or an operator and a value.
    fn comparison(&mut self, property: &str) -> Result<Term, Refused> {
        let from = self.at;
        let word = self.run(|next| next.is_ascii_lowercase());
        let operator = Operator::of_word(word).filter(|operator| operator.compares() && self.rest().starts_with('='));
        let operator = match operator {
            Some(operator) => {
                self.takes('=');
                operator
            }
            None => {
                self.at = from;
                Operator::Eq
            }
        };
        Ok(Term::Test { property: property.to_owned(), operator, operands: vec![self.operand()?] })
    }

    fn operand_list(&mut self) -> Result<Vec<Operand>, Refused> {
        self.expect('(')?;
        let mut operands = vec![self.operand()?];
        while self.takes(',') {
            operands.push(self.operand()?);
        }
        self.expect(')').map(|()| operands)
    }

    fn operand(&mut self) -> Result<Operand, Refused> {
        for (word, constant) in [("null()", Operand::Null), ("empty()", Operand::Empty)] {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(constant);
            }
        }
        if self.rest().starts_with("t(") {
            self.at += 2;
            return self.tuple().map(Operand::Tuple);
        }
        for quote in ['"', '\''] {
            if self.takes(quote) {
                let text = self.run(|next| next != quote).to_owned();
                return self.expect(quote).map(|()| Operand::Text { text, quoted: true });
            }
        }
        if !self.next().is_some_and(|first| word_character(first) || "-*+\\".contains(first)) {
            return Err(self.unexpected("a value"));
        }
        let from = self.at;
        let text = self.run(|next| word_character(next) || next.is_whitespace() || ".-:+@*\\".contains(next));
        if text == "t" {
            self.at = from;
            return Err(self.unexpected("a value, `t` in quotes or t(…)"));
        }
        Ok(Operand::Text { text: text.to_owned(), quoted: false })
    }

    /// The conditions of `t(…)` behind its opening parenthesis.
    fn tuple(&mut self) -> Result<Vec<Term>, Refused> {
        let mut terms = Vec::new();
        loop {
            let from = self.at;
            let term = self.named()?;
            let listed = |operator| matches!(operator, Operator::In | Operator::Out);
            if !matches!(&term, Term::Test { operator, .. } if !listed(*operator)) {
                self.at = from;
                return Err(self.unexpected("a comparison in t(…)"));
            }
            terms.push(term);
            if !self.takes(',') {
                return self.expect(')').map(|()| terms);
            }
        }
    }

    fn property(&mut self) -> Result<&'a str, Refused> {
        if !self.next().is_some_and(|first| first.is_ascii_alphabetic()) {
            return Err(self.unexpected("a property or an operator"));
        }
        Ok(self.run(|next| word_character(next) || next == '-' || next == '.'))
    }
}

fn word_character(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}
