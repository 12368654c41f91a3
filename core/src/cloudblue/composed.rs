//! What takes several requests: an inquiry with its errors, values of parameters, and waiting.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::Client;
use super::decisions::{Approve, Inquire};
use super::param::{Param, ParamChange};
use super::request::Request;
use super::requests::{SetParamValues, Update, WaitFor};
use super::transition::{self, Carried, ENDS, read, status_of};
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::ops::{CallContext, Fields as _, Reply, decode, read_arguments};
use crate::poll::PollPolicy;

/// Carries the composed operation `name` out; its arguments are JSON text.
pub(super) async fn invoke(client: &Client, name: &str, arguments: &str, call: &CallContext) -> Result<Reply> {
    let carried = match name {
        "cloudblue.requests.inquire" => inquire(client, read_arguments(arguments)?, call).await,
        "cloudblue.requests.set_param_values" => set_param_values(client, read_arguments(arguments)?, call).await,
        "cloudblue.requests.wait" => wait(client, read_arguments(arguments)?, call).await,
        _ => Err(Error::internal(format!("{name} is composed of nothing"))),
    };
    Ok(carried?.reply)
}

/// Writes the errors to the parameters, then inquires.
pub(super) async fn inquire(client: &Client, mut inquire: Inquire, call: &CallContext) -> Result<Carried> {
    inquire.check()?;
    let errors = std::mem::take(&mut inquire.errors);
    let written = !errors.is_empty();
    if written {
        let with_error = |(id, message)| ParamChange { id, value_error: Some(message), ..ParamChange::default() };
        update(client, &inquire.id, errors.into_iter().map(with_error).collect(), call).await?;
    }
    let operation = Client::operation("cloudblue.requests.inquire")?;
    transition::carry_out(client, operation, &mut inquire, call).await.map_err(|error| half_done(error, written))
}

/// Sets the values that differ, then approves.
pub(super) async fn approve_with_params(
    client: &Client,
    approve: &mut Approve,
    values: BTreeMap<String, Value>,
    call: &CallContext,
) -> Result<Carried> {
    approve.check()?;
    let mut written = false;
    if !values.is_empty() {
        (_, written) = set_values(client, SetParamValues { id: approve.id.clone(), values }, call).await?;
    }
    let operation = Client::operation("cloudblue.requests.approve")?;
    transition::carry_out(client, operation, approve, call).await.map_err(|error| half_done(error, written))
}

/// The error of a second step whose first one was carried out.
fn half_done(error: Error, written: bool) -> Error {
    if !written {
        return error;
    }
    let hint = match &error.report().hint {
        Some(hint) => format!("{hint}; half done: its parameters were written"),
        None => "half done: its parameters were written".to_owned(),
    };
    error.with_detail("params_written", true).with_hint(hint)
}

async fn update(client: &Client, id: &Id, params: Vec<ParamChange>, call: &CallContext) -> Result<String> {
    let operation = Client::operation("cloudblue.requests.update")?;
    let mut update = Update { id: id.clone(), params, note: None };
    Ok(client.carry_out(operation, &mut update, call).await?.into_text())
}

/// Reads the request and sends the values that differ from it.
pub(super) async fn set_param_values(client: &Client, set: SetParamValues, call: &CallContext) -> Result<Carried> {
    Ok(Carried::now(set_values(client, set, call).await?.0))
}

/// The request after it, and whether anything differed.
async fn set_values(client: &Client, set: SetParamValues, call: &CallContext) -> Result<(String, bool)> {
    let text = read(client, &set.id, call).await?;
    let request: Request = decode(&text, "application/json")?;
    let asset = request.asset.unwrap_or_default();
    let mut changes = Vec::new();
    for (id, value) in set.values {
        let Some(param) = asset.param(&id) else {
            return Err(Error::validation(&format!("values.{id}"), "the request has no such parameter")
                .with_detail("params", known(&asset.params)));
        };
        changes.extend(change(param, id, value)?);
    }
    if changes.is_empty() {
        return Ok((text, false));
    }
    Ok((update(client, &set.id, changes, call).await?, true))
}

fn known(params: &Option<Vec<Param>>) -> Vec<Value> {
    params.iter().flatten().filter_map(|param| param.id.clone().map(Value::from)).collect()
}

/// The change that gives `param` this value; `None` when it has it.
fn change(param: &Param, id: String, value: Value) -> Result<Option<ParamChange>> {
    let structured = matches!(value, Value::Object(_) | Value::Array(_));
    let kind = param.r#type.as_deref();
    if structured {
        let same = param.structured_value.as_ref() == Some(&value);
        return Ok((!same).then(|| ParamChange { id, structured_value: Some(value), ..ParamChange::default() }));
    }
    if matches!(kind, Some("address" | "phone" | "checkbox")) {
        return Err(Error::validation(&format!("values.{id}"), "this parameter takes an object or a list"));
    }
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        _ => return Err(Error::validation(&format!("values.{id}"), "must be text, an object or a list")),
    };
    let same = param.value.as_deref() == Some(&text);
    Ok((!same).then(|| ParamChange { id, value: Some(text), ..ParamChange::default() }))
}

const MAX_WAIT: Duration = Duration::from_secs(30 * 60);
/// Reads the request until it has one of the statuses.
pub(super) async fn wait(client: &Client, wait: WaitFor, call: &CallContext) -> Result<Carried> {
    let engine = &client.engine;
    let policy = PollPolicy::default();
    let until: Vec<&str> =
        if wait.until.is_empty() { ENDS.into() } else { wait.until.iter().map(String::as_str).collect() };
    let deadline = engine.clock.now().saturating_add(wait.max_wait_ms.map_or(MAX_WAIT, Duration::from_millis));
    let (mut polls, mut failures) = (0, 0);
    let mut status = String::new();
    loop {
        polls += 1;
        let poll = CallContext { attempts: Some(1), ..call.clone() };
        let mut retry_after = None;
        match read(client, &wait.id, &poll).await {
            Ok(text) => {
                status = status_of(&text);
                if until.contains(&status.as_str()) {
                    return Ok(Carried::now(text));
                }
                if ENDS.contains(&status.as_str()) {
                    let message = format!("the request is {status}, and will not become {}", until.join(" or "));
                    return Err(Error::new(Code::Conflict, message).with_detail("current", status));
                }
                failures = 0;
            }
            Err(error) if error.report().retryable && failures < policy.max_errors => {
                failures += 1;
                retry_after = error.report().retry_after_ms.map(Duration::from_millis);
            }
            Err(error) => return Err(error),
        }
        let now = engine.clock.now();
        if now >= deadline {
            let message = format!("the request is {status}, and became none of {} in time", until.join(", "));
            return Err(Error::new(Code::MaxWait, message)
                .with_hint("the waiting ended, not the request: wait again")
                .with_detail("current", status));
        }
        let delay = policy.delay(polls, engine.random.unit(), retry_after, deadline.saturating_sub(now));
        engine.clock.sleep_until(now + delay).await;
    }
}
