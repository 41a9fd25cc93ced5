module github.com/mooring-dev/mooring/tests/proto

go 1.25.0

require (
	csi-1-12.invalid/spec v1.12.0
	github.com/container-storage-interface/spec v1.13.0
	google.golang.org/protobuf v1.36.10
)

require (
	golang.org/x/net v0.55.0 // indirect
	golang.org/x/sys v0.45.0 // indirect
	golang.org/x/text v0.37.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20251202230838-ff82c1b0f217 // indirect
	google.golang.org/grpc v1.79.3 // indirect
)

// The specification's previous version, under a name of its own.
replace csi-1-12.invalid/spec => github.com/container-storage-interface/spec v1.12.0
