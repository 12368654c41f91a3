//! Paths of the configuration, with placeholders such as `:group_id`, matched and filled.

use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use crate::id::Id;

/// A configured path: what it holds literally, and where ids stand.
///
/// A placeholder is a whole segment, or a whole value of the query; its name may hold a hyphen (`:cld-uid`).
#[derive(Debug)]
pub(super) struct Template {
    /// The segments of the path of the app's own URL, which proxies and mounted apps cut off, or not.
    base: Vec<String>,
    path: Vec<Part>,
    query: Vec<(String, Part)>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Place(String),
}

impl Part {
    fn read(text: String) -> Self {
        match text.strip_prefix(':') {
            Some(name) if !name.is_empty() => Self::Place(name.to_owned()),
            _ => Self::Text(text),
        }
    }

    /// Whether `text` may stand here; keeps the id that it is.
    fn takes<'a>(&'a self, text: &str, ids: &mut Ids<'a>) -> bool {
        match self {
            Self::Text(expected) => expected == text,
            Self::Place(name) => match (Id::new(text), ids.get(Some(name))) {
                (Ok(id), None) => {
                    ids.0.push((name, id));
                    true
                }
                // A placeholder that stands twice is one id.
                (Ok(id), Some(other)) => id == *other,
                (Err(_), _) => false,
            },
        }
    }
}

/// The ids that stood at the placeholders.
#[derive(Debug, Default)]
pub(super) struct Ids<'a>(Vec<(&'a str, Id)>);

impl Ids<'_> {
    pub(super) fn get(&self, place: Option<&str>) -> Option<&Id> {
        let place = place?;
        self.0.iter().find(|(name, _)| *name == place).map(|(_, id)| id)
    }
}

/// The path and query of a request, taken apart and decoded.
#[derive(Debug)]
pub(super) struct Target {
    path: Vec<String>,
    query: Vec<(String, String)>,
}

impl Target {
    /// `None` for what is no path: one that does not begin with `/`, or that does not decode to text.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        Some(Self { path: segments(path.strip_prefix('/')?)?, query: pairs(query).collect() })
    }

    fn value(&self, name: &str) -> Option<&str> {
        let mut values = self.query.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str());
        // Two values of one name would leave it to chance which of them is meant.
        values.next().filter(|_| values.next().is_none())
    }
}

/// Segments are decoded each on its own, so that an encoded slash never separates. One slash at the end means nothing.
fn segments(path: &str) -> Option<Vec<String>> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Some(Vec::new());
    }
    path.split('/').map(|step| percent_decode_str(step).decode_utf8().ok().map(Into::into)).collect()
}

fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned()
}

impl Template {
    /// Reads the `template` of an app at `host`. `None` where it is no path, or lacks one of the placeholders it `needs`.
    pub(super) fn read(host: &str, template: &str, mut needs: impl Iterator<Item = &'static str>) -> Option<Self> {
        let (path, query) = split(template);
        let base = url::Url::parse(host).ok().and_then(|host| segments(host.path().trim_start_matches('/')));
        let path = segments(path.trim_start_matches('/'))?.into_iter().map(Part::read).collect();
        let query = pairs(query).map(|(name, value)| (name, Part::read(value))).collect();
        let template = Self { base: base.unwrap_or_default(), path, query };
        needs.all(|name| template.has(name)).then_some(template)
    }

    fn has(&self, name: &str) -> bool {
        let mut parts = self.path.iter().chain(self.query.iter().map(|(_, part)| part));
        parts.any(|part| matches!(part, Part::Place(place) if place == name))
    }

    /// The ids in `target` where it is this template's.
    ///
    /// What the template's query asks for must be there; whatever else the target's query holds is nobody's business.
    pub(super) fn matches(&self, target: &Target) -> Option<Ids<'_>> {
        let whole = target.path.as_slice();
        let below = whole.strip_prefix(self.base.as_slice()).filter(|_| !self.base.is_empty());
        [Some(whole), below].into_iter().flatten().find_map(|path| {
            let mut ids = Ids::default();
            let fits = path.len() == self.path.len()
                && self.path.iter().zip(path).all(|(part, step)| part.takes(step, &mut ids))
                && self.query.iter().all(|(name, part)| target.value(name).is_some_and(|v| part.takes(v, &mut ids)));
            fits.then_some(ids)
        })
    }

    /// How much of it is literal: of two templates that match, the one that says more is meant.
    pub(super) fn literals(&self) -> usize {
        let parts = self.path.iter().chain(self.query.iter().map(|(_, part)| part));
        parts.filter(|part| matches!(part, Part::Text(_))).count()
    }
}

fn split(template: &str) -> (&str, &str) {
    // What follows `#` is never sent.
    let template = template.split('#').next().unwrap_or_default();
    template.split_once('?').unwrap_or((template, ""))
}

/// Writes the `template` with an id at each placeholder. `None` where `id` knows none of that name.
pub(super) fn fill<'a>(template: &str, id: impl Fn(&str) -> Option<&'a Id>) -> Option<String> {
    let (path, query) = split(template);
    let steps = path.split('/').map(|step| match step.strip_prefix(':').filter(|name| !name.is_empty()) {
        // What an id may hold changes nothing in a path.
        Some(name) => id(name).map(|id| id.as_str().to_owned()),
        None => Some(step.to_owned()),
    });
    let path = steps.collect::<Option<Vec<_>>>()?.join("/");
    if query.is_empty() {
        return Some(path);
    }
    let mut written = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs(query) {
        match Part::read(value) {
            Part::Place(place) => written.append_pair(&name, id(&place)?.as_str()),
            Part::Text(text) => written.append_pair(&name, &text),
        };
    }
    Some(format!("{path}?{}", written.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(host: &str, template: &str, target: &str) -> Option<Vec<(String, String)>> {
        let template = Template::read(host, template, std::iter::empty())?;
        let target = Target::read(target)?;
        Some(template.matches(&target)?.0.iter().map(|(name, id)| ((*name).to_owned(), id.to_string())).collect())
    }

    fn found(template: &str, target: &str) -> Option<String> {
        let ids = ids("https://app.example", template, target)?;
        Some(ids.iter().map(|(name, id)| format!("{name}={id}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_placeholder_takes_one_decoded_id() {
        for (target, expected) in [
            ("/g/cld-1/users/usr-1", Some("group_id=cld-1 cld-uid=usr-1")),
            ("/g/cld%2D1/users/usr-1/", Some("group_id=cld-1 cld-uid=usr-1")),
            ("/%67/a:b@c+d/users/x?y=z", Some("group_id=a:b@c+d cld-uid=x")),
            ("/g/cld%2F1/users/usr-1", None),
            ("/g/cld/1/users/usr-1", None),
            ("/g/%2e%2e/users/usr-1", None),
            ("/g//users/usr-1", None),
            ("/g/%ff/users/usr-1", None),
            ("/g/%/users/usr-1", None),
            ("/g/cld-1/users/usr-1//", None),
            ("//g/cld-1/users/usr-1", None),
            ("g/cld-1/users/usr-1", None),
            ("", None),
        ] {
            assert_eq!(found("/g/:group_id/users/:cld-uid", target).as_deref(), expected, "{target}");
        }
    }

    #[test]
    fn a_query_in_the_template_must_be_in_the_request() {
        for (target, expected) in [
            ("/g/?marketplace=a%20b&id=cld-1", Some("id=cld-1")),
            ("/g?id=cld-1&more=1&marketplace=a+b", Some("id=cld-1")),
            ("/g?id=cld-1", None),
            ("/g?id=cld-1&marketplace=a", None),
            ("/g?id=cld-1&marketplace=a+b&marketplace=c", None),
            ("/g?id=&marketplace=a+b", None),
        ] {
            assert_eq!(found("/g?marketplace=a+b&id=:id", target).as_deref(), expected, "{target}");
        }
    }

    #[test]
    fn a_placeholder_that_stands_twice_is_one_id() {
        assert_eq!(found("/:id/x/:id", "/1/x/1").as_deref(), Some("id=1"));
        assert_eq!(found("/:id/x/:id", "/1/x/2"), None);
    }

    #[test]
    fn the_path_of_the_apps_url_may_be_there_or_cut_off() {
        for target in ["/base/app/hook/1", "/hook/1"] {
            assert!(ids("https://app.example/base/app/", "hook/:id", target).is_some(), "{target}");
        }
        assert!(ids("https://app.example/base/app", "/hook/:id", "/base/hook/1").is_none());
    }

    #[test]
    fn a_template_without_what_it_needs_is_none() {
        for (template, served) in [("/g/:id", true), ("/g?id=:id", true), ("/g", false), ("/g/:id.json", false)] {
            assert_eq!(Template::read("", template, ["id"].into_iter()).is_some(), served, "{template}");
        }
    }

    #[test]
    fn a_filled_template_matches_and_gives_the_ids_back() {
        let id = Id::new("a:b@c+d").unwrap();
        for template in ["/g/:id", "/g/:id/", "/ü/:id/x?b=:id&c=%26", "/g?id=:id#top"] {
            let path = fill(template, |_| Some(&id)).unwrap();
            assert!(found(template, &path).unwrap().starts_with("id=a:b@c+d"), "{template} {path}");
        }
    }
}
