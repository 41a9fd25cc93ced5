//! No message prints a secret: for every field that the descriptors mark `csi_secret`, a message made
//! from bytes that hold a known secret is printed, and the secret must not be in it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;

use mooring_proto::FILE_DESCRIPTOR_SET;
use mooring_proto::csi::v1::*;
use mooring_proto::mooring::internal::v1 as internal;
use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, MapKey, Value};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const KEY: &str = "password-of-the-array";
const SECRET: &str = "correct horse battery staple";

/// Decodes a message and prints it, in both styles.
type Print = fn(&[u8]) -> Result<String>;

fn print<M: Message + Default + Debug>(bytes: &[u8]) -> Result<String> {
    let message = M::decode(bytes)?;
    Ok(format!("{message:?}\n{message:#?}"))
}

/// Full name to printer, for the types named.
macro_rules! printers {
    ($($message:ty),* $(,)?) => {
        BTreeMap::<String, Print>::from([$((<$message>::full_name(), print::<$message> as Print)),*])
    };
}

#[test]
fn marked_fields_are_not_printed() -> Result<()> {
    let printers = printers![
        ControllerExpandVolumeRequest,
        ControllerGetVolumeHealthRequest,
        ControllerListVolumeHealthRequest,
        ControllerModifyVolumeRequest,
        ControllerPublishVolumeRequest,
        ControllerUnpublishVolumeRequest,
        CreateSnapshotRequest,
        CreateVolumeGroupSnapshotRequest,
        CreateVolumeRequest,
        DeleteSnapshotRequest,
        DeleteVolumeGroupSnapshotRequest,
        DeleteVolumeRequest,
        GetMetadataAllocatedRequest,
        GetMetadataDeltaRequest,
        GetSnapshotRequest,
        GetVolumeGroupSnapshotRequest,
        ListSnapshotsRequest,
        NodeExpandVolumeRequest,
        NodeGetStorageHealthRequest,
        NodePublishVolumeRequest,
        NodeStageVolumeRequest,
        ValidateVolumeCapabilitiesRequest,
        internal::DescribeAttachmentRequest,
        internal::Secret,
        internal::Secrets,
    ];
    let with_secret = messages_with_a_secret()?;
    assert_eq!(
        printers.keys().collect::<Vec<_>>(),
        with_secret.keys().collect::<Vec<_>>(),
        "this list must name exactly the messages with a csi_secret field"
    );
    for (name, bytes) in &with_secret {
        let printed = printers[name](bytes)?;
        assert!(!printed.contains(SECRET), "{name} prints the secret: {printed}");
        assert!(!printed.contains(KEY), "{name} prints a secret's key: {printed}");
        assert!(printed.contains(": redacted"), "{name} hides that it holds one: {printed}");
    }
    Ok(())
}

/// Full name to bytes: each message with a marked field, that field holding the secret.
fn messages_with_a_secret() -> Result<BTreeMap<String, Vec<u8>>> {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET)?;
    let mark = pool.get_extension_by_name("csi.v1.csi_secret").ok_or("no csi_secret")?;
    let mut found = BTreeMap::new();
    for descriptor in pool.all_messages() {
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields() {
            if field.options().get_extension(&mark).as_bool() == Some(true) {
                let secret = Value::String(SECRET.into());
                let map = |secret| Value::Map([(MapKey::String(KEY.into()), secret)].into());
                message.set_field(&field, if field.is_map() { map(secret) } else { secret });
            }
        }
        if message.encoded_len() > 0 {
            found.insert(descriptor.full_name().to_owned(), message.encode_to_vec());
        }
    }
    Ok(found)
}

#[test]
fn mount_flags_are_not_printed_inside_a_request() {
    let request = NodeStageVolumeRequest {
        volume_capability: Some(VolumeCapability {
            access_type: Some(volume_capability::AccessType::Mount(
                volume_capability::MountVolume {
                    fs_type: "cifs".into(),
                    mount_flags: vec![format!("password={SECRET}")],
                    ..Default::default()
                },
            )),
            ..Default::default()
        }),
        ..Default::default()
    };
    let printed = format!("{request:?}");
    assert!(!printed.contains(SECRET), "{printed}");
    assert!(printed.contains("mount_flags: redacted"), "{printed}");
}

#[test]
fn everything_else_is_printed() {
    let request = DeleteVolumeRequest { volume_id: "v1".into(), ..Default::default() };
    assert_eq!(format!("{request:?}"), r#"DeleteVolumeRequest { volume_id: "v1", secrets: none }"#);
}
