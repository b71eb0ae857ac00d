// Recorder answers scenarios with the Go libraries that a Kubernetes API server is built from.
//
//	go run . definitions.json scenario.json... > answers
//
// Each scenario file holds a list of cases; its answers, one for each case, go to standard output
// as one JSON object: file name to list of answers. Times in managedFields are replaced by one
// for each step, so that the same scenario always has the same answer.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// Case is one question; which fields it uses depends on Ask.
type Case struct {
	Name string `json:"name"`
	// Ask is "steps", "typed", "strategic", "two-way", "three-way", "merge-patch",
	// "three-way-merge", "json-patch", "quantity", "fields", "lists" or "structs".
	Ask        string         `json:"ask"`
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Schema     map[string]any `json:"schema"`   // openAPIV3Schema of a custom resource
	Versions   []string       `json:"versions"` // API versions that exist; the case's own if empty
	Ignored    []string       `json:"ignored"`  // top-level fields that are reset
	Steps      []Step         `json:"steps"`
	Original   map[string]any `json:"original"`
	Modified   map[string]any `json:"modified"`
	Current    map[string]any `json:"current"`
	Patch      any            `json:"patch"`
	Fields     map[string]any `json:"fields"`
	Texts      []string       `json:"texts"`
}

// Step is one write.
type Step struct {
	// Op is "apply", "update", "merge" (a merge patch) or "store" (no book-keeping at all).
	Op          string         `json:"op"`
	Manager     string         `json:"manager"`
	Subresource string         `json:"subresource"`
	APIVersion  string         `json:"apiVersion"`
	Force       bool           `json:"force"`
	Object      map[string]any `json:"object"`
}

// Answer is what the libraries say; absent fields have nothing to say.
type Answer struct {
	Error  string   `json:"error,omitempty"`
	Causes []string `json:"causes,omitempty"`
	Result any      `json:"result,omitempty"`
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: recorder definitions.json scenario...")
		os.Exit(2)
	}
	models := mustModels(os.Args[1])
	answers := map[string][]any{}
	for _, file := range os.Args[2:] {
		var cases []Case
		raw, err := os.ReadFile(file)
		check(err)
		check(yaml.Unmarshal(raw, &cases))
		for i := range cases {
			answers[filepath.Base(file)] = append(answers[filepath.Base(file)], answer(models, &cases[i]))
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	check(encoder.Encode(answers))
}

func answer(models Models, c *Case) any {
	normalize(c)
	switch c.Ask {
	case "steps":
		return steps(models, c)
	case "typed":
		return typedAnswer(models, c)
	case "lists":
		return listTypes(models)
	case "structs":
		return structFields(models)
	case "quantity":
		return quantities(c.Texts)
	case "fields":
		return fields(c.Fields)
	default:
		return patchAnswer(c)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// normalize turns whole floats into integers, as the API server's own JSON decoder does.
func normalize(c *Case) {
	for i := range c.Steps {
		c.Steps[i].Object = asMap(whole(c.Steps[i].Object))
	}
	c.Original, c.Modified, c.Current = asMap(whole(c.Original)), asMap(whole(c.Modified)), asMap(whole(c.Current))
	c.Patch, c.Fields = whole(c.Patch), asMap(whole(c.Fields))
}

func asMap(value any) map[string]any {
	result, _ := value.(map[string]any)
	return result
}

func whole(value any) any {
	switch typed := value.(type) {
	case map[string]any:
		for key, entry := range typed {
			typed[key] = whole(entry)
		}
	case []any:
		for i := range typed {
			typed[i] = whole(typed[i])
		}
	case float64:
		if typed == float64(int64(typed)) {
			return int64(typed)
		}
	}
	return value
}
