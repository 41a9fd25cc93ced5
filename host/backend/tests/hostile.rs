//! Components that misbehave: each gets a clear gRPC code, and its neighbour on the same engine
//! notices nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod stand;

use std::sync::Arc;
use std::time::{Duration, Instant};

use mooring_backend::{Driver, Limits, LoadError, Outcome};
use mooring_volume::attachment::AttachmentKind;
use mooring_volume::backend::{
    Attachments, ExpandVolume, Expansion, GetCapacity, Identity, Listing, NodeFacts, Nodes, Page,
    PublishVolume, Publishing, Space, ValidateVolume, Verdict, Volumes,
};
use mooring_volume::capacity::CapacityRange;
use mooring_volume::{Ability, Code, Error, NodeId, Secrets, StringMap, VolumeId};
use stand::{MIB, Stand, call, call_within, capability, create, describe, guest};
use tokio::sync::Notify;

const LIMITS: Limits =
    Limits { memory: 24 << 20, deadline: Duration::from_millis(700), concurrency: 4 };

/// A hostile driver beside one that behaves.
struct Pair {
    stand: Stand,
    hostile: Driver,
    neighbour: Driver,
}

impl Pair {
    async fn new() -> Self {
        let stand = Stand::new();
        let hostile = stand.load("hostile.example.com", guest("hostile"), LIMITS).await;
        let neighbour = stand.load("good.example.com", guest("minimal"), Limits::default()).await;
        Self { stand, hostile, neighbour }
    }

    /// Runs a deed; the neighbour is called all the while, and must answer each time.
    async fn deed(&self, name: &str) -> Error {
        let done = Notify::new();
        let deed = async {
            let answer = self.hostile.create(&call(), create(name)).await;
            done.notify_one();
            answer.expect_err(name)
        };
        let neighbour = async {
            let mut answers = 0;
            loop {
                let volume = self.neighbour.create(&call(), create("a-volume")).await.unwrap();
                assert_eq!(volume.capacity, 8 << 20);
                answers += 1;
                let ended = tokio::time::timeout(Duration::from_millis(5), done.notified()).await;
                if ended.is_ok() {
                    return answers;
                }
            }
        };
        let (error, answers) = tokio::join!(deed, neighbour);
        assert!(answers > 0);
        error
    }

    /// Outcome of the last call of the hostile driver.
    fn outcome(&self) -> Outcome {
        let calls = self.stand.meter.calls.lock().unwrap();
        let last = calls.iter().rev().find(|(driver, ..)| driver == "hostile.example.com");
        last.expect("it was called").2
    }
}

async fn check(deed: &str, code: Code, outcome: Outcome, says: &str) {
    let pair = Pair::new().await;
    let error = pair.deed(deed).await;
    assert_eq!((error.code, pair.outcome()), (code, outcome), "{deed}: {error}");
    assert!(error.message.contains(says), "{deed}: {error}");
    assert!(error.message.len() < 600 && !error.message.contains('\n'), "{deed}: {error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_not_final_where_something_may_have_been_made() {
    check(
        "panic",
        Code::Unavailable,
        Outcome::Trapped,
        "volumes.create of driver hostile.example.com failed: it panicked",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exit_is_a_break() {
    check("exit", Code::Unavailable, Outcome::Trapped, "it exited").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deep_recursion_is_a_break() {
    check("recursion", Code::Unavailable, Outcome::Trapped, "stack overflowed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_loop_ends_with_its_time() {
    check("loop", Code::DeadlineExceeded, Outcome::TimedOut, "limits.deadline").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_loop_of_host_calls_ends_with_its_time() {
    check("loop-in-host", Code::DeadlineExceeded, Outcome::TimedOut, "limits.deadline").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_in_the_host_ends_with_its_time() {
    check("sleep", Code::DeadlineExceeded, Outcome::TimedOut, "limits.deadline").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eating_memory_is_resource_exhausted() {
    check("memory", Code::ResourceExhausted, Outcome::Exhausted, "limits.memory").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_for_memory_can_be_refused_without_a_trap() {
    let refused = Outcome::Refused(Code::ResourceExhausted);
    check("memory-asked", Code::ResourceExhausted, refused, "MiB").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_bomb_is_stopped() {
    check("handles", Code::ResourceExhausted, Outcome::Exhausted, "handles").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_for_a_host_call_is_stopped() {
    let pair = Pair::new().await;
    let driver = pair.stand.load("roomy.example.com", guest("hostile"), Limits::default()).await;
    let error = driver.create(&call(), create("send-much")).await.unwrap_err();
    assert_eq!(error.code, Code::ResourceExhausted, "{error}");
    let error = driver.create(&call(), create("lift-much")).await.unwrap_err();
    assert_eq!(error.code, Code::ResourceExhausted, "{error}");
    let error = driver.create(&call(), create("lift-many")).await.unwrap_err();
    assert_eq!(error.code, Code::ResourceExhausted, "{error}");
    assert!(pair.neighbour.create(&call(), create("a-volume")).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_callers_deadline_counts_where_it_is_shorter() {
    let pair = Pair::new().await;
    let begun = Instant::now();
    let call = call_within(Duration::from_millis(50));
    let error = pair.hostile.create(&call, create("sleep")).await.unwrap_err();
    assert_eq!(error.code, Code::DeadlineExceeded);
    assert!(error.message.contains("caller's deadline"), "{error}");
    assert!(begun.elapsed() < Duration::from_millis(600), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_machine_is_out_of_reach() {
    let pair = Pair::new().await;
    let error = pair.deed("reach-out").await;
    assert_eq!((error.code, error.message.as_str()), (Code::Unknown, ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_in_memory_and_writes_before_a_trap_stay() {
    let pair = Pair::new().await;
    assert_eq!(pair.deed("written").await.message, "false");
    assert_eq!(pair.deed("write-and-panic").await.code, Code::Unavailable);
    assert_eq!(pair.deed("written").await.message, "true");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_call_has_claimed_is_free_again_when_its_caller_is_gone() {
    let stand = Stand::new();
    let limits = Limits { deadline: Duration::from_secs(300), ..LIMITS };
    let driver = Arc::new(stand.load("hostile.example.com", guest("hostile"), limits).await);
    let keeper = Arc::clone(&driver);
    let kept = tokio::spawn(async move { keeper.create(&call(), create("claim-and-sleep")).await });
    let claim = async || driver.create(&call(), create("claim")).await.map_err(|error| error.code);
    // Until the one that sleeps has begun, nobody is in the way.
    while claim().await.is_ok() {}
    assert_eq!(claim().await.map(drop), Err(Code::Aborted));
    kept.abort();
    while let Err(code) = claim().await {
        assert_eq!(code, Code::Aborted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_state_has_a_quota() {
    let pair = Pair::new().await;
    let driver = pair.stand.load(
        "patient.example.com",
        guest("hostile"),
        Limits { deadline: Duration::from_secs(30), ..LIMITS },
    );
    let error = driver.await.create(&call(), create("state-flood")).await.unwrap_err();
    assert!(error.message.contains("quota") || error.message.contains("Quota"), "{error}");
    assert!(pair.neighbour.create(&call(), create("a-volume")).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_of_the_component_are_cut_and_escaped() {
    let pair = Pair::new().await;
    let error = pair.deed("long-error").await;
    assert_eq!(error.code, Code::Aborted);
    assert!(error.message.len() < 2 << 10 && !error.message.contains('\n'));
    let error = pair.deed("refuse").await;
    assert_eq!(error.code, Code::FailedPrecondition);
    assert!(error.retry_after.unwrap() <= Duration::from_secs(3600));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_breaker_opens_after_traps_in_a_row_and_for_this_driver_alone() {
    let pair = Pair::new().await;
    for _ in 0..5 {
        assert_eq!(pair.deed("panic").await.code, Code::Unavailable);
    }
    let turned = pair.deed("good").await;
    assert_eq!((turned.code, pair.outcome()), (Code::Unavailable, Outcome::Shed));
    assert!(turned.message.contains("it panicked"), "{turned}");
    assert!(turned.retry_after.is_some());
    assert_eq!(*pair.stand.meter.breakers.lock().unwrap(), [true]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_deadlines_of_callers_open_no_breaker() {
    let pair = Pair::new().await;
    for _ in 0..10 {
        let call = call_within(Duration::from_millis(20));
        let error = pair.hostile.create(&call, create("sleep")).await.unwrap_err();
        assert_eq!(error.code, Code::DeadlineExceeded);
    }
    assert!(pair.hostile.create(&call(), create("good")).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_driver_makes_its_own_callers_wait_and_no_others() {
    let pair = Arc::new(Pair::new().await);
    let sleepers: Vec<_> = (0..LIMITS.concurrency)
        .map(|_| {
            let pair = Arc::clone(&pair);
            tokio::spawn(async move { pair.hostile.create(&call(), create("sleep")).await })
        })
        .collect();
    let full = call_within(Duration::from_millis(100));
    // Until all sleepers run, a caller with little time may still find a place; then none.
    let error = loop {
        if let Err(error) = pair.hostile.create(&full, create("good")).await {
            break error;
        }
    };
    assert_eq!(error.code, Code::ResourceExhausted, "{error}");
    assert!(error.message.contains("limits.concurrency"), "{error}");
    assert!(pair.neighbour.create(&call(), create("a-volume")).await.is_ok());
    for sleeper in sleepers {
        assert_eq!(sleeper.await.unwrap().unwrap_err().code, Code::DeadlineExceeded);
    }
    assert!(pair.hostile.create(&call(), create("good")).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn volumes_that_cannot_be_are_internal() {
    let pair = Pair::new().await;
    for (fault, says) in [
        ("id-empty", "volume id"),
        ("id-long", "volume id"),
        ("id-control", "volume id"),
        ("capacity-huge", "capacity"),
        ("capacity-small", "8388607"),
        ("source-bad", "volume id"),
        ("topology-bad", "zo ne"),
        ("topologies-many", "1000 places"),
        ("context-large", "context"),
        ("context-twice", "twice"),
        ("context-nameless", "empty key"),
    ] {
        let error = pair.deed(fault).await;
        assert_eq!(
            (error.code, pair.outcome()),
            (Code::Unavailable, Outcome::Malformed),
            "{fault}"
        );
        let returned = error.message.contains("the backend returned");
        assert!(returned && error.message.contains(says), "{fault}: {error}");
    }
    let mut request = create("good");
    request.source = Some(mooring_volume::backend::ContentSource::Volume(id("origin")));
    let error = pair.hostile.create(&call(), request).await.unwrap_err();
    assert!(error.code == Code::Unavailable && error.message.contains("source"), "{error}");
    assert!(pair.hostile.create(&call(), create("good")).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attachments_that_cannot_be_are_internal_and_ungranted_ones_denied() {
    let stand = Stand::new();
    let mut config = stand.config("hostile.example.com", LIMITS);
    config.grants.attachments.extend([
        AttachmentKind::BlockDevice,
        AttachmentKind::Iscsi,
        AttachmentKind::Nfs,
        AttachmentKind::MountedDirectory,
        AttachmentKind::External,
        AttachmentKind::KataDirect,
    ]);
    let driver = stand.try_load(config, guest("hostile")).await.unwrap();
    for (fault, code) in [
        ("item-climbs", Code::Internal),
        ("item-absolute", Code::Internal),
        ("link-climbs", Code::Internal),
        ("link-absolute", Code::Internal),
        ("device-nameless", Code::Internal),
        ("portal-bad", Code::Internal),
        ("export-climbs", Code::Internal),
        ("directory-climbs", Code::Internal),
        ("program-path", Code::Internal),
        ("kata-climbs", Code::Internal),
        ("size-huge", Code::Internal),
        ("device-ungranted", Code::PermissionDenied),
        ("pool-foreign", Code::PermissionDenied),
        ("item-unknown", Code::NotFound),
    ] {
        let error = driver.describe_attachment(&call(), describe(id(fault))).await.unwrap_err();
        assert_eq!(error.code, code, "{fault}: {error}");
    }
    let files = std::fs::read_dir(stand.pool()).unwrap().flatten();
    let made: Vec<_> = files.filter(|file| file.metadata().unwrap().is_file()).collect();
    assert!(made.is_empty(), "{made:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_answers_are_checked_as_well() {
    let Pair { hostile, .. } = Pair::new().await;
    let page = |token: &str, max_entries| Page { max_entries, token: Some(token.to_owned()) };
    for page in
        [page("too-many", 0), page("three", 2), page("token-empty", 0), page("node-empty", 0)]
    {
        let error = hostile.list(&call(), page.clone()).await.unwrap_err();
        assert_eq!(error.code, Code::Internal, "{page:?}: {error}");
    }
    assert_eq!(hostile.list(&call(), page("three", 3)).await.unwrap().entries.len(), 3);
    for fault in ["id-long", "count-huge", "topology-bad"] {
        let facts = NodeFacts { id: fault.to_owned(), ..NodeFacts::default() };
        let error = hostile.describe_node(&call(), facts).await.unwrap_err();
        assert_eq!(error.code, Code::Internal, "{fault}: {error}");
    }
    let error = hostile.get(&call(), id("another")).await.unwrap_err();
    assert_eq!(error.code, Code::Internal, "{error}");
    let error = hostile.capacity(&call(), GetCapacity::default()).await.unwrap_err();
    assert_eq!(error.code, Code::Internal, "{error}");
    let shrunk = ExpandVolume {
        volume_id: id("good"),
        capacity: CapacityRange::new(8 * MIB, 0).unwrap(),
        capability: None,
        secrets: Secrets::default(),
    };
    let error = hostile.expand(&call(), shrunk).await.unwrap_err();
    assert!(error.code == Code::Internal && error.message.contains("1 bytes"), "{error}");
    let publish = PublishVolume {
        volume_id: id("context-large"),
        node_id: NodeId::new("node").unwrap(),
        capability: capability(),
        readonly: false,
        volume_context: StringMap::new(),
        secrets: Secrets::default(),
    };
    let error = hostile.publish(&call(), publish).await.unwrap_err();
    assert_eq!(error.code, Code::Internal, "{error}");
    let validate = ValidateVolume {
        id: id("good"),
        context: StringMap::new(),
        capabilities: vec![capability()],
        parameters: StringMap::new(),
        mutable_parameters: StringMap::new(),
        secrets: Secrets::default(),
    };
    let verdict = hostile.validate(&call(), validate).await.unwrap();
    assert_eq!(verdict, Verdict::Refused("no\\u{a}not ever".to_owned()));
    assert!(!hostile.probe(&call()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_that_misbehaves_at_load_is_refused() {
    let stand = Stand::new();
    let neighbour = stand.load("good.example.com", guest("minimal"), Limits::default()).await;
    for (at, deed, says) in [
        ("info", "panic", "it panicked"),
        ("info", "memory", "limits.memory"),
        ("name", "", "name"),
        ("name", "two\nlines", "name"),
        ("schema", "{", "schema"),
        ("schema", r#"{"$defs": {"config": {"required": ["token"]}}}"#, "token"),
    ] {
        let mut config = stand.config("hostile.example.com", LIMITS);
        config.config = serde_json::json!({ "at": at, "deed": deed });
        let refused = stand.try_load(config, guest("hostile")).await.err().unwrap();
        assert!(refused.to_string().contains(says), "{at} {deed}: {refused}");
        assert!(neighbour.create(&call(), create("a-volume")).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_exported_is_advertised() {
    let stand = Stand::new();
    let driver = stand.load("good.example.com", guest("minimal"), Limits::default()).await;
    // Growing online is said, but `expansion` is not exported.
    assert_eq!(driver.abilities(), [Ability::AccessibilityConstraints].into());
    let error = driver.list(&call(), Page::default()).await.unwrap_err();
    assert_eq!(error.code, Code::Unimplemented);
    let error = driver.capacity(&call(), GetCapacity::default()).await.unwrap_err();
    assert!(error.message.contains("does not export capacity"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn components_that_are_too_large_or_broken_are_refused() {
    let stand = Stand::with(mooring_backend::EngineConfig {
        calls: 2,
        max_component_size: 1 << 10,
        ..Default::default()
    });
    let config = || stand.config("good.example.com", Limits::default());
    let refused = stand.try_load(config(), guest("minimal")).await.err().unwrap();
    assert!(matches!(refused, LoadError::TooLarge { max: 1024, .. }), "{refused}");
    let refused = stand.try_load(config(), b"\0asm\x0d\0\x01\0".as_slice().into()).await;
    assert!(matches!(refused, Err(LoadError::Contract { .. })));
}

fn id(id: &str) -> VolumeId {
    VolumeId::new(id).unwrap()
}
