//! Reading and checking the configuration: every mistake with its line, its key and what would be
//! right.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use mooring_volume::ephemeral::Ephemeral;

use super::{Config, Driver, Kubelet, Otlp, Source};

/// Source: unix(7), `sun_path`, less a byte for the name under which a socket is bound first.
const LONGEST_SOCKET: usize = 106;

/// Why a configuration cannot be used.
#[derive(Debug)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    Read { path: PathBuf, source: std::io::Error },
    /// It is not YAML of the right shape. The text names line, column and key.
    Parse { path: PathBuf, message: String },
    /// It is well-formed and cannot work.
    Invalid { key: String, problem: String },
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Read { path, source } => {
                write!(f, "the configuration {} cannot be read: {source}", path.display())
            }
            Self::Parse { path, message } => {
                write!(f, "the configuration {} is wrong: {message}", path.display())
            }
            Self::Invalid { key, problem } => write!(f, "configuration key {key}: {problem}"),
        }
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads, parses and checks a file.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::read(path)?.checked()
    }

    /// Reads and parses a file.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// Parses the text of the file at `path`.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        serde_saphyr::from_str(text).map_err(|error| ConfigError::Parse {
            path: path.to_owned(),
            message: error.to_string(),
        })
    }

    /// Itself with the default driver where it names none, if all of it can work.
    pub(crate) fn checked(self) -> Result<Self, ConfigError> {
        // With it: its sockets' paths must fit, too.
        let whole =
            self.with_default_driver().map_err(|error| invalid("drivers", &error.message))?;
        whole.check()?;
        Ok(whole)
    }

    /// What the shape alone does not say.
    fn check(&self) -> Result<(), ConfigError> {
        check_path("stateDir", &self.state_dir)?;
        check_path("socketDir", &self.socket_dir)?;
        check_path("controller.socketDir", &self.controller_socket_dir())?;
        for root in &self.node.target_roots {
            check_path("node.targetRoots", root)?;
        }
        check_path("node.kata.directVolumes", &self.node.kata.direct_volumes)?;
        for place in &self.node.kata.sandboxes {
            check_path("node.kata.sandboxes", place)?;
        }
        self.check_kubelet()?;
        if let Some(id) = &self.node.id {
            mooring_volume::NodeId::new(id.clone())
                .map_err(|error| invalid("node.id", &error.message))?;
        }
        if self.controller.uid == 0 {
            return Err(invalid("controller.uid", "0 is root; vendor code must not run as root"));
        }
        mooring_source::check(&self.registries)
            .map_err(|error| invalid("registries", &error.to_string()))?;
        for (host, registry) in &self.registries {
            let files = [("ca", &registry.ca), ("credentials", &registry.credentials)];
            for (name, path) in
                files.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?)))
            {
                check_path(&format!("registries.{host:?}.{name}"), path)?;
            }
        }
        if let Some(dir) = &self.offline {
            check_path("offline", dir)?;
        }
        if self.ask_tags_every < Duration::from_secs(1) {
            return Err(invalid("askTagsEvery", "registries are asked once a second at most"));
        }
        if let Some(otlp) = &self.telemetry.otlp {
            check_otlp(otlp)?;
        }
        let mut names = BTreeSet::new();
        for (index, driver) in self.drivers.iter().enumerate() {
            if !names.insert(&driver.name) {
                let key = format!("drivers[{index}].name");
                return Err(invalid(&key, &format!("{} is there twice", driver.name)));
            }
            check_driver(index, driver)?;
        }
        Ok(())
    }

    fn check_kubelet(&self) -> Result<(), ConfigError> {
        let Some(Kubelet { registration_dir, socket_dir }) = &self.kubelet else { return Ok(()) };
        check_path("kubelet.registrationDir", registration_dir)?;
        if let Some(dir) = socket_dir {
            check_path("kubelet.socketDir", dir)?;
        }
        for (key, own) in [
            ("socketDir", &self.socket_dir),
            ("controller.socketDir", &self.controller_socket_dir()),
        ] {
            if own.starts_with(registration_dir) {
                let problem = "must not be kubelet's registrationDir or below it: kubelet takes \
                               every socket there for a plugin";
                return Err(invalid(key, problem));
            }
        }
        for (index, driver) in self.drivers.iter().enumerate() {
            let Some(it) = self.registration(&driver.name) else { continue };
            for (key, path) in [("registrationDir", it.socket), ("socketDir", it.endpoint)] {
                let bytes = path.as_os_str().len();
                if bytes > LONGEST_SOCKET {
                    let problem = format!(
                        "{} has {bytes} bytes; a socket's path may have {LONGEST_SOCKET}; choose a \
                         shorter directory, or a shorter drivers[{index}].name",
                        path.display()
                    );
                    return Err(invalid(&format!("kubelet.{key}"), &problem));
                }
            }
        }
        Ok(())
    }
}

fn check_otlp(otlp: &Otlp) -> Result<(), ConfigError> {
    let Otlp { endpoint, headers_file, sample_ratio } = otlp;
    let uri: Option<http::Uri> = endpoint.parse().ok();
    if !uri.is_some_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some()) {
        return Err(invalid(
            "telemetry.otlp.endpoint",
            &format!(
                "{endpoint:?} is no http://HOST:PORT; for a receiver with TLS use a collector on the node"
            ),
        ));
    }
    if let Some(path) = headers_file {
        check_path("telemetry.otlp.headersFile", path)?;
    }
    if sample_ratio.is_some_and(|ratio| !(0.0..=1.0).contains(&ratio)) {
        return Err(invalid("telemetry.otlp.sampleRatio", "a number from 0 to 1 is wanted"));
    }
    Ok(())
}

fn check_driver(index: usize, driver: &Driver) -> Result<(), ConfigError> {
    let key = |name: &str| format!("drivers[{index}].{name}");
    for (name, path) in &driver.grants.pools {
        check_path(&key(&format!("grants.pools.{name}")), path)?;
    }
    for pattern in &driver.grants.devices {
        if !pattern.starts_with("/dev/disk/") {
            return Err(invalid(
                &key("grants.devices"),
                &format!("{pattern:?} must start with /dev/disk/, whose names are stable"),
            ));
        }
    }
    mooring_egress::check(&driver.grants.http).map_err(|error| {
        let mooring_egress::GrantError { index, key: part, reason } = error;
        invalid(&key(&format!("grants.http[{index}].{part}")), &reason)
    })?;
    if let Some(Ephemeral { size: Some(size), max_size: Some(most), .. }) = &driver.grants.ephemeral
        && size > most
    {
        return Err(invalid(&key("grants.ephemeral"), "size is above maxSize"));
    }
    if matches!(driver.backend, Source::Embedded(_)) && !driver.trust.keys.is_empty() {
        let problem =
            "an embedded backend is a part of this program and has no signature of its own";
        return Err(invalid(&key("trust.keys"), problem));
    }
    if !driver.config.is_object() {
        return Err(invalid(&key("config"), "a mapping is wanted"));
    }
    let limits = &driver.limits;
    if limits.concurrency == 0 || limits.deadline.is_zero() || limits.memory.as_u64() == 0 {
        return Err(invalid(&key("limits"), "memory, deadline and concurrency must be above 0"));
    }
    Ok(())
}

fn check_path(key: &str, path: &Path) -> Result<(), ConfigError> {
    let plain =
        path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    if path.is_absolute() && plain && path != Path::new("/") {
        return Ok(());
    }
    Err(invalid(key, &format!("{} must be an absolute path below /, without ..", path.display())))
}

fn invalid(key: &str, problem: &str) -> ConfigError {
    ConfigError::Invalid { key: key.to_owned(), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::Registration;
    use super::*;

    fn load(text: &str) -> Result<Config, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::load(file.path()).map_err(|error| error.to_string())
    }

    const DESIGN: &str = r#"
stateDir: /var/lib/mooring
socketDir: /run/mooring
node:
  id: worker-1
  targetRoots: [/var/lib/kubelet]
drivers:
  - name: image.mooring.dev
    backend: embedded:image-file
    config: {}
    grants:
      pools: {default: /var/lib/mooring/pool}
      http: [{origin: "https://array.example.com:8443", paths: [/api/], networks: [10.2.0.0/16], auth: {basic: {user: username, password: password}}}]
      attachments: [image-file]
      devices: [/dev/disk/by-id/nvme-Amazon_*]
      mountOptions: [noatime, discard]
      ephemeral: {size: 1Gi, maxSize: 10Gi, parameters: {pool: default}, attributes: [tier]}
    limits: {memory: 64MiB, deadline: 30s, concurrency: 16}
"#;

    #[test]
    fn reads_every_key_of_the_design() {
        let config = load(DESIGN).unwrap();
        let driver = config.drivers.first().unwrap();
        assert_eq!(driver.limits.memory.as_u64(), 64 << 20);
        assert_eq!(driver.limits.deadline.as_secs(), 30);
        assert_eq!(driver.grants.mount_options, ["noatime", "discard"]);
    }

    #[test]
    fn an_empty_file_is_the_embedded_default() {
        let config = load("{}").unwrap();
        assert_eq!(config.drivers.first().unwrap().name.as_str(), "image.mooring.dev");
    }

    #[test]
    fn no_driver_is_none_where_the_default_is_not_wanted() {
        assert!(load("defaultDriver: false").unwrap().drivers.is_empty());
        assert!(load("{drivers: [], defaultDriver: false}").unwrap().drivers.is_empty());
        assert_eq!(load("drivers: []").unwrap().drivers.len(), 1);
        let named = load("{defaultDriver: false, drivers: [{name: a.b, backend: 'embedded:x'}]}");
        assert_eq!(named.unwrap().drivers.len(), 1);
    }

    #[test]
    fn who_may_read_the_status_is_named() {
        assert!(load("{}").unwrap().telemetry.allowed_uids.is_empty());
        let config = load("telemetry: {allowedUids: [64615]}").unwrap();
        assert_eq!(config.telemetry.allowed_uids, [64615]);
        assert_eq!(config.status_socket(), Path::new("/run/mooring/controller/status.sock"));
    }

    #[test]
    fn reads_every_key_of_sources_and_trust() {
        let config = load(
            r#"
registries:
  ghcr.io: {mirrors: ["mirror.example:5000/ghcr"], ca: /etc/ca.pem, credentials: /etc/pull.json}
  "localhost:5000": {plainHttp: true}
offline: /srv/components
askTagsEvery: 90s
drivers:
  - name: array.example.com
    backend: oci://ghcr.io/vendor/array:1.2
    trust: {digest: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", keys: [/etc/cosign.pub], minimumVersion: 1.2.0, allowDowngrade: true}
"#,
        )
        .unwrap();
        assert_eq!(config.ask_tags_every.as_secs(), 90);
        let driver = config.drivers.first().unwrap();
        assert_eq!(driver.backend.to_string(), "oci://ghcr.io/vendor/array:1.2");
        assert!(driver.trust.digest.is_some() && driver.trust.allow_downgrade);
        assert_eq!((driver.trust.keys.len(), config.registries.len()), (1, 2));
    }

    #[test]
    fn kubelet_is_told_where_it_sees_the_sockets() {
        let registration = |text: &str| {
            let config = load(text).unwrap();
            config.registration(&config.drivers.first().unwrap().name)
        };
        let told = |socket: &str, endpoint: &str| {
            Some(Registration { socket: socket.into(), endpoint: endpoint.into() })
        };
        assert_eq!(registration("{}"), None);
        assert_eq!(
            registration("kubelet: {}"),
            told(
                "/var/lib/kubelet/plugins_registry/image.mooring.dev-reg@mooring.sock",
                "/run/mooring/image.mooring.dev/csi.sock"
            )
        );
        assert_eq!(
            registration(
                "{socketDir: /csi, kubelet: {registrationDir: /registration, socketDir: /k/plugins}}"
            ),
            told(
                "/registration/image.mooring.dev-reg@mooring.sock",
                "/k/plugins/image.mooring.dev/csi.sock"
            )
        );
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_key() {
        let error = load("stateDir: /a\nsocketDirectory: /b\n").unwrap_err();
        assert!(error.contains("socketDirectory") && error.contains('2'), "{error}");
        let error = load(&DESIGN.replace("memory: 64MiB", "memory: lots")).unwrap_err();
        assert!(error.contains("16"), "{error}");
    }

    #[test]
    fn refuses_what_cannot_work() {
        for (bad, key) in [
            ("stateDir: relative", "stateDir"),
            ("socketDir: /a/../b", "socketDir"),
            ("stateDir: /", "stateDir"),
            ("controller: {uid: 0}", "controller.uid"),
            ("telemetry: {listen: '0.0.0.0'}", "invalid socket address"),
            (
                "drivers: [{name: a.b, backend: 'embedded:x'}, {name: a.b, backend: 'embedded:x'}]",
                "twice",
            ),
            ("drivers: [{name: a.b, backend: rel.wasm}]", "absolute"),
            (
                "drivers: [{name: a.b, backend: 'embedded:x', grants: {devices: [/dev/sda]}}]",
                "devices",
            ),
            (
                "drivers: [{name: a.b, backend: 'embedded:x', grants: {ephemeral: {size: 2Gi, maxSize: 1Gi}}}]",
                "maxSize",
            ),
            (
                "drivers: [{name: a.b, backend: 'embedded:x', grants: {http: [{origin: 'https://a/x'}]}}]",
                "drivers[0].grants.http[0].origin",
            ),
            (
                "drivers: [{name: a.b, backend: 'embedded:x', grants: {http: [{origin: 'https://a', auth: {basic: {user: u, password: {path: /p}}}}]}}]",
                "path",
            ),
            ("telemetry: {otlp: {endpoint: 'https://a:4317'}}", "telemetry.otlp.endpoint"),
            ("telemetry: {otlp: {endpoint: '127.0.0.1:4317'}}", "telemetry.otlp.endpoint"),
            ("telemetry: {otlp: {endpoint: 'http://a', headersFile: h}}", "headersFile"),
            ("telemetry: {otlp: {endpoint: 'http://a', sampleRatio: 1.5}}", "sampleRatio"),
            ("node: {kata: {directVolumes: relative}}", "node.kata.directVolumes"),
            ("kubelet: {registrationDir: relative}", "kubelet.registrationDir"),
            ("kubelet: {socketDir: ../up}", "kubelet.socketDir"),
            ("kubelet: {registryDir: /a}", "registryDir"),
            ("{socketDir: /k/r/x, kubelet: {registrationDir: /k/r}}", "socketDir"),
            (
                "{controller: {socketDir: /k/r}, kubelet: {registrationDir: /k/r}}",
                "controller.socketDir",
            ),
            (
                "{kubelet: {socketDir: /a-directory-whose-name-is-so-long-that-no-socket-below-it-has-a-path-that-fits-into-an-address}, drivers: [{name: a.b, backend: 'embedded:x'}]}",
                "a socket's path may have 106",
            ),
            (
                "{kubelet: {socketDir: /a-directory-whose-name-is-so-long-that-no-socket-below-it-has-a-path-that-fits-into-an-address}}",
                "a socket's path may have 106",
            ),
            ("offline: relative", "offline"),
            ("askTagsEvery: 10ms", "askTagsEvery"),
            ("registries: {ghcr.io/vendor: {}}", "ghcr.io/vendor"),
            ("registries: {ghcr.io: {mirrors: ['https://mirror']}}", "https://mirror"),
            ("registries: {ghcr.io: {credentials: config.json}}", "credentials"),
            ("drivers: [{name: a.b, backend: 'oci://ghcr.io/A'}]", "lower-case"),
            ("drivers: [{name: a.b, backend: /x.wasm, trust: {keys: [cosign.pub]}}]", "cosign.pub"),
            (
                "drivers: [{name: a.b, backend: /x.wasm, trust: {minimumVersion: '1'}}]",
                "minimumVersion",
            ),
            ("drivers: [{name: a.b, backend: 'embedded:x', trust: {keys: [/k]}}]", "trust.keys"),
            ("drivers: [{name: a.b, backend: 'embedded:x', limits: {concurrency: 0}}]", "limits"),
        ] {
            let error = load(bad).unwrap_err();
            assert!(error.contains(key), "{bad}: {error}");
        }
    }
}
