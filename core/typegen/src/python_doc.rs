//! Docstrings: the core's documentation, in Python's words and wrapped to its columns.

use std::fmt::Write as _;

const COLUMNS: usize = 120;

/// Codes as the exceptions that carry them.
const ERRORS: [(&str, &str); 5] = [
    ("`outcome_unknown`", "`OutcomeUnknownError`"),
    ("`not_found`", "`NotFoundError`"),
    ("`authentication`", "`AuthenticationError`"),
    ("`conflict`", "`ConflictError`"),
    ("`validation`", "`ValidationError`"),
];

/// The core's words with Python's names of errors.
pub fn in_python(doc: &str) -> String {
    ERRORS.iter().fold(doc.to_owned(), |doc, (code, class)| doc.replace(code, class))
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
