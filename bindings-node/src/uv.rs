//! The few functions of libuv that are needed. Node has them in its own executable: they are looked up there, so that the binary
//! also loads in a program that has none.

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

use libloading::os::unix::Library;
use napi::sys::uv_loop_s;

/// `UV_READABLE`.
pub const READABLE: c_int = 1;

/// `UV_POLL` and `UV_TIMER`, kinds of handles.
const POLL: c_int = 8;
const TIMER: c_int = 13;

/// Where a handle of libuv's lies: as many bytes as libuv says, and aligned for whatever is in it.
pub struct Place(Box<[UnsafeCell<u128>]>);

impl Place {
    fn new(bytes: usize) -> Self {
        Self((0..bytes.div_ceil(size_of::<u128>())).map(|_| UnsafeCell::new(0)).collect())
    }

    pub fn handle(&self) -> *mut c_void {
        self.0.as_ptr().cast_mut().cast()
    }
}

pub struct Uv {
    handle_size: unsafe extern "C" fn(c_int) -> usize,
    pub set_data: unsafe extern "C" fn(*mut c_void, *mut c_void),
    pub data: unsafe extern "C" fn(*const c_void) -> *mut c_void,
    pub unref: unsafe extern "C" fn(*mut c_void),
    pub close: unsafe extern "C" fn(*mut c_void, unsafe extern "C" fn(*mut c_void)),
    pub poll_init: unsafe extern "C" fn(*mut uv_loop_s, *mut c_void, c_int) -> c_int,
    pub poll_start: unsafe extern "C" fn(*mut c_void, c_int, unsafe extern "C" fn(*mut c_void, c_int, c_int)) -> c_int,
    pub timer_init: unsafe extern "C" fn(*mut uv_loop_s, *mut c_void) -> c_int,
    pub timer_start: unsafe extern "C" fn(*mut c_void, unsafe extern "C" fn(*mut c_void), u64, u64) -> c_int,
    pub timer_stop: unsafe extern "C" fn(*mut c_void) -> c_int,
}

impl Uv {
    pub fn poll_place(&self) -> Place {
        // Safety: it reads a table.
        Place::new(unsafe { (self.handle_size)(POLL) })
    }

    pub fn timer_place(&self) -> Place {
        // Safety: it reads a table.
        Place::new(unsafe { (self.handle_size)(TIMER) })
    }
}

/// The functions of this process; none where one of them is missing.
pub fn uv() -> Option<&'static Uv> {
    static UV: OnceLock<Option<Uv>> = OnceLock::new();
    let look_up = || {
        let process = Library::this();
        // Safety: the types are those of libuv's header, version 1, which promises to keep them.
        let uv = unsafe {
            Uv {
                handle_size: symbol(&process, b"uv_handle_size\0")?,
                set_data: symbol(&process, b"uv_handle_set_data\0")?,
                data: symbol(&process, b"uv_handle_get_data\0")?,
                unref: symbol(&process, b"uv_unref\0")?,
                close: symbol(&process, b"uv_close\0")?,
                poll_init: symbol(&process, b"uv_poll_init\0")?,
                poll_start: symbol(&process, b"uv_poll_start\0")?,
                timer_init: symbol(&process, b"uv_timer_init\0")?,
                timer_start: symbol(&process, b"uv_timer_start\0")?,
                timer_stop: symbol(&process, b"uv_timer_stop\0")?,
            }
        };
        Some(uv)
    };
    UV.get_or_init(look_up).as_ref()
}

/// # Safety
/// `T` is the type of the function called `name`.
unsafe fn symbol<T: Copy>(process: &Library, name: &[u8]) -> Option<T> {
    // Safety: the caller's. The process outlives whatever is in it.
    unsafe { process.get::<T>(name) }.ok().map(|found| *found)
}
