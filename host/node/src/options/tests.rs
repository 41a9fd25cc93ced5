//! What is let through, what needs a grant, and what is never.

use mooring_volume::Code;

use super::*;

fn ask(flags: &[&str], granted: &[&str], on: On) -> Result<Options> {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    check(&owned(flags), &owned(granted), on)
}

const EXT4_DEVICE: On = On::Device(Some(FsType::Ext4));

#[test]
fn suid_and_dev_stay_off_unless_granted_and_asked() {
    for (flags, granted, nosuid) in
        [(&[][..], &["suid"][..], true), (&["suid"], &["suid"], false), (&["nosuid"], &[], true)]
    {
        let options = ask(flags, granted, EXT4_DEVICE).unwrap();
        assert_eq!((options.flags.nosuid, options.flags.nodev), (nosuid, true), "{flags:?}");
    }
    for flag in ["suid", "dev"] {
        assert_eq!(ask(&[flag], &[], EXT4_DEVICE).unwrap_err().code, Code::PermissionDenied);
    }
}

#[test]
fn structural_options_are_refused_even_when_granted() {
    for flag in [
        "bind",
        "remount",
        "loop",
        "loop=/dev/loop0",
        "context=system_u:object_r",
        "helper=x",
        "device=/dev/sda",
        "logdev=x",
        "subvol=x",
        "x-mount.mkdir",
        "norecovery",
    ] {
        assert_eq!(
            ask(&[flag], &[flag], EXT4_DEVICE).unwrap_err().code,
            Code::InvalidArgument,
            "{flag}"
        );
    }
}

#[test]
fn forms_that_no_option_has_are_refused() {
    for flag in ["", "ro,suid", "a b", "a\0", "a\n", "-o", "NOATIME", "ü", &"x".repeat(129)] {
        assert_eq!(
            ask(&[flag], &[flag], EXT4_DEVICE).unwrap_err().code,
            Code::InvalidArgument,
            "{flag:?}"
        );
    }
    let many: Vec<&str> = std::iter::repeat_n("noatime", 1000).collect();
    assert_eq!(ask(&many, &[], EXT4_DEVICE).unwrap_err().code, Code::InvalidArgument);
}

#[test]
fn options_belong_to_their_file_system() {
    assert!(ask(&["data=ordered", "commit=5"], &[], EXT4_DEVICE).is_ok());
    assert!(ask(&["data=ordered"], &[], On::Device(Some(FsType::Xfs))).is_err());
    assert!(ask(&["compress=zstd:3"], &[], On::Device(Some(FsType::Btrfs))).is_ok());
    for bad in ["commit=", "commit=5x", "commit", "data=writeback", "compress=zstd:x", "discard=1"]
    {
        assert_eq!(
            ask(&[bad], &[], EXT4_DEVICE).unwrap_err().code,
            Code::PermissionDenied,
            "{bad}"
        );
    }
    assert!(ask(&["data=writeback"], &["data=writeback"], EXT4_DEVICE).is_ok());
    assert!(ask(&["noatime"], &[], On::Directory).unwrap().flags.noatime);
    assert_eq!(ask(&["discard"], &[], On::Directory).unwrap_err().code, Code::InvalidArgument);
}
