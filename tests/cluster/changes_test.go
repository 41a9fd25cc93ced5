package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// changes are what operators do while pods use volumes, one after the other.
var changes = []struct {
	name string
	run  func(*testing.T)
}{
	{"hot-swap", hotSwap}, {"refused-swap", refusedSwap}, {"node-restart", nodeRestart}, {"controller-restart", controllerRestart},
	{"kubelet-restart", kubeletRestart}, {"force-delete", forceDelete}, {"drain", drain}, {"upgrade", upgrade},
	{"driver-object", driverObject},
}

// serving is what the host says of a driver.
func serving(t testing.TB, driver string) map[string]any {
	t.Helper()
	var status struct{ Drivers []map[string]any }
	// It fails, too, where a driver does not serve as it is configured; what it says counts here.
	text := host(t, "controller", "sh", "-c", "mooring status --config /etc/mooring/config/mooring.yaml -o json || true")
	if err := json.Unmarshal([]byte(text), &status); err != nil {
		t.Fatal(err, text)
	}
	for _, it := range status.Drivers {
		if it["name"] == driver {
			return it
		}
	}
	t.Fatalf("%s is not served: %s", driver, text)
	return nil
}

// A vendor's component is replaced while its volume is written to; the next volume is the new one's.
func hotSwap(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data", Class: "vendor"}.manifest(ns))
	writer("pod", "data").run(t, ns)
	before, node := serving(t, "vendor.example.com")["digest"], restarts(t)
	component(t, "vendor.wasm", "next")
	eventually(t, "the swap", soon, func() error {
		if now := serving(t, "vendor.example.com")["digest"]; now == before {
			return fmt.Errorf("%v serves", now)
		}
		return nil
	})
	writes(t, ns, "pod")
	apply(t, Claim{Name: "next", Class: "vendor"}.manifest(ns))
	Pod{Name: "next", Claim: "next"}.run(t, ns)
	if now := restarts(t); now != node {
		t.Errorf("containers were restarted: %s, and %s before", now, node)
	}
}

// What is no component changes nothing, and the status says why.
func refusedSwap(t *testing.T) {
	before := serving(t, "vendor.example.com")["digest"]
	file := "/var/lib/mooring/components/vendor.wasm"
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	put := func(bytes []byte) {
		if err := errors.Join(os.WriteFile(file+".new", bytes, 0o644), os.Rename(file+".new", file)); err != nil {
			t.Fatal(err)
		}
	}
	put([]byte("no component"))
	eventually(t, "the refusal", soon, func() error {
		if said := fmt.Sprint(serving(t, "vendor.example.com")); !strings.Contains(said, "refus") {
			return fmt.Errorf("%s", said)
		}
		return nil
	})
	if now := serving(t, "vendor.example.com")["digest"]; now != before {
		t.Errorf("%v serves, and %v did", now, before)
	}
	put(good)
}

// restarts is how often each container of Mooring's was restarted.
func restarts(t testing.TB) string {
	t.Helper()
	return kubectl(t, "--namespace", "mooring", "get", "pods", "--output",
		"jsonpath={range .items[*].status.containerStatuses[*]}{.name}={.restartCount} {end}")
}

// killed ends the first process of a container of Mooring's, and waits until it is back.
func killed(t testing.TB, container string) {
	t.Helper()
	count := `{.items[0].status.containerStatuses[?(@.name=="` + container + `")].restartCount}`
	before := kubectl(t, "--namespace", "mooring", "get", "pods", "--output", "jsonpath="+count)
	// From without: SIGKILL from within does nothing to the first process of a namespace.
	if _, err := command("", "pkill", "--signal", "KILL", "--full", "^/usr/bin/mooring "+container+" "); err != nil {
		t.Fatal(err)
	}
	eventually(t, container+" is restarted", soon, func() error {
		now, err := command("", "kubectl", "--namespace", "mooring", "get", "pods", "--output", "jsonpath="+count)
		if err == nil && now == before {
			err = fmt.Errorf("%s restarts", now)
		}
		return err
	})
	kubectl(t, "--namespace", "mooring", "wait", "--for=condition=Ready", "pod", "--all", "--timeout", soon.String())
}

// The node process is killed while pods write: they do not notice, and what comes next works.
func nodeRestart(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data"}.manifest(ns))
	pod := writer("pod", "data")
	pod.run(t, ns)
	killed(t, "node")
	writes(t, ns, "pod")
	pod.end(t, ns)
	writer("next", "data").run(t, ns)
}

func controllerRestart(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data"}.manifest(ns))
	writer("pod", "data").run(t, ns)
	killed(t, "controller")
	writes(t, ns, "pod")
	apply(t, Claim{Name: "next"}.manifest(ns))
	Pod{Name: "next", Claim: "next"}.run(t, ns)
}

// Kubelet starts anew, finds what is mounted, and ends a pod that was deleted while it was away.
func kubeletRestart(t *testing.T) {
	ns := space(t)
	for _, name := range []string{"stays", "goes"} {
		apply(t, Claim{Name: name}.manifest(ns))
		writer(name, name).run(t, ns)
	}
	script(t, "down", "kubelet")
	kubectl(t, "--namespace", ns, "delete", "pod", "goes", "--wait=false")
	script(t, "up", "kubelet")
	gone(t, ns, "pod/goes")
	writes(t, ns, "stays")
	writer("next", "goes").run(t, ns)
}

// A pod that is deleted by force leaves no mount, and its volume can be used at once by another.
func forceDelete(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data"}.manifest(ns))
	writer("pod", "data").run(t, ns)
	uid := kubectl(t, "--namespace", ns, "get", "pod", "pod", "--output", "jsonpath={.metadata.uid}")
	kubectl(t, "--namespace", ns, "delete", "pod", "pod", "--force", "--grace-period=0")
	writer("next", "data").run(t, ns)
	eventually(t, "its mounts are gone", soon, func() error {
		if left := mountsOf(t, uid); len(left) > 0 {
			return fmt.Errorf("%q", left)
		}
		return nil
	})
	writes(t, ns, "next")
}

// A node is drained: pods end, volumes are detached, and all is back when it may have pods again.
func drain(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data"}.manifest(ns))
	apply(t, fmt.Sprintf(`apiVersion: apps/v1
kind: StatefulSet
metadata: {name: app, namespace: %s}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - {name: main, image: %s, command: [sh, -ec, "date >>/data/starts; exec sleep 1000000"], volumeMounts: [{name: data, mountPath: /data}]}
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
`, ns, image))
	becomes(t, ns, "statefulset/app", "{.status.readyReplicas}", "1")
	kubectl(t, "drain", "node1", "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout", soon.String())
	eventually(t, "no volume is attached", soon, func() error {
		names, err := command("", "kubectl", "get", "volumeattachments", "--output", "name")
		if err == nil && names != "" {
			err = fmt.Errorf("%s", names)
		}
		return err
	})
	kubectl(t, "uncordon", "node1")
	becomes(t, ns, "statefulset/app", "{.status.readyReplicas}", "1")
	if starts := in(t, ns, "app-0", "wc -l </data/starts"); starts != "2" {
		t.Errorf("%s starts", starts)
	}
}

// An upgrade replaces the pods of Mooring, and leaves mounts as they are.
func upgrade(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data"}.manifest(ns))
	writer("pod", "data").run(t, ns)
	before := kubectl(t, "--namespace", "mooring", "get", "pods", "--output", "name")
	install(t, "--set", "config.node.labels.rack=a")
	if now := kubectl(t, "--namespace", "mooring", "get", "pods", "--output", "name"); now == before {
		t.Errorf("%s is still there", now)
	}
	writes(t, ns, "pod")
}

// A driver becomes an object, and is swapped by whoever may patch it; what is wrong is told there, and changes nothing.
func driverObject(t *testing.T) {
	ns := space(t)
	apply(t, Claim{Name: "data", Class: "vendor"}.manifest(ns))
	writer("pod", "data").run(t, ns)
	install(t, "--set", "driverResources.enabled=true", "--set", "drivers[1].kubernetes.resource=true")
	const object = "driver/vendor.example.com"
	is := func(condition, status string) {
		kubectl(t, "wait", object, "--for=condition="+condition+"="+status, "--timeout", soon.String())
	}
	digest := func() string { return kubectl(t, "get", object, "--output", "jsonpath={.status.digest}") }
	backend := func(file string) {
		kubectl(t, "patch", object, "--type=merge", "--patch", `{"spec": {"backend": "/components/`+file+`"}}`)
	}
	is("Ready", "True")
	before := digest()
	component(t, "other.wasm", "other")
	backend("other.wasm")
	eventually(t, "the swap", soon, func() error {
		if now := digest(); now == before || now == "" {
			return fmt.Errorf("%s serves", now)
		}
		return nil
	})
	is("UpToDate", "True")
	swapped := digest()
	backend("missing.wasm")
	is("UpToDate", "False")
	if now := digest(); now != swapped {
		t.Errorf("%s serves, and %s did", now, swapped)
	}
	if said := kubectl(t, "get", object, "--output", `jsonpath={.status.conditions[?(@.type=="UpToDate")].message}`); !strings.Contains(said, "missing.wasm") {
		t.Error(said)
	}
	backend("other.wasm")
	is("UpToDate", "True")
	writes(t, ns, "pod")
}
