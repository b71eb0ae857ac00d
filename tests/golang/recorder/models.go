package main

import (
	"encoding/json"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

const objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

// Models are the OpenAPI definitions that custom resources refer to.
type Models map[string]json.RawMessage

func mustModels(file string) Models {
	raw, err := os.ReadFile(file)
	check(err)
	models := Models{}
	check(json.Unmarshal(raw, &models))
	return models
}

// converter returns what turns objects of the case's kind into typed values.
func (m Models) converter(c *Case) managedfields.TypeConverter {
	if c.Schema == nil {
		return applyconfigurations.NewTypeConverter(scheme.Scheme)
	}
	schemas := map[string]*spec.Schema{}
	for name, raw := range m {
		schemas[name] = parseSchema(raw)
	}
	for _, version := range c.versions() {
		gv, err := schema.ParseGroupVersion(version)
		check(err)
		schemas["custom."+gv.Version] = custom(c.Schema, gv.WithKind(c.Kind))
	}
	result, err := managedfields.NewTypeConverter(schemas, false)
	check(err)
	return result
}

func parseSchema(raw []byte) *spec.Schema {
	text := strings.ReplaceAll(string(raw), `"$ref":"`, `"$ref":"#/components/schemas/`)
	result := &spec.Schema{}
	check(json.Unmarshal([]byte(text), result))
	return result
}

// custom does to a structural schema what the server's OpenAPI builder does before types are read.
func custom(open map[string]any, gvk schema.GroupVersionKind) *spec.Schema {
	raw, err := json.Marshal(open)
	check(err)
	copied := map[string]any{}
	check(json.Unmarshal(raw, &copied))
	copied["type"] = "object"
	addObjectFields(copied)
	embed(copied)
	copied["x-kubernetes-group-version-kind"] = []any{map[string]any{
		"group": gvk.Group, "version": gvk.Version, "kind": gvk.Kind,
	}}
	raw, err = json.Marshal(copied)
	check(err)
	return parseSchema(raw)
}

func addObjectFields(schema map[string]any) {
	properties, _ := schema["properties"].(map[string]any)
	if properties == nil {
		properties = map[string]any{}
	}
	properties["apiVersion"] = map[string]any{"type": "string"}
	properties["kind"] = map[string]any{"type": "string"}
	properties["metadata"] = map[string]any{"$ref": objectMeta}
	schema["properties"] = properties
}

func embed(value any) {
	schema, ok := value.(map[string]any)
	if !ok {
		return
	}
	if schema["x-kubernetes-embedded-resource"] == true {
		addObjectFields(schema)
	}
	if schema["x-kubernetes-int-or-string"] == true {
		delete(schema, "type")
	}
	properties, _ := schema["properties"].(map[string]any)
	for _, field := range properties {
		embed(field)
	}
	embed(schema["items"])
	embed(schema["additionalProperties"])
}

func (c *Case) versions() []string {
	if len(c.Versions) > 0 {
		return c.Versions
	}
	return []string{c.APIVersion}
}

func (c *Case) gvk() schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(c.APIVersion, c.Kind)
}

func (c *Case) emptyObject() runtime.Object {
	result, err := scheme.Scheme.New(c.gvk())
	check(err)
	return result
}
