// Package v1_12 compares with the specification of the orchestrators that still read what 1.13 dropped.
package v1_12

import (
	"testing"

	csi "csi-1-12.invalid/spec/lib/go/csi"

	wire "github.com/mooring-dev/mooring/tests/proto"
)

// Everything that a client of 1.12 knows is there and the same. What is new since then doesn't matter to it.
func TestHolds1_12(t *testing.T) {
	ours, err := wire.Ours()
	if err != nil {
		t.Fatal(err)
	}
	theirs := wire.Theirs(csi.File_csi_proto)
	for _, d := range wire.Compare(theirs, ours) {
		if d.Theirs != nil {
			t.Error(d)
		}
	}
	known := wire.Take(theirs)
	for name := range wire.Kept {
		if known[name] == nil {
			t.Errorf("%s is said to be kept of 1.12, which doesn't have it", name)
		}
	}
}
