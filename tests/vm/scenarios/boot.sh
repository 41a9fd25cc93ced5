# shellcheck shell=dash
# Proves the harness itself: real root, the kernel's file systems, and the thing that these tests
# exist for, an ext4 that grows while mounted.
#
# needs-programs: losetup mkfs.ext4 resize2fs e2fsck
# needs-packages: util-linux e2fsprogs
# needs-files: /etc/mke2fs.conf
# needs-modules: loop ext4 xfs btrfs
# needs-disk: 256M
# shellcheck source=tests/vm/guest.sh
. /guest.sh

# CAP_SYS_RESOURCE is capability number 24.
has_sys_resource() {
    bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
    [ $((0x$bounding >> 24 & 1)) = 1 ]
}

size_of() { df -Pm "$1" | awk 'NR == 2 { print $2 }'; }

step "the scenario is root with every capability"
note "kernel $(uname -r)"
check "the user id is not 0" [ "$(id -u)" = 0 ]
check "CAP_SYS_RESOURCE is not in the bounding set" has_sys_resource

step "the kernel knows loop, ext4, xfs and btrfs"
for filesystem in ext4 xfs btrfs; do
    check "no $filesystem in /proc/filesystems" grep -qw "$filesystem" /proc/filesystems
done
check "no loop control device" [ -c /dev/loop-control ]

step "an ext4 on a loop device is mounted"
mkfs.ext4 -q /dev/vda
mkdir -p /pool /volume
mount /dev/vda /pool
truncate -s 64M /pool/image
loop=$(losetup --find --show --direct-io=on /pool/image)
mkfs.ext4 -q "$loop"
mount "$loop" /volume
before=$(size_of /volume)

step "it grows while mounted"
truncate -s 128M /pool/image
losetup --set-capacity "$loop"
resize2fs "$loop"
after=$(size_of /volume)
note "from $before MiB to $after MiB"
check "the file system did not grow" [ "$after" -gt $((before + 48)) ]

step "it is sound afterwards"
umount /volume
e2fsck -fn "$loop"
losetup --detach "$loop"
umount /pool
