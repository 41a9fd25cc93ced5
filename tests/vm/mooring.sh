# shellcheck shell=dash
# The program under test, as scenarios use it: one host with the backend of images over a pool on the
# scenario's disk, and the calls of one ext4 volume. To be read after /guest.sh.

driver=image.mooring.dev
socket=/run/mooring/$driver/csi.sock
staging=/var/lib/kubelet/staging
target=/var/lib/kubelet/target

# Makes the pool and the configuration.
configure() {
    mkfs.ext4 -q /dev/vda
    mkdir -p /pool "$staging"
    mount /dev/vda /pool
    mkdir /pool/volumes
    cat >/etc/mooring.yaml <<CONFIG
stateDir: /var/lib/mooring
socketDir: /run/mooring
node:
  id: guest
  targetRoots: [/var/lib/kubelet]
drivers:
  - name: $driver
    backend: embedded:image-file
    grants:
      pools: {default: /pool/volumes}
      attachments: [image-file]
CONFIG
}

# Starts the host, whose standard error goes to LOG, and waits until it answers. Sets `server`.
start() {
    evidence "$1"
    serve >"$1" 2>&1 &
    # shellcheck disable=SC2034 # For the scenario.
    server=$!
    wait_for 30 "the socket does not answer" serving
}

serve() { exec mooring serve --config /etc/mooring.yaml; }
serving() { [ -S "$socket" ] && mooring volume list --socket "$socket"; }

# create NAME SIZE OPTION…
create() {
    create_name=$1
    create_size=$2
    shift 2
    mooring volume create "$create_name" --quiet --size "$create_size" --fs-type ext4 --socket "$socket" "$@"
}
stage() { mooring volume stage "$1" --staging-path "$staging" --fs-type ext4 --socket "$socket"; }
publish() {
    mooring volume publish "$1" --staging-path "$staging" --target-path "$target" --fs-type ext4 \
        --socket "$socket"
}
expand() { mooring volume expand "$1" --size "$2" --volume-path "$target" --socket "$socket"; }
modify() { mooring volume modify "$1" --set "$2" --socket "$socket"; }
stats() { mooring volume stats "$1" --volume-path "$target" --socket "$socket"; }
unpublish() { mooring volume unpublish "$1" --target-path "$target" --socket "$socket"; }
unstage() { mooring volume unstage "$1" --staging-path "$staging" --socket "$socket"; }
delete() { mooring volume delete "$1" --socket "$socket"; }
