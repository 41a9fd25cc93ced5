// Package v1_13 compares with the specification that Mooring implements.
package v1_13

import (
	"strings"
	"testing"

	csi "github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	wire "github.com/mooring-dev/mooring/tests/proto"
)

// differences is all that isn't as in 1.13, save what is kept of 1.12 on purpose.
func differences(ours *descriptorpb.FileDescriptorProto) (found []wire.Difference, kept int) {
	for _, d := range wire.Compare(wire.Theirs(csi.File_csi_proto), ours) {
		if wire.Kept[d.Name] && d.Theirs == nil && d.Ours != nil {
			kept++
			continue
		}
		if number, ok := wire.Unreserved[d.Name]; ok && d.Theirs != nil && d.Ours != nil {
			if theirs, was := wire.Unreserve(d.Theirs, number); was && proto.Equal(theirs, d.Ours) {
				kept++
				continue
			}
		}
		found = append(found, d)
	}
	return found, kept
}

func ours(t *testing.T) *descriptorpb.FileDescriptorProto {
	t.Helper()
	file, err := wire.Ours()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestSameAs1_13(t *testing.T) {
	found, kept := differences(ours(t))
	for _, d := range found {
		t.Error(d)
	}
	if want := len(wire.Kept) + len(wire.Unreserved); kept != want {
		t.Errorf("%d of the %d things kept of 1.12 are there", kept, want)
	}
}

// The comparison itself: each alteration must be noticed, and nothing beside it.
func TestNoticesAlterations(t *testing.T) {
	if found, _ := differences(ours(t)); len(found) > 0 {
		t.Skip("there are differences already: see TestSameAs1_13")
	}
	type file = *descriptorpb.FileDescriptorProto
	stage := func(f file) *descriptorpb.DescriptorProto { return message(f, "NodeStageVolumeRequest") }
	label := descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	kind := descriptorpb.FieldDescriptorProto_TYPE_BYTES.Enum()
	for _, c := range []struct {
		name  string
		wants string
		alter func(file)
	}{
		{"number", "csi.v1.NodeStageVolumeRequest.volume_id", func(f file) { field(stage(f), "volume_id").Number = proto.Int32(9) }},
		{"type", "csi.v1.NodeStageVolumeRequest.volume_id", func(f file) { field(stage(f), "volume_id").Type = kind }},
		{"label", "csi.v1.NodeStageVolumeRequest.volume_id", func(f file) { field(stage(f), "volume_id").Label = label }},
		{"JSON name", "csi.v1.NodeStageVolumeRequest.volume_id", func(f file) { field(stage(f), "volume_id").JsonName = proto.String("id") }},
		{"secret mark", "csi.v1.NodeStageVolumeRequest.secrets", func(f file) { field(stage(f), "secrets").Options = nil }},
		{"map's value", "csi.v1.NodeStageVolumeRequest.SecretsEntry.value", func(f file) { stage(f).NestedType[1].Field[1].Type = kind }},
		{"field gone", "csi.v1.NodeStageVolumeRequest.volume_context", func(f file) { stage(f).Field = stage(f).Field[:5] }},
		{"reserved", "csi.v1.NodeStageVolumeRequest", func(f file) { stage(f).ReservedName = []string{"x"} }},
		{"message gone", "csi.v1.GetMetadataDeltaResponse", func(f file) { f.MessageType = f.MessageType[:len(f.MessageType)-1] }},
		{"oneof", "csi.v1.VolumeCapability.block", func(f file) { field(message(f, "VolumeCapability"), "block").OneofIndex = nil }},
		{"alpha message", "csi.v1.GetSnapshotRequest", func(f file) { message(f, "GetSnapshotRequest").Options = nil }},
		{"enum value", "csi.v1.BlockMetadataType.FIXED_LENGTH", func(f file) { enum(f, "BlockMetadataType").Value[1].Number = proto.Int32(7) }},
		{"streaming", "csi.v1.SnapshotMetadata.GetMetadataDelta", func(f file) { service(f, "SnapshotMetadata").Method[1].ServerStreaming = nil }},
		{"alpha service", "csi.v1.SnapshotMetadata", func(f file) { service(f, "SnapshotMetadata").Options = nil }},
		{"alpha method", "csi.v1.Node.NodeGetVolumeHealth", func(f file) { service(f, "Node").Method[5].Options = nil }},
		{"method's answer", "csi.v1.Node.NodeGetVolumeHealth", func(f file) { service(f, "Node").Method[5].OutputType = proto.String(".csi.v1.Volume") }},
		{"extension", "csi.v1.csi_secret", func(f file) { extension(f, "csi_secret").Number = proto.Int32(1058) }},
		{"go_package", "(file)", func(f file) { f.Options.GoPackage = proto.String("x") }},
		{"a field too many", "csi.v1.Volume.more", func(f file) {
			volume := message(f, "Volume")
			volume.Field = append(volume.Field, &descriptorpb.FieldDescriptorProto{Name: proto.String("more")})
		}},
		{"a reserved number too few", "csi.v1.NodeGetVolumeStatsResponse", func(f file) {
			message(f, "NodeGetVolumeStatsResponse").ReservedRange = []*descriptorpb.DescriptorProto_ReservedRange{{Start: proto.Int32(3), End: proto.Int32(4)}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			altered := ours(t)
			c.alter(altered)
			found, _ := differences(altered)
			if len(found) == 0 {
				t.Fatal("not noticed")
			}
			for _, d := range found {
				if d.Name != c.wants && !strings.HasPrefix(d.Name, c.wants+".") {
					t.Errorf("wants %s only, got %v", c.wants, d)
				}
			}
		})
	}
}

func message(f *descriptorpb.FileDescriptorProto, name string) *descriptorpb.DescriptorProto {
	return named(f.GetMessageType(), name)
}

func field(m *descriptorpb.DescriptorProto, name string) *descriptorpb.FieldDescriptorProto {
	return named(m.GetField(), name)
}

func enum(f *descriptorpb.FileDescriptorProto, name string) *descriptorpb.EnumDescriptorProto {
	return named(f.GetEnumType(), name)
}

func service(f *descriptorpb.FileDescriptorProto, name string) *descriptorpb.ServiceDescriptorProto {
	return named(f.GetService(), name)
}

func extension(f *descriptorpb.FileDescriptorProto, name string) *descriptorpb.FieldDescriptorProto {
	return named(f.GetExtension(), name)
}

func named[T interface{ GetName() string }](list []T, name string) T {
	for _, element := range list {
		if element.GetName() == name {
			return element
		}
	}
	panic("nothing is named " + name)
}
