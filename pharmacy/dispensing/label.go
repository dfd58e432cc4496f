package dispensing

import (
	"context"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/dosage"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

var labelInputs = append([]fhir.Parameter{
	{Name: "item", Kinds: []string{"part"}, Repeated: true, Doc: "An item whose label is printed; without any, all that are outstanding.", Parts: []fhir.Parameter{
		{Name: "number", Kinds: []string{"valueString"}, Required: true, Doc: "The item: its prescription-order-item-number."},
		{Name: "quantity", Kinds: []string{"valueQuantity"}, Doc: "The amount that is in the pack, in the unit of the prescription; the rest is owed. By default what is in the bag, or all that is outstanding."},
		{Name: "product", Kinds: []string{"valueCoding"}, Doc: "What is in the pack, where it is not what was ordered."},
	}},
}, printInputs...)

// labelTask is Task/…/$label: the labels of items that are about to be supplied, and the
// notes of what is owed of them. It changes nothing.
func (s *Service) labelTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	call = withBody(call)
	if err := quantitiesKnown(call.Body); err != nil {
		return nil, err
	}
	return s.onTask(ctx, call, "label", func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		s.rules().Classify(x.Prescription)
		var labels []prescription.Label
		var issues []fhir.Issue
		named := false
		for n := range call.Body.Get("parameter").Items() {
			if n.Get("name").Text() != "item" {
				continue
			}
			named = true
			number := message.Part(n, "number").Get("valueString")
			l := x.Line(number.Text())
			if l == nil {
				issues = append(issues, fhir.Issue{Code: fhir.NotFound, Rule: "0014", Message: "The prescription has no such item.", Found: fhir.OrNothing(number.Text()), Expression: n.Expression(), Position: n.Position(), Details: nhs.EPS("MEDICATIONREQUEST_NOT_FOUND")})
				continue
			}
			list, found := s.labelsOf(state, x, l, n, call)
			labels, issues = append(labels, list...), append(issues, found...)
		}
		for i := range x.Lines {
			if l := &x.Lines[i]; !named && l.Status.Outstanding() {
				list, found := s.labelsOf(state, x, l, node{}, call)
				labels, issues = append(labels, list...), append(issues, found...)
			}
		}
		if len(labels) == 0 && len(issues) == 0 {
			issues = append(issues, fhir.Issue{Rule: "LABEL-1", Message: "Nothing of the prescription is outstanding.", Expected: "an item that is to be supplied", Found: x.State.String(), Expression: "Task.input", Fix: "MedicationDispense/[id]/$label is the label of what was supplied."})
		}
		reply, err := s.labelled(state, call, x, labels, issues)
		return nil, reply, err
	})
}

// labelsOf are the label of an item that is about to be supplied, and the note of the
// rest.
func (s *Service) labelsOf(state fhir.State, x *execution, l *prescription.Line, said node, call *fhir.Call) (labels []prescription.Label, issues []fhir.Issue) {
	if !l.Status.Outstanding() {
		return nil, []fhir.Issue{{Rule: "LABEL-1", Message: "Nothing of the item is outstanding.", Expected: "an item that is to be supplied", Found: l.Status.String(), Expression: "Task.input", Fix: "MedicationDispense/[id]/$label is the label of what was supplied."}}
	}
	rest := l.Quantity.Value.Sub(l.Supplied.Value)
	amount, product := l.AtOnce(rest), l.Product
	if bags := x.InBag(l); len(bags) > 0 {
		amount = decimal.Zero
		for _, b := range bags {
			amount, product = amount.Add(b.Quantity.Value), b.Product
		}
	}
	pack := l.Quantity.Of(amount)
	if q := message.Part(said, "quantity").Get("valueQuantity"); q.Exists() {
		pack = prescription.ReadQuantity(q)
		amount = pack.Value
	}
	if c := message.Part(said, "product").Get("valueCoding"); c.Exists() {
		product = fhir.Coding{System: c.Get("system").Text(), Code: c.Get("code").Text(), Display: c.Get("display").Text()}
	}
	if wrong := s.rules().Packed(x.Prescription, l, pack, product, rest, nhs.DateOf(call.Time)); wrong != nil {
		wrong.Expression, wrong.Position = said.Expression(), said.Position()
		return nil, []fhir.Issue{*wrong}
	}
	label := prescription.Label{Item: l.Item, Date: nhs.DateOf(call.Time), Product: s.labelName(product, l, nhs.DateOf(call.Time)), Quantity: l.Quantity.Of(amount)}
	if o := x.orderFor(l); o != nil {
		label.Directions, label.Precautions = directions(o.Resource.Get("dosageInstruction"))
	}
	labels = append(labels, label)
	if left := l.AtOnce(rest).Sub(amount); left.IsPositive() {
		labels = append(labels, x.owingLabel(l, label, l.Quantity.Of(left)))
	}
	return labels, nil
}

// owingLabel is the note of what is owed of an item.
func (x *execution) owingLabel(l *prescription.Line, label prescription.Label, left prescription.Quantity) prescription.Label {
	note := prescription.OwingLabel{Ordered: l.Quantity, Last: l.Last}
	if o := x.OwedOf(l); o != nil {
		note.Expected = o.Expected
	}
	label.Quantity, label.Owing = left, &note
	return label
}

// labelName is the name of a product on a label.
func (s *Service) labelName(c fhir.Coding, l *prescription.Line, on nhs.Date) string {
	if c.Display != "" {
		return c.Display
	}
	if m, why := s.rules().Medicines.Match(c, on); why == "" {
		return m.Name
	}
	return l.Product.Display
}

// directions are how a medicine is taken, and what is to be taken care of.
func directions(list node) (text string, precautions []string) {
	text, err := dosage.Directions(list)
	if err != nil {
		text = ""
	}
	for d := range list.Items() {
		if !d.Get("text").Exists() {
			continue // the words have it
		}
		for _, note := range dosage.Read(d)[0].Notes {
			if !strings.Contains(strings.ToLower(text), strings.ToLower(note)) {
				precautions = append(precautions, note)
			}
		}
	}
	return text, precautions
}

// labelSupply is MedicationDispense/…/$label: the label of a supply that is recorded, and
// the note of what is owed of its item still.
func (s *Service) labelSupply(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	const op = "label"
	state := s.db.State(ctx)
	d, err := read(state, "MedicationDispense/"+call.ID, "MedicationDispense")
	if err != nil {
		return nil, err
	}
	none := fhir.E(op, fhir.NotFound, fhir.Issue{Message: "There is no MedicationDispense/" + call.ID + "."})
	if d == nil {
		return nil, none
	}
	number, item, err := suppliedOrder(state, d.Root())
	if err != nil {
		return nil, err
	}
	x, err := currentIssue(state, number)
	if err != nil {
		return nil, err
	}
	if x == nil || call.Requester.Bound() && !s.dispenserOf(x, call.Requester) {
		return nil, none // of no prescription of the caller's pharmacy
	}
	s.rules().Classify(x.Prescription)
	l := x.Line(item)
	if l == nil || !prescription.HandedOver(d.Root()).IsPositive() {
		return nil, refusal(op, fhir.Issue{Rule: "LABEL-1", Message: "The record tells of no supply.", Expected: "a MedicationDispense by which something was handed over", Found: d.Get("status").Text(), Expression: "MedicationDispense"})
	}
	supply := prescription.ReadSupply(d.Root())
	on := nhs.ReadDate(d.Get("whenHandedOver").Text())
	label := prescription.Label{Item: l.Item, Date: on, Product: s.labelName(supply.Product, l, on), Quantity: supply.Quantity}
	label.Directions, label.Precautions = directions(d.Get("dosageInstruction"))
	labels := []prescription.Label{label}
	if left := l.Quantity.Value.Sub(l.Supplied.Value); left.IsPositive() && l.Status.Outstanding() {
		labels = append(labels, x.owingLabel(l, label, l.Quantity.Of(left)))
	}
	return s.labelled(state, call, x, labels, nil)
}

// labelled completes labels with whose they are, and answers with them; it refuses what
// the law asks for and nobody knows.
func (s *Service) labelled(state fhir.State, call *fhir.Call, x *execution, labels []prescription.Label, issues []fhir.Issue) (*fhir.Reply, error) {
	supplier, address, err := s.supplierOf(state, x)
	if err != nil {
		return nil, err
	}
	patient := x.Patient.Name
	if r, err := read(state, x.Patient.Ref, "Patient"); err != nil {
		return nil, err
	} else if r != nil {
		patient = nameOf(r.Get("name"))
	}
	pdf, size, wrong := onPaper(call)
	issues = append(issues, wrong...)
	var out []any
	for i := range labels {
		l := &labels[i]
		l.Patient, l.Supplier, l.Address = patient, supplier, address
		issues = append(issues, l.Missing()...)
		out = append(out, labelValue(l))
	}
	if len(issues) > 0 {
		return nil, refusal("label", issues...)
	}
	if pdf {
		return printed(call, labels, size)
	}
	return &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(out...)).Resource()}, nil
}

// supplierOf is the name and the address of the pharmacy that supplies.
func (s *Service) supplierOf(state fhir.State, x *execution) (name, address string, err error) {
	code := x.Owner.ID
	if name = x.Owner.Name; code == "" {
		code, name = s.site.ODS, s.site.Name
	}
	org, err := sole(state, "Organization", nhs.IDODS, code)
	if err != nil || org == nil {
		return name, "", err
	}
	if stored := org.Get("name").Text(); stored != "" {
		name = stored
	}
	for a := range org.Get("address").Items() {
		var parts []string
		for line := range a.Get("line").Items() {
			parts = append(parts, line.Text())
		}
		parts = append(parts, strings.TrimSpace(a.Get("city").Text()+" "+a.Get("postalCode").Text()))
		return name, strings.Trim(strings.Join(parts, ", "), ", "), nil
	}
	return name, "", nil
}

// labelValue writes a label: its particulars, and the text as it is printed.
func labelValue(l *prescription.Label) fhir.Value {
	text := func(name, value string) fhir.Value {
		if value == "" {
			return fhir.Value{}
		}
		return fhir.Obj("name", name, "valueString", value)
	}
	name, expected, last := "label", fhir.Value{}, fhir.Value{}
	parts := []any{text("item", l.Item), text("patient", l.Patient), text("supplier", l.Supplier), text("address", l.Address), fhir.Obj("name", "date", "valueDate", l.Date.String()),
		text("product", l.Product), fhir.Obj("name", "quantity", "valueQuantity", l.Quantity.Element())}
	if o := l.Owing; o != nil {
		name = "owing"
		if !o.Expected.IsZero() {
			expected = fhir.Obj("name", "expected", "valueDate", o.Expected.String())
		}
		if !o.Last.IsZero() {
			last = fhir.Obj("name", "last", "valueDate", o.Last.String())
		}
		parts = append(parts, fhir.Obj("name", "ordered", "valueQuantity", o.Ordered.Element()), expected, last)
	} else {
		parts = append(parts, text("directions", l.Directions))
		for _, p := range l.Precautions {
			parts = append(parts, text("precaution", p))
		}
		for _, w := range l.Warnings() {
			parts = append(parts, text("warning", w))
		}
	}
	return fhir.Obj("name", name, "part", fhir.List(append(parts, text("text", l.String()))...))
}
