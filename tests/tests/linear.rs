//! 200 callers at once, on one volume and on one name: what all of them saw is one story.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use mooring_kubelet::linear::{Seen, Specification, check};
use mooring_kubelet::{Code, results};
use mooring_proto::csi::v1::{
    ControllerExpandVolumeRequest, DeleteVolumeRequest, NodeUnpublishVolumeRequest,
};
use mooring_tests::config::IMAGE;
use mooring_tests::life::{MIB, at_least, nothing_left, text};
use mooring_tests::{Clients, Host, Kind, Life, Place, Settings, case};
use tonic::Status;

/// Callers of the volume and of the name, and calls of each.
const VOLUME: u64 = 140;
const NAME: u64 = 60;
const CALLS: u64 = 6;
/// How often one of them asks again because another call was in its way.
const PATIENCE: u64 = 20;
/// Deletions of the name's volume that there are at least: who has made all of their calls goes on until then.
const GONE: usize = 2;

/// Which they share: a socket takes 128.
const CONNECTIONS: u64 = 20;

/// Where the volume is published: two places.
type Target = usize;

/// What is called of the volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Do {
    Stage,
    Publish(Target),
    Stats(Target),
    NodeExpand(Target, i64),
    Unpublish(Target),
    Unstage,
    Expand(i64),
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Done,
    Bytes(i64),
    No(Code),
}

/// The volume, as its callers see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct State {
    staged: bool,
    published: [bool; 2],
    bytes: i64,
}

/// One raw volume on one node.
struct OneVolume;

impl Specification for OneVolume {
    type State = State;
    type Call = Do;
    type Answer = Said;

    fn answered(&self, state: &State, call: &Do, answer: &Said) -> Option<State> {
        let after = self.happened(state, call);
        match (call, answer) {
            (Do::Stage | Do::Publish(_) | Do::Unpublish(_) | Do::Unstage, Said::Done) => after,
            (Do::Expand(_), Said::Bytes(bytes)) => after.filter(|it| it.bytes == *bytes),
            (Do::NodeExpand(..), Said::Bytes(bytes)) => after.filter(|it| it.bytes == *bytes),
            // The device follows the volume when the node expands it.
            (Do::Stats(_), Said::Bytes(bytes)) => after.filter(|it| *bytes <= it.bytes),
            (Do::Stats(at) | Do::NodeExpand(at, _), Said::No(Code::NotFound)) => {
                (!state.published[*at]).then_some(*state)
            }
            (Do::NodeExpand(_, bytes), Said::No(Code::FailedPrecondition)) => {
                (*bytes > state.bytes).then_some(*state)
            }
            (Do::Publish(_), Said::No(Code::FailedPrecondition)) => {
                (!state.staged).then_some(*state)
            }
            (Do::Unstage, Said::No(Code::FailedPrecondition)) => {
                state.published.contains(&true).then_some(*state)
            }
            (_, Said::Done | Said::Bytes(_) | Said::No(_)) => None,
        }
    }

    fn happened(&self, state: &State, call: &Do) -> Option<State> {
        let mut after = *state;
        match call {
            Do::Stage => after.staged = true,
            Do::Publish(at) if state.staged => after.published[*at] = true,
            Do::Unpublish(at) => after.published[*at] = false,
            Do::Unstage if !state.published.contains(&true) => after.staged = false,
            Do::Expand(bytes) => after.bytes = state.bytes.max(*bytes),
            Do::NodeExpand(at, bytes) if state.published[*at] && *bytes <= state.bytes => {}
            Do::Stats(at) if state.published[*at] => {}
            Do::Publish(_) | Do::Unstage | Do::NodeExpand(..) | Do::Stats(_) => return None,
        }
        Some(after)
    }
}

/// What is called of the name; volumes are numbered as their ids were first seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Call {
    Create,
    Delete(usize),
    Expand(usize, i64),
}

#[derive(Debug, Clone, Copy)]
enum Told {
    Made(usize),
    Gone,
    Bytes(i64),
    No(Code),
}

/// One name, the volume of which there may be or not.
struct OneName;

impl Specification for OneName {
    type State = Option<(usize, i64)>;
    type Call = Call;
    type Answer = Told;

    fn answered(&self, state: &Self::State, call: &Call, answer: &Told) -> Option<Self::State> {
        match (call, answer, state) {
            (Call::Create, Told::Made(id), None) => Some(Some((*id, 64 * MIB))),
            // One that was grown meanwhile is as large as was asked for, at least.
            (Call::Create, Told::Made(id), Some((there, _))) => (id == there).then_some(*state),
            (Call::Delete(_), Told::Gone, _) => self.happened(state, call),
            (Call::Expand(id, _), Told::Bytes(bytes), Some((there, _))) if id == there => {
                self.happened(state, call).filter(|it| it.is_some_and(|it| it.1 == *bytes))
            }
            (Call::Expand(id, _), Told::No(Code::NotFound), _) => {
                state.is_none_or(|it| it.0 != *id).then_some(*state)
            }
            (_, Told::Made(_) | Told::Gone | Told::Bytes(_) | Told::No(_), _) => None,
        }
    }

    fn happened(&self, state: &Self::State, call: &Call) -> Option<Self::State> {
        match (call, state) {
            // The id is the name's: the first volume's and the next one's are the same.
            (Call::Create, None) => Some(Some((0, 64 * MIB))),
            (Call::Create, Some(_)) => Some(*state),
            (Call::Delete(id), Some((there, _))) if id == there => Some(None),
            (Call::Delete(_), _) => Some(*state),
            (Call::Expand(id, bytes), Some((there, size))) if id == there => {
                Some(Some((*id, (*bytes).max(*size))))
            }
            (Call::Expand(..), _) => None,
        }
    }
}

/// The code, where the call's effect is known by it.
fn known(status: &Status) -> Option<Code> {
    // A connection that breaks: kubelet's client says Unavailable, this one Unknown.
    if status.code() == tonic::Code::Unknown && status.message() == "transport error" {
        return None;
    }
    Some(Code::of(i32::from(status.code()))).filter(|code| code.is_final())
}

async fn ask(mut life: Life, mut clients: Clients, targets: [String; 2], call: Do) -> Option<Said> {
    let answer = match call {
        Do::Stage => life.stage().await.map(|()| Said::Done),
        Do::Publish(at) => {
            life.target = targets[at].clone().into();
            life.publish().await.map(|()| Said::Done)
        }
        Do::Unpublish(at) => {
            let (volume_id, target_path) = (life.id(), targets[at].clone());
            let request = NodeUnpublishVolumeRequest { volume_id, target_path };
            clients.node.node_unpublish_volume(request).await.map(|_| Said::Done)
        }
        Do::Unstage => life.unstage().await.map(|()| Said::Done),
        Do::Stats(at) => {
            life.target = targets[at].clone().into();
            life.stats().await.map(|stats| Said::Bytes(stats.usage[0].total))
        }
        Do::NodeExpand(at, bytes) => {
            life.target = targets[at].clone().into();
            let mut request = life.node_expand_request();
            request.capacity_range = at_least(bytes);
            let answer = clients.node.node_expand_volume(request).await;
            answer.map(|it| Said::Bytes(it.into_inner().capacity_bytes))
        }
        Do::Expand(bytes) => expand(&mut clients, life.id(), bytes).await.map(Said::Bytes),
    };
    match answer {
        Ok(said) => Some(said),
        Err(status) => known(&status).map(Said::No),
    }
}

async fn expand(clients: &mut Clients, volume_id: String, bytes: i64) -> Result<i64, Status> {
    let request = ControllerExpandVolumeRequest {
        volume_id,
        capacity_range: at_least(bytes),
        volume_capability: Some(Kind::Block.capability()),
        ..Default::default()
    };
    Ok(clients.controller.controller_expand_volume(request).await?.into_inner().capacity_bytes)
}

/// A caller's next call: mixed, so that what one does another undoes.
fn pick(caller: u64, turn: u64) -> Do {
    let number = (caller * 7 + turn * 11) % 16;
    let at = usize::try_from(caller % 2).unwrap();
    match number {
        0..=3 => Do::Stage,
        4..=6 => Do::Publish(at),
        7 | 8 => Do::Stats(at),
        9 => Do::NodeExpand(at, 64 * MIB),
        10 | 11 => Do::Unpublish(at),
        12 | 13 => Do::Unstage,
        _ => Do::Expand(64 * MIB + i64::try_from(caller).unwrap() * MIB),
    }
}

#[derive(Debug, Default)]
struct Seenby {
    clock: AtomicU64,
    volume: Mutex<Vec<Seen<Do, Said>>>,
    name: Mutex<Vec<Seen<Call, Told>>>,
    ids: Mutex<BTreeMap<String, usize>>,
}

impl Seenby {
    fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// Deletions of the name's volume that were answered so far.
    fn gone(&self) -> usize {
        let name = self.name.lock().unwrap();
        name.iter().filter(|it| matches!(it.answer, Some(Told::Gone))).count()
    }

    fn number(&self, id: String) -> usize {
        let mut ids = self.ids.lock().unwrap();
        let next = ids.len();
        *ids.entry(id).or_insert(next)
    }
}

async fn use_volume(
    seen: Arc<Seenby>,
    life: Life,
    clients: Clients,
    caller: u64,
    targets: [String; 2],
) {
    for turn in 0..CALLS {
        let (call, begun) = (pick(caller, turn), seen.now());
        let answer = ask(life.clone(), clients.clone(), targets.clone(), call).await;
        let ended = seen.now();
        seen.volume.lock().unwrap().push(Seen { call, begun, ended, answer });
    }
}

async fn use_name(seen: Arc<Seenby>, mut life: Life, mut clients: Clients, caller: u64) {
    let mut last: Option<(String, usize)> = None;
    let (mut turn, mut patience) = (0, PATIENCE);
    while turn < CALLS || seen.gone() < GONE {
        let begun = seen.now();
        let (call, answer) = match ((caller + turn) % 3, last.clone()) {
            (1, Some((id, number))) => {
                let bytes = (65 + i64::try_from(caller).unwrap()) * MIB;
                let answer = expand(&mut clients, id, bytes).await.map(Told::Bytes);
                (Call::Expand(number, bytes), answer)
            }
            (2, Some((volume_id, number))) => {
                let request = DeleteVolumeRequest { volume_id, ..Default::default() };
                let answer = clients.controller.delete_volume(request).await.map(|_| Told::Gone);
                (Call::Delete(number), answer)
            }
            _ => {
                life.volume = None;
                let answer = life.create().await.map(|()| {
                    let number = seen.number(life.id());
                    last = Some((life.id(), number));
                    Told::Made(number)
                });
                (Call::Create, answer)
            }
        };
        let answer = match answer {
            Ok(told) => Some(told),
            Err(status) => known(&status).map(Told::No),
        };
        let ended = seen.now();
        // As sidecars do: what another call is in the way of is asked again.
        let again = answer.is_none() && patience > 0;
        seen.name.lock().unwrap().push(Seen { call, begun, ended, answer });
        if again { patience -= 1 } else { turn += 1 }
    }
}

async fn callers(host: &Host) -> Arc<Seenby> {
    let seen = Arc::new(Seenby::default());
    let mut life = Life::new(host, Kind::Block, "one").await;
    life.create().await.unwrap();
    let second = host.paths.targets.join("pods/another/mount");
    std::fs::create_dir_all(second.parent().unwrap()).unwrap();
    let targets = [text(&life.target), text(&second)];
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(host.connect(IMAGE).await);
    }
    let mut shared = connections.iter().cycle().cloned();
    let mut running = tokio::task::JoinSet::new();
    for caller in 0..VOLUME {
        let clients = shared.next().unwrap();
        let seen = Arc::clone(&seen);
        running.spawn(use_volume(seen, life.clone(), clients, caller, targets.clone()));
    }
    let other = Life::new(host, Kind::Block, "two").await;
    for caller in 0..NAME {
        let clients = shared.next().unwrap();
        running.spawn(use_name(Arc::clone(&seen), other.clone(), clients, caller));
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
    for target in targets {
        life.target = target.into();
        life.unpublish().await.unwrap();
    }
    life.unstage().await.unwrap();
    life.delete().await.unwrap();
    let mut clients = host.connect(IMAGE).await;
    let ids: Vec<String> = seen.ids.lock().unwrap().keys().cloned().collect();
    for volume_id in ids {
        let request = DeleteVolumeRequest { volume_id, ..Default::default() };
        clients.controller.delete_volume(request).await.unwrap();
    }
    seen
}

#[test]
fn what_200_callers_saw_is_one_story() {
    let (tell, told) = std::sync::mpsc::channel();
    case(async move |place: &Place| {
        let mut host = Host::apart(place, Settings { log: "warn", ..Settings::default() }).await;
        let seen = callers(&host).await;
        let volume = std::mem::take(&mut *seen.volume.lock().unwrap());
        let first = State { staged: false, published: [false; 2], bytes: 64 * MIB };
        let story = check(&OneVolume, first, &volume);
        assert!(story.is_ok(), "{:#?}", story.unwrap_err());
        let gone = seen.gone();
        let name = std::mem::take(&mut *seen.name.lock().unwrap());
        let story = check(&OneName, None, &name);
        assert!(story.is_ok(), "{:#?}", story.unwrap_err());
        let told = volume.iter().filter(|it| it.answer.is_some()).count();
        let text = format!(
            "Linearizability (`tests/tests/linear.rs`): {} calls of {} concurrent callers on a real \
             host, on one volume and on one name; {told} of {} on the volume have an effect that its \
             answer tells, and {gone} answered that the name's volume is gone. What all of them saw is \
             one story.",
            volume.len() + name.len(),
            VOLUME + NAME,
            volume.len()
        );
        tell.send(text).unwrap();
        assert!(told > 50, "they hardly met: {told} known");
        nothing_left(&host).await;
        host.stop().await;
    });
    // Within the case nothing outside of its folder can be written.
    if let Ok(text) = told.recv() {
        println!("{text}");
        results::keep_if_asked("callers", &text).unwrap();
    }
}
