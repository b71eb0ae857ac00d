// Apitypes tells how the Go structs behind the Kubernetes API are written as JSON and as protobuf.
//
//	go run . > types.json
//
// For every kind that client-go knows, and for those of apiextensions and of the aggregator, it
// lists the fields of its struct and of all structs below, in the order of Go:
//
//	{"kinds": {"apps/v1/Deployment": TYPE, ...}, "types": {TYPE: {"fields": [FIELD, ...]}, ...}}
//
// A TYPE is named as in OpenAPI. A FIELD is [json, go, number, flags]: its JSON name ("" for an
// embedded struct, "-" for what JSON never shows), its Go type ("string", "*int32", "bytes",
// "[]TYPE", "map[string]TYPE"; named scalars as what they are), its protobuf number (0 for none),
// and "e" for omitempty, "z" for omitzero. `custom` marks types whose JSON is not that of their
// fields; `items` a list or map that is a protobuf message of its own, with the type it wraps.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// Type is a struct, or a list or map that is a message of its own.
type Type struct {
	Fields [][4]any `json:"fields,omitempty"`
	Custom bool     `json:"custom,omitempty"`
	Items  string   `json:"items,omitempty"`
}

type walk map[string]*Type

func main() {
	check(apiextensions.AddToScheme(scheme.Scheme))
	check(apiregistration.AddToScheme(scheme.Scheme))
	kinds, types := map[string]string{}, walk{}
	for gvk, goType := range scheme.Scheme.AllKnownTypes() {
		if gvk.Version == runtime.APIVersionInternal {
			continue
		}
		types.name(goType)
		kinds[gvk.GroupVersion().String()+"/"+gvk.Kind] = named(goType)
	}
	types.name(reflect.TypeFor[runtime.Unknown]())
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	check(encoder.Encode(map[string]any{"kinds": kinds, "types": types}))
}

// name returns how a type is written in a field, and adds what it is made of.
func (w walk) name(t reflect.Type) string {
	if t.Kind() != reflect.Pointer && isMessage(t) {
		w.add(t)
		return named(t)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + w.name(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[]" + w.name(t.Elem())
	case reflect.Map:
		return fmt.Sprintf("map[%s]%s", w.name(t.Key()), w.name(t.Elem()))
	case reflect.Struct:
		w.add(t)
		return named(t)
	default:
		return t.Kind().String()
	}
}

func (w walk) add(t reflect.Type) {
	if w[named(t)] != nil {
		return
	}
	found := &Type{Custom: hasMethod(t, "UnmarshalJSON") || hasMethod(t, "MarshalJSON")}
	w[named(t)] = found
	if t.Kind() != reflect.Struct {
		// The list or map itself, as a plain Go type: its name would lead here again.
		switch t.Kind() {
		case reflect.Slice:
			found.Items = "[]" + w.name(t.Elem())
		case reflect.Map:
			found.Items = fmt.Sprintf("map[%s]%s", w.name(t.Key()), w.name(t.Elem()))
		default:
			found.Items = t.Kind().String()
		}
		return
	}
	for i := range t.NumField() {
		field := t.Field(i)
		tag, known := field.Tag.Lookup("json")
		if !field.IsExported() || !known && field.Tag.Get("protobuf") == "" {
			continue
		}
		parts := strings.Split(tag, ",")
		flags := ""
		for _, option := range parts[1:] {
			switch option {
			case "omitempty":
				flags += "e"
			case "omitzero":
				flags += "z"
			}
		}
		found.Fields = append(found.Fields, [4]any{parts[0], w.name(field.Type), number(field), flags})
	}
}

func number(field reflect.StructField) int {
	parts := strings.Split(field.Tag.Get("protobuf"), ",")
	if len(parts) < 2 {
		return 0
	}
	found, err := strconv.Atoi(parts[1])
	check(err)
	return found
}

func isMessage(t reflect.Type) bool {
	return t.Name() != "" && hasMethod(t, "Unmarshal")
}

func hasMethod(t reflect.Type, name string) bool {
	_, found := reflect.PointerTo(t).MethodByName(name)
	return found
}

func named(t reflect.Type) string {
	host, rest, _ := strings.Cut(t.PkgPath(), "/")
	labels := strings.Split(host, ".")
	for i, j := 0, len(labels)-1; i < j; i, j = i+1, j-1 {
		labels[i], labels[j] = labels[j], labels[i]
	}
	parts := append(labels, strings.Split(rest, "/")...)
	return strings.Join(append(parts, t.Name()), ".")
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
