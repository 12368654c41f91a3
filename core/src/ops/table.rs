//! One row per operation: what is sent where, how it is authorised, and whether it may be sent twice.

use std::fmt;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::id::Id;
use crate::retry::Safety;
use crate::secret::Secret;

/// How an operation shows who is calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Auth {
    /// It does not.
    None,
    /// `Authorization: Bearer`.
    Bearer,
    /// The bearer by default; the cookie when the client's `auth_style` says so.
    BearerOrCookie,
    /// The cookie by default; the bearer when the client's `auth_style` says so.
    CookieOrBearer,
    /// The user's id and the token as two cookies, on the dashboard's host.
    DashboardCookies,
}

/// Where an operation's arguments go, besides the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Body {
    /// Nowhere: there are none.
    None,
    /// Into the query.
    Query,
    /// Into a JSON body.
    Json,
    /// Into a form body.
    Form,
    /// The client writes the body itself, from its own credentials.
    Login,
}

/// One operation of a system.
pub struct Operation {
    /// `<system>.<resource>.<method>`.
    pub name: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path template; its `{…}` are filled with checked identifiers.
    pub path: &'static str,
    /// Whether it may be sent twice.
    pub safety: Safety,
    /// How it shows who is calling.
    pub auth: Auth,
    /// Where its arguments go.
    pub body: Body,
    /// Its documentation, as the generated methods show it.
    pub doc: &'static str,
    /// Its resource's documentation.
    pub resource_doc: &'static str,
    pub(crate) read: fn(&str) -> Result<Box<dyn Arguments>>,
    pub(crate) check: fn(&str, &str) -> Result<()>,
    /// Schemas of its arguments and its reply.
    #[cfg(feature = "schema")]
    pub schemas: Schemas,
}

/// Makes the schemas of an operation.
#[cfg(feature = "schema")]
#[derive(Clone, Copy)]
pub struct Schemas {
    pub arguments: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
    pub reply: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Operation {
    /// The system's name.
    pub fn system(&self) -> &'static str {
        self.name.split('.').next().unwrap_or_default()
    }
}

/// What an argument struct says about itself beyond its serialised form.
pub(crate) trait Fields {
    /// The identifiers that fill the path's `{…}`, in order.
    fn ids(&self) -> Vec<&Id> {
        Vec::new()
    }

    /// The secrets, to be resolved before the body is written.
    fn secrets(&mut self) -> Vec<&mut Secret> {
        Vec::new()
    }

    /// The path of the `Referer` to send.
    fn referer(&self) -> Option<String> {
        None
    }

    /// A path that replaces the template.
    fn raw_path(&self) -> Option<&str> {
        None
    }
}

/// Arguments ready to be sent.
pub(crate) trait Arguments: Fields + Send + Sync {
    fn encode(&self, body: Body) -> Result<Zeroizing<Vec<u8>>>;
}

impl<T: Fields + Serialize + Send + Sync> Arguments for T {
    fn encode(&self, body: Body) -> Result<Zeroizing<Vec<u8>>> {
        let failed = |error: &dyn fmt::Display| Error::internal(format!("the arguments cannot be written: {error}"));
        let mut bytes = Zeroizing::new(Vec::new());
        match body {
            Body::None | Body::Login => {}
            Body::Json => serde_json::to_writer(&mut *bytes, self).map_err(|error| failed(&error))?,
            Body::Query | Body::Form => {
                let text = serde_urlencoded::to_string(self).map_err(|error| failed(&error))?;
                bytes.extend_from_slice(text.as_bytes());
            }
        }
        Ok(bytes)
    }
}

/// Declares a resource: a struct with one async method per row, and its rows of the operation table.
///
/// ```text
/// operations! {
///     /// Signups.
///     Signups(Client) in "magento_bi.signups" {
///         /// Reads how far a signup is.
///         get(GetSignup) -> SignupStatus = GET "/v3/signups/{signup_id}", Safe, None, Body::None;
///     }
/// }
/// ```
/// expands to
/// ```text
/// /// Signups.
/// pub struct Signups<'a> { client: &'a Client }
/// impl Signups<'_> {
///     /// Reads how far a signup is.
///     pub async fn get(&self, arguments: GetSignup) -> Result<SignupStatus> { … }
/// }
/// pub(crate) const OPERATIONS: &[Operation] = &[Operation { name: "magento_bi.signups.get", … }];
/// ```
macro_rules! operations {
    (
        $(#[doc = $resource_doc:literal])*
        $resource:ident($client:ty) in $prefix:literal {
            $(
                $(#[doc = $doc:literal])*
                $method:ident($arguments:ty) -> $reply:ty
                    = $verb:ident $path:literal, $safety:ident, $auth:ident, $body:ident;
            )*
        }
    ) => {
        $(#[doc = $resource_doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $resource<'a> {
            client: &'a $client,
        }

        impl<'a> $resource<'a> {
            pub(crate) fn new(client: &'a $client) -> Self {
                Self { client }
            }

            $(
                $(#[doc = $doc])*
                pub async fn $method(&self, arguments: $arguments) -> $crate::error::Result<$reply> {
                    let text = self.client.send(concat!($prefix, ".", stringify!($method)), Box::new(arguments)).await?;
                    $crate::ops::decode(&text, "application/json")
                }
            )*
        }

        const RESOURCE_DOC: &str = concat!($($resource_doc, "\n"),*);

        pub(crate) const OPERATIONS: &[$crate::ops::Operation] = &[$(
            $crate::ops::Operation {
                name: concat!($prefix, ".", stringify!($method)),
                method: stringify!($verb),
                path: $path,
                safety: $crate::retry::Safety::$safety,
                auth: $crate::ops::Auth::$auth,
                body: $crate::ops::Body::$body,
                doc: concat!($($doc, "\n"),*),
                resource_doc: RESOURCE_DOC,
                read: |text| Ok(Box::new($crate::ops::read_arguments::<$arguments>(text)?)),
                check: |body, content_type| $crate::ops::decode::<$reply>(body, content_type).map(drop),
                #[cfg(feature = "schema")]
                schemas: $crate::ops::Schemas {
                    arguments: |generator| generator.subschema_for::<$arguments>(),
                    reply: |generator| generator.subschema_for::<$reply>(),
                },
            },
        )*];
    };
}

pub(crate) use operations;
