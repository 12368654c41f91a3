//! What an event loop of another language watches in place of the sockets of a tokio runtime.

/// The descriptor that is readable while the runtime that was entered has something to take in. tokio keeps it to itself, so
/// it is looked for: the one set that holds a socket which only this runtime knows. `None` where the system does not tell.
#[cfg(target_os = "linux")]
pub fn descriptor() -> Option<i32> {
    use std::os::fd::AsRawFd as _;
    let known = tokio::net::UnixDatagram::unbound().ok()?;
    let wanted = known.as_raw_fd().to_string();
    let mut fds =
        std::fs::read_dir("/proc/self/fd").ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    fds.find(|fd| holds(fd, &wanted)).and_then(|fd| fd.parse().ok())
}

/// See above.
#[cfg(not(target_os = "linux"))]
pub fn descriptor() -> Option<i32> {
    None
}

/// Whether `fd` is an epoll set with `wanted` in it.
#[cfg(target_os = "linux")]
fn holds(fd: &str, wanted: &str) -> bool {
    let Ok(info) = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")) else { return false };
    info.lines().filter_map(|line| line.strip_prefix("tfd:")).any(|of| of.split_whitespace().next() == Some(wanted))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn each_runtime_has_a_descriptor_of_its_own() {
        let runtimes = [(); 3].map(|()| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
        let found: std::collections::HashSet<i32> = runtimes
            .iter()
            .map(|runtime| {
                let _entered = runtime.enter();
                descriptor().unwrap()
            })
            .collect();
        assert_eq!(found.len(), 3);
    }
}
