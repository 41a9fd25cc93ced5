//! The shape of a driver in a custom resource: what stands below one of `drivers` in the configuration file, without
//! `name`. The types are there for the schema alone: nothing is ever read into them, so that no key is lost between the
//! API and the host, which checks all of it.
//!
//! Keys are a contract: those of host/mooring's configuration, held against it by `tests/crd.rs`.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

/// One driver: a backend under the CSI driver name that the object has, with what it may touch.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// `embedded:NAME`, an absolute file path in the controller's container, or `oci://REGISTRY/REPOSITORY` with a tag
    /// or a digest.
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self.startsWith('embedded:') || self.startsWith('oci://') || self.startsWith('/')",
        "message": "a backend is embedded:NAME, oci://REGISTRY/REPOSITORY with a tag or a digest, or an absolute path",
    }]), length(min = 2, max = 2048))]
    pub backend: String,
    /// What has to be true of the backend before it is compiled.
    pub trust: Option<Trust>,
    /// The backend's own, checked by the host against the backend's schema.
    #[schemars(schema_with = "anything", default)]
    pub config: Option<BTreeMap<String, serde_json::Value>>,
    /// What volumes get that do not say which file system they want. Default: ext4.
    pub filesystem: Option<Filesystem>,
    /// The version of CSI whose capabilities are advertised.
    pub csi: Option<Csi>,
    /// What the driver may touch; everything that is not listed is denied.
    pub grants: Option<Grants>,
    /// What one call may use.
    pub limits: Option<Limits>,
}

/// What has to be true of the backend before it is compiled.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trust {
    /// Nothing else is loaded: the manifest's digest of what is in a registry, or the component's own.
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub digest: Option<String>,
    /// PEM files of public keys in the controller's container; one of them must have signed it.
    #[schemars(inner(regex(pattern = r"^/[^/].*$")))]
    pub keys: Option<Vec<String>>,
    /// Anything older is refused, and so is what states no version.
    #[schemars(regex(pattern = r"^[0-9]+\.[0-9]+\.[0-9]+"))]
    pub minimum_version: Option<String>,
    /// Also run a version that is lower than one that this driver ran before.
    pub allow_downgrade: Option<bool>,
}

/// A file system that nodes make.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Filesystem {
    Ext4,
    Xfs,
    Btrfs,
}

/// A version of CSI.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Csi {
    #[serde(rename = "1.12")]
    V1_12,
    #[serde(rename = "1.13")]
    V1_13,
}

/// What a driver may touch.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Grants {
    /// Pool name to an absolute directory, which must be mounted in the node's and the controller's container.
    #[schemars(schema_with = "directories", default)]
    pub pools: Option<BTreeMap<String, String>>,
    /// Origins that the component may send HTTP requests to. The bound is for the API server, which estimates what
    /// rules cost.
    #[schemars(length(max = 64))]
    pub http: Option<Vec<Http>>,
    /// Kinds of attachment that the node may carry out for this driver.
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub attachments: Option<Vec<Attachment>>,
    /// Patterns of links below /dev/disk; `*` stands for any characters but `/`.
    #[schemars(inner(regex(pattern = r"^/dev/disk/.+$")))]
    pub devices: Option<Vec<String>>,
    /// Mount options that are allowed beyond the host's safe list, one by one.
    #[schemars(inner(length(min = 1)))]
    pub mount_options: Option<Vec<String>>,
    /// That pods may have volumes made for them; without it only persistent ones are served.
    pub ephemeral: Option<Ephemeral>,
}

/// How a volume gets to a node.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Attachment {
    ImageFile,
    Directory,
    BlockDevice,
    Iscsi,
    NvmeOf,
    FibreChannel,
    Nfs,
    Smb,
    Rbd,
    Cephfs,
    Fuse,
    MountedDirectory,
    KataDirect,
    External,
}

/// One origin that a component may reach.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    /// Scheme, host and port, such as `https://array.example.com:8443`.
    #[schemars(regex(pattern = r"^https?://[^/]+$"))]
    pub origin: String,
    /// Path prefixes, compared whole segment by whole segment; empty means all.
    #[schemars(inner(length(min = 1)))]
    pub paths: Option<Vec<String>>,
    /// Networks in CIDR form that the origin's addresses may lie in, where they are private.
    #[schemars(inner(regex(pattern = r"^[0-9a-fA-F.:]+/[0-9]+$")))]
    pub networks: Option<Vec<String>>,
    /// PEM file of the only authorities that the origin's certificate may come from.
    #[schemars(regex(pattern = r"^/[^/].*$"))]
    pub ca: Option<String>,
    /// Origin of a proxy that tunnels by CONNECT.
    #[schemars(regex(pattern = r"^https?://[^/]+$"))]
    pub proxy: Option<String>,
    /// Credentials that the host adds and the component never sees.
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "[has(self.basic), has(self.bearer), has(self.header), has(self.awsSigV4), has(self.jwt)].filter(it, it).size() <= 1",
        "message": "one of basic, bearer, header, awsSigV4 and jwt is wanted",
    }]))]
    pub auth: Option<Auth>,
}

/// How requests to one origin are authenticated. A credential is named, never written: it is a key of the call's
/// secrets, or `{file: PATH}`, a mounted file.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Auth {
    /// RFC 7617.
    pub basic: Option<Basic>,
    /// RFC 6750.
    pub bearer: Option<Bearer>,
    /// A header of the vendor's own.
    pub header: Option<Header>,
    /// AWS Signature Version 4.
    pub aws_sig_v4: Option<AwsSigV4>,
    /// A token signed by the host (RFC 7519, RS256), sent as bearer.
    pub jwt: Option<Jwt>,
    /// TLS client certificate.
    pub client_certificate: Option<ClientCertificate>,
}

/// A key of the call's secrets, or `{file: PATH}`. Two types are no structural schema, so the host checks it.
#[derive(Debug, Serialize)]
pub struct Credential(serde_json::Value);

impl JsonSchema for Credential {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Credential".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A key of the call's secrets, or {file: PATH}, a mounted file.",
            "x-kubernetes-preserve-unknown-fields": true,
        })
    }
}

/// User and password.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Basic {
    pub user: Credential,
    pub password: Credential,
}

/// A token.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Bearer {
    pub token: Credential,
}

/// A header, such as `X-Api-Key`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Header {
    /// The header's name itself.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What stands in it.
    pub value: Credential,
}

/// Keys of an AWS account, and what they sign for.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwsSigV4 {
    /// Such as `eu-central-1`.
    #[schemars(length(min = 1))]
    pub region: String,
    /// Such as `s3` or `ec2`.
    #[schemars(length(min = 1))]
    pub service: String,
    /// The access key's id.
    pub access_key: Credential,
    /// The secret access key.
    pub secret_key: Credential,
    /// Of temporary keys.
    pub session_token: Option<Credential>,
}

/// What a signed token claims.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Jwt {
    /// PEM of an RSA key, PKCS #8 or PKCS #1.
    pub key: Credential,
    /// `kid` of the header.
    pub key_id: Option<String>,
    /// `iss`.
    #[schemars(length(min = 1))]
    pub issuer: String,
    /// `sub`.
    pub subject: Option<String>,
    /// `aud`.
    pub audience: Option<String>,
    /// Seconds.
    #[schemars(range(min = 1, max = 3600))]
    pub lifetime: Option<i32>,
    /// Further claims.
    pub claims: Option<BTreeMap<String, String>>,
}

/// TLS client certificate.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ClientCertificate {
    pub certificate: Credential,
    pub key: Credential,
}

/// Volumes that pods describe themselves, and what they may say of them.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ephemeral {
    /// For pods that do not say a size.
    pub size: Option<Quantity>,
    /// The most that a pod may ask for.
    pub max_size: Option<Quantity>,
    /// As a StorageClass's, for every such volume.
    pub parameters: Option<BTreeMap<String, String>>,
    /// Names of parameters that a pod may set, beside `size`.
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub attributes: Option<Vec<String>>,
}

/// What one call of a driver may use.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Linear memories together, such as 64MiB. Default: 128MiB.
    pub memory: Option<Quantity>,
    /// Wall time, such as 30s, which is the default.
    #[schemars(regex(pattern = r"^[0-9]+ *[a-z]+( *[0-9]+ *[a-z]+)*$"))]
    pub deadline: Option<String>,
    /// Calls at once. Default: 16.
    #[schemars(range(min = 1))]
    pub concurrency: Option<i32>,
}

/// A number of bytes, with or without a unit.
#[derive(Debug, Serialize)]
pub struct Quantity(serde_json::Value);

impl JsonSchema for Quantity {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "x-kubernetes-int-or-string": true })
    }
}

fn anything(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
}

fn directories(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 64,
        "additionalProperties": { "type": "string", "maxLength": 4096 },
        "x-kubernetes-validations": [{
            "rule": "self.all(name, self[name].startsWith('/') && self[name].size() > 1 && !self[name].contains('..'))",
            "message": "a pool is an absolute directory below /, without ..",
        }],
    })
}
