package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// kindMachinery converts, creates and defaults objects of a case's kind: versions differ in name only.
type kindMachinery struct{ c *Case }

func (k kindMachinery) Convert(_, _, _ any) error { return errors.New("not used") }

func (k kindMachinery) ConvertToVersion(in runtime.Object, gv runtime.GroupVersioner) (runtime.Object, error) {
	wanted, ok := gv.(schema.GroupVersion)
	if !ok || in.GetObjectKind().GroupVersionKind().GroupVersion() == wanted {
		return in, nil
	}
	for _, version := range k.c.versions() {
		if version == wanted.String() {
			out := in.DeepCopyObject().(*unstructured.Unstructured)
			out.SetAPIVersion(version)
			return out, nil
		}
	}
	return nil, runtime.NewNotRegisteredErrForKind("recorder", wanted.WithKind(k.c.Kind))
}

func (k kindMachinery) ConvertFieldLabel(schema.GroupVersionKind, string, string) (string, string, error) {
	return "", "", errors.New("not used")
}

func (k kindMachinery) Default(runtime.Object) {}

func (k kindMachinery) New(gvk schema.GroupVersionKind) (runtime.Object, error) {
	result := &unstructured.Unstructured{Object: map[string]any{}}
	result.SetGroupVersionKind(gvk)
	return result, nil
}

func (c *Case) fieldManager(models Models, step *Step) (*managedfields.FieldManager, error) {
	gvk := c.gvk()
	if step.APIVersion != "" {
		gvk = schema.FromAPIVersionAndKind(step.APIVersion, c.Kind)
	}
	var reset map[fieldpath.APIVersion]fieldpath.Filter
	if len(c.Ignored) > 0 {
		ignored := fieldpath.NewSet()
		for _, name := range c.Ignored {
			ignored.Insert(fieldpath.MakePathOrDie(name))
		}
		reset = map[fieldpath.APIVersion]fieldpath.Filter{}
		for _, version := range c.versions() {
			reset[fieldpath.APIVersion(version)] = fieldpath.NewExcludeSetFilter(ignored)
		}
	}
	machinery := kindMachinery{c}
	build := managedfields.NewDefaultFieldManager
	if c.Schema != nil {
		build = managedfields.NewDefaultCRDFieldManager
	}
	return build(models.converter(c), machinery, machinery, machinery, gvk, gvk.GroupVersion(), step.Subresource, reset)
}

func steps(models Models, c *Case) []Answer {
	empty, _ := kindMachinery{c}.New(c.gvk())
	live := empty
	var answers []Answer
	for number := range c.Steps {
		out, err := write(models, c, &c.Steps[number], live)
		if err != nil {
			answers = append(answers, failure(err))
			continue
		}
		stamp(live, out, number)
		live = out
		raw, err := live.(*unstructured.Unstructured).MarshalJSON()
		check(err)
		var result any
		check(json.Unmarshal(raw, &result))
		answers = append(answers, Answer{Result: result})
	}
	return answers
}

func write(models Models, c *Case, step *Step, live runtime.Object) (runtime.Object, error) {
	given := &unstructured.Unstructured{Object: step.Object}
	manager, err := c.fieldManager(models, step)
	if err != nil {
		return nil, err
	}
	before := live.DeepCopyObject().(*unstructured.Unstructured)
	if step.APIVersion != "" {
		before.SetAPIVersion(step.APIVersion)
	}
	switch step.Op {
	case "store":
		return given, nil
	case "apply":
		return manager.Apply(before, given, step.Manager, step.Force)
	case "update":
		return manager.Update(before, given, step.Manager)
	case "merge":
		return manager.Update(before, merged(before, step.Object), step.Manager)
	}
	return nil, fmt.Errorf("unknown op %q", step.Op)
}

func merged(live *unstructured.Unstructured, patch map[string]any) *unstructured.Unstructured {
	document, err := live.MarshalJSON()
	check(err)
	change, err := json.Marshal(patch)
	check(err)
	raw, err := jsonpatch.MergePatch(document, change)
	check(err)
	result := &unstructured.Unstructured{}
	check(result.UnmarshalJSON(raw))
	return result
}

// stamp gives entries that were written just now the time of their step.
func stamp(before, after runtime.Object, number int) {
	known := map[int64]bool{}
	for _, entry := range before.(*unstructured.Unstructured).GetManagedFields() {
		if entry.Time != nil {
			known[entry.Time.Unix()] = true
		}
	}
	object := after.(*unstructured.Unstructured)
	entries := object.GetManagedFields()
	recent := time.Now().Add(-time.Hour)
	for i := range entries {
		if entries[i].Time != nil && entries[i].Time.After(recent) && !known[entries[i].Time.Unix()] {
			entries[i].Time = &metav1.Time{Time: time.Date(2020, 1, 1, 0, 0, number, 0, time.UTC)}
		}
	}
	if entries != nil {
		object.SetManagedFields(entries)
	}
}

func failure(err error) Answer {
	result := Answer{Error: err.Error()}
	var status *apierrors.StatusError
	if errors.As(err, &status) && status.ErrStatus.Details != nil {
		for _, cause := range status.ErrStatus.Details.Causes {
			result.Causes = append(result.Causes, fmt.Sprintf("%s %s: %s", cause.Type, cause.Field, cause.Message))
		}
	}
	return result
}
