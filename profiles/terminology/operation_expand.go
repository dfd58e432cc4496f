package terminology

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// expand is https://hl7.org/fhir/R4/valueset-operation-expand.html. Expansions
// are flat, so excludeNested changes nothing.
func (o *operations) expand(ctx context.Context, in *input) (fhir.Value, error) {
	v, err := o.valueSet(ctx, in)
	if err != nil {
		return fhir.Value{}, err
	}
	q := Query{Text: in.text("filter"), ActiveOnly: in.flag("activeOnly"), Selectable: in.flag("excludeNotForUI"),
		Language: o.language(in, v), Without: in.texts("exclude-system")}
	q.Offset, _ = in.number("offset")
	n, counted := in.number("count")
	q.Count, q.Only = n, counted && n == 0
	in.flag("excludeNested")
	in.flag("excludePostCoordinated")
	if in.issues != nil {
		return fhir.Value{}, nil
	}
	supplements, err := o.supplemented(in.op, slices.Concat(v.Supplements, in.texts("useSupplement")))
	if err != nil {
		return fhir.Value{}, err
	}
	if err := o.circular(in.op, v); err != nil {
		return fhir.Value{}, err
	}
	o.imports = &[]string{}
	x, err := o.ExpandDefinition(v, q)
	if err != nil {
		return fhir.Value{}, err
	}
	pairs := []any{"resourceType", "ValueSet", "language", v.Language, "url", v.URL, "version", v.Version, "name", v.Name, "title", v.Title, "status", statusOf(v)}
	if v.Experimental != nil {
		pairs = append(pairs, "experimental", *v.Experimental)
	}
	if in.flag("includeDefinition") {
		pairs = append(pairs, "compose", v.Compose())
	}
	return fhir.Obj(append(pairs, "expansion", o.written(in, x, q.Language, supplements))...), nil
}

func statusOf(v *definition.ValueSet) string { return cmp.Or(v.Status, "active") }

// language is that of the displays of an answer: what the call asks for, what
// the value set asks for, or what the client reads.
func (o *operations) language(in *input, v *definition.ValueSet) string {
	if asked := in.text("displayLanguage"); asked != "" {
		if tags(asked) == nil {
			in.wrong("displayLanguage", "a language tag of BCP 47, such as en-GB", asked, fhir.Node{})
		}
		return asked
	}
	if v != nil {
		for _, d := range v.Defaults {
			if d.Name == "displayLanguage" && tags(d.Value) != nil {
				return d.Value
			}
		}
	}
	if tags(in.call.Language) != nil {
		return in.call.Language
	}
	if v != nil && tags(v.Language) != nil {
		return v.Language
	}
	return ""
}

// stated are the parameters of $expand that an expansion states where they were
// given: those that its content depends on.
var stated = []string{"activeOnly", "count", "date", "designation", "exclude-system", "excludeNested", "excludeNotForUI",
	"excludePostCoordinated", "filter", "includeDesignations", "offset"}

// written is ValueSet.expansion. Its identifier follows from what was asked and
// when.
func (o *operations) written(in *input, x *Expansion, languages string, supplements []string) fhir.Value {
	var used []fhir.Value
	add := func(name, kind string, v any) { used = append(used, fhir.Obj("name", name, kind, v)) }
	for _, p := range inputsOn(false, nil, expandInputs) {
		if !slices.Contains(stated, p.Name) {
			continue
		}
		for _, text := range in.texts(p.Name) {
			add(p.Name, usedAs(p.Kinds[0]), parameterValue(p.Kinds[0], text))
		}
	}
	if languages != "" {
		add("displayLanguage", "valueCode", languages)
	}
	for _, pin := range o.wanted.applied {
		add(pin.parameter, "valueUri", pin.canonical)
	}
	for _, system := range x.Systems {
		add("used-codesystem", "valueUri", system)
	}
	for _, system := range x.Fragments {
		add("used-fragment", "valueUri", system)
	}
	for _, set := range *o.imports {
		add("used-valueset", "valueUri", set)
	}
	for _, supplement := range supplements {
		add("used-supplement", "valueUri", supplement)
	}
	at := in.call.Time.UTC().Format(time.RFC3339Nano)
	var asked strings.Builder
	asked.WriteString(x.ValueSet.URL + "|" + x.ValueSet.Version + at)
	for _, u := range used {
		asked.Write(u.JSON())
	}
	w := contentsWriter{operations: o, properties: in.texts("property"), names: in.flag("includeDesignations") || len(in.texts("designation")) > 0,
		only: in.texts("designation"), languages: tags(languages), versions: x.mixed()}
	var contains []fhir.Value
	for _, c := range x.Contains {
		contains = append(contains, w.write(c))
	}
	return fhir.Obj("extension", w.declared, "identifier", uuid.NewSHA1(uuid.NameSpaceURL, []byte(asked.String())).URN(), "timestamp", in.call.Time.UTC().Format(fhir.InstantLayout),
		"total", x.Total, "offset", x.Offset, "parameter", used, "contains", contains)
}

// usedAs is the kind by which an expansion states a parameter, which cannot hold
// a canonical.
func usedAs(kind string) string {
	if kind == "valueCanonical" {
		return "valueUri"
	}
	return kind
}

func parameterValue(kind, text string) any {
	switch kind {
	case "valueBoolean", "valueInteger":
		return fhir.Raw(text)
	}
	return text
}
