# shellcheck shell=bash
# Where the harness keeps things. All of it lies below target/, which may be thrown away.
# shellcheck disable=SC2034 # Used by the scripts that read this one.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$repository/target}
vm=$target/vm
debian=$vm/debian # unpacked packages, in the layout of a root file system
