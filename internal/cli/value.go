package cli

import (
	"encoding"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// value is a flag or an argument. It is the pflag.Value of a flag.
type value struct {
	field
	into   any    // pointer to the field
	set    bool   // to something else than the default
	source string // where from
}

// newValue panics where the default of a field is not valid.
func newValue(f field) *value {
	v := &value{field: f, into: f.target.Addr().Interface(), source: "default"}
	if f.has("default") {
		if err := v.decode(f.tag.Get("default")); err != nil {
			panic(fmt.Sprintf("%s: %v", f.name, err))
		}
	}
	return v
}

// Set takes a value from the command line or the environment. The first takes
// the place of the default, more are added where the field has room for several.
func (v *value) Set(text string) error {
	if !v.set {
		v.target.SetZero()
	}
	v.set = true
	if v.enum != nil && !slices.Contains(v.enum, text) {
		return fmt.Errorf("expected %s, found %q", alternatives(v.choices()), text)
	}
	return v.decode(text)
}

// choices are the values of an enum that can be written.
func (v *value) choices() []string {
	return slices.DeleteFunc(slices.Clone(v.enum), func(s string) bool { return s == "" })
}

func (v *value) String() string { return v.tag.Get("default") }

// Type tells pflag which flags need no value, and cobra which can be repeated.
func (v *value) Type() string {
	switch v.into.(type) {
	case *bool:
		return "bool"
	case *[]string, *map[string]string:
		return "stringArray"
	}
	return v.meta()
}

// Environment is the variable that a flag is taken from where it is not set.
func (v *value) Environment() string { return v.env }

// meta is the word for the value in the help.
func (v *value) meta() string {
	if v.placeholder != "" {
		return v.placeholder
	}
	return strings.ToUpper(v.name)
}

// decode sets the field to what a text says, or adds it.
func (v *value) decode(text string) (err error) {
	switch into := v.into.(type) {
	case encoding.TextUnmarshaler:
		return into.UnmarshalText([]byte(text))
	case *string:
		*into = text
	case *bool:
		*into, err = truth(text)
	case *int:
		*into, err = strconv.Atoi(text)
	case *int64:
		*into, err = strconv.ParseInt(text, 10, 64)
	case *uint64:
		*into, err = strconv.ParseUint(text, 10, 64)
	case *time.Duration:
		if *into, err = time.ParseDuration(text); err != nil {
			return fmt.Errorf("expected a duration such as 90s, 15m or 12h, found %q", text)
		}
	case *[]byte:
		*into, err = content(text)
	case *[]string:
		sep := v.separator("sep", ",")
		if v.has("arg") {
			sep = ""
		}
		*into = append(*into, split(text, sep)...)
	case *map[string]string:
		return pairs(into, split(text, v.separator("mapsep", ";")))
	default:
		panic(fmt.Sprintf("a flag cannot be a %s", reflect.TypeOf(v.into).Elem()))
	}
	if wrong := new(strconv.NumError); errors.As(err, &wrong) {
		return fmt.Errorf("expected %s, found %q", map[bool]string{true: "a whole number", false: "a whole number of at least 0"}[v.target.CanInt()], text)
	}
	return err
}

func truth(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "1", "yes":
		return true, nil
	case "false", "0", "no":
		return false, nil
	}
	return false, fmt.Errorf("expected true or false, found %q", text)
}

// content is what is in a file, or in standard input for -.
func content(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(file) //nolint:gosec // the operator names it
}

// split is what is between separators; one with a backslash before it is none.
func split(text, sep string) []string {
	if sep == "" {
		return []string{text}
	}
	var all []string
	rest := ""
	for part := range strings.SplitSeq(text, sep) {
		if before, escaped := strings.CutSuffix(part, `\`); escaped {
			rest += before + sep
			continue
		}
		if part = rest + part; part != "" {
			all = append(all, part)
		}
		rest = ""
	}
	if rest = strings.TrimSuffix(rest, sep); rest != "" {
		all = append(all, rest+`\`)
	}
	return all
}

func pairs(into *map[string]string, texts []string) error {
	if *into == nil {
		*into = map[string]string{}
	}
	for _, text := range texts {
		key, of, ok := strings.Cut(text, "=")
		if !ok {
			return fmt.Errorf("expected <key>=<value>, found %q", text)
		}
		(*into)[key] = of
	}
	return nil
}
