package terminology

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// validateInSet is https://hl7.org/fhir/R4/valueset-operation-validate-code.html
func (o *operations) validateInSet(ctx context.Context, in *input) (fhir.Value, error) {
	v, err := o.valueSet(ctx, in)
	if err != nil {
		return fhir.Value{}, err
	}
	return o.validate(in, "systemVersion", &judge{set: v})
}

// validateInSystem is https://hl7.org/fhir/R4/codesystem-operation-validate-code.html
func (o *operations) validateInSystem(ctx context.Context, in *input) (fhir.Value, error) {
	own, url, err := o.codeSystem(ctx, in)
	if err != nil {
		return fhir.Value{}, err
	}
	return o.validate(in, "version", &judge{own: own, url: url})
}

// codeSystem is the system that a call is about, where it is invoked on one or
// carries one, and its url.
func (o *operations) codeSystem(ctx context.Context, in *input) (System, string, error) {
	var r *fhir.Resource
	if in.call.ID != "" {
		var err error
		if r, err = o.stored(ctx, in, "CodeSystem"); err != nil {
			return nil, "", err
		}
	} else if r = in.resource("codeSystem", "CodeSystem"); r == nil {
		url := in.text("url")
		if url == "" {
			url = in.text("system")
		}
		return nil, url, nil
	}
	def := definition.ReadCodeSystem(r)
	if sys := newListed(def); !hollow(sys) && def.Supplements == "" {
		return sys, def.URL, nil
	}
	return nil, def.URL, nil // its content is elsewhere: loaded from a release
}

func (o *operations) validate(in *input, version string, j *judge) (fhir.Value, error) {
	codes, err := in.asked(version)
	if err != nil {
		return fhir.Value{}, err
	}
	j.Service, j.op = o.Service, in.op
	j.languages, j.lenient, j.membership = tags(o.language(in, j.set)), in.flag("lenient-display-validation"), in.flag("valueset-membership-only")
	j.active, j.concrete = in.flag("activeOnly"), in.text("abstract") == "false"
	in.flag("abstract")
	in.flag("inferSystem")
	if in.issues != nil {
		return fhir.Value{}, nil
	}
	var supplements []string
	if j.set != nil {
		supplements = j.set.Supplements
	}
	if j.set != nil {
		if err := o.circular(in.op, j.set); err != nil {
			return fhir.Value{}, err
		}
	}
	if _, err := o.supplemented(in.op, slices.Concat(supplements, in.texts("useSupplement"))); err != nil {
		return fhir.Value{}, err
	}
	paths := in.paths(codes)
	list := make([]*finding, len(codes))
	for i, c := range codes {
		if j.set == nil && c.System == "" {
			c.System = j.url
		}
		if list[i], err = j.coding(c, paths[i]); err != nil {
			return fhir.Value{}, err
		}
	}
	return j.answer(in, codes, list), nil
}

// paths are where the codes of a call are, as issues name them.
func (in *input) paths(codes []definition.Coding) []string {
	paths := make([]string, len(codes))
	for i := range codes {
		switch {
		case in.given["codeableConcept"] != nil:
			paths[i] = "CodeableConcept.coding[" + strconv.Itoa(i) + "]"
		case in.given["coding"] != nil:
			paths[i] = "Coding"
		}
	}
	return paths
}

// answer writes what was found of the codes of a call. Of a concept the first of
// its codes that is in the value set speaks for it.
func (j *judge) answer(in *input, codes []definition.Coding, list []*finding) fhir.Value {
	concept := in.given["codeableConcept"] != nil
	var best *finding
	for _, f := range list {
		if best == nil || !best.in && f.in {
			best = f
		}
	}
	var issues []remark
	if concept && j.set != nil && !best.in && best.lacks == "" {
		issues = append(issues, remark{fhir.Err, fhir.CodeInvalid, "not-in-vs", "", "None of the codes is in the value set " + canonicalOf(j.set) + "."})
	}
	var unknown, cause []string
	for _, f := range list {
		for _, i := range f.issues {
			if concept && i.kind == "not-in-vs" {
				i.severity, i.kind = fhir.Information, "this-code-not-in-vs"
			}
			if best.in && len(f.unknown) > 0 && i.severity == fhir.Err { // of a system that nobody asked about
				i.severity = fhir.Warning
			}
			if !slices.Contains(issues, i) {
				issues = append(issues, i)
			}
		}
		unknown, cause = append(unknown, f.unknown...), append(cause, f.cause...)
	}
	sorting.Stably(issues, func(a, b remark) int { return weight(a.severity) - weight(b.severity) })
	ok := !slices.ContainsFunc(issues, func(i remark) bool { return i.severity == fhir.Err })
	var p parameters
	p.add("result", "valueBoolean", ok)
	p.text("message", "valueString", message(issues, ok))
	if !concept || best.in && best.lacks == "" {
		p.text("display", "valueString", best.display)
		p.text("code", "valueCode", best.code)
		p.text("system", "valueUri", best.system)
		p.text("version", "valueString", best.version)
		if best.inactive {
			p.add("inactive", "valueBoolean", true)
		}
		p.text("status", "valueCode", best.status)
		p.text("normalized-code", "valueCode", best.normal)
	}
	if concept {
		p.add("codeableConcept", "valueCodeableConcept", value(in.given["codeableConcept"][0]))
	}
	for _, system := range unknown {
		p.add("x-unknown-system", "valueCanonical", system)
	}
	for _, canonical := range cause {
		p.add("x-caused-by-unknown-system", "valueCanonical", canonical)
	}
	if issues != nil {
		p.add("issues", "resource", outcome(issues))
	}
	return p.resource()
}

// message is what the issues say: of those that make the codes wrong, else all.
func message(issues []remark, ok bool) string {
	var texts []string
	for _, i := range issues {
		if (ok || i.severity == fhir.Err) && !slices.Contains(texts, i.text) {
			texts = append(texts, i.text)
		}
	}
	return strings.Join(texts, " ")
}

func weight(s fhir.Severity) int {
	return slices.Index([]fhir.Severity{fhir.Err, fhir.Warning, fhir.Information}, s)
}

// remark is an issue of an answer.
type remark struct {
	severity fhir.Severity
	code     fhir.Code
	kind     string // of issueTypes
	at       string
	text     string
}

func outcome(list []remark) fhir.Value {
	var issues []fhir.Value
	for _, r := range list {
		var at []string
		if r.at != "" {
			at = []string{r.at}
		}
		issues = append(issues, fhir.Obj("severity", string(r.severity), "code", string(r.code),
			"details", fhir.Obj("coding", []fhir.Value{fhir.Obj("system", issueTypes, "code", r.kind)}, "text", r.text), "expression", at))
	}
	return fhir.Obj("resourceType", "OperationOutcome", "issue", issues)
}

func canonicalOf(v *definition.ValueSet) string {
	if v.URL == "" {
		return "that the request carries"
	}
	return strings.TrimSuffix(v.URL+"|"+v.Version, "|")
}
