use super::*;

/// A lane, and what it runs on.
fn lane() -> (Lane, SlowLane) {
    let slow = SlowLane::start(1).unwrap();
    (Lane::new(slow.handle().clone()), slow)
}

/// Takes the processor for longer than a slice.
fn spin(pace: &Pace) {
    while !pace.must_yield() {
        std::hint::black_box(pace);
    }
}

/// The name of the thread that it is polled on.
async fn thread() -> wasmtime::Result<String> {
    Ok(std::thread::current().name().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn short_calls_stay_where_they_are() {
    let (lane, _slow) = lane();
    assert_ne!(lane.call(Arc::default()).run(thread()).await.unwrap(), "slow-lane");
}

#[tokio::test]
async fn waiting_is_not_computing() {
    let (lane, _slow) = lane();
    let pace = lane.call(Arc::default());
    let within = Arc::clone(&pace);
    let asked = pace.run(async move {
        tokio::time::sleep(SLICE * 3).await;
        Ok(within.must_yield())
    });
    assert!(!asked.await.unwrap());
}

#[tokio::test]
async fn a_long_call_goes_on_in_the_slow_lane_and_waits_there_too() {
    let (lane, _slow) = lane();
    let pace = lane.call(Arc::default());
    let within = Arc::clone(&pace);
    let asked = pace.run(async move {
        spin(&within);
        tokio::task::yield_now().await;
        let lane = thread().await?;
        // The clock is that of the runtime which called.
        tokio::time::sleep(SLICE).await;
        Ok(lane)
    });
    assert_eq!(asked.await.unwrap(), "slow-lane");
}

#[tokio::test]
async fn who_goes_away_ends_a_long_call() {
    let (lane, _slow) = lane();
    let pace = lane.call(Arc::default());
    let (within, (held, gone)) = (Arc::clone(&pace), tokio::sync::oneshot::channel::<()>());
    let asked = pace.run(async move {
        let _held = held;
        loop {
            spin(&within);
            tokio::task::yield_now().await;
        }
        #[expect(unreachable_code, reason = "it says what the loop would answer")]
        Ok(())
    });
    assert!(tokio::time::timeout(SLICE * 10, asked).await.is_err());
    assert!(gone.await.is_err(), "what it held is given back");
}

#[tokio::test]
async fn a_driver_is_known_by_its_calls() {
    let (lane, _slow) = lane();
    let long = lane.call(Arc::default());
    spin(&long);
    assert_eq!(
        lane.call(Arc::default()).run(thread()).await.unwrap(),
        "slow-lane",
        "one is long now"
    );
    drop(long);
    for _ in 0..SHORT_CALLS {
        assert_eq!(
            lane.call(Arc::default()).run(thread()).await.unwrap(),
            "slow-lane",
            "one was long"
        );
    }
    assert_ne!(
        lane.call(Arc::default()).run(thread()).await.unwrap(),
        "slow-lane",
        "enough were short"
    );
}

#[tokio::test]
async fn lines_logged_in_vain_are_paid_for() {
    let (lane, _slow) = lane();
    let flood = Arc::new(AtomicU64::new(0));
    let pace = lane.call(Arc::clone(&flood));
    let within = Arc::clone(&pace);
    let run = pace.run(async move {
        spin(&within);
        tokio::task::yield_now().await;
        flood.store(u64::MAX, Ordering::Relaxed);
        tokio::task::yield_now().await;
        Ok(())
    });
    assert!(tokio::time::timeout(SLICE * 10, run).await.is_err(), "it rests");
    assert!(!lane.habit.charge(Duration::ZERO).is_zero(), "so do the driver's other calls");
}
