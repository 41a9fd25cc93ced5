// What cannot work is refused, by the key and with what would be right.
package chart

import (
	"strings"
	"testing"
)

func TestWhatCannotWorkIsRefused(t *testing.T) {
	driver := func(values Values) Values { return values["drivers"].([]any)[0].(Values) }
	own := func(values Values) Values {
		it := driver(values)
		if it["kubernetes"] == nil {
			it["kubernetes"] = Values{}
		}
		return it["kubernetes"].(Values)
	}
	class := func(values Values, settings Values) {
		settings["name"] = "c"
		own(values)["storageClasses"] = []any{settings}
	}
	for _, test := range []struct {
		name, values, wanted string
		change               func(Values)
	}{
		{"no drivers", "node-only", "drivers: at least one", func(v Values) { v["drivers"] = []any{} }},
		{"an object that nobody follows", "resources", "set driverResources.enabled", func(v Values) { v["driverResources"] = Values{"enabled": false} }},
		{"an object with capitals", "resources", "lower-case letters", func(v Values) { driver(v)["name"] = "Image.mooring.dev" }},
		{"an operator that is the controller", "resources", "driverResources.uid", func(v Values) {
			v["driverResources"] = Values{"enabled": true, "uid": 64613}
		}},
		{"one id for all", "node-only", "config.node.id", func(v Values) { v["config"] = Values{"node": Values{"id": "a"}} }},
		{"pools apart from their node", "node-only", "grants.pools: a pool is a directory of one machine", func(v Values) { v["topology"] = "split" }},
		{"volumes that are nobody knows where", "node-only", "everywhere.nodes: one", func(v Values) {
			v["topology"] = "everywhere"
			driver(v)["backend"] = "embedded:directory"
		}},
		{"nodes: one elsewhere", "split", "topology is split", func(v Values) { v["everywhere"] = Values{"nodes": "one"} }},
		{"classes without a provisioner", "node-only", "nothing makes volumes", func(v Values) { class(v, Values{}) }},
		{"growth on many nodes", "many-nodes", "no resizer for each node", func(v Values) { class(v, Values{"allowVolumeExpansion": true}) }},
		{"growth that the backend lacks", "split", "lacks the ability expansion", func(v Values) {
			v["drivers"] = v["drivers"].([]any)[1:]
			class(v, Values{"allowVolumeExpansion": true})
		}},
		{"modification on many nodes", "many-nodes", "nothing is modified", func(v Values) {
			own(v)["attributesClasses"] = []any{Values{"name": "a", "parameters": Values{"readIops": "1"}}}
		}},
		{"snapshots that the backend lacks", "split", "lacks the ability snapshots", func(v Values) {
			v["drivers"] = v["drivers"].([]any)[1:]
			own(v)["snapshotClasses"] = []any{Values{"name": "a"}}
		}},
		{"snapshots that are switched off", "one-node", "snapshots is never", func(v Values) { v["snapshots"] = "never" }},
		{"groups that are switched off", "one-node", "groupSnapshots: always", func(v Values) { v["groupSnapshots"] = "never" }},
		{"changed blocks on many nodes", "many-nodes", "one place where all snapshots are", func(v Values) {
			own(v)["snapshotMetadata"] = Values{"tlsSecret": "a", "caCert": "YQ==", "audience": "a"}
		}},
		{"a backend that is unknown to the chart", "split", "mooring backend inspect", func(v Values) { delete(own(v), "abilities") }},
		{"a backend that is not embedded", "many-nodes", "there are directory, image-file", func(v Values) { driver(v)["backend"] = "embedded:nfs" }},
		{"abilities of an embedded backend", "many-nodes", "leave the key out", func(v Values) { own(v)["abilities"] = []any{} }},
		{"a component that is mounted nowhere", "split", "/components/plain.wasm is not in the controller's container", func(v Values) {
			mounts := v["controller"].(Values)["volumeMounts"].([]any)
			v["controller"].(Values)["volumeMounts"] = mounts[1:]
		}},
		{"a password that is mounted nowhere", "split", "auth.basic.password: /etc/mooring/array/password is not", func(v Values) {
			mounts := v["controller"].(Values)["volumeMounts"].([]any)
			v["controller"].(Values)["volumeMounts"] = append(mounts[:3:3], mounts[4])
		}},
		{"a driver twice", "one-node", "the name is there twice", func(v Values) {
			v["drivers"].([]any)[1].(Values)["name"] = "image.mooring.dev"
		}},
		{"two defaults", "one-node", "only one storage class can be the default", func(v Values) {
			v["drivers"].([]any)[1].(Values)["kubernetes"] = Values{"storageClasses": []any{Values{"name": "x", "default": true}}}
		}},
		{"secrets of unknown names", "all-secrets", "rbac.allSecrets", func(v Values) { delete(v, "rbac") }},
		{"two registrars", "one-node", "config.kubelet", func(v Values) {
			v["config"] = Values{"kubelet": Values{"registrationDir": "/a"}}
		}},
		// By values.schema.json:
		{"an unknown value", "default", "topologie", func(v Values) { v["topologie"] = "split" }},
		{"an unknown key of the file", "default", "socketDirectory", func(v Values) { v["config"] = Values{"socketDirectory": "/a"} }},
		{"an unknown key of a driver", "many-nodes", "fileSystem", func(v Values) { driver(v)["fileSystem"] = "xfs" }},
		{"an unknown grant", "many-nodes", "pool", func(v Values) { driver(v)["grants"].(Values)["pool"] = "/a" }},
		{"an unknown attachment", "many-nodes", "attachments/0", func(v Values) { driver(v)["grants"].(Values)["attachments"] = []any{"floppy"} }},
		{"an unknown ability", "split", "abilities", func(v Values) { own(v)["abilities"] = []any{"flying"} }},
		{"drivers within config", "default", "drivers", func(v Values) { v["config"] = Values{"drivers": []any{}} }},
		{"root for vendors' code", "default", "uid", func(v Values) { v["config"] = Values{"controller": Values{"uid": 0}} }},
		{"no port for telemetry", "default", "listen", func(v Values) { v["config"] = Values{"telemetry": Values{"listen": "0.0.0.0"}} }},
		{"telemetry that kubelet does not reach", "default", "config.telemetry.listen", func(v Values) { v["config"] = Values{"telemetry": Values{"listen": "[::1]:9810"}} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Render(Folder, with(read(t, test.values), test.change), APIs)
			if err == nil || !strings.Contains(err.Error(), test.wanted) {
				t.Errorf("wanted %q: %v", test.wanted, err)
			}
		})
	}
}
