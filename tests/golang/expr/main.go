// Answers expressions as the Go library does: a JSON list of questions in, a list of answers out.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/expr-lang/expr"
)

type question struct {
	Expression string `json:"expression"`
	Variables  any    `json:"variables,omitempty"`
}

type answer struct {
	Type  string `json:"type,omitempty"`
	Value any    `json:"value"`
	Error string `json:"error,omitempty"`
}

func parse(text string) time.Time {
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return moment
}

// functions are the names that the notifications of Argo CD give to every expression.
func functions() map[string]any {
	return map[string]any{
		"time": map[string]any{
			"Parse":    parse,
			"Now":      func() time.Time { return time.Unix(1800000000, 0).UTC() },
			"Minute":   time.Minute,
			"Hour":     time.Hour,
			"Second":   time.Second,
			"RFC822":   time.RFC822,
			"Saturday": time.Saturday,
			"January":  time.January,
		},
		"strings": map[string]any{
			"ReplaceAll": strings.ReplaceAll, "ToUpper": strings.ToUpper, "ToLower": strings.ToLower,
		},
	}
}

// plain turns JSON numbers into the types that unstructured objects have.
func plain(value any) any {
	switch value := value.(type) {
	case json.Number:
		if whole, err := value.Int64(); err == nil {
			return whole
		}
		fraction, _ := value.Float64()
		return fraction
	case []any:
		for index := range value {
			value[index] = plain(value[index])
		}
	case map[string]any:
		for key := range value {
			value[key] = plain(value[key])
		}
	}
	return value
}

func kind(value any) string {
	switch value.(type) {
	case nil:
		return "nil"
	case bool:
		return "bool"
	case int, int64, int32, uint8, uint:
		return "int"
	case float64:
		return "float"
	case string:
		return "string"
	case time.Time:
		return "time.Time"
	case time.Duration:
		return "time.Duration"
	}
	switch reflect.TypeOf(value).Kind() {
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Map:
		return "map"
	}
	return fmt.Sprintf("%T", value)
}

func shown(value any) any {
	switch value := value.(type) {
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return fmt.Sprint(value)
		}
	case time.Time:
		return value.String()
	case time.Duration:
		return value.String()
	}
	if value == nil || reflect.TypeOf(value).Kind() != reflect.Map {
		return value
	}
	named := map[string]any{}
	for _, key := range reflect.ValueOf(value).MapKeys() {
		named[fmt.Sprint(key)] = reflect.ValueOf(value).MapIndex(key).Interface()
	}
	return named
}

func ask(asked question) (result answer) {
	defer func() {
		if failure := recover(); failure != nil {
			result = answer{Error: fmt.Sprint("panic: ", failure)}
		}
	}()
	program, err := expr.Compile(asked.Expression)
	if err != nil {
		return answer{Error: "compile: " + err.Error()}
	}
	variables := functions()
	if given, ok := plain(asked.Variables).(map[string]any); ok {
		for key, value := range given {
			variables[key] = value
		}
	}
	value, err := expr.Run(program, variables)
	if err != nil {
		return answer{Error: "run: " + err.Error()}
	}
	return answer{Type: kind(value), Value: shown(value)}
}

func main() {
	var asked []question
	decoder := json.NewDecoder(os.Stdin)
	decoder.UseNumber()
	if err := decoder.Decode(&asked); err != nil {
		panic(err)
	}
	answers := make([]answer, len(asked))
	for index, one := range asked {
		answers[index] = ask(one)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(answers); err != nil {
		panic(err)
	}
}
