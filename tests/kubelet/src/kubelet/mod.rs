//! kubelet's volume manager on one node: what it believes, what it does next, and what it finds again
//! after a restart.

mod operate;
mod reconcile;
mod restart;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::backoff::Backoff;
use crate::codes::Code;

pub use reconcile::{Operation, Wanted};

/// Whether a device is staged (`pkg/volume/util/operationexecutor`, `DeviceMountState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Device {
    /// Surely not.
    #[default]
    NotMounted,
    /// A call was begun and its end is not known.
    Uncertain,
    /// Surely.
    Mounted,
}

/// Whether a pod has its volume (`VolumeMountState`); pods that surely have not are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mount {
    /// Surely.
    pub certain: bool,
    /// Found on disk after a restart.
    pub reconstructed: bool,
}

/// The actual state of the world, of one volume.
#[derive(Debug, Clone, Default)]
pub struct Volume {
    /// The driver's id.
    pub id: String,
    /// Staged?
    pub device: Device,
    /// Found on disk after a restart.
    pub reconstructed: bool,
    /// Published? By the pod's uid.
    pub pods: BTreeMap<u32, Mount>,
    /// Whether it was detached by force since it was staged. kubelet never learns that: it asks whether
    /// a volume is attached before it takes it into its actual state, and not again as long as it is
    /// there (`reconciler_common.go`, `mountOrAttachVolumes`: `PodExistsInVolume` before
    /// `waitForVolumeAttach`), and stages nothing that it believes staged
    /// (`operation_generator.go`, `GenerateMountVolumeFunc`: `DeviceGloballyMounted`).
    pub taken: bool,
    /// What staging or publishing it was refused with last, as people read it in the pod's events.
    pub refused: Option<Code>,
}

/// What kubelet has on disk (`vol_data.json` and the directories around it), with volume ids.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    /// `pods/<uid>/volumes/…`, by uid and claim.
    pub pods: BTreeMap<(u32, String), String>,
    /// `plugins/kubernetes.io/csi/…/globalmount`, by claim.
    pub devices: BTreeMap<String, String>,
}

/// kubelet on one node.
#[derive(Debug, Clone)]
pub struct Kubelet {
    /// Its node.
    pub node: usize,
    /// By claim.
    pub actual: BTreeMap<String, Volume>,
    /// Survives it.
    pub disk: Disk,
    /// What it told the API server that it uses (`volumesInUse`), as of its last word.
    pub in_use: Vec<String>,
    /// Not running, or cut off from the API server, since and until these ticks.
    pub away_since: u32,
    /// See `away_since`.
    pub away_until: u32,
    root: PathBuf,
    backoff: Backoff,
}

impl Kubelet {
    /// One that has just started on a new node.
    #[must_use]
    pub fn new(node: usize, root: &Path) -> Self {
        Self {
            node,
            actual: BTreeMap::new(),
            disk: Disk::default(),
            in_use: Vec::new(),
            away_since: 0,
            away_until: 0,
            root: root.to_owned(),
            backoff: Backoff::default(),
        }
    }

    /// Where a claim's volume is staged.
    #[must_use]
    pub fn staging(&self, claim: &str) -> PathBuf {
        self.root.join("plugins/kubernetes.io/csi").join(claim).join("globalmount")
    }

    /// Where a pod has it.
    #[must_use]
    pub fn target(&self, uid: u32, claim: &str) -> PathBuf {
        let volumes = format!("pods/{uid}/volumes/kubernetes.io~csi");
        self.root.join(volumes).join(claim).join("mount")
    }

    /// Whether a pod surely has its volume.
    #[must_use]
    pub fn runs(&self, uid: u32, claim: &str) -> bool {
        let mount = self.actual.get(claim).and_then(|volume| volume.pods.get(&uid));
        mount.is_some_and(|mount| mount.certain)
    }

    /// The attach-detach controller took a volume from this node, staged or not.
    pub fn detached(&mut self, claim: &str) {
        if let Some(volume) = self.actual.get_mut(claim) {
            (volume.taken, volume.refused) = (volume.device != Device::NotMounted, None);
        }
    }

    /// Whether a volume is taken for staged that was detached by force, and was refused since: it can't
    /// be used here before all pods with it are gone, and it is unstaged.
    #[must_use]
    pub fn misses(&self, claim: &str) -> bool {
        let volume = self.actual.get(claim);
        volume.is_some_and(|volume| {
            let refused = volume.refused == Some(Code::FailedPrecondition);
            volume.taken && refused && volume.device == Device::Mounted
        })
    }

    /// For how many ticks it has been away.
    #[must_use]
    pub fn away_for(&self, now: u32) -> u32 {
        now.saturating_sub(self.away_since)
    }

    /// Whether anything of a pod is left here.
    #[must_use]
    pub fn knows(&self, uid: u32) -> bool {
        self.actual.values().any(|volume| volume.pods.contains_key(&uid))
    }

    /// Devices that a restart forgot: staged, perhaps, with no pod's directory that tells of them.
    /// kubelet has no way back to these.
    #[must_use]
    pub fn forgotten(&self) -> Vec<(String, String)> {
        let known = |claim: &String| self.actual.contains_key(claim);
        let devices = self.disk.devices.iter().filter(|(claim, _)| !known(claim));
        devices.map(|(claim, id)| (claim.clone(), id.clone())).collect()
    }
}
