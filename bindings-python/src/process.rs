//! Values that belong to the process that made them.

use std::mem::ManuallyDrop;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::PyErr;
use pyo3::exceptions::PyRuntimeError;

static ID: AtomicU32 = AtomicU32::new(0);

/// This process: `std::process::id` without its system call, of which a call would need ten.
pub fn id() -> u32 {
    static WATCHING: Once = Once::new();
    extern "C" fn forked() {
        ID.store(std::process::id(), Ordering::Relaxed);
    }
    match ID.load(Ordering::Relaxed) {
        0 => {}
        id => return id,
    }
    WATCHING.call_once(|| {
        // Safety: the handler does what is allowed between fork and exec, and is never unloaded: Python keeps its modules.
        let watched = unsafe { libc::pthread_atfork(None, None, Some(forked)) };
        if watched == 0 {
            forked();
        }
    });
    std::process::id()
}

/// A value of one process. A forked child can neither use nor drop it: threads that it would wait for are the parent's,
/// and so may be the locks that they hold.
pub struct PerProcess<T> {
    pid: u32,
    value: ManuallyDrop<T>,
}

impl<T> PerProcess<T> {
    pub fn new(value: T) -> Self {
        Self { pid: id(), value: ManuallyDrop::new(value) }
    }

    /// The value, unless this is a forked child.
    pub fn get(&self) -> Option<&T> {
        (self.pid == id()).then_some(&*self.value)
    }

    /// The value, also in a forked child: what in it nobody can be changing may be looked at there, and nothing else.
    pub fn peek(&self) -> &T {
        &self.value
    }

    /// The value, or an envelope that says what happened.
    pub fn get_or_envelope(&self, what: &str) -> Result<&T, String> {
        self.get().ok_or_else(|| {
            let hint = "make it in the process that uses it; clients alone go through a fork";
            let error = tenantry::Error::config(format!("this {what} was made before fork()"), hint);
            tenantry::ops::envelope(Err(error))
        })
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        if self.pid == id() {
            // Safety: dropped once, here, and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.value) }
        }
    }
}

/// What a call gets while the interpreter ends.
pub fn ending() -> PyErr {
    PyRuntimeError::new_err("the interpreter is shutting down")
}
