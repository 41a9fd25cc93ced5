//! `tests/RESULTS.md`: what runs found out, each in a section of its own that its run writes anew.

use std::path::Path;

/// The file, and what stands above all sections.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../RESULTS.md");
const HEAD: &str =
    "# What the runs found\n\nWritten by the runs; what each does stands in `README.md`.\n";

/// As [`keep`], for runs that are asked to keep what they find: with `MOORING_RESULTS` set.
///
/// # Errors
/// As [`keep`].
pub fn keep_if_asked(section: &str, text: &str) -> std::io::Result<()> {
    if std::env::var_os("MOORING_RESULTS").is_some() { keep(section, text) } else { Ok(()) }
}

/// Replaces a section, or adds it.
///
/// # Errors
/// When the file can't be read or written.
pub fn keep(section: &str, text: &str) -> std::io::Result<()> {
    let path = Path::new(FILE);
    let before = if path.exists() { std::fs::read_to_string(path)? } else { HEAD.to_owned() };
    std::fs::write(path, with_section(&before, section, text))
}

fn with_section(before: &str, section: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- {section} -->\n"), format!("<!-- end of {section} -->\n"));
    let whole = format!("{begin}{}\n{end}", text.trim_end());
    let found = before.find(&begin).and_then(|from| {
        let to = before.get(from..)?.find(&end)? + from + end.len();
        Some((from, to))
    });
    match found {
        Some((from, to)) => {
            let (above, below) = (before.get(..from), before.get(to..));
            format!("{}{whole}{}", above.unwrap_or_default(), below.unwrap_or_default())
        }
        None => format!("{}\n\n{whole}", before.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_the_others_stay() {
        let one = with_section(HEAD, "one", "1");
        let both = with_section(&one, "two", "2");
        let again = with_section(&both, "one", "3\n");
        assert!(again.starts_with(HEAD) && !again.contains("\n1\n"), "{again}");
        assert!(again.contains("<!-- one -->\n3\n<!-- end of one -->\n"), "{again}");
        assert!(again.contains("<!-- two -->\n2\n<!-- end of two -->\n"), "{again}");
        assert_eq!(with_section(&again, "one", "3"), again);
    }
}
