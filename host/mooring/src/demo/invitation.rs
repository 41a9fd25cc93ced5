//! What to try next, ready to be copied.

use std::path::Path;

use super::host::Serving;

/// Where things are, for the commands.
pub(super) struct Invitation<'a> {
    /// As the reader has called it.
    program: String,
    socket: &'a Path,
    socket_dir: &'a Path,
    target_root: &'a Path,
}

impl<'a> Invitation<'a> {
    pub(super) fn new(socket: &'a Path, socket_dir: &'a Path, target_root: &'a Path) -> Self {
        let program = std::env::args().next().unwrap_or_else(|| "mooring".to_owned());
        Self { program, socket, socket_dir, target_root }
    }

    pub(super) fn text(&self, serving: Serving) -> String {
        let Self { program, socket, socket_dir, target_root } = self;
        let (socket, root) = (socket.display().to_string(), target_root.display());
        let telemetry = socket_dir.join("telemetry.sock").display().to_string();
        let width = socket.len().max(telemetry.len());
        let end = match serving {
            Serving::Own => "Serving. Ctrl-C ends it, once running calls have ended.",
            Serving::Found => "The host that was there before goes on serving.",
        };
        format!(
            "
Open sockets:
  {socket:<width$}  CSI: Identity, Controller, Node
  {telemetry:<width$}  /healthz and /metrics

Try, as root, in another terminal:
  export MOORING_SOCKET={socket}
  ID=$({program} volume create data --size 1GiB --fs-type xfs --quiet)
  {program} volume list
  {program} volume stage \"$ID\" --staging-path {root}/data/staging --fs-type xfs
  {program} volume publish \"$ID\" --staging-path {root}/data/staging \\
      --target-path {root}/data/target --fs-type xfs
  echo hello > {root}/data/target/hello
  {program} volume expand \"$ID\" --size 2GiB --volume-path {root}/data/target
  {program} volume stats \"$ID\" --volume-path {root}/data/target
  {program} volume unpublish \"$ID\" --target-path {root}/data/target
  {program} volume unstage \"$ID\" --staging-path {root}/data/staging
  {program} volume delete \"$ID\"
  rmdir {root}/data

  curl --unix-socket {telemetry} http://localhost/healthz
  curl --unix-socket {telemetry} http://localhost/metrics

{end}
"
        )
    }
}
