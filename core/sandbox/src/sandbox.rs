//! The sandbox as its owner holds it: a thread with its own event loop, and the methods that look into it.

use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use serde_json::Value;
use tenantry::time::Clock;
use tokio::sync::watch;

use crate::clock::{self, SandboxClock};
use crate::error::SandboxError;
use crate::options::SandboxOptions;
use crate::server::Server;
use crate::wire;

struct Running {
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

/// A running sandbox; it ends when it is closed or dropped.
///
/// The methods work on the state itself, not over HTTP, and block for microseconds; the same is under `/_sandbox/` for
/// other processes. A sandbox may be used from any thread. In a forked child it does nothing: the server is the parent's.
pub struct Sandbox {
    server: Arc<Server>,
    port: u16,
    pid: u32,
    running: Mutex<Option<Running>>,
}

impl Sandbox {
    /// Binds 127.0.0.1 and serves on a thread of its own; returns when connections are accepted.
    ///
    /// # Errors
    /// [`SandboxError::Bind`] when the port is taken, [`SandboxError::Thread`] when the system gives no thread.
    pub fn start(options: SandboxOptions) -> Result<Sandbox, SandboxError> {
        let bind = |source| SandboxError::Bind { port: options.port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
        let port = listener.local_addr().map_err(bind)?.port();
        let clock = SandboxClock::new(options.clock).map_err(SandboxError::Thread)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(SandboxError::Thread)?;
        let server = Arc::new(Server::new(format!("http://127.0.0.1:{port}"), options, clock));
        let (stop, stopped) = watch::channel(false);
        let served = server.clone();
        let work = move || runtime.block_on(wire::serve(listener, served, stopped));
        let thread = std::thread::Builder::new().name("tenantry-sandbox".to_owned()).spawn(work);
        let thread = thread.map_err(SandboxError::Thread)?;
        if let SandboxClock::Virtual(clock) = &server.clock {
            clock::register(port, clock);
        }
        let running = Mutex::new(Some(Running { stop, thread }));
        Ok(Sandbox { server, port, pid: std::process::id(), running })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.server.url
    }

    /// What the program prints when ready: `url` and per system the arguments of its client, **with the secrets**; on a
    /// virtual clock also `"clock": "virtual"`.
    ///
    /// ```
    /// # use tenantry_sandbox::{Sandbox, SandboxOptions};
    /// # fn main() -> Result<(), tenantry_sandbox::SandboxError> {
    /// let sandbox = Sandbox::start(SandboxOptions::default())?;
    /// assert_eq!(sandbox.line()["magento_bi"]["base_url"], sandbox.url());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn line(&self) -> Value {
        self.server.line()
    }

    /// The clock that the sandbox lives by; give it to a client that shall live by it too.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.server.clock.shared()
    }

    /// Adds one fault rule or an array of them; the crate's documentation has every key.
    ///
    /// # Errors
    /// [`SandboxError::Invalid`] names the key that is unknown or wrong; then nothing is added.
    pub fn fault(&self, rule: Value) -> Result<(), SandboxError> {
        self.server.fault(rule).map(|_| ())
    }

    /// Takes all fault rules out.
    pub fn clear_faults(&self) {
        self.server.clear_faults();
    }

    /// Moves virtual time on by `ms` milliseconds; sleepers on the way wake in order.
    ///
    /// # Errors
    /// [`SandboxError::RealClock`] with the real clock.
    pub fn advance(&self, ms: u64) -> Result<(), SandboxError> {
        self.server.advance(ms)
    }

    /// What has arrived since the start or the last reset, as an array in the order of arrival; no secret is in it.
    #[must_use]
    pub fn journal(&self) -> Value {
        self.server.journal()
    }

    /// What the systems hold now; no secret is in it. Instants are milliseconds: `created_at_ms` and `at_ms` of the sandbox's
    /// clock, `created_ms` and `updated_ms` (CloudBlue) since 1970. A request's `transitions` are those of this sandbox: one
    /// of the seed data begins without any.
    #[must_use]
    pub fn state(&self) -> Value {
        self.server.state()
    }

    /// Forgets state, tokens, outcomes, behaviour, faults and journal; CloudBlue and Maestrano hold their seed data again.
    /// Credentials and clock stay.
    pub fn reset(&self) {
        self.server.reset();
    }

    /// Makes every access token of Magento BI issued so far useless.
    pub fn expire_tokens(&self) {
        self.server.expire_tokens();
    }

    /// Sets what jobs of Magento BI that are made from now on end as.
    ///
    /// Keys: `signup` and `autodash` (a word), `connection_test` and `structure_sync` (a status name, or
    /// `{"name", "id", "ended"}`, where `"ended": false` never gets an `end` time), each `null` for the usual one, and
    /// `signup_client_id` (`null`: done without a client id; `true`: with one again). Absent keys stay as they are.
    ///
    /// # Errors
    /// [`SandboxError::Invalid`] names the key that is unknown or wrong.
    pub fn outcome(&self, outcome: Value) -> Result<(), SandboxError> {
        self.server.outcome(outcome)
    }

    /// Changes how CloudBlue Connect behaves from now on, and returns the whole behaviour.
    ///
    /// Keys: `pend_reply` (`"request"` or `"empty"`, a 204), `update_reply` (`"request"` or `"list"`), `page_cap` (the most
    /// rows in a page, 1000), `buyer_ms` (a buyer answers an inquiry after so long; `null`, the default: never), `draft_ms`
    /// (a draft vanishes after so long; `null`: never), `tiers_setup` (`"pending"` or `"failed"`: how it ends) and
    /// `inquiring_is_final` (true: an inquiring request can neither be approved nor failed). Absent keys stay as they are.
    ///
    /// # Errors
    /// [`SandboxError::Invalid`] names the key that is unknown or wrong.
    pub fn cloudblue(&self, behaviour: Value) -> Result<Value, SandboxError> {
        self.server.behave(behaviour)
    }

    /// Puts any number of requests into CloudBlue Connect; returns how many, and of how many assets.
    ///
    /// Keys: `requests`, `seed` (1), `product_id`, `status` and `type` (a realistic mix), `assets` (how many the requests are
    /// spread over), `created_spread_ms` (a week; 0: all were made at the same instant) and `clear` (false). The same order at
    /// the same time makes the same requests. 100,000 take under two seconds and about 230 MB.
    ///
    /// # Errors
    /// [`SandboxError::Invalid`] names the key that is unknown or wrong.
    pub fn generate(&self, order: Value) -> Result<Value, SandboxError> {
        self.server.generate(order)
    }

    /// Changes how Maestrano behaves from now on, and returns the whole behaviour.
    ///
    /// Keys: `app_host` (the app's URL, `http://127.0.0.1:8000` until told otherwise), `signature` (`"sha256"`, `"sha1"` or
    /// `"sha256_nonstandard"`: how assertions are signed), `escape` (false: values in assertions are not escaped, as the
    /// vendor's are not), `invoice_ms` (a bill is invoiced so long after its creation; `null`, the default: on the 25th),
    /// `session_valid` (false: no session is), `recheck_ms` (180,000), `broken` (the marketplace whose configuration is
    /// malformed, or `null`) and `rotate_keys` (true: the apps get new keys, once). Absent keys stay as they are.
    ///
    /// # Errors
    /// [`SandboxError::Invalid`] names the key that is unknown or wrong.
    pub fn maestrano(&self, behaviour: Value) -> Result<Value, SandboxError> {
        self.server.behave_maestrano(behaviour)
    }

    /// Calls the app as Maestrano does, and returns its replies: `[{"status", "body"}]`.
    ///
    /// Keys: `type` (`group_deleted`, `group_user_removed`, `connec_notification`, `synchronization_start`,
    /// `synchronization_toggle` or `synchronization_status`), `marketplace` (`"maestrano"`), `group_id` (`"cld-4"`), `user_id`
    /// (`"usr-1"`), `entities` (the body of a notification; by default the group's first two organizations), `opts` (of a
    /// synchronization's start), `to` (the app's URL; by default the behaviour's `app_host`), `credentials` (false: wrong
    /// ones) and `times` (1; more are duplicates). Unless the credentials are wrong, what is told becomes so: the group is
    /// `terminated`, the user has left it. Only this machine is called; it has 25 seconds for each reply.
    ///
    /// # Errors
    /// [`SandboxError::Invalid`] names the key that is unknown or wrong; [`SandboxError::Delivery`] when nobody answers.
    pub fn webhook(&self, order: Value) -> Result<Value, SandboxError> {
        let delivery = self.server.webhook(order)?;
        // On a thread of its own: the caller may be on one that runs an event loop already, and must not be run there again.
        let send = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(SandboxError::Thread)?.block_on(delivery.send())
        };
        let sent = std::thread::scope(|scope| scope.spawn(send).join());
        sent.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Puts a client with connections and finished jobs into Magento BI, and returns their ids.
    ///
    /// `{"client_id", "name", "connections": [{"name", "type", "host", "properties", "deleted"}], "jobs": [{"type", "status"}]}`;
    /// needed are only a connection's `name` and `host` and a job's `type` and `status`.
    ///
    /// # Errors
    /// [`SandboxError::Invalid`] names the key that is unknown or wrong.
    pub fn seed(&self, seed: Value) -> Result<Value, SandboxError> {
        self.server.seed(seed)
    }

    /// Ends all connections, frees the port and joins the thread. May be called again; in a forked child it does nothing.
    pub fn close(&self) {
        if self.foreign() {
            return;
        }
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { stop, thread }) = running else { return };
        if let SandboxClock::Virtual(clock) = &self.server.clock {
            clock::unregister(self.port, clock);
        }
        // Nobody listens any more if the thread has already ended; a thread that panicked has said so on stderr.
        let _ = stop.send(true);
        let _ = thread.join();
    }

    /// Whether this is a forked child's copy.
    fn foreign(&self) -> bool {
        self.pid != std::process::id()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if self.foreign() {
            // The thread and the event loop are the parent's: not even their handles may be let go.
            std::mem::forget(self.running.get_mut().map(Option::take));
        } else {
            self.close();
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sandbox").field("url", &self.server.url).finish_non_exhaustive()
    }
}
