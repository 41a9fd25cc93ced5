//! How the outcome is written: a table for people, JSON for scripts, Markdown for the README.

use std::time::Duration;

use comfy_table::{Table, presets};
use serde::Serialize;

use crate::behaviour::{Behaviour, Outcome};
use crate::behaviours;

/// What a run found. Its JSON keys are a contract: added to, never renamed.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    driver: String,
    version: String,
    passed: usize,
    failed: usize,
    skipped: usize,
    behaviours: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    name: &'static str,
    section: &'static str,
    outcome: &'static str,
    /// Findings, or why it was skipped; control characters are shown, not sent to a terminal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
    milliseconds: u128,
}

impl Report {
    /// Of a driver, with nothing looked at yet.
    pub(crate) fn new(driver: &str, version: &str) -> Self {
        Self {
            driver: driver.to_owned(),
            version: version.to_owned(),
            passed: 0,
            failed: 0,
            skipped: 0,
            behaviours: Vec::new(),
        }
    }

    /// Takes in how a behaviour ended.
    pub(crate) fn add(&mut self, behaviour: &Behaviour, outcome: Outcome, took: Duration) {
        let (outcome, reasons, sum) = match outcome {
            Outcome::Passed => ("pass", Vec::new(), &mut self.passed),
            Outcome::Failed(findings) => ("FAIL", findings, &mut self.failed),
            Outcome::Skipped(reason) => ("skipped", vec![reason], &mut self.skipped),
        };
        *sum += 1;
        self.behaviours.push(Line {
            name: behaviour.name,
            section: behaviour.section,
            outcome,
            reasons: reasons.iter().map(|it| visible(it)).collect(),
            milliseconds: took.as_millis(),
        });
    }

    /// Whether nothing was found.
    pub(crate) fn is_good(&self) -> bool {
        self.failed == 0
    }

    /// For people.
    pub(crate) fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["behaviour", "specification", "", "reason"]);
        for line in &self.behaviours {
            table.add_row([line.name, line.section, line.outcome, &line.reasons.join("\n")]);
        }
        let Self { driver, version, passed, failed, skipped, .. } = self;
        format!(
            "{}\n\n{} {}: {passed} passed, {failed} failed, {skipped} skipped\n",
            table.trim_fmt(),
            visible(driver),
            visible(version)
        )
    }

    /// For scripts.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub(crate) fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|json| json + "\n")
    }
}

/// What a driver says is not trusted by the terminal.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// All behaviours as a table of Markdown.
pub(crate) fn markdown() -> String {
    let mut text =
        String::from("| behaviour | what the specification says | test |\n|---|---|---|\n");
    for Behaviour { name, does, says, section, .. } in behaviours::all() {
        text.push_str(&format!("| {does} | {says} (*{section}*) | `{name}` |\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "<!-- csi-behaviours --list -->\n";
    const END: &str = "<!-- end -->\n";

    #[test]
    fn the_readme_lists_every_behaviour() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let text = std::fs::read_to_string(path).unwrap();
        let (head, rest) = text.split_once(BEGIN).unwrap();
        let (_, tail) = rest.split_once(END).unwrap();
        let current = format!("{head}{BEGIN}{}{END}{tail}", markdown());
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &current).unwrap();
        } else {
            assert_eq!(text, current, "UPDATE=1 cargo test -p mooring-suite rewrites it");
        }
    }

    #[test]
    fn a_driver_does_not_speak_to_the_terminal() {
        assert_eq!(visible("a\u{1b}[31m\n"), "a\\u{1b}[31m\\n");
    }

    #[test]
    fn sums_and_exit_agree_with_the_lines() {
        let behaviour = behaviours::all().next().unwrap();
        let mut report = Report::new("d", "v");
        report.add(behaviour, Outcome::Passed, Duration::ZERO);
        assert!(report.is_good());
        report.add(behaviour, Outcome::Failed(vec!["x".into()]), Duration::ZERO);
        assert!(!report.is_good() && report.table().contains("1 passed, 1 failed, 0 skipped"));
    }
}
