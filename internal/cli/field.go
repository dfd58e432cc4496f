package cli

import (
	"reflect"
	"regexp"
	"strings"
)

// field is a field of a command's struct, with what its tag says.
type field struct {
	target            reflect.Value
	tag               reflect.StructTag
	name              string // in lower case, with hyphens
	help, placeholder string
	env               string
	enum              []string
}

// fields are those of a struct that are read from a command line.
func fields(of reflect.Value) (all []field) {
	for i := range of.NumField() {
		f := field{target: of.Field(i), tag: of.Type().Field(i).Tag, name: of.Type().Field(i).Name}
		switch {
		case f.has("embed"):
			all = append(all, fields(f.target)...)
		case f.has("help"):
			f.help, f.placeholder, f.env = f.tag.Get("help"), f.tag.Get("placeholder"), f.tag.Get("env")
			if f.name = f.tag.Get("name"); f.name == "" {
				f.name = hyphened(of.Type().Field(i).Name)
			}
			if f.has("enum") {
				f.enum = strings.Split(f.tag.Get("enum"), ",")
			}
			all = append(all, f)
		}
	}
	return all
}

func (f field) has(key string) bool { _, ok := f.tag.Lookup(key); return ok }

// separator comes between the values of a list or the pairs of a map,
// "" for a flag that is repeated.
func (f field) separator(key, usual string) string {
	switch s := f.tag.Get(key); s {
	case "none":
		return ""
	case "":
		return usual
	default:
		return s
	}
}

var word = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// hyphened is the name of a field as a flag has it: SiteName is site-name.
func hyphened(name string) string { return strings.ToLower(word.ReplaceAllString(name, "$1-$2")) }
