package cluster

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// traces are what a driver could leave on a machine.
type traces struct{ mounts, loops, images []string }

func machine(t testing.TB) traces {
	t.Helper()
	return traces{mounts: mountsOf(t, "kubernetes.io~csi", "plugins/kubernetes.io/csi"), loops: loops(t), images: pools(t)}
}

// mountsOf are the mounts on paths that have one of these parts.
func mountsOf(t testing.TB, parts ...string) []string {
	t.Helper()
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(table)) {
		path := strings.Fields(line)[4]
		if slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(path, part) }) {
			found = append(found, path)
		}
	}
	return found
}

// loops are the loop devices that are bound, with their files.
func loops(t testing.TB) []string {
	t.Helper()
	found, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// pools are the images of volumes: of each pool, driver and kind.
func pools(t testing.TB) []string {
	t.Helper()
	found, err := filepath.Glob("/var/lib/mooring/pool/*/*/*/*")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// uninstall takes everything away, and looks at what is left: only what docs/install.md says.
func uninstall(t *testing.T, before traces) {
	if after := machine(t); !slices.Equal(after.mounts, before.mounts) || !slices.Equal(after.loops, before.loops) || len(after.images) > len(before.images) {
		t.Errorf("left when all claims were deleted: %+v, and there was %+v", after, before)
	}
	if _, err := command("", "helm", "uninstall", "mooring", "--namespace", "mooring", "--wait"); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"csidrivers", "storageclasses", "volumeattributesclasses", "volumesnapshotclasses", "volumeattachments", "persistentvolumes"} {
		if left := kubectl(t, "get", kind, "--output", "name"); left != "" {
			t.Errorf("left of %s: %s", kind, left)
		}
	}
	if sockets, _ := filepath.Glob("/var/lib/kubelet/plugins_registry/*"); len(sockets) > 0 {
		t.Errorf("left of its registration: %q", sockets)
	}
	if names, err := command("", "kubectl", "get", "csinode", "node1", "--output", "jsonpath={.spec.drivers[*].name}"); err != nil || names != "" {
		t.Errorf("kubelet still knows %s %v", names, err)
	}
}

// script runs one of the scripts beside this file.
func script(t testing.TB, name string, arguments ...string) {
	t.Helper()
	if _, err := command("", "./"+name, arguments...); err != nil {
		t.Fatal(err)
	}
}
