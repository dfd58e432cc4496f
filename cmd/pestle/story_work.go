package main

import (
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/server/page"
)

// The steps between the acceptance of the demo order and its hand-over. Who leaves
// them out, or does them in another way, finds them done when the prescription is.

const (
	holdSystem   = nhs.Own + "CodeSystem/hold"
	recordSystem = nhs.Own + "CodeSystem/dispensing-record"
)

// completed reports whether nothing of the prescription is outstanding.
func (d *demo) completed() bool {
	return d.task != nil && d.task.Get("status").Text() == "completed"
}

// records reports whether the Task records an act: a code of a system.
func (d *demo) records(system, code string) bool { return d.record(system, code).Exists() }

func (d *demo) record(system, code string) fhir.Node {
	if d.task != nil {
		for in := range d.task.Get("input").Items() {
			if nhs.Coded(in.Get("type"), system) == code {
				return in
			}
		}
	}
	return fhir.Node{}
}

// done reports whether an act was recorded, or everything is supplied.
func (d *demo) done(code string) bool { return d.completed() || d.records(recordSystem, code) }

// item is the number of the first item, the controlled drug.
func (d *demo) item() string {
	if d.task != nil {
		for in := range d.task.Get("input").Items() {
			if ref := in.Get("valueReference"); strings.HasPrefix(ref.Get("reference").Text(), "MedicationRequest/") {
				return ref.Path("identifier", "value").Text()
			}
		}
	}
	return ""
}

const fhirBody = "curl -s -H 'Content-Type: application/fhir+json' "

// operation is the command of an operation on the Task with these parameters, "" while
// there is no Task.
func (d *demo) operation(name, parameters string) string {
	if d.task == nil {
		return ""
	}
	return fhirBody + `-d '{"resourceType":"Parameters","parameter":[` + parameters + `]}' '` + d.at() + "/$" + name + "?_pretty=true'"
}

func (d *demo) asked() page.Step {
	return page.Step{Title: "The pharmacist asks the clinic", Done: d.completed() || d.records(holdSystem, "QUERY"),
		Text:    "The dose is higher than the patient had before. The query is a CommunicationRequest to the clinic and holds the item: nothing of it is supplied now.",
		Doors:   d.console("pharmacist", "Ask the clinic in the console, as the pharmacist"),
		Command: d.operation("query", `{"name":"reason","valueCode":"DA"},{"name":"question","valueString":"Is this dose meant?"},{"name":"item","valueString":"`+d.item()+`"}`)}
}

func (d *demo) answered() page.Step {
	s := page.Step{Title: "The clinic answers", Done: d.done("answered"), Text: "Its answer is a Communication that is based on the query. The item stays held until the pharmacist is satisfied."}
	hold := nhs.Extension(d.record(holdSystem, "QUERY"), nhs.Own+"StructureDefinition/hold")
	if about := nhs.Extension(hold, "about").Get("valueString").Text(); about != "" {
		s.Links = []page.Link{{Text: "The query", Href: here(about)}}
		s.Doors = []page.Door{{Words: "Let the clinic answer that the dose is meant", Action: sandboxAnswer + "?" + url.Values{"query": {about}, "task": {d.task.ID()}}.Encode()}}
		s.Command = fhirBody + `-d '{"resourceType":"Communication","status":"completed","basedOn":[{"reference":"` + about + `"}],"sender":{"identifier":{"system":"` + odsCode + `","value":"` + sandboxClinic +
			`"}},"payload":[{"contentString":"Yes, it was raised last week."}]}' '` + d.base + "/Communication?_pretty=true'"
	}
	return s
}

func (d *demo) approved() page.Step {
	return page.Step{Title: "The pharmacist approves it", Done: d.done("approved"), Text: "The answer releases the hold, and the items are approved for supply. Who decided, when and why stays on the Task.",
		Doors:   d.console("pharmacist", "Release the hold and approve in the console, as the pharmacist"),
		Command: d.operation("release-hold", `{"name":"hold","valueCode":"QUERY"},{"name":"reason","valueString":"The clinic says that it is meant."}`) + " >/dev/null; " + d.operation("approve", `{"name":"note","valueString":"Checked against the record and the answer."}`)}
}

func (d *demo) checked() page.Step {
	count := d.operation("check", `{"name":"item","part":[{"name":"number","valueString":"`+d.item()+`"},{"name":"quantity","valueQuantity":{"value":28}}]}`)
	return page.Step{Title: "A second person checks it", Done: d.done("checked"), Text: "Somebody else counts the controlled drug. The sandbox takes who it is from a header; elsewhere it is another token.",
		Doors:   d.console("pharmacist-2", "Count it in the console, as the second pharmacist"),
		Command: strings.Replace(count, fhirBody, fhirBody+"-H 'NHSD-Session-URID: 555000000222' ", 1)}
}

func (d *demo) bagged() page.Step {
	return page.Step{Title: "It is dispensed into the bag", Done: d.done("bagged"), Text: "It waits in the queue of what is to be collected. Nothing is supplied or claimed yet, and what expires or is held now is not handed over.",
		Doors:   d.console("pharmacist", "Dispense it in the console, as the pharmacist"),
		Command: d.operation("dispense", `{"name":"all","valueBoolean":true},{"name":"bag","valueCode":"collection"}`)}
}

// console is the button by which a person of the sandbox opens the prescription.
func (d *demo) console(person, words string) []page.Door {
	if d.task == nil {
		return nil
	}
	return []page.Door{{Words: words, Action: choosePath, Person: person, Back: page.ConsolePath + "/task/" + d.task.ID()}}
}
