//! All that a sandbox's Connect holds. A copy shares everything with its original until one of them changes.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::asset::Asset;
use super::behaviour::Behaviour;
use super::index::Index;
use super::lag::{Lag, Lagging as _};
use super::refusal;
use super::request::Request;
use super::seed;
use crate::reply::Reply;

/// An instant on both clocks, and when what is done then can be seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) at: Duration,
    pub(super) wall_us: i64,
    pub(super) visible_at: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(super) behaviour: Behaviour,
    /// How long the setup of a tier takes.
    pub(super) wait: Duration,
    pub(super) requests: Arc<Vec<Arc<Request>>>,
    pub(super) assets: Arc<Vec<Arc<Asset>>>,
    request_slots: Arc<HashMap<Arc<str>, u32>>,
    asset_slots: Arc<HashMap<Arc<str>, u32>>,
    /// The newest asset of each external id.
    external_slots: Arc<HashMap<String, u32>>,
    pub(super) index: Arc<Index>,
    /// Assets in the order of their creation, ties by id.
    asset_order: Arc<Vec<u32>>,
    /// When somebody other than the vendor acts on a request.
    pub(super) due: Arc<BTreeSet<(Duration, u32)>>,
    /// Requests of which others still see an older state, and until when.
    lagging: Arc<BTreeSet<(Duration, u32)>>,
    /// Makes ids.
    next_asset: u64,
}

impl State {
    /// What every sandbox begins with. Its dates lie before `wall_ms`.
    pub(crate) fn fresh(now: Duration, wall_ms: i64, wait: Duration) -> State {
        let mut state = State::empty(wait);
        seed::sow(&mut state, Moment { at: now, wall_us: wall_ms * 1000, visible_at: now });
        state
    }

    pub(super) fn empty(wait: Duration) -> State {
        State {
            behaviour: Behaviour::default(),
            wait,
            requests: Arc::default(),
            assets: Arc::default(),
            request_slots: Arc::default(),
            asset_slots: Arc::default(),
            external_slots: Arc::default(),
            index: Arc::default(),
            asset_order: Arc::default(),
            due: Arc::default(),
            lagging: Arc::default(),
            next_asset: 0,
        }
    }

    /// Forgets all requests and assets; the behaviour stays.
    pub(super) fn clear(&mut self) {
        let behaviour = self.behaviour.clone();
        *self = State { behaviour, ..State::empty(self.wait) };
    }

    pub(super) fn request(&self, slot: u32) -> &Arc<Request> {
        &self.requests[slot as usize]
    }

    pub(super) fn asset(&self, slot: u32) -> &Arc<Asset> {
        &self.assets[slot as usize]
    }

    pub(super) fn asset_of(&self, request: &Request) -> &Arc<Asset> {
        self.asset(request.asset)
    }

    /// The asset of a request as it can be seen at `now`.
    pub(super) fn asset_seen(&self, request: &Request, now: Duration) -> &Arc<Asset> {
        let asset = self.asset_of(request);
        asset.seen(now).unwrap_or(asset)
    }

    /// The request itself, not what others see of it yet.
    pub(super) fn request_mut(&mut self, slot: u32) -> &mut Request {
        Arc::make_mut(&mut Arc::make_mut(&mut self.requests)[slot as usize])
    }

    pub(super) fn asset_mut(&mut self, slot: u32) -> &mut Asset {
        Arc::make_mut(&mut Arc::make_mut(&mut self.assets)[slot as usize])
    }

    /// The slot of a request that can be seen; otherwise the 404 to answer.
    pub(super) fn find_request(&self, id: &str, now: Duration) -> Result<u32, Reply> {
        let slot = self.request_slots.get(id).copied();
        let seen = slot.filter(|slot| self.request(*slot).seen(now).is_some());
        seen.ok_or_else(|| refusal::not_found(&format!("Request `{id}`")))
    }

    pub(super) fn find_asset(&self, id: &str, now: Duration) -> Result<u32, Reply> {
        let slot = self.asset_slots.get(id).copied();
        let seen = slot.filter(|slot| self.asset(*slot).seen(now).is_some());
        seen.ok_or_else(|| refusal::not_found(&format!("Asset `{id}`")))
    }

    /// An asset as it can be seen; otherwise the 404 to answer.
    pub(super) fn visible_asset(&self, id: &str, now: Duration) -> Result<&Arc<Asset>, Reply> {
        let slot = self.find_asset(id, now)?;
        Ok(self.asset(slot).seen(now).unwrap_or(self.asset(slot)))
    }

    pub(super) fn asset_of_external_id(&self, external_id: &str) -> Option<u32> {
        self.external_slots.get(external_id).copied().filter(|slot| !self.asset(*slot).gone)
    }

    /// The assets that can be seen at `now`, oldest first.
    pub(super) fn assets_in_order(&self, now: Duration) -> impl Iterator<Item = &Asset> {
        self.asset_order.iter().filter_map(move |slot| self.asset(*slot).seen(now)).map(|asset| &**asset)
    }

    pub(super) fn next_number(&mut self) -> u64 {
        self.next_asset += 1;
        self.next_asset
    }

    /// Whether some requests look older to others than they are.
    pub(super) fn lags(&self, now: Duration) -> bool {
        self.lagging.last().is_some_and(|(until, _)| now < *until)
    }

    pub(super) fn add_asset(&mut self, asset: Asset) -> u32 {
        let slot = self.store_asset(asset);
        let assets = &self.assets;
        let key = |slot: u32| (assets[slot as usize].created_us, &*assets[slot as usize].id);
        let place = self.asset_order.partition_point(|other| key(*other) < key(slot));
        Arc::make_mut(&mut self.asset_order).insert(place, slot);
        slot
    }

    fn store_asset(&mut self, asset: Asset) -> u32 {
        let slot = u32::try_from(self.assets.len()).unwrap_or(u32::MAX);
        Arc::make_mut(&mut self.asset_slots).insert(asset.id.clone(), slot);
        if let Some(external_id) = asset.external_id.text() {
            Arc::make_mut(&mut self.external_slots).insert(external_id, slot);
        }
        Arc::make_mut(&mut self.assets).push(Arc::new(asset));
        slot
    }

    pub(super) fn add_request(&mut self, request: Request) -> u32 {
        let slot = self.store_request(request);
        Arc::make_mut(&mut self.index).add(&self.requests, slot);
        slot
    }

    fn store_request(&mut self, request: Request) -> u32 {
        let slot = u32::try_from(self.requests.len()).unwrap_or(u32::MAX);
        Arc::make_mut(&mut self.request_slots).insert(request.id.clone(), slot);
        if let Some(due) = request.due {
            Arc::make_mut(&mut self.due).insert((due, slot));
        }
        self.asset_mut(request.asset).requests.push(slot);
        Arc::make_mut(&mut self.requests).push(Arc::new(request));
        slot
    }

    /// Takes in many at once: `assets` first, then `requests`, whose `asset` counts from the first of these assets.
    pub(super) fn add_all(&mut self, assets: Vec<Asset>, requests: Vec<Request>) {
        let first_asset = u32::try_from(self.assets.len()).unwrap_or(u32::MAX);
        let first_request = u32::try_from(self.requests.len()).unwrap_or(u32::MAX);
        for asset in assets {
            self.store_asset(asset);
        }
        let mut order: Vec<u32> = (0..u32::try_from(self.assets.len()).unwrap_or(u32::MAX)).collect();
        let key = |slot: &u32| (self.assets[*slot as usize].created_us, &*self.assets[*slot as usize].id);
        order.retain(|slot| !self.assets[*slot as usize].gone);
        order.sort_by(|one, other| key(one).cmp(&key(other)));
        self.asset_order = Arc::new(order);
        for mut request in requests {
            request.asset += first_asset;
            self.store_request(request);
        }
        Arc::make_mut(&mut self.index).extend(&self.requests, first_request);
    }

    /// Changes a request and its asset; if it is to be seen late, others see both as they are now until then.
    pub(super) fn change(
        &mut self,
        slot: u32,
        moment: Moment,
        act: impl FnOnce(&mut State) -> Result<(), Reply>,
    ) -> Result<(), Reply> {
        let request = self.request(slot).seen(moment.at).cloned();
        let asset = self.asset_of(self.request(slot)).seen(moment.at).cloned();
        act(self)?;
        self.delay(slot, request, asset, moment);
        Ok(())
    }

    /// Lets others see the request and its asset as they were, or not at all, until `moment.visible_at`.
    pub(super) fn delay(
        &mut self,
        slot: u32,
        request: Option<Arc<Request>>,
        asset: Option<Arc<Asset>>,
        moment: Moment,
    ) {
        let until = moment.visible_at;
        if until <= moment.at {
            return;
        }
        Arc::make_mut(&mut self.lagging).insert((until, slot));
        self.request_mut(slot).lag = Some(Box::new(Lag { until, before: request }));
        let asset_slot = self.request(slot).asset;
        self.asset_mut(asset_slot).lag = Some(Box::new(Lag { until, before: asset }));
    }

    /// Forgets whom nobody sees late any more.
    pub(super) fn catch_up(&mut self, now: Duration) {
        while self.lagging.first().is_some_and(|(until, _)| *until <= now) {
            Arc::make_mut(&mut self.lagging).pop_first();
        }
    }

    /// Changes when somebody acts on the request next.
    pub(super) fn set_due(&mut self, slot: u32, due: Option<Duration>) {
        let old = self.request(slot).due;
        if old == due {
            return;
        }
        let all = Arc::make_mut(&mut self.due);
        if let Some(old) = old {
            all.remove(&(old, slot));
        }
        if let Some(due) = due {
            all.insert((due, slot));
        }
        self.request_mut(slot).due = due;
    }

    /// Takes a draft and its asset away.
    pub(super) fn remove(&mut self, slot: u32) {
        self.set_due(slot, None);
        Arc::make_mut(&mut self.index).remove(&self.requests, slot);
        self.request_mut(slot).gone = true;
        let asset = self.request(slot).asset;
        self.asset_mut(asset).gone = true;
        let order = Arc::make_mut(&mut self.asset_order);
        order.retain(|other| *other != asset);
    }
}
