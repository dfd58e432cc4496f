package terminology

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// input reads the parameters of a call, of the query string or of a Parameters
// resource, and collects what is wrong with them.
type input struct {
	op     string
	call   *fhir.Call
	given  map[string][]fhir.Node // parameters of the body
	issues []fhir.Issue
	effort *effort // of the call, which those of a batch share
}

// readInput reads a call whose parameters are those that the operation declares.
func readInput(op string, call *fhir.Call) *input {
	in := &input{op: op, call: call, given: map[string][]fhir.Node{}}
	if call.Body != nil && call.Body.Type() == "Parameters" {
		for p := range call.Body.Get("parameter").Items() {
			name := p.Get("name").Text()
			in.given[name] = append(in.given[name], p)
		}
	}
	return in
}

// failed gives the issues collected, with those of an error, as an error.
func (in *input) failed(err error) error {
	if in.issues == nil {
		return err
	}
	e := &fhir.Error{Op: in.op, Kind: fhir.Invalid, Issues: in.issues}
	for i := range e.Issues {
		e.Issues[i].Severity = fhir.Err
		if e.Issues[i].Code == "" {
			e.Issues[i].Code = fhir.Invalid
		}
	}
	var more *fhir.Error
	if errors.As(err, &more) {
		e.Issues = append(e.Issues, more.Issues...)
	}
	e.Issues = fhir.SortIssues(e.Issues)
	return e
}

func (in *input) missing(name, expected string) error {
	return fhir.E(in.op, fhir.Invalid, fhir.Issue{Code: fhir.Required, Message: "The parameter " + name + " is missing.", Expected: expected})
}

func (in *input) wrong(name, expected, found string, at fhir.Node) {
	in.issues = append(in.issues, fhir.Issue{Code: fhir.ValueCode, Message: "The parameter " + name + " is malformed.",
		Expression: at.Expression(), Position: at.Position(), Expected: expected, Found: found})
}

// value is the value[x] of a parameter.
func value(p fhir.Node) fhir.Node {
	for m := range p.Members() {
		if strings.HasPrefix(m.Name(), "value") {
			return m
		}
	}
	return fhir.Node{}
}

func (in *input) texts(name string) []string {
	out := slices.Clone(in.call.Params[name])
	for _, p := range in.given[name] {
		v := value(p)
		if v.Kind() == fhir.Object || !v.Exists() {
			in.wrong(name, "a primitive value", "something else", p)
			continue
		}
		out = append(out, v.Text())
	}
	return out
}

func (in *input) text(name string) string {
	list := in.texts(name)
	if len(list) == 0 {
		return ""
	}
	if len(list) > 1 {
		in.wrong(name, "one value", strings.Join(list, ", "), fhir.Node{})
	}
	return list[0]
}

func (in *input) flag(name string) bool {
	text := in.text(name)
	if text != "" && text != "true" && text != "false" {
		in.wrong(name, "true or false", text, fhir.Node{})
	}
	return text == "true"
}

// number reads a count; ok is false where it is not given.
func (in *input) number(name string) (n int, ok bool) {
	text := in.text(name)
	if text == "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		in.wrong(name, "a whole number from 0", text, fhir.Node{})
	}
	return n, true
}

func (in *input) resource(name, typ string) *fhir.Resource {
	if in.call.Body != nil && in.call.Body.Type() == typ {
		return in.call.Body
	}
	for _, p := range in.given[name] {
		if n := p.Get("resource"); n.Get("resourceType").Text() == typ {
			return in.call.Body.Sub(n)
		}
		in.wrong(name, "a resource of type "+typ, p.Path("resource", "resourceType").Text(), p)
	}
	return nil
}

// resources are those of a parameter that may be there several times.
func (in *input) resources(name string) (list []*fhir.Resource) {
	for _, p := range in.given[name] {
		if n := p.Get("resource"); n.Exists() {
			list = append(list, in.call.Body.Sub(n))
		}
	}
	return list
}

func readCoding(n fhir.Node) definition.Coding {
	return definition.Coding{System: n.Get("system").Text(), Version: n.Get("version").Text(), Code: n.Get("code").Text(), Display: n.Get("display").Text()}
}

func (in *input) codings(name string) []definition.Coding {
	var out []definition.Coding
	for _, p := range in.given[name] {
		c := readCoding(value(p))
		if c.Code == "" {
			in.wrong(name, "a Coding with system and code", "no code", p)
			continue
		}
		out = append(out, c)
	}
	return out
}

// asked are the codes that a call is about, given as code and system, as coding
// or as codeableConcept.
func (in *input) asked(version string) (codes []definition.Coding, err error) {
	ways := 0
	if code := in.text("code"); code != "" {
		codes = append(codes, definition.Coding{System: in.text("system"), Version: in.text(version), Code: code, Display: in.text("display")})
		ways++
	}
	if list := in.codings("coding"); len(list) > 0 {
		codes = append(codes, list...)
		ways++
	}
	for _, p := range in.given["codeableConcept"] {
		ways++
		for n := range value(p).Get("coding").Items() {
			codes = append(codes, readCoding(n))
		}
	}
	switch {
	case ways > 1:
		return nil, fhir.E(in.op, fhir.Invalid, fhir.Issue{Message: "There is more than one code to ask about.", Expected: "one of code (with system), coding and codeableConcept"})
	case len(codes) == 0:
		return nil, fhir.E(in.op, fhir.Invalid, fhir.Issue{Message: "There is no code to ask about.", Expected: "code (with system), coding or codeableConcept with a coding"})
	}
	return codes, nil
}

// parameters builds an answer.
type parameters []fhir.Value

func (p *parameters) add(name, property string, v any) {
	*p = append(*p, fhir.Obj("name", name, property, v))
}

// text adds a value unless it is empty.
func (p *parameters) text(name, property, v string) {
	if v != "" {
		p.add(name, property, v)
	}
}

func (p *parameters) part(name string, parts parameters) {
	*p = append(*p, fhir.Obj("name", name, "part", []fhir.Value(parts)))
}

func (p parameters) resource() fhir.Value {
	return fhir.Obj("resourceType", "Parameters", "parameter", []fhir.Value(p))
}
