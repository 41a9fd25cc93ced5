// What follows from abilities, grants and topology: CSIDrivers, sidecars, their arguments and their rights.
package chart

import (
	"slices"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	rbac "k8s.io/api/rbac/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// with is a deep copy of values, changed.
func with(values Values, change func(Values)) Values {
	text, err := yaml.Marshal(values)
	if err != nil {
		panic(err)
	}
	copied := Values{}
	if err := yaml.Unmarshal(text, &copied); err != nil {
		panic(err)
	}
	change(copied)
	return copied
}

// vendor is an installation of one vendor's driver with these abilities.
func vendor(topology string, abilities ...string) Values {
	listed := []any{}
	for _, ability := range abilities {
		listed = append(listed, ability)
	}
	return Values{"topology": topology, "drivers": []any{Values{
		"name": "a.example.com", "backend": "oci://ghcr.io/a/a:1", "kubernetes": Values{"abilities": listed},
	}}}
}

// sidecars are the names of those that run, without the driver's, in order.
func sidecars(rendered []runtime.Object) []string {
	found := []string{}
	for _, pod := range pods(rendered) {
		for _, it := range pod.Containers {
			if it.Name != "node" && it.Name != "controller" {
				found = append(found, base(it))
			}
		}
	}
	slices.Sort(found)
	return found
}

func container(t *testing.T, rendered []runtime.Object, name string) core.Container {
	t.Helper()
	for _, pod := range pods(rendered) {
		for _, it := range pod.Containers {
			if it.Name == name || base(it) == name {
				return it
			}
		}
	}
	t.Fatalf("no container %s", name)
	return core.Container{}
}

func TestEachSidecarIsThereForItsAbilityAlone(t *testing.T) {
	for _, test := range []struct {
		abilities []string
		sidecar   string
	}{
		{nil, ""},
		{[]string{"publishing", "readonly-publishing"}, "attacher"},
		{[]string{"expansion"}, "resizer"},
		{[]string{"modification"}, "resizer"},
		{[]string{"snapshots", "restore-snapshot"}, "snapshotter"},
		{[]string{"health", "listing"}, "health-monitor"},
		{[]string{"health"}, ""}, // it asks by listing
		{[]string{"listing"}, ""},
		{[]string{"capacity"}, ""},
		{[]string{"nodes"}, ""},
		{[]string{"clone-volume"}, ""},
		{[]string{"changed-blocks"}, ""}, // until it has a certificate
		{[]string{"group-snapshots"}, ""},
	} {
		wanted := []string{"provisioner"}
		if test.sidecar != "" {
			wanted = append(wanted, test.sidecar)
			slices.Sort(wanted)
		}
		if found := sidecars(objects(t, vendor("split", test.abilities...), APIs)); !slices.Equal(found, wanted) {
			t.Errorf("%v: %v, wanted %v", test.abilities, found, wanted)
		}
		if found := sidecars(objects(t, vendor("node-only", test.abilities...), APIs)); len(found) > 0 {
			t.Errorf("node-only: %v", found)
		}
	}
	// Where each node has its own, those that cannot be had for each node are not there.
	if found := sidecars(objects(t, read(t, "default"), APIs)); !slices.Equal(found, []string{"provisioner", "snapshotter"}) {
		t.Error(found)
	}
	if found := sidecars(objects(t, vendor("split", "snapshots"), nil)); !slices.Equal(found, []string{"provisioner"}) {
		t.Errorf("a cluster without snapshots: %v", found)
	}
}

func TestWhatACSIDriverSaysFollows(t *testing.T) {
	type said struct {
		attach, podInfo, capacity bool
		modes                     int
	}
	for name, wanted := range map[string]map[string]said{
		"default":   {"image.mooring.dev": {false, false, true, 1}},
		"one-node":  {"image.mooring.dev": {true, true, true, 2}, "dir.mooring.dev": {false, false, false, 1}},
		"split":     {"array.mooring.dev": {true, false, false, 1}, "plain.example.com": {false, false, false, 1}},
		"node-only": {"image.mooring.dev": {false, true, false, 2}},
	} {
		found := all[*storage.CSIDriver](objects(t, read(t, name), APIs))
		if len(found) != len(wanted) {
			t.Errorf("%s: %d drivers", name, len(found))
		}
		for _, it := range found {
			is := said{*it.Spec.AttachRequired, *it.Spec.PodInfoOnMount, *it.Spec.StorageCapacity, len(it.Spec.VolumeLifecycleModes)}
			if is != wanted[it.Name] {
				t.Errorf("%s: %s: %+v, wanted %+v", name, it.Name, is, wanted[it.Name])
			}
			if *it.Spec.FSGroupPolicy != storage.FileFSGroupPolicy || *it.Spec.SELinuxMount || *it.Spec.RequiresRepublish || len(it.Spec.TokenRequests) > 0 {
				t.Errorf("%s: %+v", it.Name, it.Spec)
			}
		}
	}
}

func TestClassesSayWhatTheirDriverCan(t *testing.T) {
	for name, wanted := range map[string]map[string]string{
		"default":     {"image.mooring.dev": "WaitForFirstConsumer false"},
		"one-node":    {"standard": "WaitForFirstConsumer true default", "fast": "Immediate false", "dir.mooring.dev": "Immediate false"},
		"split":       {"array": "Immediate true default", "plain.example.com": "Immediate false"},
		"node-only":   {},
		"many-nodes":  {"local": "WaitForFirstConsumer false default"},
		"all-secrets": {"array": "Immediate true"},
	} {
		found := map[string]string{}
		for _, it := range all[*storage.StorageClass](objects(t, read(t, name), APIs)) {
			says := string(*it.VolumeBindingMode) + map[bool]string{true: " true", false: " false"}[*it.AllowVolumeExpansion]
			if it.Annotations["storageclass.kubernetes.io/is-default-class"] == "true" {
				says += " default"
			}
			found[it.Name] = says
		}
		if len(found) != len(wanted) {
			t.Errorf("%s: %v", name, found)
		}
		for class, says := range wanted {
			if found[class] != says {
				t.Errorf("%s: %s: %q, wanted %q", name, class, found[class], says)
			}
		}
	}
}

func TestArgumentsFollow(t *testing.T) {
	one, many, split := objects(t, read(t, "one-node"), APIs), objects(t, read(t, "default"), APIs), objects(t, read(t, "split"), APIs)
	offline := objects(t, vendor("split", "expansion"), APIs)
	for _, test := range []struct {
		rendered     []runtime.Object
		sidecar, arg string
		wanted       bool
	}{
		{one, "provisioner", "--leader-election", true},
		{one, "provisioner", "--node-deployment", false},
		{one, "provisioner", "--capacity-ownerref-level=1", true},
		{many, "provisioner", "--leader-election", false},
		{many, "provisioner", "--node-deployment", true},
		{many, "provisioner", "--capacity-ownerref-level=0", true},
		{many, "provisioner", "--csi-address=/run/mooring/image.mooring.dev/csi.sock", true},
		{many, "snapshotter", "--node-deployment", true},
		{many, "snapshotter", "--csi-address=/run/mooring/controller/image.mooring.dev/csi.sock", true},
		{split, "provisioner", "--enable-capacity", false}, // it does not say where its volumes are
		{one, "resizer", "--handle-volume-inuse-error=false", true},
		{offline, "resizer", "--handle-volume-inuse-error=true", true},
		{one, "snapshotter", "--feature-gates=CSIVolumeGroupSnapshot=true", true},
		{split, "snapshotter", "--feature-gates=CSIVolumeGroupSnapshot=false", true},
	} {
		args := container(t, test.rendered, test.sidecar).Args
		if slices.Contains(args, test.arg) != test.wanted {
			t.Errorf("%s: %s: wanted %v in %v", test.sidecar, test.arg, test.wanted, args)
		}
	}
}

func TestRightsAreOfTheSidecarsThatRun(t *testing.T) {
	cases(t, func(t *testing.T, values Values) {
		rendered := objects(t, values, APIs)
		running := slices.DeleteFunc(slices.Compact(sidecars(rendered)), func(name string) bool { return name == "registrar" })
		var roles []string
		for _, role := range all[*rbac.ClusterRole](rendered) {
			if name := strings.TrimPrefix(role.Name, "mooring-"); name != "secrets" {
				roles = append(roles, name)
			}
			for _, rule := range role.Rules {
				for _, word := range slices.Concat(rule.Verbs, rule.Resources, rule.APIGroups) {
					if word == "*" {
						t.Errorf("%s: %v", role.Name, rule)
					}
				}
				everySecret := values["rbac"] != nil && role.Name == "mooring-secrets" && slices.Equal(rule.Verbs, []string{"get"})
				if slices.Contains(rule.Resources, "secrets") && !everySecret {
					t.Errorf("%s reads every secret", role.Name)
				}
			}
		}
		slices.Sort(roles)
		if !slices.Equal(roles, running) {
			t.Errorf("roles of %v, and there run %v", roles, running)
		}
		for _, binding := range all[*rbac.ClusterRoleBinding](rendered) {
			if binding.Name == "mooring-operator" {
				continue // TestTheOperatorMayReadDriversAndTellOfThem
			}
			if subject := binding.Subjects[0]; len(binding.Subjects) != 1 || subject.Name != "mooring-controller" || subject.Namespace != "mooring" {
				t.Errorf("%s: %v", binding.Name, binding.Subjects)
			}
		}
	})
}

func TestSidecarsReadTheSecretsThatClassesName(t *testing.T) {
	found := map[string][]string{}
	for _, role := range all[*rbac.Role](objects(t, read(t, "split"), APIs)) {
		for _, rule := range role.Rules {
			if slices.Contains(rule.Resources, "secrets") {
				found[role.Namespace] = append(found[role.Namespace], rule.ResourceNames...)
				if !slices.Equal(rule.Verbs, []string{"get"}) {
					t.Error(rule.Verbs)
				}
			}
		}
	}
	if len(found) != 1 || !slices.Equal(found["storage"], []string{"array", "array-snapshots"}) {
		t.Error(found)
	}
}

func TestWhatMayLeaveIsWhatIsGranted(t *testing.T) {
	rules := func(name, component string) (found []string) {
		for _, policy := range all[*networking.NetworkPolicy](objects(t, read(t, name), APIs)) {
			if policy.Name != "mooring-"+component {
				continue
			}
			for _, rule := range policy.Spec.Egress {
				text := rule.Ports[0].Port.String()
				for _, to := range rule.To {
					text += " " + to.IPBlock.CIDR
				}
				found = append(found, text)
			}
		}
		return found
	}
	grants := []string{"8443 10.2.0.0/16 fd00:2::/64", "443 0.0.0.0/0 ::/0", "5000", "443", "3128", "4317"}
	if found := rules("split", "node"); !slices.Equal(found, slices.Concat([]string{"53"}, grants)) {
		t.Error(found)
	}
	if found := rules("split", "controller"); !slices.Equal(found, slices.Concat([]string{"53", "6443 10.0.0.1/32"}, grants)) {
		t.Error(found)
	}
	if found := rules("node-only", "node"); !slices.Equal(found, []string{"53"}) {
		t.Error(found)
	}
	if found := rules("many-nodes", "node"); !slices.Equal(found, []string{"53", "443"}) {
		t.Error(found)
	}
}

func TestDriversAreFollowedAndTheRestTakesARestart(t *testing.T) {
	mark := func(values Values) string {
		rendered, err := Render(Folder, values, APIs)
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(rendered["node.yaml"], "restarts-with: ")
		mark, _, _ := strings.Cut(after, "\n")
		return mark
	}
	values := read(t, "many-nodes")
	driver := func(values Values) Values { return values["drivers"].([]any)[0].(Values) }
	other := with(values, func(values Values) { driver(values)["limits"] = Values{"concurrency": 3} })
	if mark(values) != mark(other) {
		t.Error("a driver's limits restart the pods")
	}
	other = with(values, func(values Values) { values["config"].(Values)["askTagsEvery"] = "1m" })
	if mark(values) == mark(other) {
		t.Error("askTagsEvery does not restart the pods")
	}
}
