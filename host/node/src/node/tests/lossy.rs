//! Storage that says that it took what mkfs wrote, and has lost it.

use mooring_volume::Code;
use mooring_volume::capability::FsType;

use super::world::{Way, World};

#[test]
fn a_file_system_that_storage_lost_is_neither_mounted_nor_called_made() {
    for fs_type in [FsType::Ext4, FsType::Xfs, FsType::Btrfs] {
        let world = World::new(Way::Fs(fs_type));
        let request = || World::stage_request(Way::Fs(fs_type));
        world.twin.model().lossy = true;
        let error = world.stage(request()).unwrap_err();
        assert_eq!(error.code, Code::Unavailable, "{error}");
        assert!(error.message.contains("lost"), "{error}");
        assert_eq!(world.twin.model().bound_numbers(), Vec::<u32>::new());
        // Its remains are known to be the host's own.
        world.twin.model().lossy = false;
        world.stage(request()).unwrap();
        world.unstage().unwrap();
        assert!(world.is_free());
    }
}
