//! What the identity provider says of a user, in the vendor's shape (contract, 1d).

use serde_json::{Value, json};

use super::behaviour::Signature;
use super::group::Group;
use super::identity::Identity;
use super::instant;
use super::reseller::Reseller;
use super::saml_request::SamlRequest;
use super::user::User;
use super::xml::Escaping;

const ASSERTION_NS: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const PROTOCOL_NS: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

/// All that a response is made of.
pub(super) struct SignOn<'a> {
    pub(super) request: &'a SamlRequest,
    /// The URL that was called, up to its first `&`: the vendor's provider calls itself so.
    pub(super) issuer: String,
    pub(super) user: &'a User,
    pub(super) group: &'a Group,
    pub(super) reseller: Option<&'a Reseller>,
    /// The id of the user who subscribed to the app, or nothing.
    pub(super) app_owner: &'a str,
    pub(super) wall_ms: i64,
    pub(super) recheck_ms: i64,
    /// Two random names.
    pub(super) ids: [String; 2],
    pub(super) escaping: Escaping,
}

impl SignOn<'_> {
    /// The whole response: unsigned, around a signed assertion.
    pub(super) fn response(&self, identity: &Identity, signature: Signature) -> Result<String, rsa::Error> {
        let [assertion_id, response_id] = &self.ids;
        let issuer = self.escaping.text(&self.issuer);
        // In the vendor's shape the signature follows the assertion's issuer.
        let (head, tail) = (self.head(assertion_id, &issuer), self.tail(assertion_id));
        let signature = signature.of(identity, &format!("{head}{tail}"), assertion_id)?;
        let request_id = self.escaping.attribute(&self.request.id);
        let destination = self.escaping.attribute(&self.request.consume_url);
        let now = instant::text(self.wall_ms);
        Ok(format!(
            "<samlp:Response ID=\"{response_id}\" Version=\"2.0\" IssueInstant=\"{now}\" Destination=\"{destination}\" \
                Consent=\"urn:oasis:names:tc:SAML:2.0:consent:unspecified\" InResponseTo=\"{request_id}\" \
                xmlns:samlp=\"{PROTOCOL_NS}\"><Issuer xmlns=\"{ASSERTION_NS}\">{issuer}</Issuer>\
                <samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\" /></samlp:Status>\
                {head}{signature}{tail}</samlp:Response>"
        ))
    }

    /// The assertion up to where its signature goes.
    fn head(&self, id: &str, issuer: &str) -> String {
        let now = instant::text(self.wall_ms);
        format!(
            "<Assertion xmlns=\"{ASSERTION_NS}\" ID=\"{id}\" IssueInstant=\"{now}\" Version=\"2.0\"><Issuer>{issuer}</Issuer>"
        )
    }

    fn tail(&self, id: &str) -> String {
        let at = |seconds: i64| instant::text(self.wall_ms + seconds * 1000);
        let (text, attribute) = (|text| self.escaping.text(text), |text| self.escaping.attribute(text));
        let attributes = self.attributes();
        let attributes: String = attributes
            .iter()
            .map(|(name, value)| {
                format!("<Attribute Name=\"{name}\"><AttributeValue>{}</AttributeValue></Attribute>", text(value))
            })
            .collect();
        format!(
            "<Subject><NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{uid}</NameID>\
                <SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
                <SubjectConfirmationData InResponseTo=\"{request}\" NotOnOrAfter=\"{confirmed}\" Recipient=\"{recipient}\">\
                </SubjectConfirmationData></SubjectConfirmation></Subject>\
                <Conditions NotBefore=\"{from}\" NotOnOrAfter=\"{until}\"><AudienceRestriction><Audience>{audience}</Audience>\
                </AudienceRestriction></Conditions><AttributeStatement>{attributes}</AttributeStatement>\
                <AuthnStatement AuthnInstant=\"{now}\" SessionIndex=\"{id}\"><AuthnContext><AuthnContextClassRef>\
                urn:oasis:names:tc:SAML:2.0:ac:classes:Password</AuthnContextClassRef></AuthnContext></AuthnStatement></Assertion>",
            uid = text(self.user.id()),
            request = attribute(&self.request.id),
            confirmed = at(180),
            recipient = attribute(&self.request.consume_url),
            from = at(-5),
            until = at(3600),
            audience = text(&audience(&self.request.consume_url)),
            now = at(0),
        )
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        let (user, group) = (self.user, self.group);
        let reseller = |field: &str| {
            self.reseller.and_then(|one| one.fields.get(field)).and_then(Value::as_str).unwrap_or_default()
        };
        let card = group.fields.get("has_credit_card").and_then(Value::as_bool).unwrap_or(false);
        let virtual_uid = format!("{}.{}", user.id(), group.id());
        let organizations = json!([{
            "uid": group.id(), "name": group.text("name"), "role": user.role, "org_uid": org_uid(group),
        }]);
        let mut attributes = vec![
            ("mno_uid", user.id().to_owned()),
            ("mno_session", user.session().unwrap_or_default().to_owned()),
            ("mno_session_recheck", instant::text(self.wall_ms + self.recheck_ms)),
            ("group_uid", group.id().to_owned()),
            ("group_org_uid", org_uid(group)),
            ("group_role", user.role.to_owned()),
            ("group_has_credit_card", card.to_string()),
            ("group_reseller_id", reseller("id").to_owned()),
            ("uid", user.id().to_owned()),
            ("virtual_email", format!("{virtual_uid}@mail.example.com")),
            ("virtual_uid", virtual_uid),
            ("app_owner", self.app_owner.to_owned()),
            ("organizations", organizations.to_string()),
        ];
        for (name, field) in [
            ("group_name", "name"),
            ("group_end_free_trial", "free_trial_end_at"),
            ("group_email", "email"),
            ("group_currency", "currency"),
            ("group_timezone", "timezone"),
            ("group_country", "country"),
            ("group_city", "city"),
        ] {
            attributes.push((name, group.text(field).to_owned()));
        }
        for field in ["email", "name", "surname", "country", "company_name"] {
            attributes.push((field, user.text(field).to_owned()));
        }
        if self.reseller.is_some() {
            for (name, field) in [("reseller_id", "id"), ("reseller_name", "name"), ("reseller_country", "country")] {
                attributes.push((name, reseller(field).to_owned()));
            }
        }
        attributes
    }
}

fn org_uid(group: &Group) -> String {
    group.id().replace("cld-", "org-")
}

/// Scheme, host and a slash: the vendor takes the app for its address, not for its id.
fn audience(consume_url: &str) -> String {
    let end = consume_url.find("://").map_or(0, |at| at + 3);
    let host = consume_url[end..].find(['/', '?']).unwrap_or(consume_url.len() - end);
    format!("{}/", &consume_url[..end + host])
}
