//! How one host stands to one object: what goes into the object's `status.nodes`. Pure.

use std::collections::BTreeSet;

use crate::driver::{NodeStatus, Reason};
use crate::host::{Served, Status};

/// Characters of a message: an object's status holds one a node.
const LONGEST: usize = 600;
/// Characters of any other word, and abilities: what answers runs vendors' code, and must not fill the cluster's store.
const LONGEST_WORD: usize = 128;
const MOST_ABILITIES: usize = 64;

/// What was made of an object when the file was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The object's.
    pub generation: i64,
    /// What it became in the file.
    pub fate: Fate,
}

/// What an object became in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It stands there as it is.
    Taken,
    /// The host's check found it wrong: what was there before stands there still.
    Refused(String),
    /// The base file has a driver of this name.
    Shadowed,
}

/// What is known.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// This host's name in `status.nodes`.
    pub node: &'a str,
    /// The driver's.
    pub name: &'a str,
    /// What became of the object in the file.
    pub judged: &'a Judged,
    /// The file's digest.
    pub written: &'a str,
    /// What the host answers; else why it does not.
    pub host: Result<&'a Status, &'a str>,
    /// Whether the installation has sidecars for the driver; none where nobody told.
    pub sidecars: Option<bool>,
    /// What this host was said to be last.
    pub before: Option<&'a NodeStatus>,
}

impl Known<'_> {
    /// The entry.
    #[must_use]
    pub fn standing(&self) -> NodeStatus {
        let (reason, message) = self.reason();
        let seen = match self.host {
            Ok(_) => self.served().map(|served| NodeStatus {
                ready: true,
                version: cut(&served.version, LONGEST_WORD),
                digest: cut(&served.digest, LONGEST_WORD),
                abilities: abilities(served),
                since: cut(&served.since, LONGEST_WORD),
                ..NodeStatus::default()
            }),
            // What served last; whether it still does is not known.
            Err(_) => self.before.map(|before| NodeStatus { ready: false, ..before.clone() }),
        };
        let generation = match reason {
            Reason::Progressing | Reason::HostAway => {
                self.before.map_or(0, |it| it.observed_generation)
            }
            Reason::AsConfigured
            | Reason::NamedInFile
            | Reason::RolledBack
            | Reason::Refused
            | Reason::NotServed => self.judged.generation,
        };
        NodeStatus {
            node: self.node.to_owned(),
            up_to_date: reason == Reason::AsConfigured,
            reason,
            message: cut(&message, LONGEST),
            sidecars: self.sidecars,
            observed_generation: generation,
            ..seen.unwrap_or_default()
        }
    }

    fn served(&self) -> Option<&Served> {
        let served = self.host.ok()?.drivers.iter().find(|it| it.name == self.name);
        served.filter(|served| served.serving)
    }

    fn reason(&self) -> (Reason, String) {
        let host = match self.host {
            Ok(host) => host,
            Err(why) => return (Reason::HostAway, why.to_owned()),
        };
        match &self.judged.fate {
            Fate::Shadowed => {
                let message = "the configuration file (in Helm's terms: the chart's `drivers`) has a driver of this name, \
                               which wins; take it out there, or delete this object";
                (Reason::NamedInFile, message.to_owned())
            }
            Fate::Refused(why) => self.refused(why),
            Fate::Taken => self.taken(host),
        }
    }

    fn taken(&self, host: &Status) -> (Reason, String) {
        let settled = host.configuration.as_deref().is_none_or(|it| it == self.written);
        if !settled {
            return self.unsettled("the host has not taken the change over yet");
        }
        if let Some(problem) = &host.problem {
            return self.refused(&format!("the configuration is refused as a whole: {problem}"));
        }
        let Some(served) = host.drivers.iter().find(|it| it.name == self.name) else {
            return self.unsettled("the host does not have it yet");
        };
        if self.was_rolled_back(served) {
            let detail = served.last_swap.as_ref().map_or("", |swap| &swap.detail);
            let message = served.problem.as_deref().unwrap_or(detail);
            return (Reason::RolledBack, message.to_owned());
        }
        match &served.problem {
            Some(problem) => self.refused(problem),
            None if served.serving => (Reason::AsConfigured, String::new()),
            None => self.unsettled("the host does not serve it yet"),
        }
    }

    /// What was judged of this very generation stays: another object's change is none of it.
    fn unsettled(&self, why: &str) -> (Reason, String) {
        let judged = |it: &&NodeStatus| {
            it.observed_generation == self.judged.generation && it.reason != Reason::HostAway
        };
        match self.before.filter(judged) {
            Some(before) => (before.reason, before.message.clone()),
            None => (Reason::Progressing, why.to_owned()),
        }
    }

    fn refused(&self, why: &str) -> (Reason, String) {
        let reason = if self.served().is_some() { Reason::Refused } else { Reason::NotServed };
        (reason, why.to_owned())
    }

    /// Whether the last swap's end was that the version before took over, and it is this object that was tried. An
    /// object that was changed back to what serves swaps nothing, so the host still tells of the roll-back then.
    fn was_rolled_back(&self, served: &Served) -> bool {
        if served.last_swap.as_ref().is_none_or(|swap| swap.outcome != "rolled-back") {
            return false;
        }
        if served.problem.is_some() {
            return true;
        }
        match self.before {
            Some(before) if before.since == served.since => {
                before.reason == Reason::RolledBack
                    && before.observed_generation == self.judged.generation
            }
            Some(_) | None => true,
        }
    }
}

fn cut(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}

/// Each once and in order: the API takes them as a set.
fn abilities(served: &Served) -> Vec<String> {
    let all = served.abilities.iter().map(|ability| cut(ability, LONGEST_WORD));
    all.collect::<BTreeSet<_>>().into_iter().take(MOST_ABILITIES).collect()
}

#[cfg(test)]
mod tests;
