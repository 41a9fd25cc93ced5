// Package wire compares Mooring's csi.proto with the specification's published descriptors.
//
// A file's descriptor is taken apart into elements: each message, field, oneof, enum, enum value, service,
// method, extension and the file itself, by full name, without the elements inside it. What is left of an
// element is compared whole, so that a number, a type, a label, a JSON name, an option, a reserved range or
// anything else that a descriptor can say counts, also what this code doesn't know.
//
// The two versions of the specification register the same names with the Go runtime, so that each is
// compared in a test program of its own: v1_13 and v1_12.
package wire

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// descriptors is the encoded FileDescriptorSet that the Rust crate carries, seen from the test's folder: a
// link into proto/src/gen, since Go would give a cached result if a file outside of the module changed.
const descriptors = "../descriptors.bin"

// Elements maps an element's full name to its descriptor without the elements inside it.
type Elements map[string]proto.Message

// Difference is an element that isn't the same on both sides. One side may be missing (nil).
type Difference struct {
	Name         string
	Theirs, Ours proto.Message
}

func (d Difference) String() string {
	return fmt.Sprintf("%s\n\tspecification: %v\n\tours:          %v", d.Name, d.Theirs, d.Ours)
}

// Ours is Mooring's csi.proto. The extensions it uses must be registered with the Go runtime, which
// importing the specification's package does.
func Ours() (*descriptorpb.FileDescriptorProto, error) {
	encoded, err := os.ReadFile(descriptors)
	if err != nil {
		return nil, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(encoded, set); err != nil {
		return nil, err
	}
	// Links every name to its meaning, in a registry of its own.
	if _, err := protodesc.NewFiles(set); err != nil {
		return nil, err
	}
	for _, file := range set.GetFile() {
		if file.GetName() == "csi.proto" {
			return file, nil
		}
	}
	return nil, errors.New("no csi.proto among the descriptors")
}

// Theirs is the specification's csi.proto, in the same form.
func Theirs(file protoreflect.FileDescriptor) *descriptorpb.FileDescriptorProto {
	return protodesc.ToFileDescriptorProto(file)
}

// Compare lists what differs, by name.
func Compare(theirs, ours *descriptorpb.FileDescriptorProto) []Difference {
	t, o := Take(theirs), Take(ours)
	names := map[string]bool{}
	for name := range t {
		names[name] = true
	}
	for name := range o {
		names[name] = true
	}
	var found []Difference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if t[name] == nil || o[name] == nil || !proto.Equal(t[name], o[name]) {
			found = append(found, Difference{name, t[name], o[name]})
		}
	}
	return found
}

// Take takes a file apart.
func Take(file *descriptorpb.FileDescriptorProto) Elements {
	e := Elements{}
	scope := file.GetPackage()
	e.messages(scope, file.GetMessageType())
	e.enums(scope, file.GetEnumType())
	e.fields(scope, file.GetExtension())
	for _, service := range file.GetService() {
		e.service(scope, service)
	}
	rest := proto.CloneOf(file)
	rest.MessageType, rest.EnumType, rest.Extension, rest.Service, rest.SourceCodeInfo = nil, nil, nil, nil, nil
	e["(file)"] = rest
	return e
}

// put adds an element. Two of one name would hide one another.
func (e Elements) put(scope, name string, element proto.Message) string {
	full := scope + "." + name
	if _, taken := e[full]; taken {
		panic("two elements named " + full)
	}
	e[full] = element
	return full
}

func (e Elements) messages(scope string, messages []*descriptorpb.DescriptorProto) {
	for _, message := range messages {
		rest := proto.CloneOf(message)
		rest.Field, rest.OneofDecl, rest.NestedType, rest.EnumType, rest.Extension = nil, nil, nil, nil, nil
		rest.Options = orEmpty(rest.Options)
		full := e.put(scope, message.GetName(), rest)
		e.fields(full, message.GetField())
		e.fields(full, message.GetExtension())
		e.messages(full, message.GetNestedType())
		e.enums(full, message.GetEnumType())
		for i, oneof := range message.GetOneofDecl() {
			rest := proto.CloneOf(oneof)
			rest.Options = orEmpty(rest.Options)
			// Fields refer to a oneof by its place.
			e.put(full, fmt.Sprintf("%s (oneof %d)", oneof.GetName(), i), rest)
		}
	}
}

func (e Elements) fields(scope string, fields []*descriptorpb.FieldDescriptorProto) {
	for _, field := range fields {
		rest := proto.CloneOf(field)
		rest.Options = orEmpty(rest.Options)
		e.put(scope, field.GetName(), rest)
	}
}

func (e Elements) enums(scope string, enums []*descriptorpb.EnumDescriptorProto) {
	for _, enum := range enums {
		rest := proto.CloneOf(enum)
		rest.Value = nil
		rest.Options = orEmpty(rest.Options)
		full := e.put(scope, enum.GetName(), rest)
		for _, value := range enum.GetValue() {
			rest := proto.CloneOf(value)
			rest.Options = orEmpty(rest.Options)
			e.put(full, value.GetName(), rest)
		}
	}
}

func (e Elements) service(scope string, service *descriptorpb.ServiceDescriptorProto) {
	rest := proto.CloneOf(service)
	rest.Method = nil
	rest.Options = orEmpty(rest.Options)
	full := e.put(scope, service.GetName(), rest)
	for _, method := range service.GetMethod() {
		rest := proto.CloneOf(method)
		rest.Options = orEmpty(rest.Options)
		// Absent and false are the same.
		rest.ClientStreaming = proto.Bool(method.GetClientStreaming())
		rest.ServerStreaming = proto.Bool(method.GetServerStreaming())
		e.put(full, method.GetName(), rest)
	}
}

// orEmpty makes "no options" and "empty options" the same: compilers differ in which they write.
func orEmpty[T any](options *T) *T {
	if options == nil {
		return new(T)
	}
	return options
}
