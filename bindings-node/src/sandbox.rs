//! The sandbox of this process.

use std::sync::Arc;

use napi::bindgen_prelude::Either;
use napi_derive::napi;
use serde_json::Value;
use tenantry::{Code, Error, ops};
use tenantry_sandbox::{ClockKind, SandboxError, SandboxOptions, Vocabulary};

use crate::awaitable::{Loop, Queue, runtime};
use crate::failure;

/// A running sandbox; it ends when it is closed, collected, or its environment ends.
#[napi]
pub struct Sandbox {
    sandbox: Arc<tenantry_sandbox::Sandbox>,
    queue: Queue,
}

/// Starts a sandbox from its options as JSON text, or gives the envelope of the error.
#[napi]
pub fn start_sandbox(on: &Loop, options: String) -> Either<Sandbox, String> {
    let started = read_options(&options).and_then(|options| tenantry_sandbox::Sandbox::start(options).map_err(refused));
    match started {
        Ok(sandbox) => Either::A(Sandbox { sandbox: Arc::new(sandbox), queue: on.queue.clone() }),
        Err(error) => Either::B(failure(error)),
    }
}

fn refused(error: SandboxError) -> Error {
    if let SandboxError::Delivery(_) = error {
        return Error::new(Code::Connection, error.to_string());
    }
    Error::config(error.to_string(), "see the sandbox's documentation")
}

fn read_options(text: &str) -> Result<SandboxOptions, Error> {
    let wrong = |key: &str, wanted: &str| Error::config(format!("{key} must be {wanted}"), "see Sandbox.start");
    let value: Value = serde_json::from_str(text).map_err(|error| Error::internal(error.to_string()))?;
    let mut options = SandboxOptions::default();
    for (key, value) in value.as_object().into_iter().flatten() {
        let number = || value.as_u64().ok_or_else(|| wrong(key, "a whole number, 0 or more"));
        match key.as_str() {
            "port" => options.port = u16::try_from(number()?).map_err(|_| wrong(key, "at most 65535"))?,
            "wait_ms" => options.wait_ms = number()?,
            "commit_delay_ms" => options.commit_delay_ms = number()?,
            "clock" => {
                options.clock = match value.as_str() {
                    Some("real") => ClockKind::Real,
                    Some("virtual") => ClockKind::Virtual,
                    _ => return Err(wrong(key, "real or virtual")),
                }
            }
            "vocabulary" => {
                options.vocabulary = match value.as_str() {
                    Some("client") => Vocabulary::Client,
                    Some("document") => Vocabulary::Document,
                    _ => return Err(wrong(key, "client or document")),
                }
            }
            _ => return Err(Error::config(format!("{key} is no option of a sandbox"), "see Sandbox.start")),
        }
    }
    Ok(options)
}

#[napi]
impl Sandbox {
    /// What the program prints when ready, as JSON text, with the secrets.
    #[napi]
    pub fn line(&self) -> String {
        self.sandbox.line().to_string()
    }

    /// Does `verb` with `argument` (JSON text); its envelope comes out of the loop under `ticket`.
    ///
    /// It runs beside the event loop, because moving a virtual clock waits for those whom it wakes, and closing for the
    /// sandbox's thread.
    #[napi]
    pub fn control(&self, verb: String, argument: String, ticket: u32) -> Option<String> {
        let runtime = match runtime() {
            Ok(runtime) => runtime,
            Err(why) => return Some(failure(Error::internal(format!("the runtime does not start: {why}")))),
        };
        let sandbox = self.sandbox.clone();
        let work = runtime.spawn_blocking(move || ops::envelope(control(&sandbox, &verb, &argument)));
        self.queue.spawn(runtime, ticket, async move { work.await.ok() });
        None
    }
}

fn control(sandbox: &tenantry_sandbox::Sandbox, verb: &str, argument: &str) -> Result<String, Error> {
    let argument: Value = serde_json::from_str(argument).map_err(|error| Error::internal(error.to_string()))?;
    match verb {
        "journal" => return Ok(sandbox.journal().to_string()),
        "state" => return Ok(sandbox.state().to_string()),
        "magento_bi/seed" => return sandbox.seed(argument).map(|ids| ids.to_string()).map_err(refused),
        "cloudblue/generate" => return sandbox.generate(argument).map(|made| made.to_string()).map_err(refused),
        "cloudblue/behaviour" => return sandbox.cloudblue(argument).map(|now| now.to_string()).map_err(refused),
        "maestrano/behaviour" => return sandbox.maestrano(argument).map(|now| now.to_string()).map_err(refused),
        "maestrano/webhooks" => return sandbox.webhook(argument).map(|replies| replies.to_string()).map_err(refused),
        "fault" => sandbox.fault(argument).map_err(refused)?,
        "clear_faults" => sandbox.clear_faults(),
        "advance" => {
            let ms = argument.as_u64();
            let ms = ms.ok_or_else(|| Error::config("advance takes whole milliseconds, 0 or more", "see advance"))?;
            sandbox.advance(ms).map_err(refused)?;
        }
        "reset" => sandbox.reset(),
        "magento_bi/expire_tokens" => sandbox.expire_tokens(),
        "magento_bi/outcome" => sandbox.outcome(argument).map_err(refused)?,
        "close" => sandbox.close(),
        _ => return Err(Error::internal(format!("{verb} is nothing that a sandbox does"))),
    }
    Ok("null".to_owned())
}
