package cli

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"
)

// Setting is a flag of a command with the value that it has, for a command that has a
// method Told([]Setting): it is called before the command is run.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`  // as on a command line; "set" for what is secret
	Source string `json:"source"` // flag, the name of a variable, file:line, or default
}

// configFile is the name of the flag that names a configuration file, where a command
// has one: YAML, by the names of the flags without hyphens in front.
//
//	addr: 127.0.0.1:8080
//	behind-proxy: [10.0.0.7, 10.0.0.8]
//	acr-level:
//	  "urn:example:strong": 2
const configFile = "config"

// fromFile sets flags that neither the command line nor the environment sets, from the
// configuration file that is named. It returns all that is wrong with the file.
func fromFile(cmd *cobra.Command) (wrong []string) {
	flags := map[string]*value{}
	each(cmd.Flags(), func(v *value) { flags[v.name] = v })
	named, ok := flags[configFile]
	if !ok {
		return nil
	}
	name, ok := named.into.(*string)
	if !ok || *name == "" {
		return nil
	}
	delete(flags, configFile)
	pairs, err := readYAML(*name)
	if err != nil {
		return []string{fmt.Sprintf("--%s %s: %v", configFile, *name, err)}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(pairs); i += 2 {
		key, content := pairs[i], pairs[i+1]
		place := fmt.Sprintf("%s:%d", *name, key.Line)
		v := flags[key.Value]
		if v == nil {
			names := make([]string, 0, len(flags))
			for name := range flags {
				names = append(names, name)
			}
			slices.Sort(names)
			wrong = append(wrong, fmt.Sprintf("%s: unknown setting %s%s", place, key.Value, near(key.Value, names)))
			continue
		}
		if seen[v.name] {
			wrong = append(wrong, fmt.Sprintf("%s: %s is set twice", place, v.name))
			continue
		}
		seen[v.name] = true
		texts, err := v.texts(content)
		if err == nil && !v.set {
			v.source = place
			if len(texts) == 0 { // an empty list
				v.target.SetZero()
				v.set = true
			}
			for _, text := range texts {
				err = errors.Join(err, v.Set(text))
			}
		}
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %s: %v", place, v.name, err))
		}
	}
	return wrong
}

// readYAML reads a document of YAML that is a mapping: its keys and values by turns.
func readYAML(name string) ([]*yaml.Node, error) {
	f, err := os.Open(name) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	d := yaml.NewDecoder(f)
	var doc, more yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil // nothing is set
	case err != nil:
		return nil, err
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, errors.New("expected one document"))
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: expected settings, such as addr: 127.0.0.1:8080", root.Line)
	}
	return root.Content, nil
}

// texts are what a value of YAML is on a command line: one text, or several for a list
// or a map.
func (v *value) texts(n *yaml.Node) ([]string, error) {
	scalar := func(n *yaml.Node) (string, error) {
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			return "", fmt.Errorf("line %d: expected a text, a number or true or false", n.Line)
		}
		return n.Value, nil
	}
	one := func(n *yaml.Node, sep string) (string, error) {
		text, err := scalar(n)
		if sep != "" {
			text = strings.ReplaceAll(text, sep, `\`+sep)
		}
		return text, err
	}
	var all []string
	switch v.into.(type) {
	case *[]string:
		if n.Kind != yaml.SequenceNode {
			break
		}
		for _, item := range n.Content {
			text, err := one(item, v.separator("sep", ","))
			if err != nil {
				return nil, err
			}
			all = append(all, text)
		}
		return all, nil
	case *map[string]string:
		if n.Kind != yaml.MappingNode {
			return nil, fmt.Errorf("expected pairs, such as %s", v.meta())
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			sep := v.separator("mapsep", ";")
			key, err := one(n.Content[i], sep)
			text, err2 := one(n.Content[i+1], sep)
			if err := errors.Join(err, err2); err != nil {
				return nil, err
			}
			if strings.Contains(key, "=") {
				return nil, fmt.Errorf("line %d: %s has an equals sign, which ends a name", n.Content[i].Line, key)
			}
			all = append(all, key+"="+text)
		}
		return all, nil
	}
	text, err := scalar(n)
	return []string{text}, err
}

// settings are the flags of a command with the values that they have.
func settings(cmd *cobra.Command) (all []Setting) {
	each(cmd.Flags(), func(v *value) { all = append(all, Setting{v.name, v.shownValue(), v.source}) })
	return all
}

// shownValue is the value of a flag as on a command line. What is secret is not shown,
// and of a file that is taken whole only its size is.
func (v *value) shownValue() string {
	if v.has("secret") {
		if v.target.IsZero() || v.target.Len() == 0 {
			return ""
		}
		return "set"
	}
	switch into := v.into.(type) {
	case *[]byte:
		if len(*into) == 0 {
			return ""
		}
		digest := sha256.Sum256(*into)
		return fmt.Sprintf("%d bytes, SHA-256 %x…", len(*into), digest[:6])
	case *[]string:
		return strings.Join(*into, ",")
	case *map[string]string:
		var pairs []string
		for key, of := range *into {
			pairs = append(pairs, key+"="+of)
		}
		slices.Sort(pairs)
		return strings.Join(pairs, ";")
	}
	return fmt.Sprint(v.target.Interface())
}
