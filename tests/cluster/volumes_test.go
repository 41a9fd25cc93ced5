package cluster

import (
	"fmt"
	"strings"
	"testing"
)

// volumes are the cases that can run side by side: each has its own namespace and volumes.
var volumes = []struct {
	name string
	run  func(*testing.T)
}{
	{"dynamic", dynamic}, {"default-class", defaultClass}, {"pre-provisioned", preProvisioned}, {"one-pod", onePod},
	{"raw-block", rawBlock}, {"read-only", readOnly}, {"fs-group", fsGroup}, {"mount-options", mountOptions},
	{"expansion", expansion}, {"snapshot", snapshot}, {"clone", clone}, {"inline", inline}, {"attributes", attributes},
	{"two-vendors", twoVendors}, {"wrong", wrong},
}

// A volume is made when its pod is scheduled, keeps its data when the pod is another, and goes with its claim.
func dynamic(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data", Class: "mooring"}.manifest(ns))
	if phase, err := field(ns, "pvc/data", "{.status.phase}"); err != nil || phase != "Pending" {
		t.Errorf("before there is a pod: %s %v", phase, err)
	}
	first := Pod{Name: "first", Claim: "data"}
	first.run(t, ns)
	in(t, ns, "first", "echo kept >/data/file; sync")
	if of := in(t, ns, "first", "stat -f -c %T /data; grep ' /data ' /proc/mounts"); !strings.Contains(of, "xfs") {
		t.Error(of)
	}
	first.end(t, ns)
	Pod{Name: "second", Claim: "data"}.run(t, ns)
	if kept := in(t, ns, "second", "cat /data/file"); kept != "kept" {
		t.Errorf("%q", kept)
	}
}

func defaultClass(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data"}.manifest(ns))
	Pod{Name: "pod", Claim: "data"}.run(t, ns)
	becomes(t, ns, "pvc/data", "{.spec.storageClassName}", "mooring")
}

// A volume that a person made, by hand, and a PersistentVolume that says so.
func preProvisioned(t *testing.T) {
	ns := space(t)
	socket := "/run/mooring/controller/image.mooring.dev/csi.sock"
	id := host(t, "controller", "mooring", "volume", "create", "by-hand", "--size", "512MiB", "--fs-type", "xfs", "--socket", socket, "--quiet")
	apply(t, fmt.Sprintf(`apiVersion: v1
kind: PersistentVolume
metadata: {name: by-hand}
spec:
  capacity: {storage: 512Mi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Delete
  storageClassName: mooring
  csi: {driver: image.mooring.dev, volumeHandle: %q, fsType: xfs}
`, id))
	apply(t, Claim{Name: "data", Class: "mooring", Volume: "by-hand"}.manifest(ns))
	Pod{Name: "pod", Claim: "data"}.run(t, ns)
	in(t, ns, "pod", "echo written >/data/file")
}

// ReadWriteOncePod: the second pod waits until the first has ended.
func onePod(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data", Mode: "ReadWriteOncePod"}.manifest(ns))
	first, second := Pod{Name: "first", Claim: "data"}, Pod{Name: "second", Claim: "data"}
	first.run(t, ns)
	apply(t, second.manifest(ns))
	becomes(t, ns, "pod/second", `{.status.conditions[?(@.type=="PodScheduled")].reason}`, "Unschedulable")
	first.end(t, ns)
	second.run(t, ns)
}

func rawBlock(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data", Block: true}.manifest(ns))
	first := Pod{Name: "first", Claim: "data", Block: true}
	first.run(t, ns)
	in(t, ns, "first", "test -b /dev/data; dd if=/dev/urandom of=/tmp/block bs=1M count=4 2>/dev/null; dd if=/tmp/block of=/dev/data bs=1M seek=100 conv=fsync 2>/dev/null")
	wrote := in(t, ns, "first", "sha256sum </tmp/block")
	first.end(t, ns)
	Pod{Name: "second", Claim: "data", Block: true}.run(t, ns)
	if read := in(t, ns, "second", "dd if=/dev/data bs=1M skip=100 count=4 2>/dev/null | sha256sum"); read != wrote {
		t.Errorf("%s, and %s was written", read, wrote)
	}
}

func readOnly(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data"}.manifest(ns))
	first := Pod{Name: "first", Claim: "data"}
	first.run(t, ns)
	in(t, ns, "first", "echo kept >/data/file")
	first.end(t, ns)
	Pod{Name: "reader", Claim: "data", ReadOnly: true}.run(t, ns)
	if said := in(t, ns, "reader", "cat /data/file; touch /data/new 2>&1 || true"); !strings.Contains(said, "kept") || !strings.Contains(said, "Read-only file system") {
		t.Error(said)
	}
}

// fsGroupPolicy File: a pod that is not root writes by the group that kubelet gave the volume.
func fsGroup(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data"}.manifest(ns))
	Pod{Name: "pod", Claim: "data", Security: "{runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000}"}.run(t, ns)
	if said := in(t, ns, "pod", "id -u; echo mine >/data/file; stat -c %g /data/file /data"); said != "1000\n2000\n2000" {
		t.Errorf("%q", said)
	}
}

func mountOptions(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data", Class: "noatime"}.manifest(ns))
	Pod{Name: "pod", Claim: "data"}.run(t, ns)
	if mounted := in(t, ns, "pod", "grep ' /data ' /proc/mounts"); !strings.Contains(mounted, "noatime") {
		t.Error(mounted)
	}
}

// A volume grows under a pod that writes: the pod sees it, and is not restarted.
func expansion(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data"}.manifest(ns))
	writer("pod", "data").run(t, ns)
	kubectl(t, "--namespace", ns, "patch", "pvc", "data", "--patch", `{"spec": {"resources": {"requests": {"storage": "1Gi"}}}}`)
	becomes(t, ns, "pvc/data", "{.status.capacity.storage}", "1Gi")
	if blocks := in(t, ns, "pod", "df -k /data | awk 'NR == 2 {print ($2 > 900000)}'"); blocks != "1" {
		t.Error(in(t, ns, "pod", "df -k /data"))
	}
	writes(t, ns, "pod")
}

// A snapshot of a volume in use has what was flushed before it, and nothing that came after.
func snapshot(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data"}.manifest(ns))
	Pod{Name: "pod", Claim: "data"}.run(t, ns)
	in(t, ns, "pod", "echo before >/data/file; sync")
	apply(t, fmt.Sprintf(`apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: {name: moment, namespace: %s}
spec: {volumeSnapshotClassName: mooring, source: {persistentVolumeClaimName: data}}
`, ns))
	becomes(t, ns, "volumesnapshot/moment", "{.status.readyToUse}", "true")
	in(t, ns, "pod", "echo after >/data/file; sync")
	apply(t, Claim{Name: "restored", From: "VolumeSnapshot/moment", Size: "1Gi"}.manifest(ns))
	Pod{Name: "restored", Claim: "restored"}.run(t, ns)
	if has := in(t, ns, "restored", "cat /data/file"); has != "before" {
		t.Errorf("%q", has)
	}
	if blocks := in(t, ns, "restored", "df -k /data | awk 'NR == 2 {print ($2 > 900000)}'"); blocks != "1" {
		t.Error("it has the snapshot's size:", in(t, ns, "restored", "df -k /data"))
	}
	kubectl(t, "--namespace", ns, "delete", "volumesnapshot", "moment", "--timeout", soon.String())
}

func clone(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data"}.manifest(ns))
	Pod{Name: "pod", Claim: "data"}.run(t, ns)
	in(t, ns, "pod", "echo mine >/data/file; sync")
	apply(t, Claim{Name: "copy", From: "PersistentVolumeClaim/data"}.manifest(ns))
	Pod{Name: "copy", Claim: "copy"}.run(t, ns)
	in(t, ns, "copy", "grep -x mine /data/file; echo its own >/data/file; sync")
	if has := in(t, ns, "pod", "cat /data/file"); has != "mine" {
		t.Errorf("%q", has)
	}
}

// A volume that a pod describes itself lives and ends with the pod.
func inline(t *testing.T) {
	ns := space(t)
	pod := Pod{Name: "pod", Inline: "csi: {driver: image.mooring.dev, fsType: xfs}"}
	pod.run(t, ns)
	in(t, ns, "pod", "echo here >/data/file; grep ' /data xfs ' /proc/mounts")
	pod.end(t, ns)
}

// A VolumeAttributesClass is applied when the volume is made, and when the claim names another one.
func attributes(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data", Attributes: "slow"}.manifest(ns))
	Pod{Name: "pod", Claim: "data"}.run(t, ns)
	becomes(t, ns, "pvc/data", "{.status.currentVolumeAttributesClassName}", "slow")
	device := in(t, ns, "pod", "awk '$5 == \"/data\" {print $3}' /proc/self/mountinfo")
	limits := func(wanted string) {
		eventually(t, "the limits of "+device, soon, func() error {
			held := writesASecond(t, device)
			if held != wanted {
				return fmt.Errorf("%q, and %q is wanted", held, wanted)
			}
			return nil
		})
	}
	limits("200")
	kubectl(t, "--namespace", ns, "patch", "pvc", "data", "--patch", `{"spec": {"volumeAttributesClassName": "slower"}}`)
	becomes(t, ns, "pvc/data", "{.status.currentVolumeAttributesClassName}", "slower")
	limits("100")
}

// Both vendors' volumes in one pod's namespace, each with its own file system and pool.
func twoVendors(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "ours"}.manifest(ns))
	apply(t, Claim{Name: "theirs", Class: "vendor"}.manifest(ns))
	Pod{Name: "ours", Claim: "ours"}.run(t, ns)
	Pod{Name: "theirs", Claim: "theirs"}.run(t, ns)
	in(t, ns, "ours", "grep ' /data xfs ' /proc/mounts")
	in(t, ns, "theirs", "grep ' /data btrfs ' /proc/mounts")
}

// What cannot be is refused in words that the person who asked reads.
func wrong(t *testing.T) {
	ns := space(t)
	apply(t, `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: wrong}
provisioner: image.mooring.dev
volumeBindingMode: Immediate
parameters: {color: blue}
`)
	t.Cleanup(func() { kubectl(t, "delete", "storageclass", "wrong") })
	apply(t, Claim{Name: "data", Class: "wrong"}.manifest(ns))
	eventually(t, "an event with the reason", soon, func() error {
		told, err := command("", "kubectl", "--namespace", ns, "get", "events", "--output", "jsonpath={.items[*].message}")
		if err == nil && !strings.Contains(told, "color") {
			err = fmt.Errorf("%s", told)
		}
		return err
	})
	apply(t, Claim{Name: "shrunk"}.manifest(ns))
	Pod{Name: "pod", Claim: "shrunk"}.run(t, ns)
	if said := refused(t, Claim{Name: "shrunk", Size: "256Mi"}.manifest(ns)); !strings.Contains(said, "can not be less") {
		t.Error(said)
	}
}
