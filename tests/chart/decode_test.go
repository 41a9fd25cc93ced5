// Every manifest is decoded strictly: a field that its kind does not have is an error.
package chart

import (
	"path/filepath"
	"strings"
	"testing"

	snapshots "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/santhosh-tekuri/jsonschema/v6"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/yaml"
)

// Kinds that no Go module of a fitting version has, as their CRDs say.
var schemas = map[string]string{
	"groupsnapshot.storage.k8s.io/v1 VolumeGroupSnapshotClass": `{"type": "object", "additionalProperties": false,
		"required": ["driver", "deletionPolicy"], "properties": {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"},
		"driver": {"type": "string"}, "deletionPolicy": {"enum": ["Delete", "Retain"]},
		"parameters": {"type": "object", "additionalProperties": {"type": "string"}}}}`,
	"cbt.storage.k8s.io/v1beta1 SnapshotMetadataService": `{"type": "object", "additionalProperties": false,
		"required": ["spec"], "properties": {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"},
		"spec": {"type": "object", "additionalProperties": false, "required": ["address", "audience", "caCert"],
		"properties": {"address": {"type": "string"}, "audience": {"type": "string"}, "caCert": {"type": "string"}}}}}`,
}

func strict(t *testing.T) runtime.Decoder {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		apps.AddToScheme, core.AddToScheme, networking.AddToScheme, policy.AddToScheme, rbac.AddToScheme,
		storage.AddToScheme, snapshots.AddToScheme, monitoring.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
}

// decode decodes one manifest; what no Go type is at hand for is checked by its schema, and nil.
func decode(t *testing.T, decoder runtime.Decoder, document string) runtime.Object {
	t.Helper()
	var content map[string]any
	if err := yaml.Unmarshal([]byte(document), &content); err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	kind, _ := content["kind"].(string)
	version, _ := content["apiVersion"].(string)
	text, ok := schemas[version+" "+kind]
	if version+" "+kind == "mooring.dev/v1alpha1 Driver" {
		text, ok = driverSchema(t), true
	}
	if ok {
		parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource("kind.json", parsed); err != nil {
			t.Fatal(err)
		}
		if err := compiler.MustCompile("kind.json").Validate(content); err != nil {
			t.Errorf("%v\n%s", err, document)
		}
		return nil
	}
	object, _, err := decoder.Decode([]byte(document), nil, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	return object
}

// objects are what a chart renders for values, decoded.
func objects(t *testing.T, values Values, apis []string) []runtime.Object {
	t.Helper()
	rendered, err := Render(Folder, values, apis)
	if err != nil {
		t.Fatal(err)
	}
	decoder := strict(t)
	var found []runtime.Object
	for _, document := range Documents(rendered) {
		if object := decode(t, decoder, document); object != nil {
			found = append(found, object)
		}
	}
	return found
}

// all are those of one kind.
func all[T runtime.Object](objects []runtime.Object) []T {
	var found []T
	for _, object := range objects {
		if object, ok := object.(T); ok {
			found = append(found, object)
		}
	}
	return found
}

// cases runs a test for each file of values.
func cases(t *testing.T, test func(t *testing.T, values Values)) {
	t.Helper()
	files, err := filepath.Glob("values/*.yaml")
	if err != nil || len(files) < 6 {
		t.Fatalf("too few files of values: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			values, err := ReadValues(file)
			if err != nil {
				t.Fatal(err)
			}
			test(t, values)
		})
	}
}

// read is one file of values.
func read(t *testing.T, name string) Values {
	t.Helper()
	values, err := ReadValues(filepath.Join("values", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestAFieldThatAKindDoesNotHaveIsFound(t *testing.T) {
	_, _, err := strict(t).Decode([]byte(`{"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "spec": {"attachrequired": true}}`), nil, nil)
	if err == nil || !strings.Contains(err.Error(), "attachrequired") {
		t.Fatal(err)
	}
}
