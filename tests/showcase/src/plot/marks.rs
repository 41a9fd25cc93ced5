//! What happened to the volume: a line through all panels, and words above.

use svg::node::element::{Group, Line, Rectangle};

use super::pen::{Anchor, GROWTH, PAPER, SWAP, label, tenth};
use super::scale::Linear;
use super::{LEFT, RIGHT};
use crate::report::{Report, size};

/// Where the words stand: growth above, swaps below.
const LANES: [f64; 2] = [78.0, 104.0];

/// Of the ground of the words.
const HEIGHT: f64 = 21.0;

/// What a character takes at most on the average, of the words here.
const CHARACTER: f64 = 7.2;

/// Draws them down to `bottom`.
pub(super) fn draw(report: &Report, time: Linear, bottom: f64) -> Group {
    let [above, below] = LANES;
    let mut group = Group::new();
    for it in &report.growths {
        group = group.add(mark(
            &format!("grown to {}", size(it.to)),
            time.at(it.at),
            (above, bottom),
            GROWTH,
        ));
    }
    for it in &report.swaps {
        group = group.add(mark(
            &format!("backend {} → {}", it.from, it.to),
            time.at(it.at),
            (below, bottom),
            SWAP,
        ));
    }
    group
}

fn mark(text: &str, x: f64, (top, bottom): (f64, f64), colour: &str) -> Group {
    let width =
        f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX)) * CHARACTER + 16.0;
    // Within the picture, also where the moment is near an end.
    let middle = x.clamp(LEFT + width / 2.0 - 40.0, RIGHT - width / 2.0 + 60.0);
    let line = Line::new()
        .set("x1", tenth(x))
        .set("x2", tenth(x))
        .set("y1", top + HEIGHT)
        .set("y2", bottom)
        .set("stroke", colour)
        .set("stroke-width", 1.4)
        .set("stroke-dasharray", "4 3");
    let ground = Rectangle::new()
        .set("x", tenth(middle - width / 2.0))
        .set("y", top)
        .set("width", tenth(width))
        .set("height", HEIGHT)
        .set("rx", HEIGHT / 2.0)
        .set("fill", colour);
    let words = label(text, middle, top + 14.8, PAPER, Anchor::Middle)
        .set("font-size", 12)
        .set("font-weight", 600);
    Group::new().add(line).add(ground).add(words)
}
