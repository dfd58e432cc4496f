package main

import (
	"context"
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/page"
)

// story is what became of the demo order that was sent last, for the front page
// of a sandbox.
func (a *app) story(ctx context.Context, base string) (*page.Story, error) {
	d := &demo{db: a.db, base: base}
	ctx = fhir.WithPrincipal(ctx, &fhir.Principal{}) // the page asks nobody who they are
	if err := d.find(ctx); err != nil {
		return nil, err
	}
	steps := []page.Step{d.sent(), d.listed(), d.accepted(), d.asked(), d.answered(), d.approved(), d.checked(), d.bagged(), d.supplied(), d.claimed()}
	next := true
	for i := range steps {
		steps[i].Next = next && !steps[i].Done
		if next = next && steps[i].Done; i > 0 && !steps[i].Next {
			steps[i].Command, steps[i].Doors = "", nil // not yet, or not any more
		}
	}
	if last := &steps[len(steps)-1]; last.Done && d.claim != nil {
		month := d.claim.Get("created").Text()
		month = month[:min(len(month), len("2006-01"))]
		last.Doors = []page.Door{{Words: "The month’s account and its claims in the console, as finance", Action: choosePath, Person: "finance", Back: page.ConsolePath + "/money/" + month}}
	}
	return &page.Story{Title: "A prescription from the clinic to the claim", Steps: steps,
		Text: "Do the steps one after the other, by a button or in a terminal. The page follows the prescription that was sent last; load it again to see what was done elsewhere."}, nil
}

// demo is a demo order with what came of it: nil where it has not come to that.
type demo struct {
	db             reader
	base           string
	task           *fhir.Resource
	supplies       []*fhir.Resource
	claim, payment *fhir.Resource
}

// reader is what the story is read from.
type reader interface {
	Read(ctx context.Context, typ, id string) (*fhir.Version, error)
	Search(ctx context.Context, q *search.Query) (*search.Result, error)
}

const odsCode = "https://fhir.nhs.uk/Id/ods-organization-code"

// find reads the newest prescription of the demo clinic and what refers to it.
func (d *demo) find(ctx context.Context) error {
	tasks, err := d.search(ctx, "Task", "requester:identifier", odsCode+"|"+sandboxClinic, "_sort", "-authored-on", "_count", "1")
	if err != nil || len(tasks) == 0 {
		return err
	}
	d.task = tasks[0]
	for in := range d.task.Get("input").Items() {
		ref := in.Path("valueReference", "reference").Text()
		if !strings.HasPrefix(ref, "MedicationRequest/") {
			continue
		}
		found, err := d.search(ctx, "MedicationDispense", "prescription", ref)
		if err != nil {
			return err
		}
		d.supplies = append(d.supplies, found...)
	}
	id := reimbursement.ClaimID(d.number(), 1)
	if d.claim, err = d.read(ctx, "Claim", id); err == nil {
		d.payment, err = d.read(ctx, "ClaimResponse", reimbursement.ResponseID(id))
	}
	return err
}

// read is the current version of a resource, nil where there is none.
func (d *demo) read(ctx context.Context, typ, id string) (*fhir.Resource, error) {
	v, err := d.db.Read(ctx, typ, id)
	if fhir.KindOf(err) == fhir.NotFound || err == nil && v.Deleted() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return v.Resource()
}

func (d *demo) search(ctx context.Context, typ string, pairs ...string) ([]*fhir.Resource, error) {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	q, _, err := search.Parse(typ, values, search.Options{})
	if err != nil {
		return nil, err
	}
	found, err := d.db.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	var list []*fhir.Resource
	for _, v := range found.Matches {
		r, err := v.Resource()
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

func (d *demo) number() string { return d.task.Root().Path("groupIdentifier", "value").Text() }

// business is the EPS status of the Task: a code and its words.
func (d *demo) business() (code, words string) {
	at := d.task.Root().Path("businessStatus", "coding")
	return at.Get("code").Text(), at.Get("display").Text()
}

// here is the address of a resource as the pages have it.
func here(ref string) string { return server.Bases[0] + "/" + ref }

func (d *demo) sent() page.Step {
	s := page.Step{Title: "The clinic sends a prescription", Done: d.task != nil, Command: sendOrder(d.base), Doors: []page.Door{{Words: "Send a new prescription", Action: sandboxSend}},
		Text: "The Sandbox Attention Clinic prescribes 28 methylphenidate 18 mg modified-release tablets, a schedule 2 controlled drug, and 100 paracetamol 500 mg soluble tablets, for a patient. The message is an EPS prescription-order. Each time it is a new prescription of another patient, with new numbers and today’s dates."}
	if d.task == nil {
		s.Links = []page.Link{{Text: "A demo order, made new at each look", Href: here("$" + freshOrder)}}
		return s
	}
	for in := range d.task.Get("input").Items() {
		ref, words := in.Path("valueReference", "reference").Text(), in.Path("valueReference", "display").Text()
		if strings.HasPrefix(ref, "Bundle/") {
			words = "The order " + d.number() + ", as the clinic signed it"
		}
		if words != "" {
			s.Links = append(s.Links, page.Link{Text: words, Href: here(ref)})
		}
	}
	s.Links = append(s.Links, page.Link{Text: "The patient", Href: here(d.task.Root().Path("for", "reference").Text())})
	return s
}

func (d *demo) listed() page.Step {
	s := page.Step{Title: "It is on the pharmacist’s list", Done: d.task != nil, Text: "Its Task is made a moment after the message, and holds the state of the whole prescription."}
	if d.task != nil {
		_, words := d.business()
		s.Links = []page.Link{{Text: "The Task: " + words, Href: d.address()}, {Text: "Every version of the Task", Href: d.address() + "/_history"}}
	}
	return s
}

func (d *demo) address() string { return here("Task/" + d.task.ID()) }

// at is the address of the Task for commands.
func (d *demo) at() string { return d.base + "/Task/" + d.task.ID() }

func (d *demo) accepted() page.Step {
	s := page.Step{Title: "The pharmacist accepts it", Text: "From then on the prescription is with this pharmacy and nobody else may supply it."}
	if d.task != nil {
		code, _ := d.business()
		s.Done = code != "0001"
		if !s.Done {
			s.Command = "curl -s -X POST '" + d.at() + "/$accept?_pretty=true'"
			s.Doors = d.console("pharmacist", "Take it up in the console, as the pharmacist")
		}
	}
	return s
}

func (d *demo) supplied() page.Step {
	s := page.Step{Title: "It is handed over", Done: d.completed(),
		Text: "A representative collects it, shows who they are, and is recorded for the controlled drugs register. This is the supply: each item is a MedicationDispense, and the dispense notification to EPS is written with it."}
	for _, r := range d.supplies {
		s.Links = append(s.Links, page.Link{Href: here("MedicationDispense/" + r.ID()),
			Text: "Supplied: " + r.Root().Path("quantity", "value").Text() + " × " + r.Root().Path("medicationCodeableConcept", "coding").Get("display").Text()})
	}
	s.Doors = d.console("pharmacist-2", "Hand it over in the console, as the second pharmacist")
	s.Command = d.operation("hand-over", `{"name":"collector","valueCode":"representative"},{"name":"collectorName","valueString":"Sam Carer"},{"name":"identityRequested","valueBoolean":true},{"name":"identityProvided","valueBoolean":true}`)
	return s
}

func (d *demo) claimed() page.Step {
	s := page.Step{Title: "The claim is written and priced", Done: d.payment != nil,
		Text: "When nothing is outstanding, the Claim to the NHS is written by itself, and a ClaimResponse with every figure, its edition of the Drug Tariff and its rule."}
	if d.claim != nil {
		s.Links = append(s.Links, page.Link{Text: "The Claim", Href: here("Claim/" + d.claim.ID())})
	}
	if d.payment != nil {
		s.Links = append(s.Links, page.Link{Text: "Its price, the ClaimResponse", Href: here("ClaimResponse/" + d.payment.ID())})
		s.SumsTitle, s.Sums = "What the NHS pays for this prescription", sums(d.payment)
		s.Text = explained(d.payment)
	}
	return s
}
