# shellcheck shell=dash
# The limits of a VolumeAttributesClass hold by control groups of version 2: for what is written in
# a group below the root, as pods are, and no longer when they are taken back.
#
# needs-programs: mooring mount umount losetup blkid mkfs.ext4
# needs-packages: mount util-linux e2fsprogs
# needs-files: /etc/mke2fs.conf
# needs-modules: loop ext4
# needs-disk: 1G
# needs-memory: 2G
# needs-seconds: 180
# shellcheck source=tests/vm/guest.sh
. /guest.sh
# shellcheck source=tests/vm/mooring.sh
. /mooring.sh

group=/sys/fs/cgroup/kubepods.slice

milliseconds() { awk '{ printf "%d", $1 * 1000 }' /proc/uptime; }

# Writes 4 MiB past the page cache, as a process of a pod; prints how long that took.
write_in_a_pod() {
    dash -c 'echo $$ >"$1"/pod/cgroup.procs && exec dd if=/dev/zero of="$2" bs=1M count=4 oflag=direct' \
        - "$group" "$target/data" 2>/tmp/dd &
    writer=$!
    began=$(milliseconds)
    wait "$writer"
    echo $(($(milliseconds) - began))
}

step "the program serves where control groups of version 2 limit I/O"
mount -t cgroup2 cgroup2 /sys/fs/cgroup
check "the kernel has no io controller" grep -qw io /sys/fs/cgroup/cgroup.controllers
echo +io >/sys/fs/cgroup/cgroup.subtree_control
mkdir -p "$group/pod"
configure
start /tmp/serve.log

step "a volume that may be written with 1 MiB a second has that in io.max"
volume=$(create limited 64MiB --mutable-parameter writeBandwidth=1Mi)
stage "$volume"
publish "$volume"
number=$(cat "/sys/class/block/$(basename "$(losetup --list --noheadings --output NAME)")/dev")
note "io.max: $(cat "$group/io.max")"
check "io.max lacks the limit" grep -qx "$number rbps=max wbps=1048576 riops=max wiops=max" "$group/io.max"

step "a pod writes no faster than that"
took=$(write_in_a_pod)
note "4 MiB in $took ms"
# The kernel may let the first slice pass at once, and no more.
check "it was faster than the limit" [ "$took" -ge 2500 ]

step "without the limit it is gone from io.max"
modify "$volume" writeBandwidth=0
check "the limit is left in io.max" [ -z "$(cat "$group/io.max")" ]
note "4 MiB in $(write_in_a_pod) ms"

step "a limit that is set again goes with the volume"
modify "$volume" writeIops=100
check "io.max lacks the limit" grep -qx "$number rbps=max wbps=max riops=max wiops=100" "$group/io.max"
unpublish "$volume"
unstage "$volume"
check "the limit outlives the volume" [ -z "$(cat "$group/io.max")" ]
delete "$volume"

step "the program ends and leaves nothing behind"
kill -TERM "$server"
check "it ended with an error" wait "$server"
check "a loop device is left" [ -z "$(losetup --list --noheadings)" ]
umount /pool
