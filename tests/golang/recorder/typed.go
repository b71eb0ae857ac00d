package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
)

func fieldsOf(set *fieldpath.Set) any {
	raw, err := set.ToJSON()
	check(err)
	return json.RawMessage(raw)
}

// typedAnswer compares and merges the case's two objects.
func typedAnswer(models Models, c *Case) any {
	converter := models.converter(c)
	old, err := converter.ObjectToTyped(&unstructured.Unstructured{Object: c.Original}, typed.AllowDuplicates)
	if err != nil {
		return failure(err)
	}
	fresh, err := converter.ObjectToTyped(&unstructured.Unstructured{Object: c.Modified}, typed.AllowDuplicates)
	if err != nil {
		return failure(err)
	}
	set, err := old.ToFieldSet()
	check(err)
	difference, err := old.Compare(fresh)
	check(err)
	result := map[string]any{
		"fields": fieldsOf(set), "added": fieldsOf(difference.Added),
		"removed": fieldsOf(difference.Removed), "modified": fieldsOf(difference.Modified),
	}
	merged, err := old.Merge(fresh)
	if err != nil {
		result["mergeError"] = err.Error()
	} else {
		result["merged"] = merged.AsValue().Unstructured()
	}
	if c.Fields != nil {
		set, err := parseFields(c.Fields)
		check(err)
		result["extracted"] = old.ExtractItems(set, typed.WithAppendKeyFields()).AsValue().Unstructured()
		result["without"] = old.RemoveItems(set).AsValue().Unstructured()
	}
	return Answer{Result: result}
}

func parseFields(fields map[string]any) (*fieldpath.Set, error) {
	raw, err := json.Marshal(fields)
	check(err)
	set := &fieldpath.Set{}
	return set, set.FromJSON(bytes.NewReader(raw))
}

func fields(given map[string]any) any {
	set, err := parseFields(given)
	if err != nil {
		return failure(err)
	}
	return Answer{Result: map[string]any{
		"fields": fieldsOf(set), "leaves": fieldsOf(set.Leaves()), "paths": strings.Split(set.String(), "\n"),
	}}
}

func quantities(texts []string) any {
	result := []any{}
	for _, text := range texts {
		quantity, err := resource.ParseQuantity(text)
		if err != nil {
			result = append(result, map[string]any{"text": text, "error": err.Error()})
			continue
		}
		result = append(result, map[string]any{"text": text, "canonical": quantity.String(), "cmp1": quantity.CmpInt64(1)})
	}
	return Answer{Result: result}
}

// structFields tells which fields are structs that the server's objects are never without.
func structFields(models Models) any {
	object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap"}}
	value, err := models.converter(&Case{}).ObjectToTyped(object)
	check(err)
	lines := []string{}
	for _, definition := range value.Schema().Types {
		if definition.Map == nil {
			continue
		}
		for _, field := range definition.Map.Fields {
			if fmt.Sprint(field.Default) == "map[]" {
				lines = append(lines, definition.Name+"."+field.Name)
			}
		}
	}
	sort.Strings(lines)
	return Answer{Result: lines}
}

// listTypes tells every list and map of the built-in kinds that is not owned in the plainest way.
func listTypes(models Models) any {
	object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap"}}
	value, err := models.converter(&Case{}).ObjectToTyped(object)
	check(err)
	lines := []string{}
	for _, definition := range value.Schema().Types {
		if definition.Map == nil {
			continue
		}
		if definition.Map.ElementRelationship == schema.Atomic {
			lines = append(lines, definition.Name+" atomic")
		}
		for _, field := range definition.Map.Fields {
			if text := describe(value.Schema(), field.Type); text != "" {
				lines = append(lines, definition.Name+"."+field.Name+" "+text)
			}
		}
	}
	sort.Strings(lines)
	return Answer{Result: lines}
}

func describe(s *schema.Schema, ref schema.TypeRef) string {
	if ref.NamedType != nil && ref.ElementRelationship == nil {
		return ""
	}
	atom, ok := s.Resolve(ref)
	if !ok {
		return "unresolved"
	}
	switch {
	case atom.Map != nil && atom.Map.ElementRelationship == schema.Atomic:
		return "atomic map"
	case atom.List != nil && atom.List.ElementRelationship == schema.Associative && len(atom.List.Keys) == 0:
		return "set"
	case atom.List != nil && atom.List.ElementRelationship == schema.Associative:
		return "list by " + strings.Join(keys(s, atom.List), ",")
	}
	return ""
}

func keys(s *schema.Schema, list *schema.List) []string {
	result := []string{}
	element, _ := s.Resolve(list.ElementType)
	for _, key := range list.Keys {
		if element.Map != nil {
			if field, ok := element.Map.FindField(key); ok && field.Default != nil {
				key = fmt.Sprintf("%s=%v", key, field.Default)
			}
		}
		result = append(result, key)
	}
	return result
}
