package cluster

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

const chart = "../../deploy/chart"

// install is what a platform team types. Installing what is there already changes nothing.
func install(t testing.TB, more ...string) {
	t.Helper()
	arguments := append([]string{"upgrade", "--install", "mooring", chart, "--namespace", "mooring", "--create-namespace",
		"--values", "values.yaml"}, more...)
	if _, err := command("", "helm", arguments...); err != nil {
		t.Fatal(err)
	}
	ready(t)
}

// ready waits until the node's pod is, with all that is in it, in the version that is wanted.
func ready(t testing.TB) {
	t.Helper()
	if _, err := command("", "kubectl", "--namespace", "mooring", "rollout", "status", "daemonset/mooring-node", "--timeout", "5m"); err != nil {
		pods, _ := command("", "kubectl", "--namespace", "mooring", "describe", "pods")
		t.Fatal(err, pods)
	}
	for _, driver := range []string{"image.mooring.dev", "vendor.example.com"} {
		eventually(t, "kubelet knows "+driver, soon, func() error {
			names, err := command("", "kubectl", "get", "csinode", "node1", "--output", "jsonpath={.spec.drivers[*].name}")
			if err == nil && !strings.Contains(names, driver) {
				err = fmt.Errorf("it knows %q", names)
			}
			return err
		})
	}
}

// host runs a program in a container of Mooring's.
func host(t testing.TB, container string, words ...string) string {
	t.Helper()
	return kubectl(t, append([]string{"--namespace", "mooring", "exec", "daemonset/mooring-node", "--container", container, "--"}, words...)...)
}

// component puts a vendor's component where the host finds it, under a name. `more` is put behind it as a section that the runtime
// passes over, so that it is another one and does the same.
func component(t testing.TB, name, more string) {
	t.Helper()
	built, err := os.ReadFile("../../target/plugins/wasm32-wasip2/release/image_file.wasm")
	if err != nil {
		t.Fatal(err)
	}
	if more != "" {
		built = append(built, 0, byte(len(more)+1), byte(len(more)))
		built = append(built, more...)
	}
	folder := "/var/lib/mooring/components"
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	// By rename, as whoever replaces what is running should.
	if err := os.WriteFile(folder+"/.new", built, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(folder+"/.new", folder+"/"+name); err != nil {
		t.Fatal(err)
	}
}

// writesASecond is the limit that the kernel holds a device to, of control groups v1 or v2.
func writesASecond(t testing.TB, device string) string {
	t.Helper()
	if text, err := os.ReadFile("/sys/fs/cgroup/blkio/blkio.throttle.write_iops_device"); err == nil {
		return limit(string(text), device, 1, "")
	}
	text, err := os.ReadFile("/sys/fs/cgroup/kubepods/io.max")
	if err != nil {
		t.Fatal(err)
	}
	return limit(string(text), device, 4, "wiops=")
}

func limit(text, device string, column int, prefix string) string {
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) > column && fields[0] == device {
			return strings.TrimPrefix(fields[column], prefix)
		}
	}
	return ""
}

// Mooring in a cluster, from its installation to its end. The cases of `volumes` run side by side; what restarts or
// replaces something comes after them, one by one.
func TestCluster(t *testing.T) {
	before := machine(t)
	component(t, "vendor.wasm", "")
	step(t, "install", func(t *testing.T) { install(t) })
	t.Run("volumes", func(t *testing.T) {
		for _, it := range volumes {
			t.Run(it.name, func(t *testing.T) {
				t.Parallel()
				it.run(t)
			})
		}
	})
	for _, it := range changes {
		step(t, it.name, it.run)
	}
	step(t, "uninstall", func(t *testing.T) { uninstall(t, before) })
}

// step is a case that the next ones build on.
func step(t *testing.T, name string, run func(*testing.T)) {
	began := time.Now()
	if !t.Run(name, run) {
		t.Fatalf("%s failed after %s", name, time.Since(began).Round(time.Second))
	}
}
