//! Real tools make real formats in images, and none of them counts as blank: neither as made, nor
//! where `wipefs` took the signatures away and left the rest.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail loudly")]

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use mooring_node::filesystem::{BlockRead, NotBlank, prove_blank};

const MIB: u64 = 1 << 20;

/// An image file, read as a device is that does not know its holes.
struct Image(File, u64);

impl Image {
    fn open(path: &Path) -> Self {
        let file = File::open(path).unwrap();
        let size = file.metadata().unwrap().len() / 512 * 512;
        Self(file, size)
    }
}

impl BlockRead for Image {
    fn size(&self) -> u64 {
        self.1
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(buf, offset)
    }
}

/// What is made of an image (`{}` in the arguments), and what it is called.
struct Format {
    program: &'static str,
    arguments: &'static [&'static str],
    name: &'static str,
    size: u64,
}

const fn made(
    program: &'static str,
    arguments: &'static [&'static str],
    name: &'static str,
) -> Format {
    Format { program, arguments, name, size: 320 * MIB }
}

/// Installed with the program itself, or always there: these are never left out.
const REQUIRED: &[&str] =
    &["mkfs.ext4", "mkfs.ext3", "mkfs.ext2", "mkfs.xfs", "mkfs.btrfs", "mkswap", "mkfs.minix"];

const FORMATS: &[Format] = &[
    made("mkfs.ext4", &["-q", "-F", "{}"], "ext2, ext3 or ext4"),
    made("mkfs.ext3", &["-q", "-F", "{}"], "ext2, ext3 or ext4"),
    made("mkfs.ext2", &["-q", "-F", "{}"], "ext2, ext3 or ext4"),
    made("mkfs.ext4", &["-q", "-F", "-O", "journal_dev", "{}"], "ext2, ext3 or ext4"),
    made("mkfs.xfs", &["-q", "{}"], "XFS"),
    made("mkfs.btrfs", &["-q", "{}"], "btrfs"),
    made("mkswap", &["{}"], "swap space"),
    made("mkswap", &["--pagesize", "65536", "{}"], "swap space"),
    made("mkfs.minix", &["{}"], "Minix"),
    made("mkfs.minix", &["-3", "{}"], "Minix"),
    made("mkfs.bfs", &["{}"], "BFS"),
    made(
        "cryptsetup",
        &["luksFormat", "-q", "--type", "luks1", "--pbkdf-force-iterations", "1000", "{}", "{key}"],
        "a LUKS header",
    ),
    made(
        "cryptsetup",
        &[
            "luksFormat",
            "-q",
            "--type",
            "luks2",
            "--pbkdf",
            "pbkdf2",
            "--pbkdf-force-iterations",
            "1000",
            "{}",
            "{key}",
        ],
        "a LUKS header",
    ),
    made("sgdisk", &["-n", "1:0:0", "{}"], "a GPT partition table"),
    made("sfdisk", &["-q", "--label", "dos", "{}"], "an MBR partition table or a boot sector"),
    made("sfdisk", &["-q", "--label", "gpt", "{}"], "a GPT partition table"),
    made("sfdisk", &["-q", "--label", "sgi", "{}"], "an SGI disk label"),
    made("sfdisk", &["-q", "--label", "sun", "{}"], "a Sun disk label"),
    made("mkfs.f2fs", &["-q", "-f", "{}"], "F2FS"),
    made("make-bcache", &["-B", "{}"], "a bcache device"),
    made("make-bcache", &["-C", "{}"], "a bcache device"),
    made("mkfs.vfat", &["-F", "32", "{}"], "FAT"),
    made("mkfs.vfat", &["-F", "16", "{}"], "FAT"),
    made("mkfs.exfat", &["{}"], "exFAT"),
    made("mkntfs", &["-F", "-q", "-f", "{}"], "NTFS"),
    made("mkfs.nilfs2", &["-q", "-f", "{}"], "NILFS2"),
    made("mkfs.jfs", &["-q", "{}"], "JFS"),
    made("mkreiserfs", &["-q", "-f", "-f", "{}"], "ReiserFS"),
    made("mkfs.reiser4", &["-y", "-f", "{}"], "Reiser4"),
    made("mkfs.ocfs2", &["-q", "--fs-features=local", "{}"], "OCFS2"),
    made("mkfs.gfs2", &["-O", "-q", "-p", "lock_nolock", "-j", "1", "-J", "32", "{}"], "GFS2"),
    made("mkudffs", &["--media-type=hd", "{}"], "UDF"),
    made("mkfs.erofs", &["{}", "{folder}"], "EROFS"),
    made("mksquashfs", &["{folder}", "{}", "-noappend", "-quiet", "-no-progress"], "SquashFS"),
    made("genisoimage", &["-quiet", "-o", "{}", "{folder}"], "ISO 9660"),
    made("mkfs.cramfs", &["{folder}", "{}"], "cramfs"),
    made("mkfs.jffs2", &["-d", "{folder}", "-o", "{}"], "JFFS2"),
    made("mkapfs", &["{}"], "APFS"),
    made("hformat", &["-f", "{}"], "HFS"),
    made("veritysetup", &["format", "{data}", "{}"], "hashes of dm-verity"),
    made("drbdmeta", &["--force", "0", "v08", "{}", "internal", "create-md"], "a DRBD device"),
];

struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(bench.path("folder")).unwrap();
        fs::write(bench.path("folder/file"), vec![b'x'; 100_000]).unwrap();
        fs::write(bench.path("input"), b",\n").unwrap();
        fs::write(bench.path("key"), b"a passphrase").unwrap();
        fs::write(bench.path("data"), vec![b'y'; 1 << 20]).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The image, or why there is none.
    fn make(&self, format: &Format) -> Result<PathBuf, String> {
        let image = self.path("image");
        File::create(&image).unwrap().set_len(format.size).unwrap();
        let arguments = format.arguments.iter().map(|argument| match *argument {
            "{}" => image.clone().into_os_string(),
            "{folder}" => self.path("folder").into_os_string(),
            "{key}" => self.path("key").into_os_string(),
            "{data}" => self.path("data").into_os_string(),
            other => other.into(),
        });
        // sfdisk makes the partitions that it reads: one of all the room.
        let input = File::open(self.path("input")).unwrap();
        let made = Command::new(format.program).args(arguments).stdin(input).output();
        match made {
            Ok(output) if output.status.success() => Ok(image),
            Ok(output) => {
                Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)))
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

fn refused(image: &Path) -> Result<Option<&'static str>, String> {
    match prove_blank(&Image::open(image)) {
        Err(NotBlank::Found { what, .. }) => Ok(what),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn what_real_tools_make_is_refused_and_named() {
    let bench = Bench::new();
    let mut wrong = Vec::new();
    let (mut made, mut left_over) = (0, 0);
    for format in FORMATS {
        let what = format!("{} {}", format.program, format.arguments.join(" "));
        let image = match bench.make(format) {
            Ok(image) => image,
            Err(why) if REQUIRED.contains(&format.program) => {
                wrong.push(format!("{what}: {why}"));
                continue;
            }
            Err(why) => {
                eprintln!("left out: {what}: {}", why.lines().next().unwrap_or_default());
                continue;
            }
        };
        made += 1;
        let told = refused(&image);
        if told != Ok(Some(format.name)) {
            wrong.push(format!("{what}: {told:?}, where {:?} is expected", format.name));
        }
        // What blkid finds nothing of any more may still hold data.
        let wiped = Command::new("wipefs").args(["--all", "--quiet"]).arg(&image).status().unwrap();
        let blkid = Command::new("blkid").arg("-p").arg(&image).output().unwrap();
        if wiped.success() && blkid.status.code() == Some(2) {
            match prove_blank(&Image::open(&image)) {
                Err(NotBlank::Found { .. }) => left_over += 1,
                Ok(_) => eprintln!("wiped, blank: {what}"),
                Err(other) => wrong.push(format!("{what}, wiped: {other:?}")),
            }
        }
    }
    eprintln!("{made} of {} made; {left_over} held data behind `wipefs --all`", FORMATS.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(made >= REQUIRED.len() && left_over > 0, "{made}, {left_over}");
}
