// What of 1.12 is in ours and not in 1.13: the only differences allowed.

package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Kept is what Mooring keeps of 1.12 though 1.13 has dropped it, by full name: the volume condition, which
// orchestrators of 1.12 and older still read. v1_12 checks each against the specification of that time.
var Kept = map[string]bool{
	"csi.v1.VolumeCondition":                                           true,
	"csi.v1.VolumeCondition.abnormal":                                  true,
	"csi.v1.VolumeCondition.message":                                   true,
	"csi.v1.ListVolumesResponse.VolumeStatus.volume_condition":         true,
	"csi.v1.ControllerGetVolumeResponse.VolumeStatus.volume_condition": true,
	"csi.v1.NodeGetVolumeStatsResponse.volume_condition":               true,
	"csi.v1.ControllerServiceCapability.RPC.Type.VOLUME_CONDITION":     true,
	"csi.v1.NodeServiceCapability.RPC.Type.VOLUME_CONDITION":           true,
}

// Number is a reserved field or enum value number.
type Number = int32

// Unreserved is what 1.13 reserves in place of the above, and Mooring can't: messages by full name.
var Unreserved = map[string]Number{
	"csi.v1.ListVolumesResponse.VolumeStatus":         2,
	"csi.v1.ControllerGetVolumeResponse.VolumeStatus": 2,
	"csi.v1.NodeGetVolumeStatsResponse":               2,
	"csi.v1.ControllerServiceCapability.RPC.Type":     11,
	"csi.v1.NodeServiceCapability.RPC.Type":           4,
}

// Unreserve takes exactly one number out of what a message or an enum reserves. It says whether the number
// was reserved by itself.
func Unreserve(element proto.Message, number Number) (proto.Message, bool) {
	switch element := proto.Clone(element).(type) {
	case *descriptorpb.DescriptorProto:
		for i, r := range element.GetReservedRange() {
			// The end of a message's range is exclusive.
			if r.GetStart() == number && r.GetEnd() == number+1 {
				element.ReservedRange = append(element.ReservedRange[:i:i], element.ReservedRange[i+1:]...)
				return element, true
			}
		}
	case *descriptorpb.EnumDescriptorProto:
		for i, r := range element.GetReservedRange() {
			// The end of an enum's range is inclusive.
			if r.GetStart() == number && r.GetEnd() == number {
				element.ReservedRange = append(element.ReservedRange[:i:i], element.ReservedRange[i+1:]...)
				return element, true
			}
		}
	}
	return element, false
}
