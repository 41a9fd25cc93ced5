// What the chart says of the program is what the program says of itself. Needs the built program; MOORING_PROGRAM
// names another one.
package chart

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func program(t *testing.T) string {
	t.Helper()
	path := os.Getenv("MOORING_PROGRAM")
	if path == "" {
		path = "../../target/release/mooring"
	}
	if _, err := os.Stat(path); err != nil {
		t.Skip("the program is not built: " + err.Error())
	}
	return path
}

func embedded(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(Folder, "files/abilities.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	abilities := map[string][]string{}
	if err := yaml.UnmarshalStrict(text, &abilities); err != nil {
		t.Fatal(err)
	}
	return abilities
}

func TestTheEmbeddedBackendsAndTheirAbilitiesAreTheProgram(t *testing.T) {
	mooring := program(t)
	var names []string
	for name, abilities := range embedded(t) {
		names = append(names, name)
		out, err := exec.Command(mooring, "backend", "inspect", "embedded:"+name, "-o", "json").Output()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var inspected struct{ Abilities []string }
		if err := json.Unmarshal(out, &inspected); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(abilities, inspected.Abilities) {
			t.Errorf("%s: the chart says %v, the program %v", name, abilities, inspected.Abilities)
		}
	}
	// All of them: the program lists what there is when it is asked for what there is not.
	out, err := exec.Command(mooring, "backend", "inspect", "embedded:none").CombinedOutput()
	_, list, found := strings.Cut(strings.TrimSpace(string(out)), "there are ")
	if err == nil || !found {
		t.Fatalf("%v: %s", err, out)
	}
	list, _, _ = strings.Cut(list, "\n")
	known := strings.Split(list, ", ")
	slices.Sort(known)
	slices.Sort(names)
	if !slices.Equal(names, known) {
		t.Errorf("the chart knows %v, the program embeds %v", names, known)
	}
}

func TestTheProgramTakesTheConfigurationAsItIs(t *testing.T) {
	mooring := program(t)
	native := exec.Command(mooring, "config", "check", file(t, "kubelet: {}")).Run() == nil
	followed := exec.Command(mooring, "config", "check", file(t, "{defaultDriver: false, telemetry: {allowedUids: [1]}}")).Run() == nil
	cases(t, func(t *testing.T, values Values) {
		if !followed && values["driverResources"] != nil {
			t.Skip("this program knows no operator")
		}
		if !native && values["registrar"] == nil {
			t.Log("this program does not register by itself: checked without kubelet's key")
			values["registrar"] = "sidecar"
		}
		var text string
		for _, it := range all[*core.ConfigMap](objects(t, values, APIs)) {
			text = it.Data["mooring.yaml"]
		}
		out, err := exec.Command(mooring, "config", "check", "--json", file(t, text)).Output()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, err.(*exec.ExitError).Stderr, text)
		}
		// Nothing of what was written is lost on the way.
		var understood, written Values
		if err := json.Unmarshal(out, &understood); err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal([]byte(text), &written); err != nil {
			t.Fatal(err)
		}
		drivers, _ := values["drivers"].([]any)
		for _, it := range drivers {
			own, _ := it.(Values)["kubernetes"].(Values)
			if own["resource"] == true {
				return // some are objects: TestADriverIsAnObjectOrAnEntryAndNeverBoth
			}
		}
		if told, _ := understood["drivers"].([]any); drivers != nil && len(told) != len(drivers) {
			t.Errorf("%d drivers of %d", len(told), len(drivers))
		}
		for key := range written {
			if understood[key] == nil {
				t.Errorf("%s got lost", key)
			}
		}
	})
}

// file is a file with this text.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mooring.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The schema of the values takes each key of the configuration file, and the program each key of the schema.
func TestTheSchemaHasTheKeysOfTheFile(t *testing.T) {
	mooring := program(t)
	text, err := os.ReadFile(filepath.Join(Folder, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Definitions map[string]struct{ Properties map[string]any }
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	keys := func(definition string, but ...string) []string {
		var found []string
		for key := range schema.Definitions[definition].Properties {
			if !slices.Contains(but, key) {
				found = append(found, key)
			}
		}
		slices.Sort(found)
		return found
	}
	for _, test := range []struct {
		wrong string
		keys  []string
	}{
		{"none: 1", append(keys("config"), "drivers")},
		{"drivers: [{none: 1}]", keys("driver", "kubernetes")},
		{"drivers: [{name: a.b, backend: /a, grants: {none: 1}}]", keys("grants")},
		{"drivers: [{name: a.b, backend: /a, grants: {http: [{none: 1}]}}]", keys("http")},
		{"drivers: [{name: a.b, backend: /a, grants: {http: [{origin: 'https://a', auth: {none: 1}}]}}]", keys("auth")},
	} {
		out, err := exec.Command(mooring, "config", "check", file(t, test.wrong)).CombinedOutput()
		_, list, found := strings.Cut(string(out), "expected one of ")
		if err == nil || !found {
			t.Fatalf("%v: %s", err, out)
		}
		list, _, _ = strings.Cut(list, "\n")
		known := strings.Split(strings.ReplaceAll(list, "`", ""), ", ")
		slices.Sort(known)
		slices.Sort(test.keys)
		for _, newer := range []string{"kubelet", "defaultDriver"} {
			if !slices.Contains(known, newer) {
				test.keys = slices.DeleteFunc(test.keys, func(key string) bool { return key == newer })
			}
		}
		if !slices.Equal(test.keys, known) {
			t.Errorf("%s: the schema has %v, the program %v", test.wrong, test.keys, known)
		}
	}
}
