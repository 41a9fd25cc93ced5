//! Memory of a process that was started long ago: the code that only its start needed is given back.
//!
//! The kernel maps 64 KiB around each page of code that runs, and takes nothing back while there is room
//! (`fault_around_bytes`, Documentation/filesystems/proc.rst). Reading the command line, the configuration and its
//! schema leaves megabytes of such pages in every node's process, which nothing looks at again.

use std::fs;
use std::io;

use super::ioctl;

/// Lets go of the mapped code of the program and its libraries. What still runs is mapped again when it
/// does, from the page cache and without a read: to be called once, when a process has started.
///
/// # Errors
/// What the kernel says; nothing is lost by it but memory.
pub fn release_startup_code() -> io::Result<()> {
    for code in code(&fs::read_to_string("/proc/self/maps")?) {
        ioctl::drop_code(&code)?;
    }
    Ok(())
}

/// A mapping of this process that holds code of a file: executable, private, not writable.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Code {
    start: usize,
    end: usize,
}

impl Code {
    /// Its address.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Its length in bytes.
    pub(super) fn length(&self) -> usize {
        self.end.saturating_sub(self.start)
    }
}

/// All that a process's table of mappings names.
fn code(maps: &str) -> impl Iterator<Item = Code> {
    maps.lines().filter_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let of_file = fields.next()? == "r-xp" && fields.nth(3)?.starts_with('/');
        let address = |text| usize::from_str_radix(text, 16).ok();
        of_file.then_some(Code { start: address(start)?, end: address(end)? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
555500000000-555500100000 r--p 00000000 fd:00 12 /usr/bin/mooring
555500100000-555500300000 r-xp 00100000 fd:00 12 /usr/bin/mooring
555500300000-555500400000 rw-p 00300000 fd:00 12 /usr/bin/mooring
7f0000000000-7f0000010000 r-xp 00000000 00:00 0 
7f0000020000-7f0000030000 rwxp 00000000 fd:00 13 /usr/lib/odd.so
7ffff7fc0000-7ffff7fc1000 r-xp 00000000 00:00 0                          [vdso]
";

    #[test]
    fn only_code_of_files_is_let_go() {
        let found: Vec<_> = code(MAPS).collect();
        assert_eq!(found, [Code { start: 0x5555_0010_0000, end: 0x5555_0030_0000 }]);
        assert_eq!(found[0].length(), 2 << 20);
    }

    #[test]
    fn what_was_let_go_still_runs() {
        release_startup_code().unwrap();
        only_code_of_files_is_let_go();
    }
}
