//! Who signed in, as the provider says it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// The attribute that is a secret.
const SESSION: &str = "mno_session";

/// Who signed in, for which group and in which role. All of it was signed.
///
/// Its display hides the session's token, its JSON holds it: an app keeps it to ask whether the session lasts.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Identity {
    /// The user.
    pub user: User,
    /// The group that the user works for now.
    pub group: Group,
    /// The user's role in the group.
    ///
    /// `Member`, `Power User`, `Admin`, `Super Admin`, `Guest`, or a word that came later.
    pub role: Option<String>,
    /// The session at the provider.
    pub session: Session,
    /// Who sold the app, where somebody did.
    pub reseller: Reseller,
    /// The user who owns the app's subscription.
    pub app_owner: Option<String>,
    /// The subject's name: the user's id.
    pub name_id: String,
    /// Every attribute, those above included, as they were written.
    pub attributes: Attributes,
    /// The assertion's ID: no other assertion carries it.
    pub assertion_id: String,
    /// The request that this answers.
    pub in_response_to: Option<String>,
    /// The earliest of the assertion's ends, in RFC 3339.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub not_on_or_after: String,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "IdentityUser"))]
#[non_exhaustive]
pub struct User {
    /// The user's id, the same in all groups, e.g. `usr-1`.
    pub uid: String,
    /// The id that is unique for user and group, e.g. `usr-1.cld-1`.
    pub virtual_uid: Option<String>,
    /// The user's address.
    pub email: Option<String>,
    /// An address that is unique for user and group.
    pub virtual_email: Option<String>,
    /// The first name.
    pub name: Option<String>,
    /// The last name.
    pub surname: Option<String>,
    /// The country as the provider writes it, mostly two letters.
    pub country: Option<String>,
    /// The company's name.
    pub company_name: Option<String>,
}

/// A group: one customer's instance of the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "IdentityGroup"))]
#[non_exhaustive]
pub struct Group {
    /// The group's id, e.g. `cld-4`.
    pub uid: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its address.
    pub email: Option<String>,
    /// Its currency, three letters.
    pub currency: Option<String>,
    /// Its time zone, e.g. `America/Los_Angeles`.
    pub timezone: Option<String>,
    /// Its country.
    pub country: Option<String>,
    /// Its city.
    pub city: Option<String>,
    /// Whether it can be charged; absent when the provider does not say.
    pub has_credit_card: Option<bool>,
    /// When its free trial ends, in RFC 3339; absent when there is none that can be read.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub end_free_trial: Option<String>,
    /// Who sold it the app.
    pub reseller_id: Option<String>,
    /// The organization that it belongs to.
    pub org_uid: Option<String>,
}

/// Who sold the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "IdentityReseller"))]
#[non_exhaustive]
pub struct Reseller {
    /// The reseller's id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its country.
    pub country: Option<String>,
}

/// The session at the provider.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "IdentitySession"))]
#[non_exhaustive]
pub struct Session {
    /// The token: a secret, to be asked about with `sessions.check`.
    #[serde(serialize_with = "as_text")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::secret::Secret"))]
    token: Zeroizing<String>,
    /// When to ask again whether it lasts.
    ///
    /// In RFC 3339; absent when the provider does not say, or not readably.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub recheck: Option<String>,
}

impl Session {
    /// The token. It is a secret: whoever has it can learn whether the user is signed in.
    pub fn token(&self) -> &str {
        &self.token
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("token", &"***").field("recheck", &self.recheck).finish()
    }
}

fn as_text<S: Serializer>(token: &Zeroizing<String>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(token)
}

/// Attributes by name. `Debug` hides the session's token.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
#[serde(transparent)]
pub struct Attributes(pub(super) BTreeMap<String, String>);

impl Attributes {
    /// The text of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The text of an attribute that is there and not empty.
    fn filled(&self, name: &str) -> Option<String> {
        self.get(name).filter(|text| !text.trim().is_empty()).map(str::to_owned)
    }

    /// The text of an instant that can be read. The provider has been seen to write the year 0 for "none".
    fn instant(&self, name: &str) -> Option<String> {
        self.filled(name).filter(|text| OffsetDateTime::parse(text, &Rfc3339).is_ok_and(|instant| instant.year() > 0))
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(name, text)| (name, if name == SESSION { "***" } else { text })))
            .finish()
    }
}

impl Identity {
    /// The identity of a subject; nothing without a session.
    pub(super) fn of(name_id: String, attributes: Attributes) -> Option<Self> {
        let text = |name: &str| attributes.filled(name);
        let user = User {
            // The attribute that the vendor's own SDKs read comes first.
            uid: text("mno_uid").or_else(|| text("uid")).unwrap_or_else(|| name_id.clone()),
            virtual_uid: text("virtual_uid"),
            email: text("email"),
            virtual_email: text("virtual_email"),
            name: text("name"),
            surname: text("surname"),
            country: text("country"),
            company_name: text("company_name"),
        };
        let group = Group {
            uid: text("group_uid"),
            name: text("group_name"),
            email: text("group_email"),
            currency: text("group_currency"),
            timezone: text("group_timezone"),
            country: text("group_country"),
            city: text("group_city"),
            has_credit_card: match text("group_has_credit_card").as_deref() {
                Some("true") => Some(true),
                Some("false") => Some(false),
                _ => None,
            },
            end_free_trial: attributes.instant("group_end_free_trial"),
            reseller_id: text("group_reseller_id"),
            org_uid: text("group_org_uid"),
        };
        let token = Zeroizing::new(attributes.filled(SESSION)?);
        Some(Self {
            user,
            group,
            role: text("group_role"),
            session: Session { token, recheck: attributes.instant("mno_session_recheck") },
            reseller: Reseller {
                id: text("reseller_id"),
                name: text("reseller_name"),
                country: text("reseller_country"),
            },
            app_owner: text("app_owner"),
            name_id,
            attributes,
            assertion_id: String::new(),
            in_response_to: None,
            not_on_or_after: String::new(),
        })
    }

    /// The identity as JSON text, the session's token included.
    ///
    /// # Errors
    /// `internal`, never seen: text and objects of text always have a JSON form.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::internal(format!("an identity has no JSON form: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(attributes: &[(&str, &str)]) -> Option<Identity> {
        let attributes = attributes.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        Identity::of("usr-1".to_owned(), Attributes(attributes))
    }

    #[test]
    fn debug_hides_the_session_wherever_it_stands() {
        let identity = identity(&[("mno_session", "hunter2"), ("name", "Ada")]).unwrap();
        let shown = format!("{identity:?} {identity:#?}");
        assert!(!shown.contains("hunter2") && shown.contains("Ada"), "{shown}");
        assert_eq!(identity.session.token(), "hunter2");
        assert!(identity.to_json().unwrap().contains(r#""token":"hunter2""#));
    }

    #[test]
    fn an_empty_or_unreadable_value_is_none_and_stays_among_the_attributes() {
        let identity = identity(&[
            ("mno_session", "s"),
            ("group_end_free_trial", "0000-01-01T00:00:00Z"),
            ("group_has_credit_card", "yes"),
            ("email", ""),
        ])
        .unwrap();
        assert_eq!(
            (identity.group.end_free_trial, identity.group.has_credit_card, identity.user.email),
            (None, None, None)
        );
        assert_eq!(identity.attributes.get("group_has_credit_card"), Some("yes"));
    }

    #[test]
    fn the_users_id_is_the_attribute_of_the_vendors_sdks_else_the_subject() {
        let uid = |attributes: &[(&str, &str)]| identity(attributes).unwrap().user.uid;
        assert_eq!(uid(&[("mno_session", "s"), ("uid", "usr-1.cld-1"), ("mno_uid", "usr-7")]), "usr-7");
        assert_eq!(uid(&[("mno_session", "s"), ("uid", "usr-8")]), "usr-8");
        assert_eq!(uid(&[("mno_session", "s")]), "usr-1");
    }

    #[test]
    fn without_a_session_there_is_no_identity() {
        assert!(identity(&[("mno_session", " "), ("uid", "usr-1")]).is_none() && identity(&[]).is_none());
    }
}
