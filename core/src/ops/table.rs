//! One row per operation: what is sent where, how it is authorised, and whether it may be sent twice.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::cloudblue::query::Filter;
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
    /// `Authorization: ApiKey`.
    ApiKey,
    /// `Authorization: Basic`.
    Basic,
}

/// How an operation is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// By one request.
    Single,
    /// Page by page, by a [`Pager`](crate::page::Pager).
    List,
    /// By several requests, of which the row shows the one that matters.
    Composed,
    /// By no request: the row is there for what it replies with, and its method is written by hand in each language.
    Local,
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
    /// How it is carried out.
    pub kind: Kind,
    /// The content type it replies with; anything but JSON comes as one JSON text.
    pub accept: &'static str,
    /// The model of the one record that it replies with, where only its id must be there; a layout says how it is read.
    pub(crate) record: Option<&'static str>,
    /// The filters that a list takes by keyword.
    pub filters: &'static [Filter],
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
    /// `error` with the name of this operation, unless it has one.
    pub(crate) fn named(&self, mut error: Error) -> Error {
        let report = error.report_mut();
        report.system.get_or_insert_with(|| self.system().to_owned());
        report.operation.get_or_insert_with(|| self.name.to_owned());
        error
    }

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

    /// A query that is written already, percent-encoded.
    fn raw_query(&self) -> Option<String> {
        None
    }

    /// The JSON body, where it is another one than the arguments themselves.
    fn body(&self) -> Option<Value> {
        None
    }

    /// A header of this operation's own: its name and its value.
    fn header(&self) -> Option<(&'static str, &str)> {
        None
    }

    /// Values that no error may show, though they are no secrets.
    fn private(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Refuses what no server would take.
    ///
    /// # Errors
    /// `validation` that names the argument.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// The arguments of an operation that takes an id alone.
#[derive(Debug, Clone, Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct OfId {
    /// The id.
    #[serde(skip_serializing)]
    pub(crate) id: Id,
}

impl Fields for OfId {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.id]
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
            Body::Json => match self.body() {
                Some(body) => serde_json::to_writer(&mut *bytes, &body),
                None => serde_json::to_writer(&mut *bytes, self),
            }
            .map_err(|error| failed(&error))?,
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
/// Further sections: rows of `lists { … }` name what a list holds and its filters, and become methods that return a pager;
/// those of `of_id { … }` take an id alone; those of `by_id { … }` take an id, then the rest; those of `composed { … }` become
/// rows only, and their methods are written beside them. `{ field: value }` after a row replaces a field of it.
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
        $(lists {
            $(
                $(#[doc = $list_doc:literal])*
                $list:ident($list_arguments:ty) -> $item:ty = $list_path:literal, $list_auth:ident, $filters:expr;
            )*
        })?
        $(of_id {
            $(
                $(#[doc = $of_doc:literal])*
                $of:ident -> $of_reply:ty
                    = $of_verb:ident $of_path:literal, $of_safety:ident, $of_auth:ident, $of_body:ident
                    $({ $($of_field:ident: $of_value:expr),* })?;
            )*
        })?
        $(by_id {
            $(
                $(#[doc = $by_doc:literal])*
                $by:ident($by_arguments:ty) -> $by_reply:ty
                    = $by_verb:ident $by_path:literal, $by_safety:ident, $by_auth:ident, $by_body:ident
                    $({ $($by_field:ident: $by_value:expr),* })?;
            )*
        })?
        $(composed {
            $(
                $(#[doc = $composed_doc:literal])*
                $composed:ident($composed_arguments:ty) -> $composed_reply:ty
                    = $composed_verb:ident $composed_path:literal, $composed_safety:ident, $composed_auth:ident,
                    $composed_body:ident $({ $($composed_field:ident: $composed_value:expr),* })?;
            )*
        })?
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

            $($(
                $(#[doc = $list_doc])*
                pub fn $list(&self, arguments: $list_arguments) -> $crate::page::Pager<$item> {
                    self.client.pager(concat!($prefix, ".", stringify!($list)), arguments)
                }
            )*)?

            $($(
                $(#[doc = $of_doc])*
                pub async fn $of(
                    &self,
                    id: impl TryInto<$crate::id::Id, Error = $crate::error::Error>,
                ) -> $crate::error::Result<$of_reply> {
                    let arguments = $crate::ops::OfId { id: id.try_into()? };
                    let text = self.client.send(concat!($prefix, ".", stringify!($of)), Box::new(arguments)).await?;
                    $crate::ops::decode(&text, "application/json")
                }
            )*)?

            $($(
                $(#[doc = $by_doc])*
                pub async fn $by(
                    &self,
                    id: impl TryInto<$crate::id::Id, Error = $crate::error::Error>,
                    mut arguments: $by_arguments,
                ) -> $crate::error::Result<$by_reply> {
                    arguments.id = id.try_into()?;
                    let text = self.client.send(concat!($prefix, ".", stringify!($by)), Box::new(arguments)).await?;
                    $crate::ops::decode(&text, "application/json")
                }
            )*)?
        }

        const RESOURCE_DOC: &str = concat!($($resource_doc, "\n"),*);

        pub(crate) const OPERATIONS: &[$crate::ops::Operation] = &[
            $($(
                $crate::ops::Operation {
                    kind: $crate::ops::Kind::List,
                    filters: $filters,
                    check: |body, content_type| {
                        // Each row is looked at when somebody reads it.
                        $crate::ops::decode::<Vec<serde::de::IgnoredAny>>(body, content_type).map(drop)
                    },
                    ..$crate::ops::row!(
                        concat!($prefix, ".", stringify!($list)), GET $list_path, Safe, $list_auth, Query,
                        concat!($($list_doc, "\n"),*), RESOURCE_DOC, $list_arguments, Vec<$item>
                    )
                },
            )*)?
            $($(
                $crate::ops::Operation {
                    $($($of_field: $of_value,)*)?
                    ..$crate::ops::row!(
                        concat!($prefix, ".", stringify!($of)), $of_verb $of_path, $of_safety, $of_auth, $of_body,
                        concat!($($of_doc, "\n"),*), RESOURCE_DOC, $crate::ops::OfId, $of_reply
                    )
                },
            )*)?
            $(
                $crate::ops::row!(
                    concat!($prefix, ".", stringify!($method)), $verb $path, $safety, $auth, $body,
                    concat!($($doc, "\n"),*), RESOURCE_DOC, $arguments, $reply
                ),
            )*
            $($(
                $crate::ops::Operation {
                    $($($by_field: $by_value,)*)?
                    ..$crate::ops::row!(
                        concat!($prefix, ".", stringify!($by)), $by_verb $by_path, $by_safety, $by_auth, $by_body,
                        concat!($($by_doc, "\n"),*), RESOURCE_DOC, $by_arguments, $by_reply
                    )
                },
            )*)?
            $($(
                $crate::ops::Operation {
                    kind: $crate::ops::Kind::Composed,
                    $($($composed_field: $composed_value,)*)?
                    ..$crate::ops::row!(
                        concat!($prefix, ".", stringify!($composed)), $composed_verb $composed_path, $composed_safety,
                        $composed_auth, $composed_body, concat!($($composed_doc, "\n"),*), RESOURCE_DOC, $composed_arguments,
                        $composed_reply
                    )
                },
            )*)?
        ];
    };
}

/// One row of the table: a single request that replies with JSON.
macro_rules! row {
    (
        $name:expr, $verb:ident $path:literal, $safety:ident, $auth:ident, $body:ident, $doc:expr, $resource_doc:expr,
        $arguments:ty, $reply:ty
    ) => {
        $crate::ops::Operation {
            name: $name,
            method: stringify!($verb),
            path: $path,
            safety: $crate::retry::Safety::$safety,
            auth: $crate::ops::Auth::$auth,
            body: $crate::ops::Body::$body,
            kind: $crate::ops::Kind::Single,
            accept: "application/json",
            record: None,
            filters: &[],
            doc: $doc,
            resource_doc: $resource_doc,
            read: |text| Ok(Box::new($crate::ops::read_arguments::<$arguments>(text)?)),
            check: |body, content_type| $crate::ops::decode::<$reply>(body, content_type).map(drop),
            #[cfg(feature = "schema")]
            schemas: $crate::ops::Schemas {
                arguments: |generator| generator.subschema_for::<$arguments>(),
                reply: |generator| generator.subschema_for::<$reply>(),
            },
        }
    };
}

pub(crate) use {operations, row};
