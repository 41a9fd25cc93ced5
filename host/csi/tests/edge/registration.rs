//! Kubelet's plugin registration: what a driver says of itself, and what is heard of kubelet's verdict.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mooring_csi::{Plugin, Telemetry, Verdict, registration_app};
use mooring_proto::pluginregistration::registration_client::RegistrationClient;
use mooring_proto::pluginregistration::{InfoRequest, PluginInfo, RegistrationStatus};
use mooring_volume::DriverName;

use crate::setup::{Measured, channel, run, settings};

const ENDPOINT: &str = "/var/lib/kubelet/plugins/model.mooring.dev/csi.sock";

#[tokio::test]
async fn kubelet_learns_name_and_endpoint_and_is_heard() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.mooring.dev-reg.sock");
    let driver = DriverName::new("model.mooring.dev").unwrap();
    let plugin = Plugin { driver, endpoint: ENDPOINT.to_owned() };
    let (heard, measured) = (Arc::<Mutex<Vec<Verdict>>>::default(), Arc::<Measured>::default());
    let hears = Arc::clone(&heard);
    let app = registration_app(
        plugin,
        move |verdict| hears.lock().unwrap().push(verdict),
        &Telemetry::new(measured.clone()),
        &settings(),
    );
    let running = run(&path, app, Duration::from_secs(20));
    let mut kubelet = RegistrationClient::new(channel(&path).await);

    let info = kubelet.get_info(InfoRequest {}).await.unwrap().into_inner();
    let told = PluginInfo {
        r#type: "CSIPlugin".to_owned(),
        name: "model.mooring.dev".to_owned(),
        endpoint: ENDPOINT.to_owned(),
        supported_versions: vec!["1.0.0".to_owned()],
    };
    assert_eq!(info, told);

    let good = RegistrationStatus { plugin_registered: true, error: String::new() };
    kubelet.notify_registration_status(good).await.unwrap();
    let error = "x".repeat(100_000);
    let bad = RegistrationStatus { plugin_registered: false, error };
    kubelet.notify_registration_status(bad).await.unwrap();
    let heard = heard.lock().unwrap().clone();
    assert_eq!(heard[0], Verdict::Registered);
    let Verdict::Refused(why) = &heard[1] else { panic!("{heard:?}") };
    assert!(why.starts_with("xxx") && why.len() < 4096, "{} bytes", why.len());
    assert_eq!(heard.len(), 2);
    let methods: Vec<_> = measured.rpcs().into_iter().map(|(method, _)| method).collect();
    assert_eq!(methods, ["GetInfo", "NotifyRegistrationStatus", "NotifyRegistrationStatus"]);
    running.stop().await;
}
