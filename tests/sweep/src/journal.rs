//! The lives that were lived, a line of JSON each, so that a sweep that was stopped can go on.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::orders::Answer;
use crate::points::Fault;

/// A journal that is open; without a file it keeps nothing.
#[derive(Default)]
pub(crate) struct Journal {
    file: Option<File>,
    lived: BTreeMap<String, Answer>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    fault: String,
    answer: Answer,
}

impl Journal {
    /// Opens one, or begins it. Of what it holds, findings are forgotten: those are looked at again.
    ///
    /// # Errors
    /// When it cannot be read or written, or holds something else.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let about = || format!("the journal {}", path.display());
        let file = OpenOptions::new().read(true).append(true).create(true).open(path);
        let file = file.with_context(about)?;
        let mut lived = BTreeMap::new();
        for line in BufReader::new(&file).lines() {
            let Line { fault, answer } = serde_json::from_str(&line?).with_context(about)?;
            if answer.finding.is_none() {
                lived.insert(fault, answer);
            }
        }
        Ok(Self { file: Some(file), lived })
    }

    /// How this life went, where it was lived before.
    pub(crate) fn lived(&mut self, fault: &Fault) -> Option<Answer> {
        self.lived.remove(&fault.to_string())
    }

    /// Notes one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn note(&mut self, fault: &Fault, answer: &Answer) -> anyhow::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let line = Line { fault: fault.to_string(), answer: answer.clone() };
        // In one piece: a line is there, or it is not.
        let line = format!("{}\n", serde_json::to_string(&line)?);
        file.write_all(line.as_bytes()).context("the journal")
    }
}
