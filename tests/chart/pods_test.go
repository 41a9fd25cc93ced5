// Pods: what may be privileged, who has a token, and that what is mounted is there.
package chart

import (
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount"

// pods are the pod templates by their component.
func pods(objects []runtime.Object) map[string]core.PodSpec {
	found := map[string]core.PodSpec{}
	for _, it := range all[*apps.Deployment](objects) {
		found[it.Labels["app.kubernetes.io/component"]] = it.Spec.Template.Spec
	}
	for _, it := range all[*apps.DaemonSet](objects) {
		found[it.Labels["app.kubernetes.io/component"]] = it.Spec.Template.Spec
	}
	return found
}

// base is a container's name without its driver.
func base(container core.Container) string {
	name, _, found := strings.Cut(container.Name, "-0-")
	if !found {
		name, _, _ = strings.Cut(container.Name, "-1-")
	}
	return name
}

func TestNothingButTheNodeIsPrivileged(t *testing.T) {
	cases(t, func(t *testing.T, values Values) {
		rendered := objects(t, values, APIs)
		uids := map[string]int64{}
		for component, pod := range pods(rendered) {
			if pod.HostNetwork || pod.HostPID || pod.HostIPC {
				t.Errorf("%s: a namespace of the host", component)
			}
			for _, it := range slices.Concat(pod.InitContainers, pod.Containers) {
				where, is := component+"/"+it.Name, it.SecurityContext
				if is == nil {
					t.Fatalf("%s: no security context", where)
				}
				if is.ReadOnlyRootFilesystem == nil || !*is.ReadOnlyRootFilesystem {
					t.Errorf("%s: the root file system can be written", where)
				}
				if it.Name == "node" {
					if is.Privileged == nil || !*is.Privileged {
						t.Errorf("%s: cannot mount", where)
					}
					continue
				}
				if is.Privileged != nil && *is.Privileged {
					t.Errorf("%s: privileged", where)
				}
				if is.AllowPrivilegeEscalation == nil || *is.AllowPrivilegeEscalation {
					t.Errorf("%s: may gain privileges", where)
				}
				if is.SeccompProfile == nil || is.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
					t.Errorf("%s: no seccomp", where)
				}
				if is.Capabilities == nil || !slices.Equal(is.Capabilities.Drop, []core.Capability{"ALL"}) {
					t.Errorf("%s: keeps capabilities", where)
				}
				if it.Name == "folders" || it.Name == "folders-operator" {
					if !slices.Equal(is.Capabilities.Add, []core.Capability{"CHOWN"}) {
						t.Errorf("%s: %v", where, is.Capabilities.Add)
					}
					continue
				}
				if len(is.Capabilities.Add) > 0 {
					t.Errorf("%s: gets %v", where, is.Capabilities.Add)
				}
				if it.Name == "sockets" { // as the controller, for the controller
					continue
				}
				uids[base(it)] = *is.RunAsUser
				// The node's sockets are for root alone: whoever asks there is root, without any capability.
				onNode := base(it) == "registrar" || slices.Contains(it.Args, "--node-deployment") && base(it) == "provisioner"
				if nonRoot := *is.RunAsNonRoot && *is.RunAsUser != 0; nonRoot == onNode {
					t.Errorf("%s: runs as %d", where, *is.RunAsUser)
				}
				for _, mount := range it.VolumeMounts {
					if mount.MountPropagation != nil && *mount.MountPropagation == core.MountPropagationBidirectional {
						t.Errorf("%s: its mounts reach the host", where)
					}
				}
			}
		}
		for name, uid := range uids {
			if name != "controller" && uid == uids["controller"] {
				t.Errorf("%s has the controller's user, and so its private socket", name)
			}
		}
	})
}

func TestOnlySidecarsHaveATokenAndTheNodeNoVendorsFiles(t *testing.T) {
	cases(t, func(t *testing.T, values Values) {
		for component, pod := range pods(objects(t, values, APIs)) {
			if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
				t.Errorf("%s: tokens are mounted everywhere", component)
			}
			for _, it := range slices.Concat(pod.InitContainers, pod.Containers) {
				ours := []string{"node", "controller", "folders", "sockets", "folders-operator", "seed"}
				sidecar := !slices.Contains(ours, it.Name) && base(it) != "registrar"
				token := slices.ContainsFunc(it.VolumeMounts, func(mount core.VolumeMount) bool { return mount.MountPath == tokenPath })
				if token != sidecar {
					t.Errorf("%s/%s: token: %v", component, it.Name, token)
				}
				for _, mount := range it.VolumeMounts {
					if it.Name != "controller" && slices.Contains([]string{"components", "keys", "array", "pull", "controller-state"}, mount.Name) && it.Name != "folders" {
						t.Errorf("%s/%s sees %s", component, it.Name, mount.Name)
					}
					// A sidecar could put a socket of its own in another's place.
					if sidecar && !mount.ReadOnly && !(it.Name == "operator" && mount.Name == "live") {
						t.Errorf("%s/%s may write to %s", component, it.Name, mount.Name)
					}
				}
			}
		}
	})
}

func TestPodsFitTogether(t *testing.T) {
	cases(t, func(t *testing.T, values Values) {
		for component, pod := range pods(objects(t, values, APIs)) {
			volumes, used, names, ports := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
			numbers := map[int32]bool{}
			for _, volume := range pod.Volumes {
				if volumes[volume.Name] || len(volume.Name) > 63 {
					t.Errorf("%s: volume %s", component, volume.Name)
				}
				volumes[volume.Name] = true
			}
			for _, it := range slices.Concat(pod.InitContainers, pod.Containers) {
				if names[it.Name] || len(it.Name) > 63 || strings.HasSuffix(it.Name, "-") {
					t.Errorf("%s: container %s", component, it.Name)
				}
				names[it.Name] = true
				places := map[string]bool{}
				for _, mount := range it.VolumeMounts {
					if !volumes[mount.Name] || places[mount.MountPath] {
						t.Errorf("%s/%s: %s at %s", component, it.Name, mount.Name, mount.MountPath)
					}
					used[mount.Name], places[mount.MountPath] = true, true
				}
				for _, port := range it.Ports {
					if ports[port.Name] || len(port.Name) > 15 || numbers[port.ContainerPort] {
						t.Errorf("%s/%s: port %s %d", component, it.Name, port.Name, port.ContainerPort)
					}
					ports[port.Name], numbers[port.ContainerPort] = true, true
				}
				if probe := it.LivenessProbe; probe != nil && probe.HTTPGet != nil && !ports[probe.HTTPGet.Port.StrVal] {
					t.Errorf("%s/%s: is asked at %s", component, it.Name, probe.HTTPGet.Port.StrVal)
				}
			}
			for volume := range volumes {
				if !used[volume] {
					t.Errorf("%s: volume %s is mounted nowhere", component, volume)
				}
			}
		}
	})
}

func TestUpgradesKeepMounts(t *testing.T) {
	cases(t, func(t *testing.T, values Values) {
		rendered := objects(t, values, APIs)
		for _, it := range all[*apps.DaemonSet](rendered) {
			if it.Spec.UpdateStrategy.Type != apps.RollingUpdateDaemonSetStrategyType || it.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable.IntValue() != 1 {
				t.Error(it.Spec.UpdateStrategy)
			}
			// Running calls have 25 seconds to end.
			if *it.Spec.Template.Spec.TerminationGracePeriodSeconds < 30 {
				t.Error(*it.Spec.Template.Spec.TerminationGracePeriodSeconds)
			}
		}
		node := pods(rendered)["node"]
		var both []string
		for _, mount := range node.Containers[0].VolumeMounts {
			if mount.MountPropagation != nil && *mount.MountPropagation == core.MountPropagationBidirectional {
				both = append(both, mount.Name)
			}
		}
		if !slices.Equal(both, []string{"kubelet", "node-state"}) {
			t.Errorf("what is mounted in %v outlives the container", both)
		}
		if node.PriorityClassName != "system-node-critical" {
			t.Error(node.PriorityClassName)
		}
	})
}
