//! One request: journal, fault rule, handler, reply.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use http::{HeaderMap, Request, Response, header, request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tokio::sync::oneshot;
use url::form_urlencoded;

use super::plan::{Cut, Drip, Plan, SharedPlan};
use crate::call::{Body, Call, text};
use crate::clock::wall;
use crate::cloudblue;
use crate::control;
use crate::fault::{self, Rule, When};
use crate::journal::{self, Arrival};
use crate::maestrano;
use crate::operation::{self, Operation, Route};
use crate::reply::Reply;
use crate::server::Server;
use crate::world::World;

/// The longest body taken in.
const LONGEST_BODY: usize = 16 << 20;

/// Answers on a task of its own, which starts here and not when the reply is first asked for: a request that has arrived
/// whole is carried out even if its client has left meanwhile.
pub(super) fn answer(
    server: Arc<Server>,
    plan: SharedPlan,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> {
    let (here, gone) = oneshot::channel();
    let task = tokio::spawn(async move {
        let reply = reply(&server, &plan, request, gone).await;
        reply.on_the_wire(&wall::http_date(server.clock.wall_ms()))
    });
    async move {
        // Dropped together with this future when the connection ends.
        let _here: oneshot::Sender<Infallible> = here;
        Ok(task.await.unwrap_or_else(|_| Reply::plain(500).on_the_wire("")))
    }
}

async fn reply(
    server: &Arc<Server>,
    plan: &SharedPlan,
    request: Request<Incoming>,
    gone: oneshot::Receiver<Infallible>,
) -> Reply {
    let (head, body) = request.into_parts();
    plan.set(Plan::default());
    if head.uri.path().starts_with(control::PREFIX) {
        match collect(body).await {
            Ok(bytes) => control::answer(server, head.method.as_str(), head.uri.path(), &bytes).await,
            Err(_) => Reply::plain(400),
        }
    } else {
        Visit::begin(server, &head, gone).run(body, plan).await
    }
}

/// Whether anybody is there to get the reply.
#[derive(PartialEq, Eq)]
enum Client {
    Waits,
    Left,
}

/// A request to one of the systems on its way through the sandbox.
struct Visit<'a> {
    server: &'a Server,
    headers: &'a HeaderMap,
    host: String,
    query: Vec<(String, String)>,
    raw_query: &'a str,
    path: &'a str,
    route: Route,
    rule: Option<Rule>,
    /// Its entry in the journal.
    id: u64,
    /// Ends when the client has left.
    gone: oneshot::Receiver<Infallible>,
}

impl<'a> Visit<'a> {
    fn begin(server: &'a Server, head: &'a request::Parts, gone: oneshot::Receiver<Infallible>) -> Visit<'a> {
        let (method, path) = (head.method.as_str(), head.uri.path());
        let route = operation::route(method, path);
        let operation = match &route {
            Route::Operation(operation, _) => Some(operation.name),
            Route::WrongMethod | Route::Unknown => None,
        };
        let raw_query = head.uri.query().unwrap_or_default();
        let query: Vec<_> = form_urlencoded::parse(raw_query.as_bytes()).into_owned().collect();
        let at_ms = u64::try_from(server.clock.now().as_millis()).unwrap_or(u64::MAX);
        let host = text(&head.headers, header::HOST.as_str()).or(head.uri.authority().map(|host| host.as_str()));
        let host = host.unwrap_or(server.url.trim_start_matches("http://")).to_owned();
        // Only CloudBlue's lists read their query as one text.
        let rql = cloudblue::unquoted(raw_query);
        let reads_rql = method == "GET" && path.starts_with(cloudblue::PREFIX);
        let kept = if reads_rql { journal::Query::Rql(&rql) } else { journal::Query::Pairs(&query) };
        let arrival = Arrival { at_ms, operation, method, path, query: kept, headers: &head.headers };
        let mut world = server.world();
        let id = world.journal.arrived(&arrival);
        let rule = world.faults.hit(operation, method, path);
        world.journal.complete(id, |entry| entry.fault = rule.as_ref().map(Rule::description));
        drop(world);
        Visit { server, headers: &head.headers, host, query, raw_query, path, route, rule, id, gone }
    }

    async fn run(mut self, body: Incoming, plan: &SharedPlan) -> Reply {
        let body = match collect(body).await {
            Ok(bytes) => Body::read(self.headers, &bytes),
            Err(Incomplete { bytes, too_long }) => {
                let body = journal::body(&Body::Opaque(bytes));
                let status = if too_long { 413 } else { 400 };
                self.server.world().journal.complete(self.id, |entry| {
                    entry.body = body;
                    entry.status = too_long.then_some(status);
                });
                return Reply::plain(status);
            }
        };
        let kept = journal::body(&body);
        self.server.world().journal.complete(self.id, |entry| entry.body = kept);
        let Some(rule) = self.rule.take() else {
            let reply = self.carry_out(&body, None);
            self.note(&reply);
            return reply;
        };
        let delay = rule.delay();
        if rule.when == When::Before && self.withhold(Some(delay)).await == Client::Left {
            return Reply::plain(499);
        }
        let reply = self.carry_out(&body, Some(&rule));
        if rule.when == When::After && self.withhold(Some(delay)).await == Client::Left {
            return reply;
        }
        if rule.hold {
            self.withhold(None).await;
            return reply;
        }
        plan.set(plan_of(&rule));
        if !rule.drop && rule.cut_at != Some(0) {
            self.note(&reply);
        }
        reply
    }

    /// Waits, without a length until the client leaves; virtual time may pass meanwhile.
    async fn withhold(&mut self, length: Option<Duration>) -> Client {
        if length == Some(Duration::ZERO) {
            return Client::Waits;
        }
        let clock = &self.server.clock;
        let (end, _park) = match length {
            Some(length) => clock.withhold(length),
            None => (futures::future::pending().boxed(), clock.park()),
        };
        tokio::select! {
            biased;
            _ = &mut self.gone => Client::Left,
            () = end => Client::Waits,
        }
    }

    fn note(&self, reply: &Reply) {
        self.server.world().journal.complete(self.id, |entry| entry.status = Some(reply.status));
    }

    /// What the request gets by the rule; done for real unless the rule spoils it before.
    fn carry_out(&self, body: &Body, rule: Option<&Rule>) -> Reply {
        let mut world = self.server.world();
        let Some(rule) = rule else { return self.perform(&mut world, body, None) };
        let reply = if rule.when == When::After || !rule.spoils() {
            self.perform(&mut world, body, rule.commit_delay_ms)
        } else if let Some(status) = rule.status {
            Reply::plain(status)
        } else {
            // The reply that it would have got, from a copy of the state that is thrown away.
            let mut copy = world.systems.clone();
            self.handle(|operation, call| (operation.handle)(&mut copy, call), body, rule.commit_delay_ms)
        };
        // A replaced status with nothing said of the body brings the body of such an error.
        let reply = match rule.status {
            Some(status) if rule.body.is_none() && rule.json.is_none() => Reply::plain(status),
            _ => reply,
        };
        fault::overlay(rule, fault::replaced(rule, reply))
    }

    fn perform(&self, world: &mut World, body: &Body, commit_delay_ms: Option<u64>) -> Reply {
        let systems = &mut world.systems;
        let reply = self.handle(|operation, call| (operation.handle)(systems, call), body, commit_delay_ms);
        world.journal.complete(self.id, |entry| entry.committed = reply.succeeded());
        reply
    }

    fn handle(
        &self,
        act: impl FnOnce(&'static Operation, &Call<'_>) -> Reply,
        body: &Body,
        commit_delay_ms: Option<u64>,
    ) -> Reply {
        let (operation, segments) = match &self.route {
            Route::Operation(operation, segments) => (*operation, segments.clone()),
            Route::WrongMethod => return self.refusal(405, "this path has no such method"),
            Route::Unknown => return self.refusal(404, "there is nothing at this path"),
        };
        let options = &self.server.options;
        let call = Call {
            now: self.server.clock.now(),
            wall_ms: self.server.clock.wall_ms(),
            host: self.host.clone(),
            segments,
            query: self.query.clone(),
            raw_query: self.raw_query,
            headers: self.headers,
            body,
            wait: Duration::from_millis(options.wait_ms),
            commit_delay: Duration::from_millis(commit_delay_ms.unwrap_or(options.commit_delay_ms)),
            vocabulary: options.vocabulary,
            random: &self.server.random,
            credentials: &self.server.magento_bi,
            cloudblue: &self.server.cloudblue,
            maestrano: &self.server.maestrano,
            url: &self.server.url,
        };
        if matches!(body, Body::Opaque(_)) {
            return self.refusal(400, "the body is not JSON");
        }
        act(operation, &call)
    }

    /// What no operation answers, in the words of the system whose path it is.
    fn refusal(&self, status: u16, text: &str) -> Reply {
        if self.path.starts_with(cloudblue::PREFIX) {
            return cloudblue::refusal::of_server(status, text);
        }
        maestrano::refusal::of_server(self.path, status, text).unwrap_or_else(|| Reply::error(status, text))
    }
}

fn plan_of(rule: &Rule) -> Plan {
    let cut_at = if rule.drop { Some(0) } else { rule.cut_at };
    Plan {
        cut: cut_at.map(|left| Cut { left, reset: rule.reset }),
        drip: rule.drip.map(|drip| Drip {
            bytes: drip.bytes,
            every: Duration::from_millis(drip.every_ms),
            left: drip.bytes,
        }),
        idle_close: rule.idle_close_ms.map(Duration::from_millis),
        sent: 0,
    }
}

/// A body that ended before its end, or that has none in sight.
struct Incomplete {
    bytes: usize,
    too_long: bool,
}

async fn collect(mut body: Incoming) -> Result<Vec<u8>, Incomplete> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Err(Incomplete { bytes: bytes.len(), too_long: false }) };
        if let Some(data) = frame.data_ref() {
            bytes.extend_from_slice(data);
        }
        if bytes.len() > LONGEST_BODY {
            return Err(Incomplete { bytes: bytes.len(), too_long: true });
        }
    }
    Ok(bytes)
}
