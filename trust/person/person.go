// Package person compares the names of people and programs: references, absolute or
// relative, and identifiers, "sds-user-id|7654321". Names are compared whole.
package person

import (
	"net/url"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// The systems of identifiers by which the NHS names people:
// https://digital.nhs.uk/developer/guides-and-documentation/naming-systems.
const (
	UserSystem = nhs + "sds-user-id"
	RoleSystem = nhs + "sds-role-profile-id"
)

// nhs begins the systems that tokens name by their last part alone.
const nhs = "https://fhir.nhs.uk/Id/"

// Name is a name in the one form that is compared: "Practitioner/1" of a reference
// to this server, and the whole system of an identifier. own says which absolute
// references are to this server.
func Name(name string, own search.Own) string {
	if system, value, ok := strings.Cut(name, "|"); ok {
		if system != "" && !strings.Contains(system, ":") {
			system = nhs + system
		}
		return system + "|" + value
	}
	if typ, id := search.Local(name, own); typ != "" {
		return typ + "/" + id
	}
	return name
}

// Same reports whether two names are one; "" names nobody.
func Same(a, b string, own search.Own) bool { return a != "" && Name(a, own) == Name(b, own) }

// mostNames bounds how many names of one person are followed.
const mostNames = 50

// Names returns the names of a person that the directory knows, from one of them: a
// Practitioner has identifiers and roles, and an identifier may be that of several
// entries.
func Names(state fhir.State, name string, own search.Own) ([]string, error) {
	names := []string{Name(name, own)}
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for i := 0; i < len(names) && len(names) < mostNames; i++ {
		if err := beside(state, names[i], own, add); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// beside adds the names that one name leads to.
func beside(state fhir.State, name string, own search.Own, add func(string)) error {
	if system, value, ok := strings.Cut(name, "|"); ok {
		if system == "" || value == "" {
			return nil
		}
		for _, typ := range []string{"Practitioner", "PractitionerRole"} {
			ids, err := Find(state, typ, system, value)
			if err != nil {
				return err
			}
			for _, id := range ids {
				add(typ + "/" + id)
			}
		}
		return nil
	}
	typ, id, _ := strings.Cut(name, "/")
	if typ != "Practitioner" && typ != "PractitionerRole" {
		return nil
	}
	v, err := state.Current(typ, id)
	if err != nil || v == nil || v.Deleted() {
		return err
	}
	r, err := v.Resource()
	if err != nil {
		return err
	}
	for n := range r.Get("identifier").Items() {
		add(identifier(n))
	}
	if whose := r.Get("practitioner"); whose.Exists() {
		if ref := whose.Get("reference").Text(); ref != "" {
			add(Name(ref, own))
		}
		add(identifier(whose.Get("identifier")))
	}
	return nil
}

// identifier is an Identifier as a name, "" where it has no system or no value.
func identifier(n fhir.Node) string {
	system, value := n.Get("system").Text(), n.Get("value").Text()
	if system == "" || value == "" {
		return ""
	}
	return system + "|" + value
}

// escape keeps what has a meaning in search values from having one.
var escape = strings.NewReplacer(`\`, `\\`, `|`, `\|`, `,`, `\,`, `$`, `\$`)

// Find returns the ids of the resources of a type that have an identifier.
func Find(state fhir.State, typ, system, value string) ([]string, error) {
	return state.Find(typ, "identifier="+url.QueryEscape(escape.Replace(system)+"|"+escape.Replace(value)))
}
