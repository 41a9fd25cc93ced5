//! The panel below: the size of the file system, as steps, and the bytes used in it.

use svg::node::element::Group;

use super::pen::{self, Anchor, FAINT, GRID, GROWTH, area, horizontal, label, line};
use super::scale::Linear;
use super::{LEFT, Panel, RIGHT};
use crate::report::{Report, size};

/// Between two lines of the grid.
const STEP: u64 = 512 << 20;

/// Draws it.
pub(super) fn draw(report: &Report, panel: Panel) -> Group {
    let largest = report.growths.iter().map(|it| it.to).fold(report.last.size, u64::max);
    let bytes = Linear { from: (0.0, float(largest)), to: (panel.bottom, panel.top) };
    let title = pen::title("File system: size, and bytes used", LEFT, panel.top - 6.0);
    let mut group = Group::new().add(title);
    for value in (0..=largest / STEP).map(|number| number * STEP) {
        let y = bytes.at(float(value));
        let text = if value == 0 { "0".to_owned() } else { size(value) };
        let text = label(&text, LEFT - 8.0, y + 4.0, FAINT, Anchor::End).set("font-size", 11);
        group = group.add(horizontal(LEFT, RIGHT, y, GRID)).add(text);
    }
    let (mut sizes, mut used) = (Vec::new(), Vec::new());
    for look in &report.looks {
        let (x, top) = (panel.time.at(look.at), bytes.at(float(look.usage.size)));
        // A step, where it grew since the look before.
        if let Some((_, before)) = sizes.last().copied() {
            sizes.push((x, before));
        }
        sizes.push((x, top));
        used.push((x, bytes.at(float(look.usage.used))));
    }
    sizes.dedup();
    let ground: Vec<_> = used.iter().map(|(x, _)| (*x, panel.bottom)).collect();
    let first = bytes.at(float(report.first.size));
    group = group
        .add(area(&used, &ground, GROWTH, 0.22))
        .add(line(&used, GROWTH, 1.2))
        .add(line(&straight(&sizes), GROWTH, 2.2))
        .add(line(&[(LEFT, first), (RIGHT, first)], FAINT, 1.0).set("stroke-dasharray", "2 3"))
        .add(
            label("full without growing", RIGHT - 6.0, first - 5.0, FAINT, Anchor::End)
                .set("font-size", 11),
        );
    for (value, name) in [(report.last.size, "size"), (report.last.used, "used")] {
        let y = bytes.at(float(value)) + 4.0;
        group = group.add(label(name, RIGHT + 8.0, y, GROWTH, Anchor::Start).set("font-size", 12));
    }
    group
}

/// Without the places in the middle of a level line.
fn straight(places: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let level = |three: &[(f64, f64)]| matches!(three, [a, b, c] if a.1 == b.1 && b.1 == c.1);
    let (Some(first), Some(last)) = (places.first(), places.last()) else { return vec![] };
    let turns = places.windows(3).filter(|three| !level(three)).filter_map(|three| three.get(1));
    std::iter::once(first).chain(turns).chain([last]).copied().collect()
}

/// Exact up to 2⁵³, which is more than any volume of a picture.
fn float(bytes: u64) -> f64 {
    bytes as f64
}
