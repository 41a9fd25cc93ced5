//! What a long command shows while it works: on terminals alone, on stderr, and gone at its end.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the picture changes by itself.
const TICK: Duration = Duration::from_millis(100);

/// Work whose end is not known, such as waiting for the driver.
pub(super) fn spinner(what: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what.to_owned());
    styled(&bar, "{spinner} {msg} {elapsed}");
    bar
}

/// Work of so many bytes.
pub(super) fn bytes(what: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(what.to_owned());
    styled(&bar, "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes} {eta}");
    bar
}

fn styled(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
}
