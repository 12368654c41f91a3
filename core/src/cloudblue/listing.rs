//! What a list is asked for, and how its pages are fetched.

use std::fmt;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Client;
use super::query::{Op, Query, Selects, Test, by_keyword, check_name, value};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::http::Options;
use crate::id::Id;
use crate::ops::{CallContext, Fields, Operation, Success, encode_query};
use crate::page::{KeyLookup, PageOptions, Source, Window};

/// What a list is asked for; every list takes the same.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Listing {
    /// The identifiers of the list's path, in order.
    pub(crate) ids: Vec<Id>,
    /// The status to select, or several; `any` for all.
    pub(crate) status: Option<Value>,
    /// Filters by keyword.
    pub(crate) filters: Map<String, Value>,
    /// A query besides.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Value>"))]
    pub(crate) query: Option<Query>,
    /// Text to search for, in the fields that the server searches.
    pub(crate) search: Option<String>,
    /// Fields to order by, with `-` before one for descending; default: created, the oldest first.
    pub(crate) order_by: Vec<String>,
    /// Fields to leave out (`-activation_key`) or to put in.
    pub(crate) select: Vec<String>,
    /// Rows of a page at most; default 100.
    pub(crate) page_size: Option<u64>,
    /// Rows in all at most; default: no limit.
    pub(crate) max_items: Option<u64>,
    /// Whether the next page is fetched while the caller works on this one; default true.
    pub(crate) prefetch: Option<bool>,
    /// Says that no row enters or leaves the list while it is read, as for a report: then it is paged by offset, with up to
    /// four pages under way at once. Default false.
    pub(crate) stable: Option<bool>,
}

/// Arguments of a list.
pub(crate) trait ListArguments: Sized {
    /// The status that is sent when nothing else is said.
    const STATUS: Option<&'static str>;
    /// How the list can be paged by key.
    const KEY: Option<KeyLookup>;

    fn into_listing(self) -> Asked;
}

/// What was asked of which kind of list.
pub(crate) struct Asked {
    pub(crate) listing: Listing,
    pub(crate) status: Option<&'static str>,
    pub(crate) key: Option<KeyLookup>,
}

/// Declares the arguments of a list: the builder's methods, and what kind of list it is.
macro_rules! list_arguments {
    ($(#[doc = $doc:literal])* $name:ident($(of $id:ident)? $(status $status:literal,)? $(key $key:ident)?)) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name {
            pub(crate) listing: $crate::cloudblue::listing::Listing,
        }

        $crate::cloudblue::listing::constructor!($name $($id)?);

        impl $name {
            /// Filters by keyword, e.g. `created__ge`; several must all hold.
            pub fn filter(mut self, keyword: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
                self.listing.filters.insert(keyword.into(), value.into());
                self
            }

            /// Selects by a query, besides the filters.
            pub fn matching(mut self, query: $crate::cloudblue::Query) -> Self {
                self.listing.query = Some(match self.listing.query.take() {
                    Some(present) => present & query,
                    None => query,
                });
                self
            }

            /// Searches for text, in the fields that the server searches.
            pub fn search(mut self, text: impl Into<String>) -> Self {
                self.listing.search = Some(text.into());
                self
            }

            /// Orders by a field, with `-` before it for descending; the list is then paged by offset.
            pub fn order_by(mut self, field: impl Into<String>) -> Self {
                self.listing.order_by.push(field.into());
                self
            }

            /// Leaves a field out (`-activation_key`) or puts one in.
            pub fn select(mut self, field: impl Into<String>) -> Self {
                self.listing.select.push(field.into());
                self
            }

            /// Rows of a page at most; default 100.
            pub fn page_size(mut self, rows: u64) -> Self {
                self.listing.page_size = Some(rows);
                self
            }

            /// Rows in all at most.
            pub fn max_items(mut self, rows: u64) -> Self {
                self.listing.max_items = Some(rows);
                self
            }

            /// Whether the next page is fetched ahead; default true.
            pub fn prefetch(mut self, ahead: bool) -> Self {
                self.listing.prefetch = Some(ahead);
                self
            }

            /// Says that no row enters or leaves the list while it is read: then it is paged by offset, with up to four pages
            /// under way at once; default false.
            pub fn stable(mut self, stable: bool) -> Self {
                self.listing.stable = Some(stable);
                self
            }
        }

        impl $crate::cloudblue::listing::ListArguments for $name {
            const STATUS: Option<&'static str> = $crate::cloudblue::listing::optional!($($status)?);
            const KEY: Option<$crate::page::KeyLookup> =
                $crate::cloudblue::listing::optional!($($crate::page::KeyLookup::$key)?);

            fn into_listing(self) -> $crate::cloudblue::listing::Asked {
                $crate::cloudblue::listing::Asked { listing: self.listing, status: Self::STATUS, key: Self::KEY }
            }
        }

        impl $crate::ops::Fields for $name {
            fn ids(&self) -> Vec<&$crate::id::Id> {
                self.listing.ids.iter().collect()
            }
        }
    };
}

macro_rules! constructor {
    ($name:ident) => {
        impl Default for $name {
            fn default() -> Self {
                Self { listing: Default::default() }
            }
        }
    };
    ($name:ident $id:ident) => {
        impl $name {
            /// The list of this one.
            ///
            /// # Errors
            /// `invalid_id`.
            pub fn of($id: impl TryInto<$crate::id::Id, Error = $crate::error::Error>) -> $crate::error::Result<Self> {
                let ids = vec![$id.try_into()?];
                Ok(Self { listing: $crate::cloudblue::listing::Listing { ids, ..Default::default() } })
            }
        }
    };
}

macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

pub(crate) use {constructor, list_arguments, optional};

/// Every status that the specification has: what `any` sends, for a server may take an absent status for `pending`.
const STATUSES: [&str; 9] =
    ["draft", "tiers_setup", "pending", "inquiring", "approved", "failed", "scheduled", "revoking", "revoked"];

const PAGE_SIZE: u64 = 100;

/// A list, ready to be fetched page by page.
struct List {
    client: Client,
    operation: &'static Operation,
    call: CallContext,
    ids: Vec<Id>,
    /// The query without its place.
    query: Selects,
    /// What follows it: order, selection.
    tail: String,
    key: Option<KeyLookup>,
}

/// Checks what is asked of the list `name`.
///
/// # Errors
/// `validation` that names the argument; nothing is sent.
pub(crate) fn open(
    client: &Client,
    name: &str,
    asked: Asked,
    options: Options,
    host: Host,
) -> Result<(Arc<dyn Source>, PageOptions, Host)> {
    let operation = Client::operation(name)?;
    let named = |error| operation.named(error);
    let Asked { listing, status, key } = asked;
    let places = operation.path.matches('{').count();
    if listing.ids.len() != places {
        return Err(named(Error::validation("ids", format!("must be {places}, for {}", operation.path))));
    }
    let query = selection(&listing, status, operation).map_err(named)?;
    let by_created = listing.order_by.is_empty() || listing.order_by == ["created"];
    // The order is asked for even where the key is left out of the rows: then the list is paged by offset.
    let tail = tail(&listing, key.is_some()).map_err(named)?;
    let key = key.filter(|_| by_created && !listing.select.iter().any(|field| hides_key(field)));
    let page_options = page_options(&listing).map_err(named)?;
    let call = CallContext { options, ..CallContext::default() };
    let list = List { client: client.clone(), operation, call, ids: listing.ids, query, tail, key };
    Ok((Arc::new(list), page_options, host))
}

/// Leaving out the key or the id of a row would leave nothing to page by.
fn hides_key(select: &str) -> bool {
    matches!(select, "-created" | "-id")
}

fn page_options(listing: &Listing) -> Result<PageOptions> {
    if listing.page_size == Some(0) {
        return Err(Error::validation("page_size", "must be at least 1").with_hint("count() asks for no rows"));
    }
    Ok(PageOptions {
        page_size: listing.page_size.unwrap_or(PAGE_SIZE),
        max_items: listing.max_items,
        prefetch: listing.prefetch.unwrap_or(true),
        stable: listing.stable.unwrap_or(false),
    })
}

fn selection(listing: &Listing, status: Option<&str>, operation: &Operation) -> Result<Selects> {
    let mut parts = Vec::new();
    let queried = listing.query.as_ref().is_some_and(|query| query.mentions("status"));
    let filtered = listing.filters.keys().any(|key| key == "status" || key.starts_with("status__"));
    let given = listing.status.clone().or_else(|| status.filter(|_| !queried && !filtered).map(Value::from));
    let test = |op, value| Query::Test(Test { field: "status".to_owned(), op, value });
    match given {
        // A list that has a status of its own accord must be told that all are wanted.
        Some(Value::String(word)) if word == "any" && status.is_some() => {
            parts.push(test(Op::In, Value::from(STATUSES.to_vec())));
        }
        Some(Value::String(word)) if word == "any" => {}
        Some(value @ Value::String(_)) => parts.push(test(Op::Eq, value)),
        Some(value @ Value::Array(_)) => parts.push(test(Op::In, value)),
        Some(_) => return Err(Error::validation("status", "must be a status, a list of them, or \"any\"")),
        None => {}
    }
    parts.push(by_keyword(operation.filters, &listing.filters)?);
    parts.extend(listing.query.clone());
    Query::And(parts).selects()
}

fn tail(listing: &Listing, by_key: bool) -> Result<String> {
    let mut tail = String::new();
    if let Some(text) = &listing.search {
        tail.push_str(&format!("&search={}", value("search", &Value::from(text.as_str()))?));
    }
    if !listing.order_by.is_empty() {
        tail.push_str(&format!("&ordering({})", signed("order_by", &listing.order_by)?));
    } else if by_key {
        tail.push_str("&ordering(created)");
    }
    if !listing.select.is_empty() {
        tail.push_str(&format!("&select({})", signed("select", &listing.select)?));
    }
    Ok(tail)
}

fn signed(argument: &str, fields: &[String]) -> Result<String> {
    for field in fields {
        check_name(field.strip_prefix(['-', '+']).unwrap_or(field)).map_err(|_| {
            Error::validation(argument, "holds what is no field's name").with_hint("write -created or created")
        })?;
    }
    Ok(fields.join(","))
}

impl List {
    /// The whole query of the page at `window`; `None` when no row can match.
    fn text(&self, window: &Window) -> Result<Option<String>> {
        let Selects::Rows(query) = &self.query else { return Ok(None) };
        let mut parts: Vec<String> = Some(query.clone()).filter(|text| !text.is_empty()).into_iter().collect();
        if let Some((op, from)) = &window.from {
            parts.push(format!("{op}(created,{})", value("created", &Value::from(from.as_str()))?));
        }
        let mut text = format!("{}{}", parts.join("&"), self.tail);
        text.push_str(&format!("&limit={}", window.limit));
        if window.offset > 0 {
            text.push_str(&format!("&offset={}", window.offset));
        }
        Ok(Some(encode_query(text.trim_start_matches('&'))))
    }
}

impl Source for List {
    fn key(&self) -> Option<KeyLookup> {
        self.key
    }

    fn fetch(self: Arc<Self>, window: Window, host: Host, ascii: bool) -> BoxFuture<'static, Result<Option<Success>>> {
        async move {
            let Some(query) = self.text(&window)? else { return Ok(None) };
            let mut page = PageArguments { ids: self.ids.clone(), query };
            let call = CallContext { host, ascii, ..self.call.clone() };
            self.client.exchange(self.operation, &mut page, &call).await.map(Some)
        }
        .boxed()
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("operation", &self.operation).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct PageArguments {
    #[serde(skip)]
    ids: Vec<Id>,
    #[serde(skip)]
    query: String,
}

impl Fields for PageArguments {
    fn ids(&self) -> Vec<&Id> {
        self.ids.iter().collect()
    }

    fn raw_query(&self) -> Option<String> {
        Some(self.query.clone())
    }
}
