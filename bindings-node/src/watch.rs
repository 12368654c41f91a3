//! An event loop that watches a lane's sockets as it watches its own: what they bring is taken in on the loop's own thread, and
//! no reply crosses threads.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use napi::bindgen_prelude::{Env, FunctionRef, JsValue as _};
use napi::sys;
use tokio::runtime::Handle;

use crate::awaitable::{Queue, WeakQueue};
use crate::lane::Lane;
use crate::uv::{Place, READABLE, Uv, uv};

/// Milliseconds after which the clock of the lane is looked at, while calls wait: nothing else tells of a time limit.
const CLOCK_TICK_MS: u64 = 20;

/// What watches; it ends with its environment.
pub struct Watch {
    lane: &'static Lane,
    uv: &'static Uv,
    env: sys::napi_env,
    queue: WeakQueue,
    poll: Place,
    timer: Place,
    ticking: AtomicBool,
    ended: AtomicBool,
    /// Handles that libuv has not closed yet.
    open: AtomicUsize,
    /// What the environment's end waits for.
    hook: AtomicPtr<sys::napi_async_cleanup_hook_handle__>,
}

// Safety: handles and environment are touched on the environment's own thread, by what libuv and Node call there, and by
// `tick`, which says so.
unsafe impl Send for Watch {}
// Safety: as above.
unsafe impl Sync for Watch {}

impl Watch {
    /// Has the loop of `env` watch a lane for `queue`; none where that cannot be.
    pub fn begin(env: &Env, queue: &Queue) -> Option<Arc<Self>> {
        let uv = uv()?;
        let mut event_loop = ptr::null_mut();
        // Safety: the environment is the one that calls.
        if unsafe { sys::napi_get_uv_event_loop(env.raw(), &mut event_loop) } != sys::Status::napi_ok {
            return None;
        }
        let lane = Lane::take()?;
        let watch = Arc::new(Self {
            lane,
            uv,
            env: env.raw(),
            queue: queue.downgrade(),
            poll: uv.poll_place(),
            timer: uv.timer_place(),
            ticking: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            open: AtomicUsize::new(2),
            hook: AtomicPtr::default(),
        });
        let (poll, timer) = (watch.poll.handle(), watch.timer.handle());
        // Safety: the loop is alive, and so are the places of the handles until `closed`; so is what their data points at, for
        // it is counted once more here, and let go there.
        unsafe {
            if (uv.poll_init)(event_loop, poll, lane.poll_fd) != 0 {
                lane.give_back();
                return None;
            }
            (uv.timer_init)(event_loop, timer);
            let data = Arc::into_raw(Arc::clone(&watch)).cast_mut().cast::<c_void>();
            (uv.set_data)(poll, data);
            (uv.set_data)(timer, data);
            // What is pending keeps the process alive; what only may come does not.
            (uv.unref)(poll);
            (uv.unref)(timer);
            (uv.poll_start)(poll, READABLE, readable);
            sys::napi_add_async_cleanup_hook(env.raw(), Some(end), data, ptr::null_mut());
        }
        Some(watch)
    }

    /// The runtime of the sockets.
    pub fn handle(&self) -> &Handle {
        self.lane.handle()
    }

    /// Takes in what the sockets and the clock have to tell; on the environment's own thread.
    pub fn look(&self) {
        self.lane.turn();
    }

    /// Looks at the lane's clock now and then until nothing is polled any more; on the environment's own thread.
    pub fn tick(&self) {
        if !self.ended.load(Ordering::Relaxed) && !self.ticking.swap(true, Ordering::Relaxed) {
            // Safety: the handle is open.
            unsafe { (self.uv.timer_start)(self.timer.handle(), ticked, CLOCK_TICK_MS, CLOCK_TICK_MS) };
        }
    }

    /// Takes in what there is, and has JavaScript settle what completed.
    fn turn(&self) {
        let Some(queue) = self.queue.upgrade() else { return };
        if queue.advance() {
            settle(self.env, queue.settle());
        }
        if !queue.is_polling() && !self.ended.load(Ordering::Relaxed) && self.ticking.swap(false, Ordering::Relaxed) {
            // Safety: the handle is open.
            unsafe { (self.uv.timer_stop)(self.timer.handle()) };
        }
    }
}

/// Calls `function` as a loop does: promises that it settles go on before this returns.
fn settle(raw: sys::napi_env, function: &FunctionRef<(), ()>) {
    let env = Env::from_raw(raw);
    let (mut scope, mut global) = (ptr::null_mut(), ptr::null_mut());
    // Safety: this is the environment's own thread, which runs no JavaScript now; the scope is closed at the end.
    unsafe {
        if sys::napi_open_handle_scope(raw, &mut scope) != sys::Status::napi_ok {
            return;
        }
        if let Ok(function) = function.borrow_back(&env)
            && sys::napi_get_global(raw, &mut global) == sys::Status::napi_ok
        {
            let nothing = ptr::null_mut();
            let status = sys::napi_make_callback(raw, nothing, global, function.raw(), 0, ptr::null(), ptr::null_mut());
            let mut thrown = ptr::null_mut();
            if status == sys::Status::napi_pending_exception
                && sys::napi_get_and_clear_last_exception(raw, &mut thrown) == sys::Status::napi_ok
            {
                sys::napi_fatal_exception(raw, thrown);
            }
        }
        sys::napi_close_handle_scope(raw, scope);
    }
}

unsafe extern "C" fn readable(poll: *mut c_void, _status: c_int, _events: c_int) {
    // Safety: libuv calls this while the handle is open.
    unsafe { turn(poll) };
}

unsafe extern "C" fn ticked(timer: *mut c_void) {
    // Safety: libuv calls this while the handle is open.
    unsafe { turn(timer) };
}

/// # Safety
/// `handle` is one of a watch's, and open.
unsafe fn turn(handle: *mut c_void) {
    let Some(uv) = uv() else { return };
    // Safety: `begin` counted the watch for its handles; counted once more, it outlives what JavaScript does meanwhile.
    let watch = unsafe {
        let watch = (uv.data)(handle).cast::<Watch>().cast_const();
        Arc::increment_strong_count(watch);
        Arc::from_raw(watch)
    };
    watch.turn();
}

/// The environment ends; it waits until `hook` is removed.
unsafe extern "C" fn end(hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // Safety: Node calls this once, on the environment's own thread, while the handles are open.
    unsafe {
        let watch = &*data.cast::<Watch>();
        watch.ended.store(true, Ordering::Relaxed);
        watch.hook.store(hook, Ordering::Relaxed);
        (watch.uv.close)(watch.poll.handle(), closed);
        (watch.uv.close)(watch.timer.handle(), closed);
    }
}

unsafe extern "C" fn closed(handle: *mut c_void) {
    // Safety: libuv needs the handle no more after this; the last of them lets go what `begin` counted.
    unsafe {
        let Some(watch) = uv().map(|uv| (uv.data)(handle).cast::<Watch>().cast_const()) else { return };
        if (*watch).open.fetch_sub(1, Ordering::Relaxed) > 1 {
            return;
        }
        let watch = Arc::from_raw(watch);
        watch.lane.give_back();
        sys::napi_remove_async_cleanup_hook(watch.hook.load(Ordering::Relaxed));
    }
}
