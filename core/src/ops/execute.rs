//! Carries one operation out: authorise, send, judge the reply, and perhaps again.

use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, select};
use http::header::{ACCEPT, CONTENT_TYPE, REFERER};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;
use zeroize::Zeroizing;

use super::judge::{Success, conclude, judge};
use super::table::{Arguments, Auth, Body, Operation};
use crate::error::{Code, Error, Outcome, Result};
use crate::flow::Stop;
use crate::host::{Event, Host};
use crate::http::{BaseUrl, Head, HttpSend, Options, Redactor, Sender, Transport, header_value, within};
use crate::retry::{Attempt, Budget, Decision, RetryPolicy, Safety, decide};
use crate::time::{Clock, Random};

/// What differs from system to system.
pub(crate) trait System: Send + Sync + fmt::Debug + Sized {
    /// The base that `operation` is sent to.
    fn base(&self, operation: &Operation) -> &BaseUrl;

    /// Every base that operations are sent to.
    fn bases(&self) -> Vec<&BaseUrl>;

    /// The credential headers of `operation`; `refused` is the number of credentials that the server turned down.
    fn authorize<'a>(
        &'a self,
        engine: &'a Engine<Self>,
        operation: &'static Operation,
        refused: Option<u64>,
        call: &'a CallContext,
    ) -> BoxFuture<'a, Result<Credentials>>;

    /// The body of a [`Body::Login`] operation; adds the secrets in it to what is never shown.
    fn login_body<'a>(
        &'a self,
        host: &'a Host,
        redactor: &'a mut Redactor,
    ) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>>>;

    /// Adds every secret that this system knows to what is never shown.
    fn redact(&self, redactor: &mut Redactor);

    /// Whether a reply whose status is a success says in its body that it is none.
    fn refuses(&self, _: &Operation, _body: &[u8]) -> bool {
        false
    }

    /// The error of a refusal in the system's own terms; what the server said is in its details, without secrets.
    fn explain(&self, _: &Operation, error: Error) -> Error {
        error
    }

    /// The reply proper, in whatever the system wraps it.
    ///
    /// # Errors
    /// `decode` when it is not wrapped so.
    fn open<'t>(&self, _: &Operation, text: &'t str, _content_type: &str) -> Result<&'t str> {
        Ok(text)
    }
}

/// Headers that say who is calling.
#[derive(Default)]
pub(crate) struct Credentials {
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Names the credentials, so that a refusal can be reported.
    pub(crate) number: Option<u64>,
    /// Secrets in the headers.
    pub(crate) secrets: Vec<Zeroizing<String>>,
}

/// One call's circumstances.
#[derive(Debug, Clone, Default)]
pub struct CallContext {
    /// Who is told and asked.
    pub(crate) host: Host,
    /// Options of this call; absent ones are the client's.
    pub(crate) options: Options,
    /// The clock's time at which the caller stops waiting.
    pub(crate) deadline: Option<Duration>,
    /// Attempts that replace the options': a poll is one.
    pub(crate) attempts: Option<u32>,
    /// Ends the wait for a next attempt.
    pub(crate) stop: Option<Stop>,
    /// Whether a page is rewritten in ASCII.
    pub(crate) ascii: bool,
}

/// Sends operations of one system.
#[derive(Debug)]
pub(crate) struct Engine<S> {
    pub(crate) system: S,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    options: Options,
    /// The headers that the options ask for.
    headers: HeaderMap,
    send: Arc<dyn HttpSend>,
    /// Whether `send` is the caller's own, which no option replaces.
    injected: bool,
    budgets: [Budget; 2],
}

impl<S: System> Engine<S> {
    pub(crate) fn new(
        system: S,
        options: Options,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        send: Option<Arc<dyn HttpSend>>,
    ) -> Result<Self> {
        options.check()?;
        let headers = options.headers()?;
        let injected = send.is_some();
        let send = match send {
            Some(send) => send,
            None => Sender::new(&options)?,
        };
        Ok(Self { system, clock, random, options, headers, send, injected, budgets: Default::default() })
    }

    /// Whether calls with these options need no task of a runtime besides the future that waits for them, whatever the
    /// operation.
    pub(crate) fn runs_inline(&self, options: &Options) -> bool {
        let connects_otherwise = || options.clone().or(&self.options).connects_otherwise(&self.options);
        (options.is_empty() || !connects_otherwise())
            && self.system.bases().into_iter().all(|base| self.send.inline(base.url()))
    }

    /// The client's own time limit of a request, if it has one.
    pub(crate) fn timeout_ms(&self) -> Option<u64> {
        self.options.timeout_ms
    }

    /// Milliseconds that a call may take at most, all of its attempts together.
    pub(crate) fn longest_ms(&self, call: &CallContext) -> u64 {
        let options = call.options.clone().or(&self.options);
        let attempts = call.attempts.unwrap_or_else(|| options.max_attempts());
        millis(options.limits().total.saturating_mul(attempts))
    }

    /// Carries `operation` out.
    pub(crate) async fn execute(
        &self,
        operation: &'static Operation,
        arguments: &mut dyn Arguments,
        call: &CallContext,
    ) -> Result<Success> {
        let result = match arguments.check() {
            Ok(()) => self.attempts(operation, arguments, call).await,
            Err(error) => Err(error),
        };
        result.map_err(|mut error| {
            // What an exchange brought says what became of the request; everything else happened before one.
            error.report_mut().outcome.get_or_insert(Outcome::NotSent);
            operation.named(error)
        })
    }

    async fn attempts(
        &self,
        operation: &'static Operation,
        arguments: &mut dyn Arguments,
        call: &CallContext,
    ) -> Result<Success> {
        // Most calls have no options of their own: those of the client are checked already, and their headers made.
        let own = Some(&call.options).filter(|own| !own.is_empty()).map(|own| own.clone().or(&self.options));
        let (options, headers) = match &own {
            Some(own) => {
                own.check()?;
                (own, Cow::Owned(own.headers()?))
            }
            None => (&self.options, Cow::Borrowed(&self.headers)),
        };
        let base = self.system.base(operation);
        base.check_plain("base_url", options.allow_insecure_http.unwrap_or(false))?;
        let mut redactor = Redactor::default();
        for secret in arguments.secrets() {
            secret.resolve(&call.host).await?;
            redactor.add(secret.expose()?);
        }
        self.system.redact(&mut redactor);
        arguments.private().into_iter().for_each(|value| redactor.add(value));
        for value in options.extra_headers.iter().flat_map(|headers| headers.values()) {
            redactor.add(value);
        }
        let request = self.request(operation, arguments, &headers, call, &mut redactor).await?;

        let policy = RetryPolicy::new(call.attempts.unwrap_or_else(|| options.max_attempts()));
        let limits = options.limits();
        let transport = Transport::new(self.sender(options)?, Arc::clone(&self.clock));
        let whole = limits.total.saturating_mul(policy.max_attempts);
        let deadline = call.deadline.unwrap_or(Duration::MAX).min(self.clock.now().saturating_add(whole));
        let budget = &self.budgets[usize::from(operation.auth == Auth::DashboardCookies)];

        // A re-login is no attempt of its own: the refused request counts once.
        let (mut next_number, mut refused, mut paid) = (1, None, None);
        loop {
            let number = next_number;
            let credentials = self.authorize(operation, refused, call, deadline).await?;
            credentials.secrets.iter().for_each(|secret| redactor.add(secret));
            let request_id = self.random.uuid();
            let head = request.head(&credentials, &request_id);
            let event = |kind| Event {
                kind,
                operation: operation.name,
                method: operation.method,
                path: operation.path,
                host: base.host().to_owned(),
                attempt: number,
                status: None,
                outcome: None,
                duration_ms: None,
                bytes: None,
                delay_ms: None,
                request_id: request_id.clone(),
            };
            if base.is_insecure() {
                call.host.emit(|| event("insecure_http"));
            }
            let start = self.clock.now();
            // A request that must not be sent twice has its whole limit, so that its fate is known.
            let until = if operation.safety == Safety::Once { Duration::MAX } else { deadline };
            let exchanged = transport.exchange(head, request.body.clone(), limits, until).await;
            let took = self.clock.now().saturating_sub(start);
            let (status, bytes) = match &exchanged {
                Ok(reply) => (Some(reply.status), Some(reply.body.len())),
                Err(_) => (None, None),
            };
            let judged = judge(
                &self.system,
                operation,
                exchanged,
                base.host(),
                &redactor,
                self.clock.wall_ms(),
                &request_id,
                call.ascii,
            );
            call.host.emit(|| Event {
                status,
                bytes,
                outcome: Some(judged.as_ref().err().and_then(Error::outcome).unwrap_or(Outcome::Answered)),
                duration_ms: Some(millis(took)),
                ..event("attempt")
            });
            let error = match judged {
                Ok(success) => {
                    budget.succeeded(paid);
                    return Ok(Success { at: start + took, ..success });
                }
                Err(error) => error,
            };
            if error.code() == Code::Authentication && refused.is_none() && credentials.number.is_some() {
                // The server looked at the credentials and at nothing else: new ones, and the same request once more.
                refused = credentials.number;
                call.host.emit(|| event("reauthenticated"));
                continue;
            }
            let outcome = error.outcome().unwrap_or(Outcome::Unknown);
            let wait = error.report().retry_after_ms.map(Duration::from_millis);
            let attempt = Attempt { number, code: error.code(), outcome, retry_after: wait };
            let remaining = deadline.saturating_sub(self.clock.now());
            match decide(&policy, operation.safety, attempt, budget, remaining, &*self.random) {
                Decision::Again(delay) => {
                    call.host.emit(|| Event { delay_ms: Some(millis(delay)), ..event("retry_scheduled") });
                    if !self.pause(delay, call).await {
                        return Err(conclude(operation, error, number));
                    }
                    paid = Some(error.code());
                    next_number += 1;
                }
                Decision::Exhausted | Decision::Never => return Err(conclude(operation, error, number)),
            }
        }
    }

    /// The credentials, within the call's own time: another call may be logging in for both.
    async fn authorize(
        &self,
        operation: &'static Operation,
        refused: Option<u64>,
        call: &CallContext,
        deadline: Duration,
    ) -> Result<Credentials> {
        if operation.auth == Auth::None {
            return Ok(Credentials::default());
        }
        let mut credentials = self.system.authorize(self, operation, refused, call);
        // Each look at them is under way on the clock, the last one until its outcome is known: between two requests a
        // virtual clock must not jump to the deadline.
        let looked_at = poll_fn(|context| {
            let busy = self.clock.busy();
            credentials.poll_unpin(context).map(|credentials| (credentials, busy))
        });
        let (credentials, _busy) = within(&*self.clock, deadline, looked_at).await.unzip();
        match credentials {
            // Whatever became of the login, the operation itself was not sent, or was refused for its credentials.
            Some(credentials) => credentials.map_err(|error| error.with_outcome(Outcome::NotSent)),
            None => {
                Err(Error::new(Code::Timeout, "no access token came within the time limit")
                    .with_outcome(Outcome::NotSent))
            }
        }
    }

    /// Waits before the next attempt; false when the caller was stopped meanwhile.
    async fn pause(&self, delay: Duration, call: &CallContext) -> bool {
        let sleep = self.clock.sleep_until(self.clock.now() + delay);
        let Some(stop) = &call.stop else {
            sleep.await;
            return true;
        };
        select(sleep, Box::pin(stop.stopped())).await;
        !stop.is_stopped()
    }

    fn sender(&self, options: &Options) -> Result<Arc<dyn HttpSend>> {
        if !self.injected && options.connects_otherwise(&self.options) {
            return Ok(Sender::new(options)?);
        }
        Ok(Arc::clone(&self.send))
    }

    async fn request<'h>(
        &self,
        operation: &Operation,
        arguments: &dyn Arguments,
        headers: &'h HeaderMap,
        call: &CallContext,
        redactor: &mut Redactor,
    ) -> Result<Request<'h>> {
        let base = self.system.base(operation);
        let mut url = base.join(&fill(operation.path, arguments)?)?;
        let mut own = vec![(ACCEPT, HeaderValue::from_static(operation.accept))];
        if let Some((name, value)) = arguments.header() {
            own.push((HeaderName::from_static(name), header_value(name, value)?));
        }
        if let Some(path) = arguments.referer() {
            own.push((REFERER, header_value("referer", base.join(&path)?.as_str())?));
        }
        let mut body = Bytes::new();
        if let Some(query) = arguments.raw_query() {
            url.set_query(Some(&query).filter(|query| !query.is_empty()).map(String::as_str));
        }
        match operation.body {
            Body::None => {}
            Body::Query if arguments.raw_query().is_some() => {}
            Body::Query => {
                let query = arguments.encode(Body::Query)?;
                url.set_query(std::str::from_utf8(&query).ok().filter(|query| !query.is_empty()));
            }
            Body::Json | Body::Form | Body::Login => {
                let (content_type, bytes) = match operation.body {
                    Body::Form => ("application/x-www-form-urlencoded", arguments.encode(Body::Form)?),
                    Body::Login => ("application/json", self.system.login_body(&call.host, redactor).await?),
                    // A dialect of JSON is spoken in both directions.
                    _ if operation.accept.ends_with("json") => (operation.accept, arguments.encode(Body::Json)?),
                    _ => ("application/json", arguments.encode(Body::Json)?),
                };
                own.push((CONTENT_TYPE, HeaderValue::from_static(content_type)));
                // The bytes are overwritten when the last attempt lets go of them.
                body = Bytes::from_owner(bytes);
            }
        }
        let method = Method::from_bytes(operation.method.as_bytes())
            .map_err(|_| Error::internal(format!("{} is no method", operation.method)))?;
        Ok(Request { method, url, headers, own, body })
    }
}

/// What every attempt of a call sends alike.
struct Request<'h> {
    method: Method,
    url: Url,
    headers: &'h HeaderMap,
    /// Headers of this operation; where the options name one too, this one counts.
    own: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Request<'_> {
    fn head(&self, credentials: &Credentials, request_id: &str) -> Head {
        let mut headers = self.headers.clone();
        headers.extend(self.own.iter().chain(&credentials.headers).cloned());
        if let Ok(value) = HeaderValue::from_str(request_id) {
            headers.insert(HeaderName::from_static("x-request-id"), value);
        }
        Head { method: self.method.clone(), url: self.url.clone(), headers }
    }
}

/// The template with its `{…}` filled.
fn fill(template: &str, arguments: &dyn Arguments) -> Result<String> {
    if let Some(path) = arguments.raw_path() {
        return Ok(path.to_owned());
    }
    let mut path = String::new();
    let mut ids = arguments.ids().into_iter();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (_, after) = after.split_once('}').unwrap_or_default();
        let id = ids.next().ok_or_else(|| Error::internal(format!("{template} has more ids than its arguments")))?;
        path.push_str(before);
        if id.as_str().is_empty() {
            return Err(Error::internal(format!("an id of {template} was not filled in")));
        }
        path.push_str(id.as_str());
        rest = after;
    }
    path.push_str(rest);
    Ok(path)
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
