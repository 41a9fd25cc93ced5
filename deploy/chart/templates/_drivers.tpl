{{/*
What follows for each driver from its abilities, its grants and the topology, as JSON {"drivers": […]}. Everything that
the chart says of a driver is taken from here.
*/}}
{{- define "mooring.drivers" -}}
{{- $values := .Values -}}
{{- $embedded := .Files.Get "files/abilities.yaml" | fromYaml -}}
{{- $many := and (eq $values.topology "everywhere") (eq $values.everywhere.nodes "many") -}}
{{- $provisioned := ne $values.topology "node-only" -}}
{{- $central := and $provisioned (not $many) -}}
{{- $cluster := .Capabilities.APIVersions -}}
{{- $snapshots := or (eq $values.snapshots "always") (and (eq $values.snapshots "auto") ($cluster.Has "snapshot.storage.k8s.io/v1")) -}}
{{- $groups := or (eq $values.groupSnapshots "always") (and (eq $values.groupSnapshots "auto") ($cluster.Has "groupsnapshot.storage.k8s.io/v1")) -}}
{{- $drivers := list -}}
{{- range $index, $driver := $values.drivers -}}
  {{- $own := $driver.kubernetes | default dict -}}
  {{- $abilities := $own.abilities | default list -}}
  {{- if hasPrefix "embedded:" $driver.backend -}}
    {{- $abilities = get $embedded (trimPrefix "embedded:" $driver.backend) | default list -}}
  {{- end -}}
  {{- $grants := $driver.grants | default dict -}}
  {{- $attachments := $grants.attachments | default list -}}
  {{- $fact := dict "index" $index "name" $driver.name "abilities" $abilities "own" $own "grants" $grants -}}
  {{- $_ := set $fact "attach" (and $central (has "publishing" $abilities)) -}}
  {{- $_ := set $fact "ephemeral" (hasKey $grants "ephemeral") -}}
  {{- $_ := set $fact "expand" (and $central (has "expansion" $abilities)) -}}
  {{- $_ := set $fact "online" (has "online-expansion" $abilities) -}}
  {{- $_ := set $fact "modify" (and $central (has "modification" $abilities)) -}}
  {{- $_ := set $fact "snapshot" (and $provisioned $snapshots (has "snapshots" $abilities)) -}}
  {{- $_ := set $fact "group" (and $fact.snapshot $groups (has "group-snapshots" $abilities)) -}}
  {{- $_ := set $fact "placed" (and (has "nodes" $abilities) (has "accessibility-constraints" $abilities)) -}}
  {{- $_ := set $fact "capacity" (and $provisioned $fact.placed (has "capacity" $abilities)) -}}
  {{- $_ := set $fact "metadata" (and $central (has "changed-blocks" $abilities) (hasKey $own "snapshotMetadata")) -}}
  {{- $_ := set $fact "devices" (or (has "block-device" $attachments) (has "kata-direct" $attachments)) -}}
  {{- $_ := set $fact "kata" (has "kata-direct" $attachments) -}}
  {{- $sidecars := list -}}
  {{- if $provisioned }}{{ $sidecars = append $sidecars "provisioner" }}{{ end -}}
  {{- if $fact.attach }}{{ $sidecars = append $sidecars "attacher" }}{{ end -}}
  {{- if or $fact.expand $fact.modify }}{{ $sidecars = append $sidecars "resizer" }}{{ end -}}
  {{- if $fact.snapshot }}{{ $sidecars = append $sidecars "snapshotter" }}{{ end -}}
  {{- if and $central $values.sidecars.healthMonitor (has "health" $abilities) (has "listing" $abilities) }}{{ $sidecars = append $sidecars "healthMonitor" }}{{ end -}}
  {{- if $fact.metadata }}{{ $sidecars = append $sidecars "snapshotMetadata" }}{{ end -}}
  {{- $_ := set $fact "sidecars" $sidecars -}}
  {{- $_ := set $fact "storageClasses" (list) -}}
  {{- if and $provisioned (not (hasKey $own "storageClasses")) -}}
    {{- $_ := set $fact "storageClasses" (list (dict "name" $driver.name)) -}}
  {{- else if $provisioned -}}
    {{- $_ := set $fact "storageClasses" $own.storageClasses -}}
  {{- end -}}
  {{- $_ := set $fact "snapshotClasses" (list) -}}
  {{- if and $fact.snapshot (not (hasKey $own "snapshotClasses")) -}}
    {{- $_ := set $fact "snapshotClasses" (list (dict "name" $driver.name)) -}}
  {{- else if $fact.snapshot -}}
    {{- $_ := set $fact "snapshotClasses" $own.snapshotClasses -}}
  {{- end -}}
  {{- $_ := set $fact "groupClasses" (ternary ($own.groupSnapshotClasses | default list) (list) $fact.group) -}}
  {{- $_ := set $fact "attributesClasses" (ternary ($own.attributesClasses | default list) (list) $fact.modify) -}}
  {{- $drivers = append $drivers $fact -}}
{{- end -}}
{{- dict "drivers" $drivers "many" $many "central" $central "provisioned" $provisioned | toJson -}}
{{- end }}

{{/* The pools' directories, each once, as JSON {"paths": […]}. */}}
{{- define "mooring.pools" -}}
{{- $paths := list -}}
{{- range .Values.drivers -}}
  {{- $grants := .grants | default dict -}}
  {{- range $name, $path := $grants.pools -}}{{- $paths = append $paths $path -}}{{- end -}}
{{- end -}}
{{- dict "paths" ($paths | uniq | sortAlpha) | toJson -}}
{{- end }}

{{/* The secrets that sidecars read for the classes of the chart, as JSON {"namespaces": {NAMESPACE: [NAME…]}}. */}}
{{- define "mooring.secrets" -}}
{{- $found := dict -}}
{{- $facts := include "mooring.drivers" . | fromJson -}}
{{- range $fact := $facts.drivers -}}
  {{- range $class := concat $fact.storageClasses $fact.snapshotClasses $fact.groupClasses -}}
    {{- range $key, $name := $class.parameters -}}
      {{- /* Those of the node are read by kubelet. */ -}}
      {{- if and (hasPrefix "csi.storage.k8s.io/" $key) (hasSuffix "-secret-name" $key) (not (hasPrefix "csi.storage.k8s.io/node-" $key)) -}}
        {{- $namespace := get $class.parameters (printf "%s-secret-namespace" (trimSuffix "-secret-name" $key)) -}}
        {{- if and (not $.Values.rbac.allSecrets) (or (not $namespace) (contains "${" $name) (contains "${" $namespace)) -}}
          {{- fail (printf "drivers[%d] (%s), class %s: %s is not one secret (%s in %q); name one, or set rbac.allSecrets to let the sidecars read every secret of the cluster" (int $fact.index) $fact.name $class.name $key $name ($namespace | default "")) -}}
        {{- end -}}
        {{- $_ := set $found $namespace (append (get $found $namespace | default list) $name | uniq | sortAlpha) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- dict "namespaces" $found | toJson -}}
{{- end }}
