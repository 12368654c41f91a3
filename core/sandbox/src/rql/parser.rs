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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Operand {
        Operand::Text { text: text.to_owned(), quoted: false }
    }

    fn test(operator: Operator, property: &str, operand: Operand) -> Term {
        Term::Test { property: property.to_owned(), operator, operands: vec![operand] }
    }

    fn one(query: &str) -> Term {
        let mut terms = parse(query).unwrap_or_else(|refused| panic!("{query}: {}", refused.0));
        assert_eq!(terms.len(), 1, "{query}");
        terms.remove(0)
    }

    #[test]
    fn each_spelling_of_a_comparison_is_the_same_term() {
        let expected = test(Operator::Ge, "a.b-c_1", text("2020-01-01T00:00:00+00:00"));
        for query in ["ge(a.b-c_1,2020-01-01T00:00:00+00:00)", "a.b-c_1=ge=2020-01-01T00:00:00+00:00"] {
            assert_eq!(one(query), expected);
        }
        for query in ["eq(a,x y)", "a=x y", "a=eq=x y", "(a=x y)", "((a=x y))"] {
            assert_eq!(one(query), test(Operator::Eq, "a", text("x y")), "{query}");
        }
        assert_eq!(one("a=ge"), test(Operator::Eq, "a", text("ge")));
        assert_eq!(one("eq=in"), test(Operator::Eq, "eq", text("in")));
        assert_eq!(one("a=null()"), test(Operator::Eq, "a", Operand::Null));
        assert_eq!(one("ne(a,empty())"), test(Operator::Ne, "a", Operand::Empty));
        assert_eq!(one(r"like(a,*b\*)"), test(Operator::Like, "a", text(r"*b\*")));
        let quoted = |text: &str| Operand::Text { text: text.to_owned(), quoted: true };
        assert_eq!(one("a=\"x,(y)&'z'\""), test(Operator::Eq, "a", quoted("x,(y)&'z'")));
        assert_eq!(one("a='\"'"), test(Operator::Eq, "a", quoted("\"")));
        assert_eq!(one("a=\"\""), test(Operator::Eq, "a", quoted("")));
    }

    #[test]
    fn terms_join_as_the_grammar_has_it() {
        let [a, b, c] = ["a", "b", "c"].map(|name| test(Operator::Eq, name, text("1")));
        let and = |terms: &[&Term]| Term::And(terms.iter().map(|term| (*term).clone()).collect());
        let or = |terms: &[&Term]| Term::Or(terms.iter().map(|term| (*term).clone()).collect());
        assert_eq!(parse("").unwrap(), []);
        assert_eq!(parse("a=1,b=1,c=1").unwrap(), [a.clone(), b.clone(), c.clone()]);
        assert_eq!(parse("a=1&b=1,c=1").unwrap(), [and(&[&a, &b]), c.clone()]);
        assert_eq!(one("a=1&b=1&c=1"), and(&[&a, &b, &c]));
        assert_eq!(one("and(a=1,b=1)"), one("(a=1,b=1)"));
        assert_eq!(one("or(a=1,b=1,c=1)"), or(&[&a, &b, &c]));
        assert_eq!(one("(a=1|b=1|c=1)"), one("(a=1;b=1;c=1)"));
        assert_eq!(one("(a=1&b=1|c=1)"), or(&[&and(&[&a, &b]), &c]));
        assert_eq!(one("((a=1|b=1)&c=1)"), and(&[&or(&[&a, &b]), &c]));
        assert_eq!(one("not((a=1))"), Term::Not(Box::new(a.clone())));
        let signed = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(one("ordering(-a,+b,c.d)"), Term::Ordering(signed(&["-a", "b", "c.d"])));
        assert_eq!(one("select()"), Term::Select(Vec::new()));
        let listed =
            Term::Test { property: "a".to_owned(), operator: Operator::Out, operands: vec![text("1"), Operand::Null] };
        assert_eq!(one("out(a,(1,null()))"), listed);
        assert_eq!(one("t(a=1,b=1)"), Term::Tuple(vec![a.clone(), b.clone()]));
        assert_eq!(one("c=t(a=1)"), test(Operator::Eq, "c", Operand::Tuple(vec![a])));
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |depth: usize| format!("{}a=1{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&nested(60)).is_ok());
        assert!(parse(&nested(100_000)).is_err());
        assert!(parse(&"not(".repeat(100_000)).is_err());
    }

    #[test]
    fn a_negation_takes_one_simple_term() {
        for inner in ["and(a=1,b=1)", "or(a=1,b=1)", "(a=1|b=1)", "(a=1&b=1)", "a=1&b=1", "not(a=1)", "t(a=1)"] {
            assert!(parse(&format!("not({inner})")).is_err(), "{inner}");
        }
    }

    #[test]
    fn a_refusal_tells_the_place() {
        let refused = parse("a=1&ä=2").unwrap_err();
        assert_eq!(refused.0, "Bad filter query: at character 5: a property or an operator expected, `ä` found.");
        assert!(parse("eq(a,1").unwrap_err().0.ends_with("character 7: `)` expected, the end found."));
    }
}
