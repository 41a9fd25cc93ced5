# shellcheck shell=dash
# An ext4 volume grows while a program writes to it. The kernel wants CAP_SYS_RESOURCE for that,
# which root inside most containers lacks.
#
# needs-programs: mooring mount umount losetup blkid mkfs.ext4 resize2fs e2fsck
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

work=/tmp/work
data=$target/data

size_of() { df -Pm "$1" | awk 'NR == 2 { print $2 }'; }
written() { wc -l <"$work/written"; }
more_written_than() { [ "$(written)" -gt "$1" ]; }
writer_done() { ! kill -0 "$writer"; }

check_detached() {
    check "a mount is left" cmp -s "$work/mounts" /proc/self/mounts
    check "a loop device is left" [ -z "$(losetup --list --noheadings)" ]
}

# Writes a block of 1 MiB, which no other equals, to a slot, and keeps its checksum off the volume.
write_block() {
    { printf '%032d' "$2" && cat "$work/random"; } >"$work/block"
    dd if="$work/block" of="$data/$1" bs=1M conv=fsync,notrunc 2>"$work/dd"
    (cd "$work" && sha256sum block) | sed "s|block|$1|" >"$work/sums/$1"
    echo "$2" >>"$work/written"
}

# 24 slots over and over until $work/grown appears; then on to 96, more than the volume held before.
write_on() {
    set +x
    count=0 slot=0
    until [ -e "$work/grown" ] && [ "$slot" -ge 24 ]; do
        [ "$slot" -lt 24 ] || slot=0
        write_block "$slot" "$count"
        slot=$((slot + 1)) count=$((count + 1))
    done
    while [ "$slot" -lt 96 ]; do
        write_block "$slot" "$count"
        slot=$((slot + 1)) count=$((count + 1))
    done
}

# Reads from the device, not from memory.
verify() {
    echo 3 >/proc/sys/vm/drop_caches
    cat "$work"/sums/* >"$work/all-sums"
    (cd "$data" && sha256sum -c "$work/all-sums" >"$work/verified") || return 1
    [ "$(grep -c OK "$work/verified")" = 96 ]
}

step "the program serves"
mkdir -p "$work/sums"
configure
dd if=/dev/urandom of="$work/random" bs=1048544 count=1 2>/dev/null
: >"$work/written"
cp /proc/self/mounts "$work/mounts"
start "$work/serve.log"

step "a volume of 64 MiB is created, staged and published"
volume=$(create growing 64MiB)
check "no volume id was printed" [ -n "$volume" ]
note "volume $volume"
stage "$volume"
publish "$volume"
before=$(size_of "$target")
check "the volume is not ext4" grep -q " $target ext4 " /proc/self/mounts
mkdir "$data"

step "it grows to 160 MiB while a program writes to it"
(write_on) &
writer=$!
wait_for 30 "the writer does not get on" more_written_than 4
start=$(written)
expand "$volume" 160MiB
after=$(size_of "$target")
during=$(($(written) - start))
note "from $before MiB to $after MiB, $during blocks written meanwhile"
check "the writer ended" kill -0 "$writer"
check "the writer stood still" [ "$during" -gt 0 ]
check "the file system did not grow" [ "$after" -gt $((before + 72)) ]
stats "$volume"

step "the writer goes on beyond the old size without an error"
touch "$work/grown"
wait_for 90 "the writer does not end" writer_done
check "the writer failed" wait "$writer"
check "the data are not what was written" verify

step "the data are the same after another stage"
unpublish "$volume"
unstage "$volume"
check_detached
stage "$volume"
publish "$volume"
check "the size was lost" [ "$(size_of "$target")" = "$after" ]
check "the data are not what was written" verify

step "nothing is left after it is deleted"
unpublish "$volume"
unstage "$volume"
delete "$volume"
check_detached
check "the pool is not empty" [ -z "$(find /pool/volumes -type f)" ]
kill "$server"
check "the program failed at its end" wait "$server"
