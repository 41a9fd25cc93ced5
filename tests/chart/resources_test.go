// Driver objects: what the chart makes of them, what the operator may do, and who reads what it writes.
package chart

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// driverSchema is what the chart's CustomResourceDefinition says of a Driver, and nothing beyond: kubectl's strict
// validation refuses a key that is not in it.
func driverSchema(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(Folder, "crds/drivers.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var definition struct {
		Spec struct {
			Versions []struct {
				Schema struct{ OpenAPIV3Schema map[string]any }
			}
		}
	}
	if err := yaml.Unmarshal(text, &definition); err != nil {
		t.Fatal(err)
	}
	schema := definition.Spec.Versions[0].Schema.OpenAPIV3Schema
	properties := schema["properties"].(map[string]any)
	properties["apiVersion"], properties["kind"], properties["metadata"] = Values{}, Values{}, Values{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	closed(schema)
	out, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func closed(schema map[string]any) {
	properties, has := schema["properties"].(map[string]any)
	if has && schema["x-kubernetes-preserve-unknown-fields"] == nil {
		schema["additionalProperties"] = false
	}
	for _, below := range properties {
		closed(below.(map[string]any))
	}
	if items, ok := schema["items"].(map[string]any); ok {
		closed(items)
	}
}

// drivers are the Driver objects, by their names.
func drivers(t *testing.T, values Values) map[string]Values {
	t.Helper()
	rendered, err := Render(Folder, values, APIs)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]Values{}
	for _, document := range Documents(rendered) {
		var it Values
		if err := yaml.Unmarshal([]byte(document), &it); err != nil {
			t.Fatal(err)
		}
		if it["kind"] == "Driver" {
			found[it["metadata"].(Values)["name"].(string)] = it["spec"].(Values)
		}
	}
	return found
}

func TestADriverIsAnObjectOrAnEntryAndNeverBoth(t *testing.T) {
	cases(t, func(t *testing.T, values Values) {
		found := drivers(t, values)
		var file struct{ Drivers []Values }
		for _, it := range all[*core.ConfigMap](objects(t, values, APIs)) {
			if err := yaml.Unmarshal([]byte(it.Data["mooring.yaml"]), &file); err != nil {
				t.Fatal(err)
			}
		}
		listed, _ := values["drivers"].([]any)
		for _, it := range listed {
			driver := it.(Values)
			own, _ := driver["kubernetes"].(Values)
			resource := own["resource"] == true
			spec, object := found[driver["name"].(string)]
			entry := slices.ContainsFunc(file.Drivers, func(it Values) bool { return it["name"] == driver["name"] })
			if object != resource || entry == resource {
				t.Errorf("%s: object: %v, entry: %v", driver["name"], object, entry)
			}
			if object {
				// All of it, and nothing else.
				want := with(driver, func(driver Values) { delete(driver, "name"); delete(driver, "kubernetes") })
				if is, wanted := text(t, spec), text(t, want); is != wanted {
					t.Errorf("%s:\n%s\nwanted\n%s", driver["name"], is, wanted)
				}
			}
		}
	})
}

func text(t *testing.T, values Values) string {
	t.Helper()
	out, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestTheOperatorIsThereWhereItIsAskedForAndBesideEachController(t *testing.T) {
	cases(t, func(t *testing.T, values Values) {
		enabled := values["driverResources"] != nil
		for component, pod := range pods(objects(t, values, APIs)) {
			names := map[string]core.Container{}
			for _, it := range slices.Concat(pod.InitContainers, pod.Containers) {
				names[it.Name] = it
			}
			operator, is := names["operator"]
			if _, seed := names["seed"]; is != enabled || seed != enabled {
				t.Errorf("%s: operator: %v, seed: %v", component, is, seed)
			}
			volume := map[bool]string{true: "live", false: "config"}[enabled]
			for _, name := range []string{"node", "controller"} {
				it, is := names[name]
				reads := slices.ContainsFunc(it.VolumeMounts, func(mount core.VolumeMount) bool {
					return mount.Name == volume && mount.MountPath == "/etc/mooring/config" && mount.ReadOnly
				})
				if is && !reads {
					t.Errorf("%s/%s does not follow %s", component, name, volume)
				}
			}
			if !enabled {
				continue
			}
			// Whoever writes it says what root does: the operator, which runs no vendor's code, and nobody else.
			for name, it := range names {
				writes := slices.ContainsFunc(it.VolumeMounts, func(mount core.VolumeMount) bool { return mount.Name == "live" && !mount.ReadOnly })
				if writes != slices.Contains([]string{"operator", "seed", "folders-operator"}, name) {
					t.Errorf("%s/%s: writes what the processes follow: %v", component, name, writes)
				}
			}
			wanted := map[string]string{"node": "--node=$(NODE_NAME)", "controller": "--node=$(NODE_NAME)/controller"}[component]
			if !slices.Contains(operator.Args, wanted) {
				t.Errorf("%s: %v", component, operator.Args)
			}
		}
	})
}

func TestTheOperatorMayReadDriversAndTellOfThem(t *testing.T) {
	for name, accounts := range map[string][]string{
		"resources": {"mooring-controller"}, "resources-split": {"mooring-node", "mooring-controller"},
	} {
		rendered := objects(t, read(t, name), APIs)
		var may []string
		for _, it := range all[*rbac.ClusterRole](rendered) {
			if it.Name == "mooring-operator" {
				may = append(may, rules(it.Rules)...)
			}
		}
		for _, it := range all[*rbac.Role](rendered) {
			if it.Name == "mooring-operator" {
				may = append(may, it.Namespace+": "+strings.Join(rules(it.Rules), "; "))
			}
		}
		if !slices.Equal(may, []string{
			"mooring.dev drivers get,list,watch", "mooring.dev drivers/status patch", "default: events.k8s.io events create,patch",
		}) {
			t.Errorf("%s: %v", name, may)
		}
		for _, binding := range all[*rbac.ClusterRoleBinding](rendered) {
			if binding.Name == "mooring-operator" && !slices.Equal(subjects(binding.Subjects), accounts) {
				t.Errorf("%s: %v", name, binding.Subjects)
			}
		}
		for _, binding := range all[*rbac.RoleBinding](rendered) {
			if binding.Name == "mooring-operator" && !slices.Equal(subjects(binding.Subjects), accounts) {
				t.Errorf("%s: %v", name, binding.Subjects)
			}
		}
	}
}

func rules(of []rbac.PolicyRule) (found []string) {
	for _, rule := range of {
		found = append(found, strings.Join(rule.APIGroups, ",")+" "+strings.Join(rule.Resources, ",")+" "+strings.Join(rule.Verbs, ","))
	}
	return found
}

func subjects(of []rbac.Subject) (found []string) {
	for _, subject := range of {
		found = append(found, subject.Name)
	}
	return found
}

func TestTheHostLetsTheOperatorReadItsStatus(t *testing.T) {
	for name, wanted := range map[string][]int64{"resources": {64615}, "resources-split": {1234, 70003}, "default": nil} {
		var file struct {
			Telemetry struct{ AllowedUids []int64 }
		}
		rendered := objects(t, read(t, name), APIs)
		for _, it := range all[*core.ConfigMap](rendered) {
			if err := yaml.Unmarshal([]byte(it.Data["mooring.yaml"]), &file); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(file.Telemetry.AllowedUids, wanted) {
			t.Errorf("%s: %v", name, file.Telemetry.AllowedUids)
		}
		if wanted != nil && *container(t, rendered, "operator").SecurityContext.RunAsUser != wanted[len(wanted)-1] {
			t.Errorf("%s: the operator is another user", name)
		}
	}
}
