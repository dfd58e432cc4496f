package notices

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// cause is something that a patient is told of.
type cause struct {
	kind     Kind
	key      []string // names it for good
	patient  string   // Patient/1
	pharmacy string   // ODS code
	order    string   // number of the prescription
	about    string   // what the message is about: Task/1
	from     string   // what it follows from: Basic/1 or Task/1
	when     time.Time
	fields   map[string]string
}

func (c *cause) id() string {
	return pharmacy.ID(append([]string{"CommunicationRequest", "notice", string(c.kind)}, c.key...)...)
}

// causeOf is what a version tells of, nil for nothing. It reads the newest state of what
// the version refers to.
func causeOf(state fhir.State, v *fhir.Version) (*cause, error) {
	r, err := v.Resource()
	if err != nil || r == nil {
		return nil, err
	}
	switch v.Type {
	case "Task":
		return causeOfTask(state, v, r)
	case "Basic":
		return causeOfPayment(state, v, r)
	}
	return nil, nil
}

// causeOfTask is what the Task of a queue tells: that it was opened, or closed.
func causeOfTask(state fhir.State, v *fhir.Version, r *fhir.Resource) (*cause, error) {
	queue, status := nhs.Coded(r.Get("code"), csQueue), r.Get("status").Text()
	kind, ok := map[string]Kind{"in-transit/received": Dispatched, "owing/received": Owing, "failed-delivery/received": FailedDelivery, "collection/completed": Collected}[queue+"/"+status]
	if !ok {
		return nil, nil
	}
	root := r.Root()
	c := &cause{kind: kind, patient: root.Path("for", "reference").Text(), pharmacy: root.Path("owner", "identifier", "value").Text(), order: root.Path("groupIdentifier", "value").Text(),
		about: root.Path("focus", "reference").Text(), from: v.Ref(), when: v.LastUpdated, fields: map[string]string{}}
	task, err := current(state, "Task", c.about)
	if err != nil || task == nil {
		return nil, err
	}
	switch kind {
	case Owing:
		opened := nhs.ReadDate(r.Get("authoredOn").Text()).String()
		c.key, c.fields["expected"] = []string{c.about, opened}, day(nhs.Extension(root, extExpected).Get("valueDate").Text())
		return c, nil
	case Collected:
		if !slices.ContainsFunc(bagsOf(task, itemOf(r)), func(b bag) bool { return b.void && b.putBack == "" && b.purpose == "collection" }) {
			return nil, nil // it was put back
		}
		closed := r.Get("lastModified").Text()
		c.key, c.fields["when"] = []string{c.about, closed}, day(closed)
		return c, nil
	}
	stage := map[Kind]string{Dispatched: "dispatched", FailedDelivery: "failed"}[kind]
	for _, b := range bagsOf(task, itemOf(r)) {
		if !b.void && b.stage == stage {
			c.key = []string{c.about, b.courier, b.attempts}
			c.fields["courier"], c.fields["expected"] = b.courier, day(b.expected)
		}
	}
	if c.key == nil { // it is further on by now
		return nil, nil
	}
	return c, nil
}

// bag is what the Task of a prescription records of what is in the bag, or was.
type bag struct {
	purpose, stage, courier, expected, attempts, putBack string
	void                                                 bool
}

// itemOf is the item that the Task of a queue is about.
func itemOf(r *fhir.Resource) string {
	return r.Root().Path("basedOn").Item(0).Path("identifier", "value").Text()
}

// bagsOf are the bags of an item.
func bagsOf(task *fhir.Resource, item string) (list []bag) {
	for in := range task.Get("input").Items() {
		if nhs.Coded(in.Get("type"), csDispensing) != "bagged" {
			continue
		}
		ext := nhs.Extension(in, extDispensing)
		part := func(name, value string) string { return nhs.Extension(ext, name).Get(value).Text() }
		if !nhs.SameUUID(part("item", "valueString"), item) {
			continue
		}
		list = append(list, bag{purpose: part("for", "valueCode"), stage: part("stage", "valueString"), courier: part("courier", "valueString"), expected: part("expected", "valueDate"),
			attempts: part("attempts", "valueInteger"), putBack: part("putBack", "valueString"), void: part("void", "valueBoolean") == "true"})
	}
	return list
}

// causeOfPayment is a page on which the patient pays. What a clinic pays is not told to
// its patients.
func causeOfPayment(state fhir.State, v *fhir.Version, r *fhir.Resource) (*cause, error) {
	ext := nhs.Extension(r.Root(), extPayment)
	if !ext.Exists() || nhs.Coded(r.Get("code"), csMoney) != paymentRequest {
		return nil, nil
	}
	page, amount := nhs.Extension(ext, "page").Get("valueUrl").Text(), nhs.Extension(ext, "amount").Path("valueMoney", "value").Text()
	if nhs.Extension(ext, "state").Get("valueCode").Text() != "open" || page == "" {
		return nil, nil
	}
	c := &cause{kind: PaymentLink, key: []string{v.ID}, pharmacy: r.Root().Path("author", "identifier", "value").Text(), from: v.Ref(), when: v.LastUpdated,
		about: nhs.Extension(ext, "of").Path("valueReference", "reference").Text(), fields: map[string]string{"link": page, "amount": "£" + amount}}
	typ, _, _ := strings.Cut(c.about, "/")
	of, err := current(state, typ, c.about)
	if err != nil || of == nil {
		return nil, err
	}
	root := of.Root()
	switch typ {
	case "Task":
		c.patient, c.order = root.Path("for", "reference").Text(), root.Path("groupIdentifier", "value").Text()
	case "Invoice":
		c.patient = root.Path("recipient", "reference").Text()
		c.order = orderIn(nhs.Identifier(root, nhs.Own+"Id/private-account").Text())
	}
	if !strings.HasPrefix(c.patient, "Patient/") {
		return nil, nil
	}
	return c, nil
}

// orderIn is the number of the prescription in an account of the form
// pharmacy/order/issue.
func orderIn(account string) string {
	if parts := strings.Split(account, "/"); len(parts) == 3 {
		return parts[1]
	}
	return ""
}

// holds reports whether what a message follows from is still so: nobody is asked to pay
// what is paid.
func holds(state fhir.State, kind Kind, from string) (bool, error) {
	if kind != PaymentLink {
		return true, nil
	}
	r, err := current(state, "Basic", from)
	if err != nil || r == nil {
		return false, err
	}
	return nhs.Extension(nhs.Extension(r.Root(), extPayment), "state").Get("valueCode").Text() == "open", nil
}

// day is a day or instant as patients read it, "" for none.
func day(text string) string {
	d := nhs.ReadDate(text)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		d = nhs.DateOf(at)
	}
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d %s %d", d.Day(), d.Month(), d.Year())
}

// current reads the resource that a relative reference names, nil where there is none of
// that type.
func current(state fhir.State, typ, ref string) (*fhir.Resource, error) {
	id, ok := strings.CutPrefix(ref, typ+"/")
	if id, _, _ = strings.Cut(id, "/_history/"); !ok || id == "" {
		return nil, nil
	}
	v, err := state.Current(typ, id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	return v.Resource()
}
