package cluster

import (
	"fmt"
	"strings"
	"testing"
)

// space is a namespace of a test's own, which ends with it; then no volume of it is there any more.
func space(t testing.TB) string {
	t.Helper()
	name := strings.ToLower(t.Name()[strings.LastIndex(t.Name(), "/")+1:])
	name = strings.ReplaceAll(name, "_", "-")
	kubectl(t, "create", "namespace", name)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(story(name))
		}
		kubectl(t, "delete", "namespace", name, "--timeout", soon.String())
		eventually(t, "the volumes of "+name+" are gone", soon, func() error {
			left, err := command("", "kubectl", "get", "persistentvolumes", "--output",
				`jsonpath={range .items[?(@.spec.claimRef.namespace=="`+name+`")]}{.metadata.name} {end}`)
			if err == nil && left != "" {
				err = fmt.Errorf("%s", left)
			}
			return err
		})
	})
	return name
}

// story is what there is to know of a namespace where something went wrong.
func story(namespace string) string {
	var told []string
	for _, asked := range [][]string{
		{"get", "pods,persistentvolumeclaims,volumesnapshots", "--output", "wide"},
		{"get", "events", "--sort-by", ".lastTimestamp"},
	} {
		text, err := command("", "kubectl", append([]string{"--namespace", namespace}, asked...)...)
		told = append(told, text)
		if err != nil {
			told = append(told, err.Error())
		}
	}
	return strings.Join(told, "\n")
}

// Claim is a PersistentVolumeClaim. An empty class is the cluster's default.
type Claim struct {
	Name, Class, Size, Mode string
	Block                   bool
	// From is what it is a copy of, such as "VolumeSnapshot/NAME".
	From string
	// Attributes is a VolumeAttributesClass.
	Attributes string
	// Volume is a PersistentVolume that is there already.
	Volume string
}

func (c Claim) manifest(namespace string) string {
	var more []string
	add := func(format string, values ...any) { more = append(more, "  "+fmt.Sprintf(format, values...)) }
	if c.Class != "" {
		add("storageClassName: %s", c.Class)
	}
	if c.Block {
		add("volumeMode: Block")
	}
	if kind, name, is := strings.Cut(c.From, "/"); is {
		group := ""
		if kind == "VolumeSnapshot" {
			group = "apiGroup: snapshot.storage.k8s.io, "
		}
		add("dataSource: {%skind: %s, name: %s}", group, kind, name)
	}
	if c.Attributes != "" {
		add("volumeAttributesClassName: %s", c.Attributes)
	}
	if c.Volume != "" {
		add("volumeName: %s", c.Volume)
	}
	mode := c.Mode
	if mode == "" {
		mode = "ReadWriteOnce"
	}
	size := c.Size
	if size == "" {
		size = "512Mi"
	}
	return fmt.Sprintf(`apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: %s, namespace: %s}
spec:
  accessModes: [%s]
  resources: {requests: {storage: %s}}
%s
`, c.Name, namespace, mode, size, strings.Join(more, "\n"))
}

// Pod is a pod with one volume, at /data or, a raw one, at /dev/data.
type Pod struct {
	Name string
	// Command is a shell's; by default it waits.
	Command string
	// Claim is the claim's name; else Inline is the YAML of a volume that the pod describes itself.
	Claim, Inline   string
	Block, ReadOnly bool
	// Security is the YAML of the pod's securityContext.
	Security string
}

func (p Pod) manifest(namespace string) string {
	source := p.Inline
	if p.Claim != "" {
		source = fmt.Sprintf("persistentVolumeClaim: {claimName: %s, readOnly: %t}", p.Claim, p.ReadOnly)
	}
	place := fmt.Sprintf("volumeMounts: [{name: data, mountPath: /data, readOnly: %t}]", p.ReadOnly)
	if p.Block {
		place = "volumeDevices: [{name: data, devicePath: /dev/data}]"
	}
	command := p.Command
	if command == "" {
		command = "exec sleep 1000000"
	}
	security := p.Security
	if security == "" {
		security = "{}"
	}
	return fmt.Sprintf(`apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: %s}
spec:
  terminationGracePeriodSeconds: 1
  securityContext: %s
  containers:
    - name: main
      image: %s
      command: [sh, -ec, %q]
      %s
  volumes:
    - name: data
      %s
`, p.Name, namespace, security, image, command, place, source)
}

// run makes a pod, and waits until it runs.
func (p Pod) run(t testing.TB, namespace string) {
	t.Helper()
	apply(t, p.manifest(namespace))
	kubectl(t, "--namespace", namespace, "wait", "--for=condition=Ready", "pod/"+p.Name, "--timeout", soon.String())
}

// end deletes a pod, and waits until it is gone.
func (p Pod) end(t testing.TB, namespace string) {
	t.Helper()
	kubectl(t, "--namespace", namespace, "delete", "pod", p.Name, "--timeout", soon.String())
}

// writer writes and flushes ten times a second, and ends if it cannot: then its container is one that was restarted.
func writer(name, claim string) Pod {
	return Pod{Name: name, Claim: claim, Command: "while :; do date +%s.%N | dd of=/data/log oflag=append conv=notrunc,fsync 2>/dev/null; usleep 100000; done"}
}

// writes waits until a writer has written on, and holds that it never failed.
func writes(t testing.TB, namespace, pod string) {
	t.Helper()
	lines := func() string { return in(t, namespace, pod, "wc -l </data/log") }
	before := lines()
	eventually(t, pod+" writes on", soon, func() error {
		if now := lines(); now == before {
			return fmt.Errorf("%s lines", now)
		}
		return nil
	})
	if restarts, err := field(namespace, "pod/"+pod, "{.status.containerStatuses[0].restartCount}"); err != nil || restarts != "0" {
		t.Errorf("%s failed %s times: %v", pod, restarts, err)
	}
}
