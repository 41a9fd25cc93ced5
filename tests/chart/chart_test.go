// The chart as a whole: Helm's own linter, the kinds of what comes out, and the manifests for those without Helm.
package chart

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
)

func TestHelmsLinterFindsNothing(t *testing.T) {
	version, err := chartutil.ParseKubeVersion(KubeVersion)
	if err != nil {
		t.Fatal(err)
	}
	cases(t, func(t *testing.T, values Values) {
		// It knows no API beyond Kubernetes' own.
		if values["snapshots"] == nil {
			values["snapshots"], values["groupSnapshots"] = "always", "always"
		}
		for _, message := range lint.AllWithKubeVersion(Folder, values, Release.Namespace, version).Messages {
			if message.Severity > support.InfoSev {
				t.Error(message)
			}
		}
	})
}

func TestManifestsAreOfTheirKinds(t *testing.T) {
	cases(t, func(t *testing.T, values Values) {
		for _, apis := range [][]string{nil, APIs} {
			if values["snapshots"] == nil && apis == nil {
				values = with(values, func(values Values) { dropSnapshotClasses(values) })
			}
			if len(objects(t, values, apis)) < 4 {
				t.Error("too few manifests")
			}
		}
	})
}

func TestClassesAndDriversAreWhatWasAsked(t *testing.T) {
	rendered, err := Render(Folder, read(t, "one-node"), APIs)
	if err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []string{
		"storageclass.kubernetes.io/is-default-class: \"true\"", "snapshot.storage.kubernetes.io/is-default-class: \"true\"",
		"kind: VolumeGroupSnapshotClass", "kind: VolumeAttributesClass",
	} {
		if !strings.Contains(rendered["classes.yaml"], wanted) {
			t.Errorf("no %s in\n%s", wanted, rendered["classes.yaml"])
		}
	}
}

// Without Helm: deploy/render writes them.
func TestThePlainManifestsAreWhatTheChartRenders(t *testing.T) {
	files, err := filepath.Glob("../../deploy/manifests/*.yaml")
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		kept, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		values, err := ReadValues(filepath.Join("../../deploy/manifests/values", filepath.Base(file)))
		if err != nil {
			t.Fatal(err)
		}
		heading, _, _ := bytes.Cut(kept, []byte("---\n"))
		now, err := Manifests(Folder, values, APIs, string(heading))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(kept, now) {
			t.Errorf("%s is not what the chart renders; run deploy/render", file)
		}
	}
}

func TestTheImageHasWhatTheNodeRuns(t *testing.T) {
	image, err := os.ReadFile("../../deploy/Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	programs, err := os.ReadFile("../../host/node/src/os/linux/programs.rs")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(programs), "fn package(self)")
	body, _, _ := strings.Cut(after, "\n    }\n")
	packages := regexp.MustCompile(`"([a-z0-9-]+)"`).FindAllStringSubmatch(body, -1)
	if len(packages) < 3 {
		t.Fatalf("the node names few packages: %v", packages)
	}
	for _, it := range packages {
		if !regexp.MustCompile(`apt-get install .* ` + it[1] + `[ ;]`).Match(image) {
			t.Errorf("the image lacks %s", it[1])
		}
	}
}

// dropSnapshotClasses removes what a cluster without snapshots cannot have.
func dropSnapshotClasses(values Values) {
	drivers, _ := values["drivers"].([]any)
	for _, driver := range drivers {
		own, _ := driver.(Values)["kubernetes"].(Values)
		delete(own, "snapshotClasses")
		delete(own, "groupSnapshotClasses")
	}
}
