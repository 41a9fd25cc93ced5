module github.com/mooring-dev/mooring/tests/proto

go 1.25.0

require (
	csi-1-12.invalid/spec v1.12.0
	github.com/container-storage-interface/spec v1.13.0
	google.golang.org/protobuf v1.36.10
)

// The specification's previous version, under a name of its own.
replace csi-1-12.invalid/spec => github.com/container-storage-interface/spec v1.12.0
