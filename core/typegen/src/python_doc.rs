//! Docstrings: the core's documentation, in Python's words and wrapped to its columns.

use std::fmt::Write as _;

const COLUMNS: usize = 120;

/// Codes as the exceptions that carry them.
const ERRORS: [(&str, &str); 6] = [
    ("`outcome_unknown`", "`OutcomeUnknownError`"),
    ("`not_found`", "`NotFoundError`"),
    ("`authentication`", "`AuthenticationError`"),
    ("`conflict`", "`ConflictError`"),
    ("`validation`", "`ValidationError`"),
    ("`max_wait`", "`WaitTimeoutError`"),
];

/// The core's words with Python's names of errors.
pub fn in_python(doc: &str) -> String {
    ERRORS.iter().fold(doc.to_owned(), |doc, (code, class)| doc.replace(code, class))
}

/// The documentation of a number of milliseconds as that of a number of seconds.
pub fn in_seconds(doc: &str) -> String {
    let words = doc.replace("Milliseconds", "Seconds, as a number or a `timedelta`,");
    let words = words.split(' ').map(|word| {
        let digits: String = word.chars().filter(char::is_ascii_digit).collect();
        let is_number = word.chars().all(|letter| letter.is_ascii_digit() || ",.;".contains(letter));
        match digits.strip_suffix("000").filter(|_| is_number) {
            Some(seconds) => format!("{seconds}{}", word.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',')),
            None => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The paragraphs of the documentation of a thing called `name`, the first of them a sentence that fits its line.
pub fn summarised(depth: usize, name: &str, doc: &str) -> Vec<String> {
    let mut paragraphs: Vec<String> = doc.split("\n\n").map(str::to_owned).collect();
    let room = COLUMNS - 4 * depth - 6;
    let first = &paragraphs[0];
    if first.chars().count() > room {
        match first.split_once(". ").map(|(head, rest)| (format!("{head}."), rest.to_owned())) {
            Some((head, rest)) if head.chars().count() <= room => drop(paragraphs.splice(..1, [head, rest])),
            _ => paragraphs.insert(0, format!("Its {}.", name.replace('_', " "))),
        }
    }
    if !paragraphs[0].ends_with(['.', '?', '!']) {
        paragraphs[0].push('.');
    }
    paragraphs
}

/// A docstring of paragraphs, the first of which is the summary.
pub fn docstring(out: &mut String, depth: usize, paragraphs: &[String]) {
    with_sections(out, depth, paragraphs, &[]);
}

/// A docstring with sections after its paragraphs.
pub fn with_sections(out: &mut String, depth: usize, paragraphs: &[String], sections: &[String]) {
    let indent = "    ".repeat(depth);
    let mut texts: Vec<String> = Vec::new();
    for (number, paragraph) in paragraphs.iter().enumerate() {
        let quotes = if number == 0 { 3 } else { 0 };
        texts.push(wrap(paragraph, COLUMNS - indent.len() - quotes, &indent));
    }
    let _ = write!(out, "{indent}\"\"\"{}", texts.join(&format!("\n\n{indent}")));
    for section in sections {
        let _ = write!(out, "\n\n{section}");
    }
    if texts.len() > 1 || !sections.is_empty() || texts.iter().any(|text| text.contains('\n')) {
        let _ = write!(out, "\n{indent}");
    }
    out.push_str("\"\"\"\n");
}

/// A section such as `Args`, its items indented below it.
pub fn block(depth: usize, title: &str, items: &[(String, String)]) -> String {
    let indent = "    ".repeat(depth);
    let (inner, hanging) = ("    ".repeat(depth + 1), "    ".repeat(depth + 2));
    let mut out = format!("{indent}{title}:");
    for (name, text) in items {
        let text = if text.is_empty() { "See the vendor's document." } else { text };
        let text = wrap(&format!("{name}: {text}"), COLUMNS - hanging.len(), &hanging);
        let _ = write!(out, "\n{inner}{text}");
    }
    out
}

/// The words of `text` in lines of at most `columns`, all but the first after `indent`.
fn wrap(text: &str, columns: usize, indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join(&format!("\n{indent}"))
}
