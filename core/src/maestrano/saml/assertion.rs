//! Reads a verified assertion: whether it is meant for this app, this request and this moment, and whom it names.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::document::{Node, Response, SAML};
use super::expected::Expected;
use super::identity::{Attributes, Identity};
use super::reason::{Checked, Reason};
use crate::error::{Error, Result};

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// The parts of an assertion, each at most once.
#[derive(Default)]
struct Parts<'t, 'x> {
    issuer: Option<Node<'t, 'x>>,
    subject: Option<Node<'t, 'x>>,
    conditions: Option<Node<'t, 'x>>,
    attributes: Option<Node<'t, 'x>>,
    authentication: Option<Node<'t, 'x>>,
}

impl<'t, 'x> Parts<'t, 'x> {
    fn read(response: &Response<'t, 'x>) -> Checked<Self> {
        let mut parts = Self::default();
        for child in response.assertion.elements()? {
            let place = match child {
                child if child.is(SAML, "Issuer") => &mut parts.issuer,
                child if child.is(SAML, "Subject") => &mut parts.subject,
                child if child.is(SAML, "Conditions") => &mut parts.conditions,
                child if child.is(SAML, "AttributeStatement") => &mut parts.attributes,
                child if child.is(SAML, "AuthnStatement") => &mut parts.authentication,
                child if child.id == response.signature.id => continue,
                _ => return Err(Reason::UnexpectedContent),
            };
            if place.replace(child).is_some() {
                return Err(Reason::UnexpectedContent);
            }
        }
        Ok(parts)
    }
}

/// The identity, and until when (with the skew) the assertion is good.
pub(super) fn read(response: &Response<'_, '_>, expected: &Expected<'_>) -> Result<(Identity, i64)> {
    let parts = Parts::read(response)?;
    let assertion_id =
        response.assertion.attribute("ID").filter(|id| !id.is_empty()).ok_or(Reason::UnexpectedContent)?;
    check_issuer(&parts.issuer.ok_or(Reason::Issuer)?, expected)?;
    let mut window = Window::new(expected);
    let subject = Subject::read(&parts.subject.ok_or(Reason::Subject)?, expected, &mut window)?;
    check_conditions(&parts.conditions.ok_or(Reason::Audience)?, expected, &mut window)?;
    if let Some(statement) = parts.authentication {
        window.check_end(statement.attribute("SessionNotOnOrAfter"))?;
    }
    check_request(subject.in_response_to, expected)?;
    let attributes = match parts.attributes {
        Some(statement) => read_attributes(&statement)?,
        None => BTreeMap::new(),
    };
    let mut identity = Identity::of(subject.name, Attributes(attributes)).ok_or(Reason::SessionMissing)?;
    identity.assertion_id = assertion_id.to_owned();
    identity.in_response_to = subject.in_response_to.map(str::to_owned);
    identity.not_on_or_after = window.end_text();
    Ok((identity, window.end_ms.saturating_add(expected.skew_ms)))
}

/// The vendor's provider writes the URL of the request as issuer, with what was asked in it: the beginning is what identifies it.
fn check_issuer(issuer: &Node<'_, '_>, expected: &Expected<'_>) -> Result<()> {
    let text = issuer.text()?;
    match text.trim().strip_prefix(expected.issuer) {
        Some(rest) if !expected.issuer.is_empty() && (rest.is_empty() || rest.starts_with('?')) => Ok(()),
        _ => Err(mismatch(Reason::Issuer, expected.issuer, text.split('?').next().unwrap_or_default())),
    }
}

/// A refusal that shows what was expected and what came. Both are signed by the trusted provider, and hold no secret.
fn mismatch(reason: Reason, expected: &str, found: &str) -> Error {
    let found: String = found.chars().take(200).collect();
    reason.error().with_detail("expected", expected).with_detail("found", found)
}

struct Subject<'t> {
    name: String,
    in_response_to: Option<&'t str>,
}

impl<'t> Subject<'t> {
    fn read(subject: &Node<'t, '_>, expected: &Expected<'_>, window: &mut Window) -> Result<Self> {
        let [name, confirmation] = subject.elements()?[..] else { return Err(Reason::Subject.into()) };
        if !name.is(SAML, "NameID")
            || !confirmation.is(SAML, "SubjectConfirmation")
            || confirmation.attribute("Method") != Some(BEARER)
        {
            return Err(Reason::Subject.into());
        }
        let [data] = confirmation.elements()?[..] else { return Err(Reason::Subject.into()) };
        if !data.is(SAML, "SubjectConfirmationData") || !data.elements()?.is_empty() {
            return Err(Reason::Subject.into());
        }
        match data.attribute("Recipient") {
            Some(recipient) if recipient == expected.consume_url => {}
            Some(recipient) => return Err(mismatch(Reason::Recipient, expected.consume_url, recipient)),
            None => return Err(Reason::Subject.into()),
        }
        window.check_start(data.attribute("NotBefore"))?;
        window.check_end(Some(data.attribute("NotOnOrAfter").ok_or(Reason::Subject)?))?;
        let name = name.text()?.to_owned();
        if name.trim().is_empty() {
            return Err(Reason::Subject.into());
        }
        Ok(Self { name, in_response_to: data.attribute("InResponseTo").filter(|id| !id.is_empty()) })
    }
}

fn check_conditions(conditions: &Node<'_, '_>, expected: &Expected<'_>, window: &mut Window) -> Result<()> {
    window.check_start(conditions.attribute("NotBefore"))?;
    window.check_end(conditions.attribute("NotOnOrAfter"))?;
    let mut restriction = None;
    for condition in conditions.elements()? {
        if condition.is(SAML, "AudienceRestriction") {
            if restriction.replace(condition).is_some() {
                return Err(Reason::Audience.into());
            }
        } else if !condition.is(SAML, "OneTimeUse") {
            // Each use is the only one anyhow; of every other condition nobody knows whether it is met.
            return Err(Reason::UnexpectedContent.into());
        }
    }
    let mut found = "";
    for audience in restriction.ok_or(Reason::Audience)?.elements()? {
        let text = audience.text()?;
        if audience.is(SAML, "Audience") && expected.audiences.iter().any(|accepted| accepted == text.trim()) {
            return Ok(());
        }
        found = text;
    }
    Err(mismatch(Reason::Audience, &expected.audiences.join(" or "), found))
}

fn check_request(in_response_to: Option<&str>, expected: &Expected<'_>) -> Checked<()> {
    match (expected.request_id.filter(|id| !id.is_empty()), in_response_to) {
        (Some(request), Some(answered)) if request == answered => Ok(()),
        (Some(_), Some(_)) => Err(Reason::InResponseTo),
        (_, None) | (None, _) if expected.allow_unsolicited => Ok(()),
        (Some(_), None) => Err(Reason::InResponseTo),
        (None, _) => Err(Reason::Unsolicited),
    }
}

/// Each attribute's text by its name. One that is given twice would read differently in different programs.
fn read_attributes(statement: &Node<'_, '_>) -> Checked<BTreeMap<String, String>> {
    let mut attributes = BTreeMap::new();
    for attribute in statement.elements()? {
        let name = attribute.attribute("Name").filter(|name| !name.is_empty()).ok_or(Reason::Attribute)?;
        let text = match &attribute.elements().map_err(|_| Reason::Attribute)?[..] {
            [] => String::new(),
            [value] if value.is(SAML, "AttributeValue") => value.text().map_err(|_| Reason::Attribute)?.to_owned(),
            _ => return Err(Reason::Attribute),
        };
        if !attribute.is(SAML, "Attribute") || attributes.insert(name.to_owned(), text).is_some() {
            return Err(Reason::Attribute);
        }
    }
    Ok(attributes)
}

/// The time in which all parts of an assertion are good at once.
struct Window {
    now_ms: i64,
    skew_ms: i64,
    end_ms: i64,
}

impl Window {
    fn new(expected: &Expected<'_>) -> Self {
        Self { now_ms: expected.now_ms, skew_ms: expected.skew_ms, end_ms: i64::MAX }
    }

    fn check_start(&self, at: Option<&str>) -> Checked<()> {
        match at {
            Some(at) if self.now_ms.saturating_add(self.skew_ms) < instant_ms(at)? => Err(Reason::NotYetValid),
            _ => Ok(()),
        }
    }

    fn check_end(&mut self, at: Option<&str>) -> Checked<()> {
        let Some(at) = at else { return Ok(()) };
        let end_ms = instant_ms(at)?;
        if end_ms <= self.now_ms.saturating_sub(self.skew_ms) {
            return Err(Reason::Expired);
        }
        self.end_ms = self.end_ms.min(end_ms);
        Ok(())
    }

    fn end_text(&self) -> String {
        let instant = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.end_ms) * 1_000_000);
        instant.ok().and_then(|instant| instant.format(&Rfc3339).ok()).unwrap_or_default()
    }
}

fn instant_ms(text: &str) -> Checked<i64> {
    let instant = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| Reason::Time)?;
    i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).map_err(|_| Reason::Time)
}
