//! Colours, and the strokes that all parts are drawn with. Each colour reads on white (a contrast of 4.5 at least, where
//! it is of text).

use svg::node::element::{Line, Path, Text};

pub(super) const PAPER: &str = "#ffffff";
pub(super) const BORDER: &str = "#d0d7de";
pub(super) const GRID: &str = "#e4e8ec";
pub(super) const INK: &str = "#1f2328";
pub(super) const FAINT: &str = "#59636e";
pub(super) const INSERT: &str = "#0969da";
pub(super) const QUERY: &str = "#bc4c00";
pub(super) const GROWTH: &str = "#1a7f37";
pub(super) const SWAP: &str = "#8250df";
pub(super) const SURGE: &str = "#fff4d6";
pub(super) const SURGE_INK: &str = "#7d5600";

/// On which side of its place a label stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A number as the file has it: a tenth of a unit is finer than any screen.
pub(super) fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// Words.
pub(super) fn label(text: &str, x: f64, y: f64, colour: &str, anchor: Anchor) -> Text {
    let anchor = match anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    Text::new(text)
        .set("x", tenth(x))
        .set("y", tenth(y))
        .set("fill", colour)
        .set("text-anchor", anchor)
}

/// The title of a panel: it stays readable where a mark passes behind it.
pub(super) fn title(text: &str, x: f64, y: f64) -> Text {
    above_marks(label(text, x, y, INK, Anchor::Start)).set("font-size", 13).set("font-weight", 600)
}

/// Words with paper around their letters.
pub(super) fn above_marks(words: Text) -> Text {
    words
        .set("paint-order", "stroke")
        .set("stroke", PAPER)
        .set("stroke-width", 5)
        .set("stroke-linejoin", "round")
}

/// A line of a grid.
pub(super) fn horizontal(from: f64, to: f64, y: f64, colour: &str) -> Line {
    let y = tenth(y);
    Line::new().set("x1", from).set("x2", to).set("y1", y).set("y2", y).set("stroke", colour)
}

/// A line through places.
pub(super) fn line(places: &[(f64, f64)], colour: &str, width: f64) -> Path {
    Path::new()
        .set("d", through(places))
        .set("fill", "none")
        .set("stroke", colour)
        .set("stroke-width", width)
        .set("stroke-linejoin", "round")
}

/// What lies between two lines, lightly.
pub(super) fn area(above: &[(f64, f64)], below: &[(f64, f64)], colour: &str, opacity: f64) -> Path {
    let around: Vec<_> = above.iter().chain(below.iter().rev()).copied().collect();
    Path::new().set("d", through(&around) + "z").set("fill", colour).set("fill-opacity", opacity)
}

fn through(places: &[(f64, f64)]) -> String {
    let mut text = String::new();
    for (x, y) in places {
        text.push(if text.is_empty() { 'M' } else { 'L' });
        text.push_str(&format!("{} {}", tenth(*x), tenth(*y)));
    }
    text
}
