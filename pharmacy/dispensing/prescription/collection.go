package prescription

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Collection is who took a supply, and how: what the headings of the controlled drugs
// register ask for (MDR 2001 reg. 19), and what the delivery service knows. The zero
// Collection tells nothing.
type Collection struct {
	Collector     string // patient, representative or healthcare-professional
	Name, Address string // of the collector
	Requested     string // whether proof of identity was requested: true or false, "" where it is not told
	Provided      string // whether it was provided: the same
	Method        string // collected or delivered
	Courier       string // who delivered it, with the number of the consignment
	Signature     string // who signed for it, or where the signature is kept
	Note          string

	at func(part string) string // where an issue about a part points to
}

// The collectors of reg. 19, and the ways in which a supply is handed over.
var (
	collectors = []string{"patient", "representative", "healthcare-professional"}
	methods    = []string{"collected", "delivered"}
)

// professional is the collector whose name and address reg. 19 asks for.
const professional = "healthcare-professional"

type collectionPart struct {
	url, value string // of the extension
	of         func(c *Collection) *string
}

// collectionParts are the parts of the extension, in their order, with their types.
// The register reads the first five.
var collectionParts = []collectionPart{
	{"collector", "valueCode", func(c *Collection) *string { return &c.Collector }},
	{"name", "valueString", func(c *Collection) *string { return &c.Name }},
	{"address", "valueString", func(c *Collection) *string { return &c.Address }},
	{"identityRequested", "valueBoolean", func(c *Collection) *string { return &c.Requested }},
	{"identityProvided", "valueBoolean", func(c *Collection) *string { return &c.Provided }},
	{"method", "valueCode", func(c *Collection) *string { return &c.Method }},
	{"courier", "valueString", func(c *Collection) *string { return &c.Courier }},
	{"signature", "valueString", func(c *Collection) *string { return &c.Signature }},
	{"note", "valueString", func(c *Collection) *string { return &c.Note }},
}

// ReadCollection reads the extension of a MedicationDispense.
func ReadCollection(d node) (c Collection) {
	ext := nhs.Extension(d, nhs.ExtOwnCollection)
	for _, part := range collectionParts {
		*part.of(&c) = nhs.Extension(ext, part.url).Get(part.value).Text()
	}
	if ext.Exists() {
		c.at = func(string) string { return ext.Expression() }
	}
	return c
}

// CollectionFrom reads the parameters of an operation: value is the value of a
// parameter by its name and type, absent for none.
func CollectionFrom(value func(name, kind string) node) (c Collection) {
	for _, part := range collectionParts {
		*part.of(&c) = value(CollectionParameter(part.url), part.value).Text()
	}
	c.at = func(part string) string {
		return "Parameters.parameter.where(name = '" + CollectionParameter(part) + "')"
	}
	return c
}

// CollectionParameter is the parameter of an operation that says a part of the extension.
func CollectionParameter(url string) string {
	switch url {
	case "name", "address":
		return "collector" + strings.ToUpper(url[:1]) + url[1:]
	}
	return url
}

// Told reports whether anything of it is told.
func (c Collection) Told() bool {
	return slices.ContainsFunc(collectionParts, func(part collectionPart) bool { return *part.of(&c) != "" })
}

// Element is the extension of a MedicationDispense; the zero Value where nothing is told.
func (c Collection) Element() fhir.Value {
	if !c.Told() {
		return fhir.Value{}
	}
	var parts []any
	for _, part := range collectionParts {
		switch text := *part.of(&c); {
		case text == "":
		case part.value == "valueBoolean":
			parts = append(parts, fhir.Obj("url", part.url, part.value, text == "true"))
		default:
			parts = append(parts, fhir.Obj("url", part.url, part.value, text))
		}
	}
	return fhir.Obj("url", nhs.ExtOwnCollection, "extension", fhir.List(parts...))
}

// collected judges what is told of who took a supply of a line: by itself, by what
// the law asks for on the day, and by the pharmacy's policy. A system without roles
// reports what was handed over elsewhere, where that was recorded; what it tells is
// judged all the same.
func (p *Prescription) collected(l *Line, s Supply, j Judge) (issues []fhir.Issue) {
	if j.Waits || !s.handsOver() {
		return nil
	}
	c := s.Collection
	add := func(rule, part, message, expected, found string) {
		place := s.Place
		if c.at != nil {
			place = c.at(part)
		}
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: rule, Expression: place, Message: message, Expected: expected, Found: fhir.OrNothing(found)})
	}
	law, ok := j.Law.collecting(l.Schedule, j.When)
	asked := ok && (c.Told() || len(j.Caller.Roles) > 0 && !j.Amends)
	if !c.Told() && !asked {
		return nil
	}
	// COLLECT-1: what is told has a meaning, and does not contradict itself.
	switch {
	case c.Collector == "" && asked:
		add(law.Rule, "collector", "It is not recorded who collects "+l.Product.Display+".", "collector: "+strings.Join(collectors, ", "), "")
	case !slices.Contains(collectors, c.Collector):
		add("COLLECT-1", "collector", "It is not clear who collects.", strings.Join(collectors, ", "), c.Collector)
	}
	if c.Method != "" && !slices.Contains(methods, c.Method) {
		add("COLLECT-1", "method", "It is not clear how the supply is handed over.", strings.Join(methods, ", "), c.Method)
	}
	if c.Requested == "false" && c.Provided == "true" {
		add("COLLECT-1", "identityProvided", "Proof of identity was provided, and not requested.", "identityRequested = true, or identityProvided = false", "identityProvided = true")
	}
	if c.Courier != "" && c.Method != methods[1] {
		add("COLLECT-1", "courier", "A courier delivers.", "method = delivered", c.Method)
	}
	if asked {
		p.identified(law.Rule, c, add)
	}
	if c.Method == methods[1] && strings.TrimSpace(c.Signature) == "" && j.Policy.wants(SignatureStep, l, p.Private(), j.Caller, j.When) {
		add("COLLECT-2", "signature", l.Product.Display+" is delivered against a signature.", "signature: who signed for it", "")
	}
	return issues
}

// identified judges what the law asks of who collects: MDR 2001 reg. 19.
func (p *Prescription) identified(rule string, c Collection, add func(rule, part, message, expected, found string)) {
	for _, told := range []struct{ part, words, value string }{{"identityRequested", "requested", c.Requested}, {"identityProvided", "provided", c.Provided}} {
		if told.value == "" {
			add(rule, told.part, "It is not recorded whether proof of identity was "+told.words+".", "true or false", "")
		}
	}
	if c.Collector != professional {
		return
	}
	for _, told := range []struct{ part, value string }{{"name", c.Name}, {"address", c.Address}} {
		if strings.TrimSpace(told.value) == "" {
			add(rule, told.part, "The "+told.part+" of a healthcare professional who collects is recorded.", "the "+told.part, "")
		}
	}
	if c.Requested == "false" && strings.TrimSpace(c.Note) == "" {
		add(rule, "identityRequested", "A healthcare professional is asked for proof of identity.", "true, or a note that says why not", "false")
	}
}
