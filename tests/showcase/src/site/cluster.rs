//! A claim of a cluster, and MariaDB in a pod that has it: all by kubectl, as people do it.
//!
//! The claim, the pod and Mooring are there before; what is done here is what an autoscaler, a platform's team and
//! somebody who moves the pod do.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, OptsBuilder};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::{Site, Usage};
use crate::options::Cluster;
use crate::report::Report;
use crate::story;

/// The database of the server in which the table is.
const DATABASE: &str = "showcase";

/// How long a cluster may take for anything: a changed ConfigMap alone is a minute on its way.
const PATIENCE: Duration = Duration::from_secs(180);

/// How often it is asked whether something has come.
const AGAIN: Duration = Duration::from_millis(200);

/// Holds the password, if the database wants one: an argument would be seen by others.
const PASSWORD: &str = "SHOWCASE_PASSWORD";

/// Where the chart puts the configuration.
const CONFIG: &str = "/etc/mooring/config/mooring.yaml";

/// Runs it.
pub(crate) fn run(options: &Cluster) -> Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut claim = Claim { options: options.clone(), opts: Opts::default() };
        claim.find().await?;
        let mut connection = Conn::new(server(&claim.opts)).await?;
        // What an earlier run has left.
        connection.query_drop(format!("DROP DATABASE IF EXISTS {DATABASE}")).await?;
        connection.query_drop(format!("CREATE DATABASE {DATABASE}")).await?;
        connection.disconnect().await?;
        tokio::select! {
            told = story::run(&mut claim, options.plan) => told,
            () = super::interrupted() => bail!("interrupted"),
        }
    })
}

/// The claim, and how its database is reached.
struct Claim {
    options: Cluster,
    opts: Opts,
}

impl Claim {
    /// Waits until the pod is ready and its database answers.
    async fn find(&mut self) -> Result<()> {
        let pod = format!("pod/{}", self.options.pod);
        let found = async {
            let ready = ["wait", "--for=condition=Ready", "--timeout=5s", &pod];
            while let Err(error) = self.kubectl(&ready).await {
                eprintln!("waiting for {pod}: {error:#}");
                sleep(AGAIN).await;
            }
            let opts = self.reached().await?;
            while let Err(error) = Conn::new(server(&opts)).await {
                eprintln!("waiting for its database: {error}");
                sleep(AGAIN * 5).await;
            }
            anyhow::Ok(opts)
        };
        self.opts = timeout(PATIENCE, found).await.context("the database does not come")??;
        Ok(())
    }

    async fn reached(&self) -> Result<Opts> {
        let address = match &self.options.address {
            Some(address) => address.clone(),
            None => {
                let pod = format!("pod/{}", self.options.pod);
                let ip = self.kubectl(&["get", &pod, "-o", "jsonpath={.status.podIP}"]).await?;
                format!("{}:3306", ip.trim())
            }
        };
        let (host, port) = address.rsplit_once(':').context("--address wants host:port")?;
        let opts = OptsBuilder::default()
            .ip_or_hostname(host)
            .tcp_port(port.parse().context("the port of --address")?)
            .prefer_socket(false)
            .user(Some(&self.options.user))
            .pass(std::env::var(PASSWORD).ok())
            .db_name(Some(DATABASE));
        Ok(opts.into())
    }

    async fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        kubectl(&self.options.namespace, arguments).await
    }

    /// The pod's own id, which one of the same name does not have.
    async fn pod(&self) -> Result<String> {
        let pod = format!("pod/{}", self.options.pod);
        self.kubectl(&["get", &pod, "-o", "jsonpath={.metadata.uid}"]).await
    }

    async fn capacity(&self) -> Result<String> {
        let claim = format!("pvc/{}", self.options.claim);
        self.kubectl(&["get", &claim, "-o", "jsonpath={.status.capacity.storage}"]).await
    }

    async fn patch(&self, number: usize) -> Result<()> {
        let file: &Path = self.options.patches.get(number - 1).context("no such version")?;
        let file = file.to_str().context("the patch's path is no UTF-8")?;
        let patch = ["patch", &self.options.swaps, "--type=merge", "--patch-file", file];
        kubectl(&self.options.mooring, &patch).await.map(drop)
    }
}

fn server(opts: &Opts) -> Opts {
    OptsBuilder::from_opts(opts.clone()).db_name(None::<String>).into()
}

/// What kubectl says in a namespace.
async fn kubectl(namespace: &str, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("kubectl");
    command
        .args(["--namespace", namespace])
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = command.output().await.context("kubectl does not start; is it installed?")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("kubectl {}: {}", arguments.join(" "), said.trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

impl Site for Claim {
    fn title(&self) -> String {
        "a claim of a cluster".to_owned()
    }

    fn database(&self) -> Opts {
        self.opts.clone()
    }

    async fn usage(&self) -> Result<Usage> {
        let df = ["exec", &self.options.pod, "--", "df", "--block-size=1", "--output=size,used"];
        let said = self.kubectl(&[&df[..], &[self.options.mount.as_str()]].concat()).await?;
        let numbers: Vec<u64> = said.split_whitespace().filter_map(|it| it.parse().ok()).collect();
        let [size, used] = *numbers else { bail!("df says {said:?}") };
        Ok(Usage { size, used })
    }

    async fn grow(&self, to: u64) -> Result<()> {
        let (before, claim) = (self.capacity().await?, format!("pvc/{}", self.options.claim));
        let size = self.usage().await?.size;
        let wanted = json!({"spec": {"resources": {"requests": {"storage": to.to_string()}}}});
        self.kubectl(&["patch", &claim, "--type=merge", "--patch", &wanted.to_string()]).await?;
        let grown = async {
            while self.capacity().await? == before || self.usage().await?.size == size {
                sleep(AGAIN).await;
            }
            Ok(())
        };
        timeout(PATIENCE, grown).await.with_context(|| format!("{claim} stays at {before}"))?
    }

    async fn version(&self) -> Result<String> {
        let status = ["exec", &self.options.controller, "-c", "controller", "--"];
        let status =
            [&status[..], &["mooring", "status", "--config", CONFIG, "-o", "json"]].concat();
        let said = kubectl(&self.options.mooring, &status).await?;
        let status: Value = serde_json::from_str(&said).context("`mooring status -o json`")?;
        let drivers = status.get("drivers").and_then(Value::as_array).context("no drivers")?;
        let driver = drivers.iter().find(|it| it.get("name") == Some(&json!(self.options.driver)));
        let version = driver.and_then(|it| it.get("version")).and_then(Value::as_str);
        Ok(version.with_context(|| format!("no {} serves", self.options.driver))?.to_owned())
    }

    fn swaps(&self) -> usize {
        self.options.patches.len()
    }

    async fn swap(&self, number: usize) -> Result<()> {
        let before = self.version().await?;
        self.patch(number).await?;
        let serves = async {
            // `mooring status` fails for as long as the driver does not serve as it is configured.
            while self.version().await.is_ok_and(|version| version == before) {
                sleep(AGAIN).await;
            }
            self.version().await.map(drop)
        };
        timeout(PATIENCE, serves).await.context("the next version does not serve")?
    }

    async fn move_out_and_in(&mut self) -> Result<()> {
        let before = self.pod().await?;
        self.kubectl(&["delete", "pod", &self.options.pod, "--wait=true", "--timeout=120s"])
            .await?;
        self.find().await?;
        ensure!(self.pod().await? != before, "the pod is the one that was deleted");
        Ok(())
    }
}
