//! The real hosts, as the orchestrator's model calls them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mooring_kubelet::{Answer, Call, Code, Driver, How, Mishap, Refusal, Reply};
use mooring_tests::config::{IMAGE, Paths};
use mooring_tests::life::records;
use mooring_tests::pool::{is_of, is_on};
use mooring_tests::{Clients, Kind, Place, Pool, PoolKind, kernel};
use tonic::Status;

use crate::ask::{Kept, ask, kind_of};
use crate::processes::{Processes, Who, state, targets};

/// What a call may take before its caller gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// See above.
pub(crate) struct Hosts<'a> {
    // Goes first: its processes hold what comes after it.
    processes: Processes,
    runtime: tokio::runtime::Runtime,
    place: &'a Place,
    volumes: BTreeMap<String, Kept>,
    kinds: Vec<Kind>,
    broken: Vec<String>,
    #[expect(dead_code, reason = "held until the processes are gone")]
    pool: Option<Pool>,
}

impl<'a> Hosts<'a> {
    pub(crate) fn start(place: &'a Place, seed: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let pool = Pool::mount(place, &Paths::of(place), PoolKind::Xfs);
        let processes = runtime.block_on(Processes::start(place));
        let mut kinds = Kind::DEVICES.to_vec();
        let by = usize::try_from(seed).unwrap() % kinds.len();
        kinds.rotate_left(by);
        let (volumes, broken) = (BTreeMap::new(), Vec::new());
        Self { processes, runtime, place, volumes, kinds, broken, pool }
    }

    /// A call, during which a process is killed after a while, or is not.
    fn asked(
        &mut self,
        who: Who,
        call: &Call,
        kill: Option<(Who, Duration)>,
    ) -> Result<Reply, Status> {
        let socket = self.processes.socket(who);
        let (volumes, kinds) = (&self.volumes, &self.kinds);
        let processes = &mut self.processes;
        self.runtime.block_on(async {
            let ask = async {
                let clients = Clients::connect(&socket).await;
                let clients = clients.map_err(|error| Status::unavailable(error.to_string()))?;
                let asked =
                    tokio::time::timeout(PATIENCE, ask(clients, call, volumes, kinds)).await;
                let late = |_| Err(Status::deadline_exceeded("no answer in time"));
                asked.unwrap_or_else(late).map_err(as_kubelet_has_it)
            };
            let Some((victim, after)) = kill else { return ask.await };
            let mut ask = std::pin::pin!(ask);
            let early = tokio::select! {
                answer = &mut ask => Some(answer),
                () = tokio::time::sleep(after) => None,
            };
            processes.kill(victim).await;
            let answer = match early {
                Some(answer) => answer,
                // What is killed answers nothing more; who waits for it says so.
                None if victim == who => ask.await,
                None => {
                    let (answer, ()) = tokio::join!(ask, processes.again(victim));
                    return answer;
                }
            };
            processes.again(victim).await;
            answer
        })
    }

    /// A final code of stage or publish, while anything of the volume is where it was asked to be.
    fn check_final(&mut self, call: &Call, status: &Status) {
        let code = Code::of(i32::from(status.code()));
        if !code.is_final() || code == Code::AlreadyExists {
            return;
        }
        let path = if let Call::Stage { staging, .. } = call {
            staging
        } else if let Call::Publish { target, .. } = call {
            target
        } else {
            return;
        };
        let published = matches!(call, Call::Publish { .. });
        if kernel::mount_at(path).is_some() || published && path.exists() {
            self.broken.push(format!("final but not clean: {call} → {status}"));
        }
    }

    fn file(&self, id: &str, target: &Path) -> Result<PathBuf, String> {
        if kernel::mount_at(target).is_none() {
            return Err("nothing is mounted there: the node's own disk is".to_owned());
        }
        let kind = self.volumes.get(id).map(|kept| kept.kind).ok_or("there is no such volume")?;
        Ok(if kind == Kind::Block { target.to_owned() } else { target.join("data") })
    }

    /// A raw volume holds the stamp at its first byte, with zeros behind it.
    fn record(stamp: u64) -> [u8; 512] {
        let mut bytes = [0; 512];
        bytes[..8].copy_from_slice(&stamp.to_le_bytes());
        bytes
    }
}

/// A connection that breaks is `Unavailable` to kubelet's client and `Unknown` to this one.
fn as_kubelet_has_it(status: Status) -> Status {
    let broken = status.code() == tonic::Code::Unknown && status.message() == "transport error";
    if broken { Status::unavailable("transport error") } else { status }
}

impl Driver for Hosts<'_> {
    fn nodes(&self) -> usize {
        2
    }

    fn attaches(&self) -> bool {
        false
    }

    fn copies(&self) -> bool {
        true
    }

    fn root(&self, node: usize) -> PathBuf {
        targets(self.place.root(), node)
    }

    fn call(&mut self, node: Option<usize>, call: &Call, mishap: Option<Mishap>) -> Answer {
        let who = node.map_or(Who::Controller, Who::Node);
        // Short calls are over after 1 ms, a stage after some 20: times grow with their squares.
        let kill = mishap.map(|it| {
            let victim = match it.how {
                How::Fails(_) | How::FailsLate(_) | How::StaysBroken(_) => Who::Controller,
                How::Dies | How::DiesLate | How::AnswerLost | How::KubeletDies => who,
            };
            (victim, Duration::from_micros(u64::from(it.at * it.at) * 20))
        });
        let answer = self.asked(who, call, kill);
        if let Err(status) = &answer {
            self.check_final(call, &status.clone());
        }
        if let (Ok(reply), Call::CreateVolume { name, source, .. }) = (&answer, call) {
            let kind = kind_of(name, source.as_ref(), &self.volumes, &self.kinds);
            self.volumes.insert(reply.id.clone(), Kept { kind, context: BTreeMap::default() });
        }
        if let (Ok(reply), Call::CreateSnapshot { volume, .. }) = (&answer, call) {
            let kept = self.volumes.get(volume).cloned();
            self.volumes.extend(kept.map(|kept| (reply.id.clone(), kept)));
        }
        let may_grow = || kernel::may_grow_mounted_ext4(std::process::id());
        if let (Err(status), Call::NodeExpand { bytes, .. }) = (&answer, call)
            && status.message().contains("CAP_SYS_RESOURCE")
            && !may_grow()
        {
            // Here the next stage grows it, as the node says.
            return Ok(Reply { bytes: *bytes, ..Reply::default() });
        }
        answer.map_err(|status| Refusal {
            code: Code::of(i32::from(status.code())),
            message: status.message().to_owned(),
        })
    }

    fn make_directory(&mut self, _node: usize, path: &Path) {
        std::fs::create_dir_all(path).unwrap();
    }

    fn remove_directory(&mut self, _node: usize, path: &Path) -> bool {
        if kernel::mount_at(path).is_some() {
            return false;
        }
        !path.exists() || std::fs::remove_dir(path).or_else(|_| std::fs::remove_file(path)).is_ok()
    }

    fn kill_host(&mut self, node: usize) {
        let who = Who::Node(node);
        self.runtime.block_on(self.processes.kill(who));
        self.runtime.block_on(self.processes.again(who));
    }

    fn kill_controller(&mut self) {
        self.runtime.block_on(self.processes.kill(Who::Controller));
        self.runtime.block_on(self.processes.again(Who::Controller));
    }

    fn reboot(&mut self, _node: usize) -> Vec<usize> {
        Vec::new()
    }

    fn write(&mut self, _node: usize, id: &str, target: &Path, stamp: u64) -> Result<(), String> {
        let path = self.file(id, target)?;
        let mut options = File::options();
        let raw = path == target;
        let opened = options.write(true).create(!raw).open(&path);
        opened
            .and_then(|mut file| {
                file.write_all(&Self::record(stamp))?;
                file.sync_all()
            })
            .map_err(|error| error.to_string())
    }

    fn read(&mut self, _node: usize, id: &str, target: &Path) -> Result<Option<u64>, String> {
        let path = self.file(id, target)?;
        if !path.exists() {
            return Ok(None);
        }
        let mut bytes = [0; 512];
        let read = File::open(&path).and_then(|mut file| file.read_exact(&mut bytes));
        read.map_err(|error| error.to_string())?;
        let stamp = u64::from_le_bytes(bytes[..8].try_into().unwrap());
        if bytes[..] != Self::record(stamp)[..] {
            return Err("what is there was never written".to_owned());
        }
        Ok((stamp != 0).then_some(stamp))
    }

    fn broken(&mut self) -> Vec<String> {
        std::mem::take(&mut self.broken)
    }

    fn left(&mut self) -> Vec<String> {
        // What is deleted in the background is waited for.
        let until = std::time::Instant::now() + mooring_tests::PATIENCE;
        let mut left = self.seen_left();
        while !left.is_empty() && std::time::Instant::now() < until {
            std::thread::park_timeout(Duration::from_millis(20));
            left = self.seen_left();
        }
        self.runtime.block_on(self.processes.stop());
        left
    }
}

impl Hosts<'_> {
    fn seen_left(&self) -> Vec<String> {
        let root = self.place.root();
        let mounts = kernel::mounts_below(root).into_iter().filter(|it| !is_of(&it.point));
        let mut left: Vec<String> = mounts.map(|it| format!("mount {it:?}")).collect();
        let loops = kernel::loops_below(root).into_iter().filter(|it| !is_on(&it.backing));
        left.extend(loops.map(|it| format!("{it:?}")));
        let images = Paths::of(self.place).pool().join(IMAGE).join("images");
        let images = std::fs::read_dir(images).into_iter().flatten().flatten();
        left.extend(images.map(|it| format!("image {}", it.path().display())));
        for node in 0..2 {
            left.extend(records(&state(root, node).join("node")).iter().filter_map(|path| {
                let told = std::fs::read_to_string(path).unwrap_or_default();
                // What tells of an mkfs that was cut off stays.
                let cut_off = told.contains("\"formatting\"") && told.contains("\"staging\":null");
                (!cut_off).then(|| format!("record {}: {told}", path.display()))
            }));
        }
        left
    }
}
