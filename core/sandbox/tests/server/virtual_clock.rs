//! Virtual time over real threads: order, work that holds it back, replies that are withheld.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::{Either, select};
use serde_json::json;
use tenantry::time::Clock;
use tenantry_sandbox::{Sandbox, SandboxOptions, VirtualClock, clock_of};

use crate::raw::*;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Long enough to be sure that something does not happen, short enough to wait for.
const A_WHILE: Duration = Duration::from_millis(60);

#[test]
fn sleepers_of_many_threads_wake_in_the_order_of_their_times() {
    let clock = Arc::new(VirtualClock::start().unwrap());
    let (tell, told) = mpsc::channel();
    let threads: Vec<_> = [30, 10, 7200, 20]
        .into_iter()
        .map(|seconds| {
            let (clock, tell) = (clock.clone(), tell.clone());
            // All of them are asleep before the first may wake.
            let ready = clock.busy();
            std::thread::spawn(move || {
                block_on(async {
                    let mut sleep = clock.sleep_until(s(seconds));
                    assert!(sleep.as_mut().now_or_never().is_none());
                    drop(ready);
                    sleep.await;
                    tell.send((seconds, clock.now())).unwrap();
                });
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let woken: Vec<_> = told.try_iter().collect();
    assert_eq!(woken, [10, 20, 30, 7200].map(|seconds| (seconds, s(seconds))));
}

#[test]
fn a_sleeper_that_sleeps_again_is_not_overtaken_by_a_far_limit() {
    let clock = VirtualClock::start().unwrap();
    let polls = async {
        for n in 1..=200 {
            clock.sleep_until(s(3 * n)).await;
            assert_eq!(clock.now(), s(3 * n));
        }
    };
    let limit = clock.sleep_until(s(601));
    let polls = std::pin::pin!(polls);
    assert!(matches!(block_on(select(polls, limit)), Either::Left(_)));
}

#[test]
fn time_stands_still_while_somebody_works() {
    let clock = Arc::new(VirtualClock::start().unwrap());
    let work = clock.busy();
    let (tell, told) = mpsc::channel();
    let sleeper = clock.clone();
    std::thread::spawn(move || {
        block_on(sleeper.sleep_until(s(1)));
        tell.send(sleeper.now()).unwrap();
    });
    assert!(told.recv_timeout(A_WHILE).is_err());
    drop(work);
    assert_eq!(told.recv().unwrap(), s(1));
}

#[test]
fn time_stands_still_when_nobody_sleeps_and_dropped_sleeps_do_not_count() {
    let clock = VirtualClock::start().unwrap();
    let mut dropped = clock.sleep_until(s(5));
    let work = clock.busy();
    assert!(dropped.as_mut().now_or_never().is_none());
    drop(dropped);
    let never_polled = clock.sleep_until(s(1));
    drop(work);
    block_on(clock.sleep_until(s(100)));
    assert_eq!(clock.now(), s(100));
    assert!(never_polled.now_or_never().is_some());
}

#[test]
fn a_parked_reply_lets_time_pass_and_its_end_stops_it() {
    let clock = Arc::new(VirtualClock::start().unwrap());
    let (request, park) = (clock.busy(), clock.park());
    block_on(clock.sleep_until(s(30)));
    assert_eq!(clock.now(), s(30));
    drop(park);
    let (tell, told) = mpsc::channel();
    let sleeper = clock.clone();
    std::thread::spawn(move || {
        block_on(sleeper.sleep_until(s(60)));
        tell.send(()).unwrap();
    });
    assert!(told.recv_timeout(A_WHILE).is_err());
    drop(request);
    told.recv().unwrap();
}

#[test]
fn a_park_with_an_end_ends_in_the_jump_and_not_when_its_guard_is_dropped() {
    let clock = Arc::new(VirtualClock::start().unwrap());
    let _request = clock.busy();
    let (sleep, _park) = clock.park_until(s(29));
    let (tell, told) = mpsc::channel();
    let limit = clock.clone();
    std::thread::spawn(move || {
        block_on(limit.sleep_until(s(30)));
        tell.send(()).unwrap();
    });
    block_on(sleep);
    assert_eq!(clock.now(), s(29));
    assert!(told.recv_timeout(A_WHILE).is_err(), "the reply is under way, so the limit must wait");
}

#[test]
fn a_client_that_left_a_parked_reply_is_at_work_again_at_once() {
    let clock = Arc::new(VirtualClock::start().unwrap());
    let (first, park) = (clock.busy(), clock.park());
    // The client gives up and sends again before the server has noticed.
    drop(first);
    let again = clock.busy();
    let (tell, told) = mpsc::channel();
    let sleeper = clock.clone();
    std::thread::spawn(move || {
        block_on(sleeper.sleep_until(s(1)));
        tell.send(()).unwrap();
    });
    assert!(told.recv_timeout(A_WHILE).is_err());
    drop(park);
    assert!(told.recv_timeout(A_WHILE).is_err());
    drop(again);
    told.recv().unwrap();
}

#[test]
fn of_two_parked_clients_the_one_that_stays_still_lets_time_pass() {
    let clock = VirtualClock::start().unwrap();
    let (left, _stays) = (clock.busy(), clock.busy());
    let (_parked_of_the_stayer, parked_of_the_leaver) = (clock.park(), clock.park());
    drop(left);
    drop(parked_of_the_leaver);
    block_on(clock.sleep_until(s(30)));
    assert_eq!(clock.now(), s(30));
}

#[test]
fn advancing_wakes_those_on_the_way_and_stops_at_its_instant() {
    let clock = Arc::new(VirtualClock::start().unwrap());
    let work = clock.busy();
    let (tell, told) = mpsc::channel();
    let (ready, is_ready) = mpsc::channel();
    for seconds in [2, 1, 9] {
        let (clock, tell, ready) = (clock.clone(), tell.clone(), ready.clone());
        std::thread::spawn(move || {
            block_on(async {
                let mut sleep = clock.sleep_until(s(seconds));
                assert!(sleep.as_mut().now_or_never().is_none());
                ready.send(()).unwrap();
                sleep.await;
                tell.send((seconds, clock.now())).unwrap();
            });
        });
    }
    (0..3).for_each(|_| is_ready.recv().unwrap());
    clock.advance(s(5));
    assert_eq!(clock.now(), s(5));
    // A woken thread may read the clock late on a busy machine; that each instant wakes only its own is tested on the timers.
    let mut woken = [told.recv().unwrap(), told.recv().unwrap()];
    woken.sort_unstable();
    assert!(
        woken.iter().zip([1, 2]).all(|((seconds, at), n)| *seconds == n && (s(n)..=s(5)).contains(at)),
        "{woken:?}"
    );
    assert!(told.recv_timeout(A_WHILE).is_err());
    drop(work);
    assert_eq!(told.recv().unwrap(), (9, s(9)));
}

#[test]
fn half_an_hour_takes_no_time_and_wall_time_follows() {
    let clock = VirtualClock::start().unwrap();
    let began = Instant::now();
    assert_eq!(clock.wall_ms(), 1_767_225_600_000);
    block_on(clock.sleep_until(s(1800)));
    assert_eq!(clock.wall_ms(), 1_767_225_600_000 + 1_800_000);
    assert!(began.elapsed() < s(60));
}

#[test]
fn a_sleeper_outlives_the_sandbox_and_the_clocks_other_owners() {
    let sandbox = virtual_sandbox();
    let clock = sandbox.clock();
    let sleep = clock.sleep_until(s(3));
    drop((sandbox, clock));
    block_on(sleep);
}

/// What a client does that gives up on a reply after `limit`: says it is busy, and sleeps on the same clock.
fn first_byte_within(sandbox: &Sandbox, limit: Duration) -> (bool, Duration) {
    let clock = clock_of(sandbox.url()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let busy = clock.busy();
        let began = clock.now();
        let exchange = async {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let mut socket = tokio::net::TcpStream::connect(address(sandbox)).await.unwrap();
            socket.write_all(&bytes("GET", "/v3/signups/1", &[], "")).await.unwrap();
            socket.read_u8().await.unwrap()
        };
        let answered = tokio::select! {
            _ = exchange => true,
            () = clock.sleep_until(began + limit) => false,
        };
        drop(busy);
        (answered, clock.now() - began)
    })
}

#[test]
fn a_clients_time_limit_fires_against_a_held_reply_at_exactly_that_instant() {
    let sandbox = virtual_sandbox();
    let operation = "magento_bi.signups.get";
    for (effect, expected) in [
        (json!({"operation": operation, "hold": true}), (false, s(30))),
        (json!({"operation": operation, "hold_ms": 30_001}), (false, s(30))),
        (json!({"operation": operation, "hold_ms": 29_999}), (true, Duration::from_millis(29_999))),
    ] {
        sandbox.fault(effect).unwrap();
        assert_eq!(first_byte_within(&sandbox, s(30)), expected);
        assert_eq!(first_byte_within(&sandbox, s(30)), (true, Duration::ZERO), "an honest reply takes no time");
    }
}

#[test]
fn a_hundred_requests_beside_a_far_limit_take_no_virtual_time() {
    let sandbox = virtual_sandbox();
    for _ in 0..100 {
        assert_eq!(first_byte_within(&sandbox, s(30)), (true, Duration::ZERO));
    }
}

#[test]
fn a_client_finds_the_clock_by_the_address_until_the_sandbox_closes() {
    let (one, other) = (virtual_sandbox(), virtual_sandbox());
    let real = Sandbox::start(SandboxOptions::default()).unwrap();
    let port = address(&one).port();
    one.advance(5).unwrap();
    for url in [one.url().to_owned(), format!("http://localhost:{port}/x"), format!("http://api.localhost:{port}")] {
        assert_eq!(clock_of(&url).unwrap().now(), Duration::from_millis(5), "{url}");
    }
    assert_eq!(clock_of(other.url()).unwrap().now(), Duration::ZERO);
    for url in [
        real.url().to_owned(),
        format!("https://127.0.0.1:{port}"),
        format!("http://example.com:{port}"),
        "x".to_owned(),
    ] {
        assert!(clock_of(&url).is_none(), "{url}");
    }
    one.close();
    assert!(clock_of(one.url()).is_none() && clock_of(other.url()).is_some());
}
