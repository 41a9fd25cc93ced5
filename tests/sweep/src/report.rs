//! What a sweep found: the table, the findings with the command that shows each again, the files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use crate::known;
use crate::orders::Answer;
use crate::points::{Fault, Rpc, Subject, What};

/// Of one call in one kind of life.
#[derive(Debug, Default, Clone, Copy)]
struct Row {
    points: usize,
    kills: usize,
    errors: usize,
    damages: usize,
    missed: usize,
    known: usize,
    findings: usize,
    repeated: u32,
}

/// All that happened.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: BTreeMap<(Subject, Rpc), Row>,
    findings: Vec<(String, Answer)>,
    /// Known limits that were met: how often, and one fault that shows it.
    known: BTreeMap<&'static str, (usize, String)>,
}

impl Report {
    /// The points that a call passed.
    pub(crate) fn points(&mut self, subject: Subject, rpc: Rpc, count: usize) {
        self.rows.entry((subject, rpc)).or_default().points += count;
    }

    /// A life with a fault; without one where `fault` is none.
    pub(crate) fn lived(&mut self, fault: &Fault, answer: Answer) {
        let row = self.rows.entry((fault.subject, fault.rpc)).or_default();
        row.repeated = row.repeated.max(answer.repeated);
        if let Some(finding) = &answer.finding {
            count(row, fault.what);
            if let Some(limit) = known::limit(fault, finding) {
                row.known += 1;
                let seen = self.known.entry(limit).or_insert_with(|| (0, fault.to_string()));
                seen.0 += 1;
            } else {
                row.findings += 1;
                self.findings.push((fault.to_string(), answer));
            }
        } else if answer.hit.is_empty() {
            row.missed += 1;
        } else {
            count(row, fault.what);
        }
    }

    /// A life that went wrong without any fault of ours.
    pub(crate) fn broken(&mut self, subject: Subject, answer: Answer) {
        self.findings.push((format!("{subject}, without a fault"), answer));
    }

    /// How many findings there are.
    pub(crate) fn findings(&self) -> usize {
        self.findings.len()
    }

    fn total(&self) -> Row {
        self.rows.values().fold(Row::default(), |sum, row| Row {
            points: sum.points + row.points,
            kills: sum.kills + row.kills,
            errors: sum.errors + row.errors,
            damages: sum.damages + row.damages,
            missed: sum.missed + row.missed,
            known: sum.known + row.known,
            findings: sum.findings + row.findings,
            repeated: sum.repeated.max(row.repeated),
        })
    }

    /// The table, as Markdown, which is readable as it is.
    pub(crate) fn table(&self) -> String {
        let mut text = String::from(
            "| life | call | points | kills | errors | damages | not reached | most repetitions | known limits | findings |\n\
             |---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        );
        let mut line = |subject: &str, rpc: &str, row: &Row| {
            let Row { points, kills, errors, damages, missed, known, findings, repeated } = row;
            let _ = writeln!(
                text,
                "| {subject} | {rpc} | {points} | {kills} | {errors} | {damages} | {missed} | {repeated} | \
                 {known} | {findings} |"
            );
        };
        for ((subject, rpc), row) in &self.rows {
            line(subject.name(), rpc.name(), row);
        }
        line("all", "", &self.total());
        for (limit, (times, fault)) in &self.known {
            let _ = writeln!(
                text,
                "\nKnown limit, met {times} times: {limit}. `sweep --only '{fault}'`"
            );
        }
        for (fault, answer) in &self.findings {
            let finding = answer.finding.as_deref().unwrap_or_default();
            let _ = writeln!(text, "\nFinding: {finding}. `sweep --only '{fault}'`");
        }
        text
    }

    /// Each finding with the command that shows it again.
    pub(crate) fn told(&self, verbose: bool) -> String {
        let mut text = String::new();
        for (name, answer) in &self.findings {
            let finding = answer.finding.as_deref().unwrap_or_default();
            let _ = writeln!(text, "FOUND {finding}\n  again: sweep --only '{name}'");
            if verbose {
                let _ = writeln!(text, "{}", answer.log);
            }
        }
        text
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> serde_json::Value {
        let rows = self.rows.iter().map(|((subject, rpc), row)| {
            json!({
                "life": subject.name(), "rpc": rpc.name(), "points": row.points,
                "kills": row.kills, "errors": row.errors, "damages": row.damages, "notReached": row.missed,
                "mostRepetitions": row.repeated, "knownLimits": row.known, "findings": row.findings,
            })
        });
        let findings = self.findings.iter().map(
            |(name, answer)| json!({ "fault": name, "finding": answer.finding, "log": answer.log }),
        );
        json!({
            "rows": rows.collect::<Vec<_>>(),
            "findings": findings.collect::<Vec<_>>(),
        })
    }
}

fn count(row: &mut Row, what: What) {
    match what {
        What::Kill(_) => row.kills += 1,
        What::Fail(_) | What::FailOn(_) => row.errors += 1,
        What::DamageKilled | What::DamageStopped => row.damages += 1,
    }
}
