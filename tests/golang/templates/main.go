// Renders templates as the notifications of Argo CD do: a JSON list of questions in, answers out.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"
)

type question struct {
	Template  string `json:"template"`
	Variables any    `json:"variables"`
}

type answer struct {
	Text  string `json:"text"`
	Error string `json:"error,omitempty"`
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

func parse(text string) time.Time {
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return moment
}

func render(asked question) (result answer) {
	defer func() {
		if failure := recover(); failure != nil {
			result = answer{Error: fmt.Sprint("panic: ", failure)}
		}
	}()
	functions := sprig.TxtFuncMap()
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(functions, name)
	}
	variables := plain(asked.Variables).(map[string]any)
	variables["time"] = map[string]any{"Parse": parse}
	variables["strings"] = map[string]any{
		"ReplaceAll": strings.ReplaceAll, "ToUpper": strings.ToUpper, "ToLower": strings.ToLower,
	}
	made, err := template.New("").Funcs(functions).Parse(asked.Template)
	if err != nil {
		return answer{Error: "parse: " + err.Error()}
	}
	var text bytes.Buffer
	if err := made.Execute(&text, variables); err != nil {
		return answer{Error: "render: " + err.Error()}
	}
	return answer{Text: text.String()}
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
		answers[index] = render(one)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(answers); err != nil {
		panic(err)
	}
}
