// Renders a chart with Go's templates and sprig, as Helm does. Tests compare the renderer in TypeScript with this program.
// The argument is the chart's folder. stdin is {"Values", "Chart", "Release"} as JSON. stdout is a JSON map of texts by
// file name.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"github.com/ghodss/yaml"
)

type files struct{ folder string }

func (f files) Get(name string) (string, error) {
	content, err := os.ReadFile(filepath.Join(f.folder, name))
	return string(content), err
}

func (f files) Glob(pattern string) (map[string]string, error) {
	found := map[string]string{}
	paths, err := filepath.Glob(filepath.Join(f.folder, pattern))
	for _, path := range paths {
		content, failed := os.ReadFile(path)
		if failed != nil {
			return nil, failed
		}
		found[strings.TrimPrefix(path, f.folder+"/")] = string(content)
	}
	return found, err
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	root := map[string]interface{}{}
	check(json.NewDecoder(os.Stdin).Decode(&root))
	root["Files"] = files{os.Args[1]}
	all := template.New("chart").Option("missingkey=zero")
	functions := sprig.TxtFuncMap()
	functions["include"] = func(name string, data interface{}) (string, error) {
		out := strings.Builder{}
		err := all.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	functions["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	functions["fromYaml"] = func(text string) (map[string]interface{}, error) {
		value := map[string]interface{}{}
		return value, yaml.Unmarshal([]byte(text), &value)
	}
	functions["required"] = func(message string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, fmt.Errorf("%s", message)
		}
		return value, nil
	}
	all.Funcs(functions)
	paths, err := filepath.Glob(filepath.Join(os.Args[1], "templates", "*"))
	check(err)
	for _, path := range paths {
		content, err := os.ReadFile(path)
		check(err)
		_, err = all.New(filepath.Base(path)).Parse(string(content))
		check(err)
	}
	texts := map[string]string{}
	for _, path := range paths {
		name := filepath.Base(path)
		if strings.HasPrefix(name, "_") {
			continue
		}
		out := strings.Builder{}
		check(all.ExecuteTemplate(&out, name, root))
		texts[name] = strings.ReplaceAll(out.String(), "<no value>", "")
	}
	check(json.NewEncoder(os.Stdout).Encode(texts))
}
