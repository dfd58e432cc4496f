package reimbursement

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// world is a pharmacy with a database in memory. Its followers run when it is
// told to settle.
type world struct {
	t      testing.TB
	ctx    context.Context
	db     *store.DB
	s      *Service
	now    time.Time
	done   fhir.Seq
	checks *profiles.Validator
	calls  int
}

var november = tariff.NewMonth(2026, time.November)

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), now: time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC), checks: profiles.New()}
	db, err := store.Open(mem.New(), store.Options{Clock: func() time.Time { return w.now }, Guards: []fhir.Guard{Guard(Options{})}})
	require.NoError(t, err)
	w.db, w.s = db, New(db, Options{})
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return w
}

func (w *world) sample() *world {
	require.NoError(w.t, w.s.LoadSample(w.ctx, november, fhir.Principal{Agent: "test"}))
	return w
}

// settle runs the followers over the log until nothing is left to do.
func (w *world) settle() {
	w.t.Helper()
	for {
		entries, err := w.db.Log(w.ctx, w.done, 100)
		require.NoError(w.t, err)
		if len(entries) == 0 {
			return
		}
		for _, e := range entries {
			for _, f := range w.s.Followers() {
				for _, v := range e.Versions {
					if slices.Contains(f.Consumes(), v.Type) {
						w.step(f, v)
					}
				}
			}
			w.done = e.Seq
		}
	}
}

func (w *world) step(f pharmacy.Follower, v *fhir.Version) {
	w.t.Helper()
	changes, err := f.Step(w.ctx, w.db.State(w.ctx), v)
	require.NoError(w.t, err, "%s %s", f.Name(), v.Ref())
	if len(changes) > 0 {
		_, err = w.db.Commit(w.ctx, &fhir.Transaction{Derived: true, Changes: changes})
		require.NoError(w.t, err)
	}
}

func (w *world) put(resources ...fhir.Value) {
	w.t.Helper()
	var changes []fhir.Change
	for _, v := range resources {
		r := v.Resource()
		changes = append(changes, fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r})
	}
	_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: changes})
	require.NoError(w.t, err)
}

// get is a resource as it stands, nil where there is none; it must be valid R4.
func (w *world) get(typ, id string) *fhir.Resource {
	w.t.Helper()
	r, err := current(w.db.State(w.ctx), typ, typ+"/"+id)
	require.NoError(w.t, err)
	if r != nil {
		w.valid(r)
	}
	return r
}

func (w *world) valid(r *fhir.Resource) {
	w.t.Helper()
	for _, i := range w.checks.Validate(w.ctx, r) {
		require.False(w.t, i.IsError(), "%s: %s: %s\n%s", i.Expression, i.Rule, i.Text(), r.JSON())
	}
}

func (w *world) call(body *fhir.Resource) *fhir.Call {
	w.calls++
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", w.calls)
	return &fhir.Call{Body: body, Time: w.now, RequestID: id, Receipt: fhir.Receipt{Key: id, Body: []byte("digest")},
		Requester: fhir.Principal{Agent: "sds-user-id|7654321", Display: "Peter Potion", Unbound: true}}
}

func (w *world) post(claim *fhir.Resource) (*fhir.Reply, error) {
	w.t.Helper()
	require.True(w.t, w.s.Intakes()[0].Accepts(claim))
	return w.s.receive(w.ctx, w.call(claim))
}

// claimed are the Claim and the answer for the prescription.
func (w *world) claimed(rx *rx) (claim, response *fhir.Resource) {
	w.t.Helper()
	w.settle()
	id := ClaimID(rx.order, rx.issue)
	return w.get("Claim", id), w.get("ClaimResponse", ResponseID(id))
}

func (w *world) versions(typ, id string) int {
	h, err := w.db.History(w.ctx, fhir.HistoryQuery{Type: typ, ID: id, Count: 100})
	if err != nil {
		require.Equal(w.t, fhir.NotFound, fhir.KindOf(err))
		return 0
	}
	return len(h.Versions)
}

// rx is a prescription as the dispensing service stores it.
type rx struct {
	order, uuid, nhs, born string
	issue, issues          int
	kind, status, business string
	org                    string
	payer                  string
	handed                 string
	moved                  string // the day on which the Task was written last, 20 November by default
	lines                  []rxLine
	withdrawn              bool
	original               string // the day on which the paper original came
	moves                  int    // of the Task; each is a version of its own
}

type rxLine struct {
	item, code, name, quantity, unit string
	told                             string // the number as the notification writes it, item where empty
	schedule, endorsement            string
	status                           string // medicationdispense-type
	reason                           string
	supplies                         []rxSupply
}

type rxSupply struct{ code, name, quantity string }

// acute is like the NHS's acute example: two items dispensed, the third as two
// products, the fourth cancelled.
func acute(order string) *rx {
	return &rx{
		order: order, uuid: pharmacy.ID("uuid", order), nhs: "9449304130", payer: "T1450", born: "1980-02-29", issue: 1, issues: 1,
		kind: "0101", status: "completed", business: "0006", org: "VNE51", handed: "2026-11-20T11:45:00+00:00",
		lines: []rxLine{
			{item: "a54219b8-f741-4c47-b662-e4f8dfa49ab6", code: "39732311000001104", name: "Amoxicillin 250mg capsules", quantity: "20", unit: "tablet", status: "0001",
				supplies: []rxSupply{{"39732311000001104", "Amoxicillin 250mg capsules", "20"}}},
			{item: "6989b7bd-8db6-428c-a593-4022e3044c00", code: "322341003", name: "Co-codamol 30mg/500mg tablets", quantity: "20", unit: "tablet", status: "0001",
				supplies: []rxSupply{{"322341003", "Co-codamol 30mg/500mg tablets", "20.0"}}},
			{item: "2868554c-5565-4d31-b92a-c5b8dab8b90a", code: "321080004", name: "Pseudoephedrine hydrochloride 60mg tablets", quantity: "30", unit: "tablet", status: "0001",
				supplies: []rxSupply{{"321080004", "Pseudoephedrine hydrochloride 60mg tablets", "15"}, {"381511000001101", "Sudafed Decongestant 60mg tablets (McNeil Products Ltd)", "15"}}},
			{item: "5cb17f5a-11ac-4e18-825f-6470467238b3", code: "324252006", name: "Azithromycin 250mg capsules", quantity: "30", unit: "tablet", status: "0005"},
		},
	}
}

func (p *rx) id(parts ...string) string {
	return pharmacy.ID(append([]string{p.order, fmt.Sprint(p.issue)}, parts...)...)
}

// store writes all there is of the prescription in one commit.
func (p *rx) store(w *world) {
	w.t.Helper()
	list := p.parts()
	for _, v := range list {
		w.valid(v.Resource())
	}
	w.put(list...)
}

// parts are the resources of the prescription.
func (p *rx) parts() []fhir.Value {
	p.moves++
	list := []fhir.Value{fhir.Obj("resourceType", "Patient", "id", "patient-"+p.nhs, "birthDate", p.born,
		"identifier", fhir.List(nhs.IdentifierValue(nhs.IDNHS, p.nhs)))}
	var inputs, dispenses []any
	for _, l := range p.lines {
		list = append(list, l.request(p))
		inputs = append(inputs, fhir.Obj(
			"extension", fhir.List(fhir.Obj("url", nhs.ExtDispensing, "extension", fhir.List(fhir.Obj("url", "dispenseStatus", "valueCoding", nhs.CodingValue(nhs.Coding(nhs.CSLineStatus, l.status)))))),
			"type", fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSSNOMED, "code", "33633005"))),
			"valueReference", fhir.Obj("reference", "MedicationRequest/"+l.item, "identifier", nhs.IdentifierValue(nhs.IDItem, l.item))))
		dispenses = append(dispenses, l.dispenses(p)...)
	}
	if p.original != "" {
		inputs = append(inputs, fhir.Obj("extension", fhir.List(fhir.Obj("url", extDispensingRecord, "extension", fhir.List(fhir.Obj("url", "form", "valueCode", "FP10PCD"), fhir.Obj("url", "received", "valueDate", p.original)))),
			"type", fhir.Obj("coding", fhir.List(fhir.Obj("system", csDispensingRecord, "code", "original"))), "valueString", "in hand"))
	}
	return append(list, p.notification(dispenses), p.task(inputs))
}

func (l rxLine) request(p *rx) fhir.Value {
	var extensions []any
	if l.schedule != "" {
		extensions = append(extensions, fhir.Obj("url", nhs.ExtControlled, "extension", fhir.List(fhir.Obj("url", "schedule", "valueCoding",
			fhir.Obj("system", "https://fhir.nhs.uk/CodeSystem/medicationrequest-controlled-drug", "code", l.schedule)))))
	}
	if l.endorsement != "" {
		extensions = append(extensions, fhir.Obj("url", nhs.ExtPrescriberEndorsed, "valueCodeableConcept", nhs.Concept(nhs.Coding(nhs.CSPrescriberEndorsement, l.endorsement))))
	}
	extensions = append(extensions, fhir.Obj("url", nhs.ExtPrescriptionType, "valueCoding", fhir.Obj("system", "https://fhir.nhs.uk/CodeSystem/prescription-type", "code", p.kind)))
	return fhir.Obj("resourceType", "MedicationRequest", "id", l.item, "extension", fhir.List(extensions...),
		"identifier", fhir.List(nhs.IdentifierValue(nhs.IDItem, l.item)), "status", "active", "intent", "order",
		"medicationCodeableConcept", fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSSNOMED, "code", l.code, "display", l.name))),
		"subject", fhir.Obj("reference", "Patient/patient-"+p.nhs),
		"groupIdentifier", fhir.Obj("extension", fhir.List(fhir.Obj("url", nhs.ExtPrescriptionID, "valueIdentifier", nhs.IdentifierValue(nhs.IDOrderUUID, p.uuid))), "system", nhs.IDOrder, "value", p.order),
		"dispenseRequest", fhir.Obj("quantity", l.amount(l.quantity)))
}

func (l rxLine) amount(value string) fhir.Value {
	return fhir.Obj("value", fhir.Raw(value), "unit", l.unit, "system", nhs.CSSNOMED, "code", "428673006")
}

func (l rxLine) dispenses(p *rx) []any {
	supplies := l.supplies
	if len(supplies) == 0 {
		supplies = []rxSupply{{l.code, l.name, "0"}}
	}
	var list []any
	for i, s := range supplies {
		reason := fhir.Value{}
		if l.reason != "" {
			reason = fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSNotDispensed, "code", l.reason, "display", "reason")))
		}
		id := p.id(l.item, fmt.Sprint(i))
		list = append(list, fhir.Obj("fullUrl", "urn:uuid:"+id, "resource", fhir.Obj("resourceType", "MedicationDispense",
			"contained", fhir.List(
				fhir.Obj("resourceType", "PractitionerRole", "id", "performer", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDRoleProfile, "454567759542")),
					"practitioner", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDUser, "7654321"), "display", "Mr Peter Potion"),
					"organization", fhir.Obj("reference", "urn:uuid:"+p.id("org")),
					"code", fhir.List(fhir.Obj("coding", fhir.List(fhir.Obj("system", "https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode", "code", "S0030:G0100:R0620")))),
					"telecom", fhir.List(fhir.Obj("system", "phone", "value", "01234567890", "use", "work"))),
				fhir.Obj("resourceType", "MedicationRequest", "id", "m", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDItem, cmp.Or(l.told, l.item))), "status", "active", "intent", "order",
					"medicationCodeableConcept", fhir.Obj("text", l.name), "subject", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDNHS, p.nhs)))),
			"identifier", fhir.List(nhs.IdentifierValue(nhs.IDDispense, id)), "status", "completed", "statusReasonCodeableConcept", reason,
			"medicationCodeableConcept", fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSSNOMED, "code", s.code, "display", s.name))),
			"performer", fhir.List(fhir.Obj("actor", fhir.Obj("reference", "#performer"))),
			"authorizingPrescription", fhir.List(fhir.Obj("reference", "#m")),
			"type", nhs.Concept(nhs.Coding(nhs.CSLineStatus, l.status)), "quantity", l.amount(s.quantity), "whenHandedOver", p.handed)))
	}
	return list
}

func (p *rx) notification(dispenses []any) fhir.Value {
	header := fhir.Obj("fullUrl", "urn:uuid:"+p.id("header"), "resource", fhir.Obj("resourceType", "MessageHeader",
		"eventCoding", fhir.Obj("system", "https://fhir.nhs.uk/CodeSystem/message-event", "code", "dispense-notification"),
		"source", fhir.Obj("endpoint", "https://example.org")))
	org := fhir.Obj("fullUrl", "urn:uuid:"+p.id("org"), "resource", fhir.Obj("resourceType", "Organization",
		"extension", fhir.List(fhir.Obj("url", nhs.ExtODS, "extension", fhir.List(fhir.Obj("url", "reimbursementAuthority", "valueIdentifier", nhs.IdentifierValue(nhs.IDODS, p.payer))))),
		"identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, p.org)), "active", true,
		"type", fhir.List(fhir.Obj("coding", fhir.List(fhir.Obj("system", "https://fhir.nhs.uk/CodeSystem/organisation-role", "code", "182", "display", "PHARMACY")))),
		"name", "The Simple Pharmacy", "telecom", fhir.List(fhir.Obj("system", "phone", "value", "0113 3180277", "use", "work")),
		"address", fhir.List(fhir.Obj("use", "work", "line", fhir.List("17 Austhorpe Road", "Crossgates", "Leeds"), "city", "West Yorkshire", "postalCode", "LS15 8BA"))))
	return fhir.Obj("resourceType", "Bundle", "id", p.id("notification"), "identifier", nhs.IdentifierValue(nhs.IDUUID, p.id("notification")), "type", "message",
		"timestamp", "2026-11-20T11:45:00+00:00", "entry", fhir.List(append([]any{header}, append(dispenses, org)...)...))
}

func (p *rx) task(inputs []any) fhir.Value {
	var extensions []any
	var outputs fhir.Value
	if p.issues > 1 {
		extensions = append(extensions, fhir.Obj("url", nhs.ExtRepeat, "extension", fhir.List(
			fhir.Obj("url", "numberOfRepeatsAllowed", "valueInteger", p.issues-1), fhir.Obj("url", "numberOfRepeatsIssued", "valueInteger", p.issue-1))))
	}
	if nhs.Private(p.kind) {
		extensions = append(extensions, fhir.Obj("url", nhs.ExtOwnOriginal, "valueDate", p.handed[:10]))
	}
	if !p.withdrawn {
		outputs = fhir.List(fhir.Obj("type", fhir.Obj("text", "supply"), "valueReference", fhir.Obj("reference", "Bundle/"+p.id("notification"))))
	}
	return fhir.Obj("resourceType", "Task", "id", p.id("task"), "extension", fhir.List(extensions...),
		"identifier", fhir.List(nhs.IdentifierValue(nhs.IDOrder, p.order), nhs.IdentifierValue(nhs.IDOrderUUID, p.uuid)),
		"groupIdentifier", nhs.IdentifierValue(nhs.IDOrder, p.order), "status", p.status,
		"businessStatus", fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSBusinessStatus, "code", p.business))), "intent", "order",
		"code", fhir.Obj("coding", fhir.List(fhir.Obj("system", "http://hl7.org/fhir/CodeSystem/task-code", "code", "fulfill"), fhir.Obj("system", "https://fhir.nhs.uk/CodeSystem/message-event", "code", "prescription-order"))),
		"for", fhir.Obj("reference", "Patient/patient-"+p.nhs, "identifier", nhs.IdentifierValue(nhs.IDNHS, p.nhs)),
		"owner", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, p.org), "display", "The Simple Pharmacy"),
		"lastModified", fmt.Sprintf("%sT11:45:00.%03d+00:00", cmp.Or(p.moved, "2026-11-20"), p.moves), "input", fhir.List(inputs...), "output", outputs)
}
