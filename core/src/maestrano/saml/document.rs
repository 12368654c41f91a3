//! From the posted text to a tree of which every node is known, and the parts of a response in it.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uppsala::{Attribute, Document, Element, NodeId, NodeKind, Parser};

use super::reason::{Checked, Reason};
use crate::error::Result;

/// Most bytes of a decoded response.
const MAX_BYTES: usize = 256 * 1024;
/// Deepest nesting: a response of the profile needs eight.
const MAX_DEPTH: u32 = 32;
/// Most elements: a response of the profile has about a hundred.
const MAX_ELEMENTS: usize = 4096;
/// Most attributes of one element: a parser compares each with each.
const MAX_ATTRIBUTES: usize = 32;

pub(super) const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub(super) const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub(super) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// Base64 that may be broken into lines.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    // What browsers post is not broken.
    STANDARD.decode(text).ok().or_else(|| {
        let mut packed = String::with_capacity(text.len());
        text.split_ascii_whitespace().for_each(|line| packed.push_str(line));
        STANDARD.decode(packed).ok()
    })
}

/// The response's text.
pub(super) fn decode(response_base64: &str) -> Result<String> {
    // A third more for base64, and as much again for line breaks.
    if response_base64.len() > MAX_BYTES * 2 {
        return Err(Reason::TooLarge.into());
    }
    let bytes = from_base64(response_base64).ok_or(Reason::NotBase64)?;
    if bytes.len() > MAX_BYTES {
        return Err(Reason::TooLarge.into());
    }
    let text = String::from_utf8(bytes).map_err(|_| Reason::NotUtf8)?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// A parsed response, of which every node is an element or text.
pub(super) struct Tree<'x> {
    document: Document<'x>,
    assertions: usize,
    encrypted: usize,
    signatures: usize,
}

/// Parses a response and refuses what has no place in one, wherever it stands.
pub(super) fn parse(text: &str) -> Result<Tree<'_>> {
    scan(without_declaration(text)?)?;
    let parser = Parser::new().with_max_depth(MAX_DEPTH).with_forbid_dtd(true).with_max_entity_expansion(0);
    let document = parser.parse(text).map_err(|_| Reason::MalformedXml)?;
    let (assertions, encrypted, signatures) = check_nodes(&document)?;
    Ok(Tree { document, assertions, encrypted, signatures })
}

/// What follows `<?xml …?>`, which may name no other encoding than UTF-8.
fn without_declaration(text: &str) -> Checked<&str> {
    let Some(rest) = text.strip_prefix("<?xml") else { return Ok(text) };
    let (declaration, rest) = rest.split_once("?>").ok_or(Reason::MalformedXml)?;
    if !declaration.starts_with([' ', '\t', '\r', '\n']) {
        return Err(Reason::ProcessingInstruction);
    }
    match declaration.split_once("encoding").map(|(_, value)| value.trim_start_matches([' ', '\t', '\r', '\n', '='])) {
        Some(value) if !value.trim_matches(['"', '\'']).to_ascii_lowercase().starts_with("utf-8") => {
            Err(Reason::NotUtf8)
        }
        _ => Ok(rest),
    }
}

/// Refuses by the text alone what the parser must not even begin with. Whatever passes costs it linear time.
fn scan(text: &str) -> Checked<()> {
    let (mut depth, mut elements) = (0_u32, 0_usize);
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        rest = &rest[open + 1..];
        match rest.as_bytes().first() {
            Some(b'!') if rest.starts_with("!--") => return Err(Reason::Comment),
            Some(b'!') if rest.starts_with("![CDATA[") => return Err(Reason::Cdata),
            Some(b'!') => return Err(Reason::Doctype),
            Some(b'?') => return Err(Reason::ProcessingInstruction),
            Some(b'/') => depth = depth.saturating_sub(1),
            _ => {
                elements += 1;
                let tag = tag(rest)?;
                if !tag.ends_with('/') {
                    depth += 1;
                }
                if depth > MAX_DEPTH {
                    return Err(Reason::TooDeep);
                }
                if elements > MAX_ELEMENTS {
                    return Err(Reason::TooManyNodes);
                }
                rest = &rest[tag.len()..];
            }
        }
    }
    Ok(())
}

/// The start tag that `text` begins with, up to its `>`.
fn tag(text: &str) -> Checked<&str> {
    let (mut quote, mut values) = (None, 0_usize);
    for (at, byte) in text.bytes().enumerate() {
        match (byte, quote) {
            (b'<', _) => break,
            (b'>', None) => return Ok(&text[..at]),
            (b'"' | b'\'', None) => {
                values += 1;
                quote = Some(byte);
            }
            (_, Some(open)) if byte == open => quote = None,
            _ => {}
        }
        if values > MAX_ATTRIBUTES {
            return Err(Reason::TooManyNodes);
        }
    }
    Err(Reason::MalformedXml)
}

/// Elements and text are all there may be, and every ID once, however it is spelled. Gives the numbers of assertions, encrypted
/// assertions and signatures, wherever they stand: what has no place in a response must not hide one.
fn check_nodes(document: &Document<'_>) -> Checked<(usize, usize, usize)> {
    let (mut assertions, mut encrypted, mut signatures) = (0, 0, 0);
    let mut ids = HashSet::new();
    let mut open: Vec<NodeId> = document.children_iter(document.root()).collect();
    while let Some(id) = open.pop() {
        match document.node_kind(id) {
            Some(NodeKind::Element(element)) => {
                for attribute in element.attributes.iter().filter(|attribute| is_id(attribute)) {
                    if !ids.insert(attribute.value.as_ref()) {
                        return Err(Reason::DuplicateId);
                    }
                }
                match element.name.local_name.as_ref() {
                    "Assertion" if is_in(element, SAML) => assertions += 1,
                    "EncryptedAssertion" if is_in(element, SAML) => encrypted += 1,
                    "Signature" if is_in(element, DSIG) => signatures += 1,
                    _ => {}
                }
                open.extend(document.children_iter(id));
            }
            Some(NodeKind::Text(_)) => {}
            Some(NodeKind::CData(_)) => return Err(Reason::Cdata),
            Some(NodeKind::Comment(_)) => return Err(Reason::Comment),
            Some(NodeKind::ProcessingInstruction(_)) => return Err(Reason::ProcessingInstruction),
            _ => return Err(Reason::MalformedXml),
        }
    }
    Ok((assertions, encrypted, signatures))
}

fn is_in(element: &Element<'_>, namespace: &str) -> bool {
    element.name.namespace_uri.as_deref() == Some(namespace)
}

/// `ID`, `Id`, `id`, `xml:id`, `wsu:Id`, `AssertionID`: whatever some other program may look an element up by.
fn is_id(attribute: &Attribute<'_>) -> bool {
    let name = &attribute.name.local_name;
    name.eq_ignore_ascii_case("id") || name.eq_ignore_ascii_case("assertionid")
}

/// One element of a parsed response.
#[derive(Clone, Copy)]
pub(super) struct Node<'t, 'x> {
    pub(super) document: &'t Document<'x>,
    pub(super) id: NodeId,
    element: &'t Element<'x>,
}

impl<'t, 'x> Node<'t, 'x> {
    fn new(document: &'t Document<'x>, id: NodeId) -> Option<Self> {
        document.element(id).map(|element| Self { document, id, element })
    }

    /// Whether it has this namespace and this local name.
    pub(super) fn is(&self, namespace: &str, name: &str) -> bool {
        self.element.name.local_name == name && is_in(self.element, namespace)
    }

    /// An attribute without namespace.
    pub(super) fn attribute(&self, name: &str) -> Option<&'t str> {
        let found = |attribute: &&'t Attribute<'x>| {
            attribute.name.namespace_uri.is_none()
                && attribute.name.prefix.is_none()
                && attribute.name.local_name == name
        };
        self.element.attributes.iter().find(found).map(|attribute| attribute.value.as_ref())
    }

    /// The elements in it, of which it must consist but for white space.
    pub(super) fn elements(&self) -> Checked<Vec<Self>> {
        let mut elements = Vec::new();
        for id in self.document.children_iter(self.id) {
            match self.document.node_kind(id) {
                Some(NodeKind::Text(text)) if text.bytes().all(|byte| byte.is_ascii_whitespace()) => {}
                Some(NodeKind::Element(element)) => elements.push(Self { document: self.document, id, element }),
                _ => return Err(Reason::UnexpectedContent),
            }
        }
        Ok(elements)
    }

    /// The text in it, of which it must consist: without comments and CDATA that is one node.
    pub(super) fn text(&self) -> Checked<&'t str> {
        let mut children = self.document.children_iter(self.id);
        match (children.next().map(|id| self.document.node_kind(id)), children.next()) {
            (None, _) => Ok(""),
            (Some(Some(NodeKind::Text(text))), None) => Ok(text),
            _ => Err(Reason::UnexpectedContent),
        }
    }
}

/// The parts of a response, each at its only place. Nothing is verified yet.
pub(super) struct Response<'t, 'x> {
    pub(super) assertion: Node<'t, 'x>,
    pub(super) signature: Node<'t, 'x>,
    /// What the signature stands in, and must cover: the assertion, or the response around it.
    pub(super) signed: Node<'t, 'x>,
}

impl<'t, 'x> Response<'t, 'x> {
    pub(super) fn read(tree: &'t Tree<'x>) -> Result<Self> {
        let document = &tree.document;
        let root = document.document_element().and_then(|id| Node::new(document, id)).ok_or(Reason::MalformedXml)?;
        if !root.is(SAMLP, "Response") || root.attribute("Version").is_some_and(|version| version != "2.0") {
            return Err(Reason::NotAResponse.into());
        }
        if tree.encrypted > 0 {
            return Err(Reason::EncryptedAssertion.into());
        }
        if tree.assertions > 1 {
            return Err(Reason::SeveralAssertions.into());
        }
        let (mut assertion, mut signature) = (None, None);
        for child in root.elements()? {
            match child {
                child if child.is(SAML, "Assertion") => assertion = Some(child),
                child if child.is(DSIG, "Signature") => signature = Some((child, root)),
                child if child.is(SAMLP, "Status") => check_status(&child)?,
                child if child.is(SAML, "Issuer") => {}
                _ => return Err(Reason::UnexpectedContent.into()),
            }
        }
        let assertion = assertion.ok_or(Reason::NoAssertion)?;
        match tree.signatures {
            0 => return Err(Reason::NotSigned.into()),
            1 => {}
            _ => return Err(Reason::SeveralSignatures.into()),
        }
        if let Some(child) = assertion.elements()?.into_iter().find(|child| child.is(DSIG, "Signature")) {
            signature = Some((child, assertion));
        }
        let (signature, signed) = signature.ok_or(Reason::SignatureMisplaced)?;
        Ok(Self { assertion, signature, signed })
    }
}

/// A status that is no success ends it, signed or not: whoever could change it could also withhold the response.
fn check_status(status: &Node<'_, '_>) -> Result<()> {
    let code = status.elements()?.into_iter().find(|child| child.is(SAMLP, "StatusCode"));
    match code.and_then(|code| code.attribute("Value")) {
        Some(SUCCESS) => Ok(()),
        value => {
            // Only the last word of it, and no text of the response: none of it is verified.
            let word = value.and_then(|value| value.rsplit(':').next()).unwrap_or_default();
            let word: String = word.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
            Err(Reason::StatusNotSuccess.error().with_detail("status", word))
        }
    }
}
