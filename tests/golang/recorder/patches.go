package main

import (
	"encoding/json"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

func patchAnswer(c *Case) Answer {
	raw, err := patched(c)
	if err != nil {
		return failure(err)
	}
	var result any
	check(kjson.Unmarshal(raw, &result))
	return Answer{Result: result}
}

func patched(c *Case) ([]byte, error) {
	original, modified, current := encoded(c.Original), encoded(c.Modified), encoded(c.Current)
	switch c.Ask {
	case "strategic":
		return strategicpatch.StrategicMergePatch(original, encoded(c.Patch), c.emptyObject())
	case "two-way":
		return strategicpatch.CreateTwoWayMergePatch(original, modified, c.emptyObject())
	case "three-way":
		meta, err := strategicpatch.NewPatchMetaFromStruct(c.emptyObject())
		check(err)
		return strategicpatch.CreateThreeWayMergePatch(original, modified, current, meta, true)
	case "merge-patch":
		return jsonpatch.MergePatch(original, encoded(c.Patch))
	case "three-way-merge":
		return jsonmergepatch.CreateThreeWayJSONMergePatch(original, modified, current)
	case "json-patch":
		operations, err := jsonpatch.DecodePatch(encoded(c.Patch))
		if err != nil {
			return nil, err
		}
		return operations.Apply(original)
	}
	panic("unknown ask " + c.Ask)
}

func encoded(value any) []byte {
	raw, err := json.Marshal(value)
	check(err)
	if string(raw) == "null" {
		return []byte("{}")
	}
	return raw
}
