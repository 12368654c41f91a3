//! `POST /requests`: a purchase makes an asset, everything else changes one.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::duplicate::refuse_duplicate;
use super::update::lay;
use super::{admitted, object, reply, required_text};
use crate::call::Call;
use crate::cloudblue::asset::{Asset, Tier, Tiers};
use crate::cloudblue::catalog::Catalog;
use crate::cloudblue::ids;
use crate::cloudblue::item::Line;
use crate::cloudblue::lag::Lagging as _;
use crate::cloudblue::param::Param;
use crate::cloudblue::party::{Account, Assignee, ExternalId};
use crate::cloudblue::product::Product;
use crate::cloudblue::refusal;
use crate::cloudblue::request::{Request, Transition};
use crate::cloudblue::state::{Moment, State};
use crate::cloudblue::words::{AssetStatus, RequestType, Status};
use crate::cloudblue::workflow::asset_status;
use crate::reply::Reply;
use crate::world::Systems;

pub(crate) fn create(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let sent = object(call)?;
        let word = required_text(&sent, "type")?;
        let kind = RequestType::of_word(word)
            .ok_or_else(|| refusal::invalid(&format!("\"{word}\" is not a valid choice.")))?;
        let Some(Value::Object(asset)) = sent.get("asset") else { return Err(refusal::missing("asset")) };
        let (slot, asset_before) = match kind {
            RequestType::Purchase => (purchase(state, &sent, asset, moment)?, None),
            _ => change(state, kind, &sent, asset, moment)?,
        };
        state.delay(slot, None, asset_before, moment);
        Ok(reply(state, slot, 201, moment))
    })
}

fn purchase(
    state: &mut State,
    sent: &Map<String, Value>,
    given: &Map<String, Value>,
    moment: Moment,
) -> Result<u32, Reply> {
    let catalog = Catalog::shared();
    let id_at = |value: Option<&Value>, field: &str| {
        let id = value.and_then(|value| value.get("id")).and_then(Value::as_str).filter(|id| !id.is_empty());
        id.map(str::to_owned).ok_or_else(|| refusal::missing(&format!("{field}.id")))
    };
    let unknown = |field: &str, id: &str| refusal::invalid(&format!("{field}: object `{id}` does not exist."));
    let product_id = id_at(given.get("product"), "asset.product")?;
    let product = catalog.product(&product_id).ok_or_else(|| unknown("asset.product", &product_id))?;
    let marketplace_id = id_at(sent.get("marketplace").or(given.get("marketplace")), "marketplace")?;
    let marketplace = catalog.marketplaces.iter().find(|one| one.id == marketplace_id);
    let marketplace = marketplace.ok_or_else(|| unknown("marketplace", &marketplace_id))?;
    let connection_id = id_at(given.get("connection"), "asset.connection")?;
    let connection = catalog.connections.iter().find(|one| one.id == connection_id);
    let connection = connection.ok_or_else(|| unknown("asset.connection", &connection_id))?;
    let external_id = ExternalId::of(given.get("external_id"));
    let external_id = external_id.ok_or_else(|| refusal::invalid("asset.external_id: not a text."))?;
    refuse_duplicate(
        state,
        external_id.text().and_then(|id| state.asset_of_external_id(&id)),
        RequestType::Purchase,
        moment,
    )?;

    let items = lines(product, given, &[])?;
    let mut params: Vec<Param> = product.params.iter().map(|param| Param::new(param, Some("".into()))).collect();
    for one in given.get("params").and_then(Value::as_array).into_iter().flatten() {
        let id = one.get("id").and_then(Value::as_str).unwrap_or_default();
        let param = params.iter_mut().find(|param| param.definition.id == id);
        lay(param.ok_or_else(|| refusal::invalid(&format!("asset.params: parameter `{id}` does not exist.")))?, one)?;
    }
    let number = state.next_number();
    let tiers = tiers(given.get("tiers"), number)?;
    let draft = match sent.get("status").and_then(Value::as_str) {
        Some("draft") if product.validates => true,
        Some("draft") => {
            return Err(refusal::invalid("The product has no dynamic validation: drafts are not allowed."));
        }
        _ => false,
    };
    let asset = Asset {
        id: ids::asset(number).into(),
        status: AssetStatus::Processing,
        external_id,
        external_uid: given.get("external_uid").and_then(Value::as_str).unwrap_or_default().into(),
        external_name: given.get("external_name").and_then(Value::as_str).map(Into::into),
        product: product.clone(),
        connection: connection.clone(),
        contract: catalog.contracts[0].clone(),
        marketplace: marketplace.clone(),
        items: Arc::new(items.clone()),
        params: Arc::new(params),
        tiers,
        template: None,
        next_billing_date: None,
        created_us: moment.wall_us,
        updated_us: moment.wall_us,
        requests: Vec::new(),
        lag: None,
        gone: false,
    };
    let asset = state.add_asset(asset);
    let status = if draft { Status::Draft } else { state.submitted_status(asset, RequestType::Purchase) };
    Ok(made(state, RequestType::Purchase, asset, items, status, sent, moment))
}

/// A request for an asset that exists; also gives what others see of the asset so far.
fn change(
    state: &mut State,
    kind: RequestType,
    sent: &Map<String, Value>,
    given: &Map<String, Value>,
    moment: Moment,
) -> Result<(u32, Option<Arc<Asset>>), Reply> {
    let text = |key: &str| given.get(key).and_then(Value::as_str);
    let slot = match (text("id"), ExternalId::of(given.get("external_id")).and_then(|id| id.text())) {
        (Some(id), _) => state.find_asset(id, moment.at).ok(),
        (None, Some(external_id)) => state.asset_of_external_id(&external_id),
        (None, None) => return Err(refusal::missing("asset.id")),
    };
    let slot = slot.ok_or_else(|| refusal::invalid("asset: object does not exist."))?;
    refuse_duplicate(state, Some(slot), kind, moment)?;
    let asset = state.asset(slot).clone();
    let wanted = if kind == RequestType::Resume { AssetStatus::Suspended } else { AssetStatus::Active };
    if asset.status != wanted {
        let text = format!("Request type {} is not allowed when asset state is {}", kind.word(), asset.status.word());
        return Err(refusal::invalid(&text));
    }
    let items = match kind {
        RequestType::Change => {
            let items = lines(&asset.product, given, &asset.items)?;
            if items.iter().all(|line| line.quantity == line.old_quantity) {
                return Err(refusal::invalid("asset.items: Item quantities are not changed."));
            }
            items
        }
        _ => asset.items.iter().map(|line| Line { old_quantity: line.quantity.clone(), ..line.clone() }).collect(),
    };
    let needs_hold = matches!(kind, RequestType::Suspend | RequestType::Resume);
    let status = if needs_hold && !asset.product.holds { Status::Failed } else { Status::Pending };
    let made = made(state, kind, slot, items, status, sent, moment);
    if status == Status::Failed {
        let params = asset.params.clone();
        let request = state.request_mut(made);
        request.reason = "The product has no Administrative Hold capability.".to_owned();
        request.params = Some(params);
    }
    Ok((made, asset.seen(moment.at).cloned()))
}

/// Puts a request into its first status.
fn made(
    state: &mut State,
    kind: RequestType,
    asset: u32,
    items: Vec<Line>,
    status: Status,
    sent: &Map<String, Value>,
    moment: Moment,
) -> u32 {
    let count = state.asset(asset).requests.len();
    let previous = state.asset(asset).requests.iter().rev().map(|slot| state.request(*slot));
    let previous =
        previous.filter(|request| request.status == Status::Approved).map(|request| request.id.clone()).next();
    let request = Request {
        id: ids::request(&state.asset(asset).id, count + 1).into(),
        kind,
        status,
        asset,
        created_us: moment.wall_us,
        updated_us: moment.wall_us,
        note: sent.get("note").and_then(Value::as_str).unwrap_or_default().to_owned(),
        reason: sent.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned(),
        answered: None,
        assignee: Assignee::Nobody,
        activation_key: String::new(),
        template: None,
        effective_date: None,
        planned_date: None,
        previous_approved: previous,
        external_attributes: sent.get("external_attributes").cloned().map(Arc::new),
        items: Arc::new(items),
        params: None,
        messages: Vec::new(),
        transitions: vec![Transition { from: None, to: status, at: moment.at }],
        due: None,
        lag: None,
        gone: false,
    };
    let slot = state.add_request(request);
    state.set_due(slot, state.due_after(slot, moment));
    let now = state.asset(asset).status;
    state.asset_mut(asset).status = asset_status(kind, status, now);
    slot
}

/// The lines of a request: those sent, against what the asset has.
fn lines(product: &Product, given: &Map<String, Value>, has: &[Line]) -> Result<Vec<Line>, Reply> {
    let sent = given.get("items").and_then(Value::as_array).filter(|items| !items.is_empty());
    let sent = sent.ok_or_else(|| refusal::missing("asset.items"))?;
    let mut lines: Vec<Line> =
        has.iter().map(|line| Line { old_quantity: line.quantity.clone(), ..line.clone() }).collect();
    for one in sent {
        let id = one.get("id").or(one.get("mpn")).and_then(Value::as_str).unwrap_or_default();
        let item =
            product.item(id).ok_or_else(|| refusal::invalid(&format!("asset.items: item `{id}` does not exist.")))?;
        let quantity = match one.get("quantity") {
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::String(text)) => {
                Some(text.clone()).filter(|text| text == "unlimited" || text.parse::<f64>().is_ok())
            }
            None if item.is_paid_by_use() => Some("unlimited".to_owned()),
            _ => None,
        };
        let quantity =
            quantity.ok_or_else(|| refusal::invalid(&format!("asset.items: quantity of `{id}` is invalid.")))?;
        match lines.iter_mut().find(|line| line.item.id == item.id) {
            Some(line) => line.quantity = quantity.into(),
            None => lines.push(Line { item: item.clone(), quantity: quantity.into(), old_quantity: "0".into() }),
        }
    }
    Ok(lines)
}

fn tiers(given: Option<&Value>, number: u64) -> Result<Tiers, Reply> {
    let account = |key: &str, prefix: u64| {
        let mut json = given.and_then(|tiers| tiers.get(key)).filter(|tier| tier.is_object()).cloned()?;
        if json.as_object().is_some_and(Map::is_empty) {
            return None;
        }
        if json.get("id").is_none() {
            json["id"] = ids::account(prefix * 1_000_000 + number).into();
        }
        Some(Arc::new(Account::new(&json)))
    };
    let customer = account("customer", 1).ok_or_else(|| refusal::missing("asset.tiers.customer"))?;
    let tier = |key, prefix| account(key, prefix).map_or(Tier::Empty, Tier::Of);
    Ok(Tiers { customer, tier1: tier("tier1", 2), tier2: tier("tier2", 3), nested: false })
}

/// What is told of a request in a conflict (contract, 1.6).
pub(super) fn conflict_params(state: &State, request: &Request) -> Value {
    let asset = state.asset_of(request);
    let template = request.template.as_ref().and_then(|rendered| rendered.template.as_ref());
    json!({
        "request_status": request.status.word(), "asset_status": asset.status.word(),
        "request_id": &*request.id, "id": &*request.id, "asset_id": &*asset.id,
        "template": template.map(|template| json!({ "id": template.id, "name": template.name })),
        "params_form_url": request.form_url(), "fail_message": request.reason,
    })
}
