//! A panel of latencies: the median, the 99th percentile, and what lies between.

use svg::node::element::Group;

use super::pen::{self, Anchor, FAINT, GRID, area, horizontal, label, line};
use super::scale::Logarithmic;
use super::{LEFT, Panel, RIGHT};
use crate::figures::Slice;

/// Between two labels that would stand on one another.
const APART: f64 = 13.0;

/// One scale for all panels, so that they can be compared.
pub(super) fn scale(panels: &[&[Slice]]) -> Logarithmic {
    let all = panels.iter().flat_map(|slices| slices.iter());
    Logarithmic::of(all.flat_map(|slice| [slice.p50, slice.p99]))
}

/// Draws one.
pub(super) fn draw(
    title: &str,
    slices: &[Slice],
    panel: Panel,
    scale: Logarithmic,
    colour: &str,
) -> Group {
    let ends = (panel.bottom, panel.top);
    let place = |of: fn(&Slice) -> f64| -> Vec<(f64, f64)> {
        slices.iter().map(|it| (panel.time.at(it.at), scale.at(of(it), ends))).collect()
    };
    let (median, most) = (place(|it| it.p50), place(|it| it.p99));
    let mut group = Group::new().add(pen::title(title, LEFT, panel.top - 6.0));
    for value in scale.lines() {
        let y = scale.at(value, ends);
        let text = label(&milliseconds(value), LEFT - 8.0, y + 4.0, FAINT, Anchor::End);
        group = group.add(horizontal(LEFT, RIGHT, y, GRID)).add(text.set("font-size", 11));
    }
    group = group
        .add(area(&most, &median, colour, 0.16))
        .add(line(&most, colour, 1.0).set("stroke-opacity", 0.65))
        .add(line(&median, colour, 1.8));
    let (Some((_, above)), Some((_, below))) = (most.last(), median.last()) else { return group };
    for (text, y) in [("p99", above.min(below - APART)), ("median", *below)] {
        group = group
            .add(label(text, RIGHT + 8.0, y + 4.0, colour, Anchor::Start).set("font-size", 12));
    }
    group
}

/// A power of ten, in the unit that suits it.
fn milliseconds(value: f64) -> String {
    if value >= 1000.0 { format!("{} s", value / 1000.0) } else { format!("{value} ms") }
}
