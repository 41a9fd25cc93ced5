// Package chart renders the chart in deploy/chart as Helm does, and takes what comes out apart.
package chart

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"sigs.k8s.io/yaml"
)

// Folder is where the chart is, as seen from this package.
const Folder = "../../deploy/chart"

// KubeVersion is what the chart is rendered for.
const KubeVersion = "v1.34.0"

// APIs are those of a cluster that has everything the chart can make use of.
var APIs = []string{"snapshot.storage.k8s.io/v1", "groupsnapshot.storage.k8s.io/v1", "monitoring.coreos.com/v1"}

// Values are those of one installation.
type Values = map[string]any

// Release is where the chart is installed to.
var Release = chartutil.ReleaseOptions{Name: "mooring", Namespace: "mooring", Revision: 1, IsInstall: true}

// Load reads the chart.
func Load(folder string) (*chart.Chart, error) { return loader.Load(folder) }

// Render says what Helm would install: each file of the chart's templates, by its name.
func Render(folder string, values Values, apis []string) (map[string]string, error) {
	loaded, err := Load(folder)
	if err != nil {
		return nil, err
	}
	version, err := chartutil.ParseKubeVersion(KubeVersion)
	if err != nil {
		return nil, err
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = *version
	capabilities.APIVersions = append(slices.Clone(chartutil.DefaultVersionSet), apis...)
	rendering, err := chartutil.ToRenderValues(loaded, values, Release, capabilities)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(loaded, rendering)
	if err != nil {
		return nil, err
	}
	rendered := map[string]string{}
	for name, text := range files {
		rendered[path.Base(name)] = text
	}
	return rendered, nil
}

// Documents takes the manifests of a rendered chart apart, in a lasting order.
func Documents(rendered map[string]string) []string {
	var names []string
	for name := range rendered {
		if strings.HasSuffix(name, ".yaml") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var documents []string
	for _, name := range names {
		for _, document := range strings.Split("\n"+rendered[name], "\n---") {
			var content any
			if err := yaml.Unmarshal([]byte(document), &content); err == nil && content == nil {
				continue // comments alone
			}
			documents = append(documents, strings.TrimSpace(document)+"\n")
		}
	}
	return documents
}

// Manifests is a rendered chart as one file for kubectl.
func Manifests(folder string, values Values, apis []string, heading string) ([]byte, error) {
	rendered, err := Render(folder, values, apis)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	fmt.Fprint(&out, heading)
	for _, document := range Documents(rendered) {
		fmt.Fprintf(&out, "---\n%s", document)
	}
	return out.Bytes(), nil
}

// ReadValues reads a file of values.
func ReadValues(file string) (Values, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	values := Values{}
	return values, yaml.UnmarshalStrict(text, &values)
}
