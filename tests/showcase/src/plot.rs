//! The picture: what inserts and queries took over time, above how full the volume was, with a mark wherever it grew or
//! its backend was swapped.
//!
//! It has its own white ground, so that it reads the same on a light and a dark page, and names no font.

mod capacity;
mod latency;
mod marks;
mod pen;
mod scale;

use std::path::Path;

use anyhow::{Context as _, Result};
use svg::Document;
use svg::node::element::{Description, Group, Rectangle, Title};

use crate::report::{Report, size};
use pen::{Anchor, BORDER, FAINT, GRID, INK, PAPER, SURGE, horizontal, label};
use scale::Linear;

/// Of the whole, in user units.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 668.0;

/// Between these is the time.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 868.0;

/// Panels, from above: their upper edge and height.
const INSERTS: (f64, f64) = (158.0, 120.0);
const QUERIES: (f64, f64) = (318.0, 120.0);
const CAPACITY: (f64, f64) = (478.0, 130.0);

/// A part of the picture with axes of its own.
#[derive(Debug, Clone, Copy)]
struct Panel {
    top: f64,
    bottom: f64,
    time: Linear,
}

/// Draws a run.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write(file: &Path, report: &Report) -> Result<()> {
    svg::save(file, &picture(report)).with_context(|| format!("cannot write {}", file.display()))
}

fn picture(report: &Report) -> Document {
    let time = Linear { from: (0.0, report.lasted), to: (LEFT, RIGHT) };
    let panel = |(top, height): (f64, f64)| Panel { top, bottom: top + height, time };
    let [inserts, queries, capacity] = [INSERTS, QUERIES, CAPACITY].map(panel);
    let heading = "A database that grows under load";
    let document = Document::new()
        .set("viewBox", (0, 0, WIDTH, HEIGHT))
        .set("width", WIDTH)
        .set("height", HEIGHT)
        .set("role", "img")
        .set("aria-labelledby", "title desc")
        .set("font-family", "sans-serif")
        .add(Title::new(heading).set("id", "title"))
        .add(Description::new().set("id", "desc").add(svg::node::Text::new(in_words(report))));
    let scale = latency::scale(&[&report.inserts, &report.queries]);
    document
        .add(ground())
        .add(
            label(heading, 24.0, 38.0, INK, Anchor::Start)
                .set("font-size", 21)
                .set("font-weight", 600),
        )
        .add(label(&summary(report), 24.0, 62.0, FAINT, Anchor::Start).set("font-size", 13.5))
        .add(surge(report, &[inserts, queries]))
        .add(marks::draw(report, time, capacity.bottom))
        .add(surge_in_words(report, queries))
        .add(latency::draw("Bulk inserts: latency", &report.inserts, inserts, scale, pen::INSERT))
        .add(latency::draw("Queries: latency", &report.queries, queries, scale, pen::QUERY))
        .add(capacity::draw(report, capacity))
        .add(seconds(report, capacity))
}

fn ground() -> Rectangle {
    Rectangle::new()
        .set("x", 0.5)
        .set("y", 0.5)
        .set("width", WIDTH - 1.0)
        .set("height", HEIGHT - 1.0)
        .set("rx", 10)
        .set("fill", PAPER)
        .set("stroke", BORDER)
}

/// Where there were more readers.
fn surge(report: &Report, panels: &[Panel]) -> Group {
    let mut group = Group::new();
    for Panel { top, bottom, time } in panels {
        let (from, to) = (time.at(report.surge.0), time.at(report.surge.1));
        let band = Rectangle::new()
            .set("x", pen::tenth(from))
            .set("y", *top)
            .set("width", pen::tenth(to - from))
            .set("height", bottom - top)
            .set("fill", SURGE);
        group = group.add(band);
    }
    group
}

fn surge_in_words(report: &Report, Panel { top, time, .. }: Panel) -> svg::node::element::Text {
    let middle = time.at(f64::midpoint(report.surge.0, report.surge.1));
    let text = format!("surge: {} readers instead of {}", report.readers.1, report.readers.0);
    let words = label(&text, middle, top - 6.0, pen::SURGE_INK, Anchor::Middle);
    pen::above_marks(words).set("font-size", 12)
}

/// The axis below all panels.
fn seconds(report: &Report, panel: Panel) -> Group {
    let mut group = Group::new().add(horizontal(LEFT, RIGHT, panel.bottom, GRID));
    for second in (0..).step_by(10).map(f64::from).take_while(|at| *at <= report.lasted) {
        let text = if second == 0.0 { "0 s".to_owned() } else { second.to_string() };
        let at = panel.time.at(second);
        group = group
            .add(label(&text, at, panel.bottom + 18.0, FAINT, Anchor::Middle).set("font-size", 12));
    }
    let (x, y) = (f64::midpoint(LEFT, RIGHT), panel.bottom + 38.0);
    group.add(label("seconds of load", x, y, FAINT, Anchor::Middle).set("font-size", 12))
}

/// What is seen, for one line below the heading.
fn summary(report: &Report) -> String {
    let (count, failed) = report.total();
    let (growths, swaps) = (report.growths.len(), report.swaps.len());
    let sizes = report.growths.first().zip(report.growths.last());
    let sizes = sizes.map_or(String::new(), |(first, last)| {
        format!(" from {} to {}", size(first.from), size(last.to))
    });
    format!(
        "{} statements, {failed} failed, while MariaDB's volume grew {} {sizes} and its backend was swapped {}.",
        thousands(count),
        times(growths),
        times(swaps),
    )
    .replace("  ", " ")
}

/// The same for those who do not see it.
fn in_words(report: &Report) -> String {
    let quantiles = report.statements.iter().map(|it| {
        let name = it.kind.name();
        format!("{name}: median {} ms, 99th percentile {} ms", it.quantiles.p50, it.quantiles.p99)
    });
    format!(
        "{} Latency over {:.0} seconds of bulk inserts and of queries, on a logarithmic scale, above the size of the \
         file system and the bytes used in it; {}. {}.",
        summary(report),
        report.lasted,
        report.site,
        quantiles.collect::<Vec<_>>().join("; "),
    )
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        3 => "three times".to_owned(),
        more => format!("{more} times"),
    }
}

/// 12345 as 12,345.
fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let written = [0, 999, 1000, 1_234_567].map(thousands);
        assert_eq!(written, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([1, 2, 3, 4].map(times), ["once", "twice", "three times", "4 times"]);
    }
}
