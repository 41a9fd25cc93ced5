//! Volumes that a sandbox mounts in its guest.

use mooring_sdk::attachments::{Attachment, Content, DirectDevice, KataDirect, PoolItem};
use mooring_sdk::state::State;

use super::*;
use crate::record::{Progress, Stored, Tuned};
use crate::tuning::Tuning;

fn direct(request: CreateRequest) -> CreateRequest {
    CreateRequest { parameters: vec![("directVolume".to_owned(), "true".to_owned())], ..request }
}

#[test]
fn a_direct_volume_is_for_a_sandbox_to_mount() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let volume = backend.create(&direct(request("pvc-1", GIB))).unwrap();
    let answer = backend.describe(&staging(&volume.id, AccessMode::SingleNodeWriter)).unwrap();
    let Attachment::KataDirect(KataDirect { device, fs_type, metadata }) = answer.attachment else {
        panic!("{answer:?}")
    };
    let image = PoolItem { pool: "default".to_owned(), name: volume.id.clone() };
    assert_eq!(device, DirectDevice::ImageFile(image));
    assert_eq!((fs_type, metadata, answer.content), (None, Vec::new(), Content::Blank));

    assert_eq!(backend.create(&direct(request("pvc-1", GIB))), Ok(volume.clone()));
    assert_eq!(refused(backend.create(&request("pvc-1", GIB))), Code::AlreadyExists);
    let wanted = validation(&volume.id);
    assert_eq!(backend.validate(&wanted), Ok(Verdict::Confirmed));
    let plain = backend.create(&request("pvc-2", GIB)).unwrap();
    let parameters = direct(request("", 0)).parameters;
    let wanted = ValidateRequest { parameters, ..validation(&plain.id) };
    assert!(matches!(backend.validate(&wanted), Ok(Verdict::Refused(_))));
}

#[test]
fn a_direct_volume_is_no_raw_device() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let raw = Capability { access: AccessType::Block, ..capability(AccessMode::SingleNodeWriter) };
    let wanted = direct(CreateRequest { capabilities: vec![raw.clone()], ..request("raw", GIB) });
    assert_eq!(refused(backend.create(&wanted)), Code::InvalidArgument);
    let volume = backend.create(&direct(request("pvc-1", GIB))).unwrap();
    let wanted = attachments::Request {
        capability: raw,
        ..staging(&volume.id, AccessMode::SingleNodeWriter)
    };
    assert_eq!(refused(backend.describe(&wanted)), Code::InvalidArgument);
}

#[test]
fn a_record_of_before_there_were_direct_volumes_is_read() {
    let machine = Machine::with_pool();
    let tuned = Tuned {
        name: "pvc-1".to_owned(),
        pool: "default".to_owned(),
        size: GIB,
        source: None,
        progress: Progress::Made,
        created_with: Tuning::default(),
        tuning: Tuning::default(),
        published: None,
    };
    machine.insert("volume/img-1", &postcard::to_allocvec(&Stored::V3(tuned)).unwrap()).unwrap();
    let answer = on(&machine).describe(&staging("img-1", AccessMode::SingleNodeWriter)).unwrap();
    assert!(matches!(answer.attachment, Attachment::ImageFile(_)), "{answer:?}");
}
