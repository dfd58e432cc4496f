package register

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

var requisitionInputs = []fhir.Parameter{orgInput, productInput,
	{Name: "quantity", Kinds: []string{"valueQuantity"}, Required: true, Doc: "How much was supplied."},
	{Name: "supplied", Kinds: []string{"valueDate"}, Doc: "The day on which it was supplied; today by default."},
	{Name: "to", Kinds: []string{"part"}, Required: true, Doc: "The person or firm supplied.",
		Parts: []fhir.Parameter{nameInput, {Name: "address", Kinds: []string{"valueString"}, Required: true, Doc: "The address."}, whoInput}},
	{Name: "authority", Kinds: []string{"part"}, Required: true, Doc: "Who signed the requisition, by which the supply is authorised (MDR 2001 reg. 14).",
		Parts: []fhir.Parameter{nameInput, {Name: "role", Kinds: []string{"valueString"}, Required: true, Doc: "The profession."}, {Name: "address", Kinds: []string{"valueString"}, Doc: "The address."}, whoInput}},
	{Name: "purpose", Kinds: []string{"valueString"}, Required: true, Doc: "For what it is required, as the requisition says."},
	{Name: "requisition", Kinds: []string{"valueReference"}, Doc: "The SupplyRequest by which the requisition is recorded."},
	{Name: "collector", Kinds: []string{"part"}, Doc: "Who collected it.",
		Parts: []fhir.Parameter{nameInput, {Name: "role", Kinds: []string{"valueString"}, Doc: "As what they act: healthcare-professional, or on whose behalf."}, {Name: "address", Kinds: []string{"valueString"}, Doc: "The address."}, whoInput}},
	{Name: "identityRequested", Kinds: []string{"valueBoolean"}, Doc: "Whether proof of identity was requested."},
	{Name: "identityProvided", Kinds: []string{"valueBoolean"}, Doc: "Whether proof of identity was provided."},
	batchInput}

// supplyRequisition is Basic/$supply-requisition (MDR-19, supplied; MDR 14).
func (s *Service) supplyRequisition(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	return s.record(ctx, call, Supplied, func(state fhir.State, f *form) (*Entry, *Page) {
		date := f.day("supplied", f.today)
		p, c := f.product(date)
		page, q := f.page(Register, p, "quantity", date)
		to, authority := f.party("to"), f.party("authority")
		f.want(to.Address != "", "to", "The address of who was supplied is missing.", "the part address")
		f.want(authority.Role != "", "authority", "The profession of who signed the requisition is missing.", "the part role")
		f.want(f.text("purpose") != "", "purpose", "It is not told for what it is required.", "the purpose")
		e := &Entry{Date: date.String(), Change: q.Value.Neg(), Product: c, Other: to, Authority: authority, Batch: f.text("batch"), Reason: "Requisition: " + f.text("purpose"),
			Requested: flagOf(f.get("identityRequested").Get("valueBoolean")), Provided: flagOf(f.get("identityProvided").Get("valueBoolean"))}
		if f.get("collector").Exists() {
			e.Collector = f.party("collector")
		}
		if ref := f.get("requisition").Get("valueReference").Get("reference"); ref.Exists() {
			e.Order = f.requisition(state, ref, p, q)
		}
		if f.err != nil {
			return e, page
		}
		if balance, err := balanceOf(state, page); err != nil {
			f.err = err
		} else if q.Value.GreaterThan(balance) {
			f.add("quantity", fhir.Issue{Rule: "REG-5", Message: "The register has less of it than was supplied.", Expected: "at most " + page.Unit.of(balance).String(), Found: q.String(),
				Fix: "Count the stock (Basic/$stock-check), and correct the balance with a reason (Basic/$correct-register)."})
		}
		return e, page
	})
}

// requisition is the reference to a SupplyRequest, which must be of the pharmacy, open and
// of what is supplied. The supply completes it.
func (f *form) requisition(state fhir.State, ref fhir.Node, p Product, q Quantity) string {
	typ, id := local(ref.Text())
	v, err := state.Current("SupplyRequest", id)
	if err != nil {
		f.err = err
		return ""
	}
	wrong := fhir.Issue{Rule: "REG-4", Message: "There is no such requisition to the pharmacy.", Expected: "a reference to a SupplyRequest whose supplier is the pharmacy", Found: ref.Text(), Position: ref.Position()}
	if typ != "SupplyRequest" || v == nil || v.Deleted() {
		f.add("requisition", wrong)
		return ""
	}
	r, err := v.Resource()
	if err != nil {
		f.err = err
		return ""
	}
	ours := false
	for s := range r.Get("supplier").Items() {
		ods := nhs.Identifier(s, nhs.IDODS).Text()
		ours = ours || ods != "" && f.call.Requester.ActsFor(ods)
	}
	if !ours {
		f.add("requisition", wrong)
		return ""
	}
	switch status := r.Get("status").Text(); status {
	case "completed", "cancelled", "entered-in-error":
		wrong.Message, wrong.Expected, wrong.Found = "Nothing is supplied on this requisition any more.", "one that is active", status
		f.add("requisition", wrong)
	}
	_, asked, err := medicineOf(state, f.s.medicines, r.Root(), "", f.today)
	if err != nil {
		f.err = err
	}
	if asked.Name != "" && asked.key() != p.key() {
		wrong.Message, wrong.Expected, wrong.Found = "The requisition is for another medicine.", asked.Name, p.Name
		f.add("requisition", wrong)
	}
	unit := func(q Quantity) string { return f.s.medicines.Unit(q.Unit, q.System, q.Code, f.today) }
	if n := r.Get("quantity"); n.Exists() {
		if want, ok := readQuantity(n); !ok || unit(want) != unit(q) || q.Value.GreaterThan(want.Value) {
			wrong.Message, wrong.Expected, wrong.Found = "More is supplied than the requisition asks for.", "at most "+want.String(), q.String()
			f.add("quantity", wrong)
		}
	}
	f.also = append(f.also, fhir.Change{Method: fhir.Update, Type: "SupplyRequest", ID: id, IfMatch: v.VersionID, Resource: fhir.Revise(r, "status", "completed")})
	return "SupplyRequest/" + id
}
