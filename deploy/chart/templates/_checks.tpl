{{/* What cannot work is refused, each with the value and with what would be right. Says nothing else. */}}
{{- define "mooring.checks" -}}
{{- $values := .Values -}}
{{- $facts := include "mooring.drivers" . | fromJson -}}
{{- $embedded := .Files.Get "files/abilities.yaml" | fromYaml -}}
{{- if not $values.drivers -}}{{- fail "drivers: at least one is needed" -}}{{- end -}}
{{- if and $values.config.node (hasKey $values.config.node "id") -}}
  {{- fail "config.node.id: one id cannot be every node's; the chart takes each node's name" -}}
{{- end -}}
{{- if and (eq $values.registrar "sidecar") (hasKey $values.config "kubelet") -}}
  {{- fail "config.kubelet: with registrar: sidecar the node process does not register; leave the key out, or set registrar: native" -}}
{{- end -}}
{{- if and (ne $values.topology "everywhere") (eq $values.everywhere.nodes "one") -}}
  {{- fail (printf "everywhere.nodes: one is for topology: everywhere, and topology is %s" $values.topology) -}}
{{- end -}}
{{- if and (eq $values.topology "everywhere") (eq $values.everywhere.nodes "one") (not $values.node.nodeSelector) -}}
  {{- $nodes := (lookup "v1" "Node" "" "").items | default list -}}
  {{- if gt (len $nodes) 1 -}}
    {{- fail (printf "everywhere.nodes: one, and the cluster has %d nodes; set node.nodeSelector so that it finds one, or everywhere.nodes: many" (len $nodes)) -}}
  {{- end -}}
{{- end -}}
{{- if regexMatch "^(127\\.|\\[::1\\])" $values.config.telemetry.listen -}}
  {{- fail (printf "config.telemetry.listen: kubelet asks at the pod's address, and %s is a loopback address; use 0.0.0.0:9810, or [::]:9810 where pods have IPv6 addresses" $values.config.telemetry.listen) -}}
{{- end -}}
{{- $resources := $values.driverResources -}}
{{- if $resources.enabled -}}
  {{- if or (eq (int64 $resources.uid) (int64 (include "mooring.uid" .))) (eq (int64 $resources.uid) (int64 $values.sidecars.uid)) -}}
    {{- fail (printf "driverResources.uid: %d is the controller's or the sidecars' user; the operator writes what root reads, so it has one of its own" (int64 $resources.uid)) -}}
  {{- end -}}
{{- end -}}
{{- $names := list -}}{{- $defaults := list -}}{{- $defaultSnapshots := dict -}}
{{- range $fact := $facts.drivers -}}
  {{- $driver := index $values.drivers (int $fact.index) -}}
  {{- $key := printf "drivers[%d] (%s)" (int $fact.index) $fact.name -}}
  {{- if and $fact.own.resource (not $resources.enabled) -}}
    {{- fail (printf "%s.kubernetes.resource: nothing follows Driver objects; set driverResources.enabled: true, or leave the key out" $key) -}}
  {{- end -}}
  {{- if and $fact.own.resource (ne $fact.name (lower $fact.name)) -}}
    {{- fail (printf "%s.kubernetes.resource: an object's name has lower-case letters only; leave the key out, and the driver stands in the ConfigMap" $key) -}}
  {{- end -}}
  {{- if has $fact.name $names -}}{{- fail (printf "%s: the name is there twice" $key) -}}{{- end -}}
  {{- $names = append $names $fact.name -}}
  {{- if hasPrefix "embedded:" $driver.backend -}}
    {{- $backend := trimPrefix "embedded:" $driver.backend -}}
    {{- if not (hasKey $embedded $backend) -}}
      {{- fail (printf "%s: no backend of the name %q is embedded; there are %s" $key $backend (keys $embedded | sortAlpha | join ", ")) -}}
    {{- end -}}
    {{- if hasKey $fact.own "abilities" -}}
      {{- fail (printf "%s.kubernetes.abilities: what embedded backends can do is known to the chart; leave the key out" $key) -}}
    {{- end -}}
  {{- else if not (hasKey $fact.own "abilities") -}}
    {{- fail (printf "%s.kubernetes.abilities: the chart cannot look into %s; put there what `mooring backend inspect %s -o json` says of abilities" $key $driver.backend $driver.backend) -}}
  {{- end -}}
  {{- if hasPrefix "/" $driver.backend -}}
    {{- include "mooring.mounted" (dict "root" $ "key" (printf "%s.backend" $key) "path" $driver.backend) -}}
  {{- end -}}
  {{- if and (eq $values.topology "split") $fact.grants.pools -}}
    {{- fail (printf "%s.grants.pools: a pool is a directory of one machine, and with topology: split the controller runs on another one; use topology: everywhere" $key) -}}
  {{- end -}}
  {{- if and $facts.many $fact.grants.pools (not $fact.placed) -}}
    {{- fail (printf "%s: its backend does not say where a volume is (abilities nodes and accessibility-constraints), so with everywhere.nodes: many pods would be started where their volumes are not; use everywhere.nodes: one, or topology: node-only" $key) -}}
  {{- end -}}
  {{- if and (not $facts.provisioned) (or $fact.own.storageClasses $fact.own.snapshotClasses $fact.own.attributesClasses $fact.own.groupSnapshotClasses) -}}
    {{- fail (printf "%s.kubernetes: with topology: node-only nothing makes volumes or snapshots, so there are no classes" $key) -}}
  {{- end -}}
  {{- range $class := $fact.storageClasses -}}
    {{- if $class.default -}}{{- $defaults = append $defaults $class.name -}}{{- end -}}
    {{- if and $class.allowVolumeExpansion (not $fact.expand) -}}
      {{- fail (printf "%s, storage class %s: allowVolumeExpansion: %s" $key $class.name (ternary "no volume grows with everywhere.nodes: many, as there is no resizer for each node" "its backend lacks the ability expansion" (has "expansion" $fact.abilities))) -}}
    {{- end -}}
  {{- end -}}
  {{- if and $facts.provisioned $fact.own.attributesClasses (not $fact.modify) -}}
    {{- fail (printf "%s.kubernetes.attributesClasses: %s" $key (ternary "nothing is modified with everywhere.nodes: many, as there is no resizer for each node" "its backend lacks the ability modification" (has "modification" $fact.abilities))) -}}
  {{- end -}}
  {{- if and $facts.provisioned $fact.own.snapshotClasses (not (has "snapshots" $fact.abilities)) -}}
    {{- fail (printf "%s.kubernetes.snapshotClasses: its backend lacks the ability snapshots" $key) -}}
  {{- end -}}
  {{- if and $facts.provisioned $fact.own.snapshotClasses (not $fact.snapshot) -}}
    {{- fail (printf "%s.kubernetes.snapshotClasses: snapshots is %s, and the cluster has no snapshot.storage.k8s.io/v1: install the CRDs and the snapshot controller first" $key $values.snapshots) -}}
  {{- end -}}
  {{- if and $facts.provisioned $fact.own.groupSnapshotClasses (not $fact.group) -}}
    {{- fail (printf "%s.kubernetes.groupSnapshotClasses: they need the ability group-snapshots, snapshots, and groupSnapshots: always or a cluster with groupsnapshot.storage.k8s.io/v1" $key) -}}
  {{- end -}}
  {{- if and (hasKey $fact.own "snapshotMetadata") (not $fact.metadata) -}}
    {{- fail (printf "%s.kubernetes.snapshotMetadata: it needs the ability changed-blocks, and one place where all snapshots are: topology: split, or everywhere.nodes: one" $key) -}}
  {{- end -}}
  {{- $trust := $driver.trust | default dict -}}
  {{- range $path := $trust.keys -}}
    {{- include "mooring.mounted" (dict "root" $ "key" (printf "%s.trust.keys" $key) "path" $path) -}}
  {{- end -}}
  {{- range $grant := $fact.grants.http -}}
    {{- with $grant.ca -}}{{- include "mooring.mounted" (dict "root" $ "key" (printf "%s.grants.http: ca" $key) "path" .) -}}{{- end -}}
    {{- range $kind, $auth := $grant.auth -}}
      {{- range $part, $credential := $auth -}}
        {{- if and (kindIs "map" $credential) (hasKey $credential "file") -}}
          {{- include "mooring.mounted" (dict "root" $ "key" (printf "%s.grants.http: auth.%s.%s" $key $kind $part) "path" $credential.file) -}}
        {{- end -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if gt (len $defaults) 1 -}}
  {{- fail (printf "only one storage class can be the default; there are %s" (join ", " $defaults)) -}}
{{- end -}}
{{- range $host, $registry := $values.config.registries -}}
  {{- range $name := list "ca" "credentials" -}}
    {{- with get $registry $name -}}{{- include "mooring.mounted" (dict "root" $ "key" (printf "config.registries.%s.%s" $host $name) "path" .) -}}{{- end -}}
  {{- end -}}
{{- end -}}
{{- with $values.config.offline -}}{{- include "mooring.mounted" (dict "root" $ "key" "config.offline" "path" .) -}}{{- end -}}
{{- end }}

{{/* Refuses a path that nothing in controller.volumeMounts leads to. */}}
{{- define "mooring.mounted" -}}
{{- $found := false -}}
{{- range $mount := .root.Values.controller.volumeMounts -}}
  {{- if or (eq $mount.mountPath $.path) (hasPrefix (printf "%s/" (trimSuffix "/" $mount.mountPath)) $.path) -}}{{- $found = true -}}{{- end -}}
{{- end -}}
{{- if not $found -}}
  {{- fail (printf "%s: %s is not in the controller's container; mount it with controller.volumes and controller.volumeMounts" .key .path) -}}
{{- end -}}
{{- end }}
