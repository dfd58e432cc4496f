package fhir

import "strconv"

// Where an issue has more to say than R4's OperationOutcome has elements for,
// it stands in these extensions, which the reference validator uses too.
const (
	lineExtension   = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line"
	columnExtension = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col"
	ruleExtension   = "http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id"
	sourceExtension = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-source"
)

// Outcome writes issues as an OperationOutcome. Line and column go where R4
// has a place for them: the location, as "line 3, column 14".
func Outcome(issues []Issue) Value {
	list := make([]Value, len(issues))
	for i, issue := range issues {
		list[i] = issue.value()
	}
	return Obj("resourceType", "OperationOutcome", "issue", list)
}

// Accepted is how EPS says that all is well: an OperationOutcome whose first
// issue is informational and says no more. What there is to remark follows: the
// warnings about the body of the call, and more.
func Accepted(call *Call, more ...Issue) *Resource {
	list := []any{Obj("severity", string(Information), "code", string(Informational))}
	for _, remarks := range [][]Issue{call.Warnings, more} {
		for _, issue := range remarks {
			list = append(list, issue.value())
		}
	}
	return Obj("resourceType", "OperationOutcome", "meta", Obj("lastUpdated", call.Time.UTC().Format(secondsLayout)), "issue", List(list...)).Resource()
}

// secondsLayout is how EPS writes an instant: in UTC, with an offset.
const secondsLayout = "2006-01-02T15:04:05+00:00"

func (i Issue) value() Value {
	var extensions []Value
	if !i.Position.IsZero() {
		extensions = append(extensions,
			Obj("url", lineExtension, "valueInteger", i.Position.Line),
			Obj("url", columnExtension, "valueInteger", i.Position.Column))
	}
	if i.Rule != "" {
		extensions = append(extensions, Obj("url", ruleExtension, "valueString", i.Rule))
	}
	if i.Profile != "" {
		extensions = append(extensions, Obj("url", sourceExtension, "valueString", i.definition()))
	}
	var location, expression []string
	if !i.Position.IsZero() {
		location = []string{"line " + strconv.Itoa(i.Position.Line) + ", column " + strconv.Itoa(i.Position.Column)}
	}
	if i.Expression != "" {
		expression = []string{cleaned(i.Expression)}
	}
	return Obj(
		"extension", extensions,
		"severity", string(i.Severity),
		"code", string(i.Code),
		"details", i.Details.concept(),
		"diagnostics", cleaned(i.Text()),
		"location", location,
		"expression", expression,
	)
}

// definition is the url of the definition's element that holds the rule.
func (i Issue) definition() string {
	if i.Element == "" {
		return i.Profile
	}
	return i.Profile + "#" + i.Element
}

func (c Coding) concept() Value {
	return Obj("coding", List(Obj("system", c.System, "code", c.Code, "display", c.Display)))
}
