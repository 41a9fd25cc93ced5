// Package cluster tests Mooring in a real Kubernetes of one node, which `run` starts: the chart is installed with Helm, the
// sidecars are the upstream ones, and what is asked is what kubectl and the pods see.
package cluster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const (
	// image is what the tests' pods run.
	image = "localhost/busybox:test"
	// soon is how long what takes a pod's start, or a sidecar's turn after a new election, may take.
	soon = 3 * time.Minute
)

// command runs a program of the cluster's, and gives what it printed.
func command(input, program string, arguments ...string) (string, error) {
	run := exec.Command(program, arguments...)
	run.Stdin = strings.NewReader(input)
	var printed, complained bytes.Buffer
	run.Stdout, run.Stderr = &printed, &complained
	if err := run.Run(); err != nil {
		return printed.String(), fmt.Errorf("%s %s: %w: %s", program, strings.Join(arguments, " "), err, strings.TrimSpace(complained.String()))
	}
	return strings.TrimSpace(printed.String()), nil
}

// kubectl is for what has to work.
func kubectl(t testing.TB, arguments ...string) string {
	t.Helper()
	printed, err := command("", "kubectl", arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return printed
}

// apply makes what a manifest describes.
func apply(t testing.TB, manifest string) {
	t.Helper()
	if _, err := command(manifest, "kubectl", "apply", "--filename", "-"); err != nil {
		t.Fatal(err)
	}
}

// refused says why the API did not take a manifest.
func refused(t testing.TB, manifest string) string {
	t.Helper()
	_, err := command(manifest, "kubectl", "apply", "--filename", "-")
	if err == nil {
		t.Fatal("it was taken:", manifest)
	}
	return err.Error()
}

// eventually asks until there is no error.
func eventually(t testing.TB, what string, within time.Duration, asked func() error) {
	t.Helper()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	end := time.Now().Add(within)
	for {
		err := asked()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not after %s: %v", what, within, err)
		}
		<-tick.C
	}
}

// field is one value of an object, by JSONPath.
func field(namespace, object, path string) (string, error) {
	return command("", "kubectl", "--namespace", namespace, "get", object, "--output", "jsonpath="+path)
}

// becomes waits for a value of an object.
func becomes(t testing.TB, namespace, object, path, wanted string) {
	t.Helper()
	eventually(t, object+" "+path, soon, func() error {
		is, err := field(namespace, object, path)
		if err == nil && is != wanted {
			err = fmt.Errorf("%q, and %q is wanted", is, wanted)
		}
		return err
	})
}

// gone waits until there is no such object.
func gone(t testing.TB, namespace, object string) {
	t.Helper()
	kubectl(t, "--namespace", namespace, "wait", "--for=delete", object, "--timeout", soon.String())
}

// in runs a shell's words in a pod's first container.
func in(t testing.TB, namespace, pod, words string) string {
	t.Helper()
	return kubectl(t, "--namespace", namespace, "exec", pod, "--", "sh", "-ec", words)
}

// list gives the objects of a kind.
func list(t testing.TB, arguments ...string) []map[string]any {
	t.Helper()
	var found struct{ Items []map[string]any }
	text := kubectl(t, append([]string{"get", "--output", "json"}, arguments...)...)
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		t.Fatal(err)
	}
	return found.Items
}
