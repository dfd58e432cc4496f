package reimbursement

import (
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // months are those of the United Kingdom, whatever the machine knows

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
)

// dispensed is one issue of a prescription as its dispensing left it: the Task,
// what was ordered and what the notifications that stand say was handed over.
type dispensed struct {
	task         *fhir.Resource
	order        string // short-form id
	uuid         string
	issue        int // 1, 2, … for repeat dispensing; 1 otherwise
	business     string
	finished     bool
	kind         string // prescription-type
	patient      *fhir.Resource
	lines        []item
	provider     fhir.Node // PractitionerRole that handed over last
	organisation fhir.Node // its Organization
	day          time.Time // of the last handing over, midnight UTC
}

// item is one prescribed item.
type item struct {
	number   string // prescription-order-item-number
	request  *fhir.Resource
	product  fhir.Node // CodeableConcept of what was ordered
	status   string    // medicationdispense-type
	reason   fhir.Node // coding of why it was not dispensed
	supplies []handover
}

// handover is a product handed over.
type handover struct {
	number   string // prescription-dispense-item-number
	product  fhir.Node
	quantity fhir.Node
}

// finishedStatus are the business statuses of a prescription whose supply is
// over: Dispensed, Not Dispensed.
func finishedStatus(business string) bool { return business == "0006" || business == "0007" }

// private reports whether the patient pays the pharmacy and no claim is made:
// EPS prescription types of the 09 group.
func (d *dispensed) private() bool { return strings.HasPrefix(d.kind, "09") }

func (d *dispensed) line(number string) *item {
	for i := range d.lines {
		if d.lines[i].number == number {
			return &d.lines[i]
		}
	}
	return nil
}

// readDispensed reads the Task of a prescription and all that it names. Tasks
// of anything else give nil.
func readDispensed(state fhir.State, v *fhir.Version) (*dispensed, error) {
	task, err := v.Resource()
	if err != nil || task == nil || task.Root().Path("groupIdentifier", "system").Text() != idOrder {
		return nil, err
	}
	d := &dispensed{task: task, order: task.Root().Path("groupIdentifier", "value").Text(), uuid: identifier(task.Root(), idOrderUUID),
		issue: 1, business: code(task.Get("businessStatus"), csBusinessStatus)}
	d.finished = task.Get("status").Text() == "completed" && finishedStatus(d.business)
	if n, ok := repeats(task.Root(), "numberOfRepeatsIssued"); ok {
		d.issue = n + 1
	}
	if err := d.readItems(state); err != nil || len(d.lines) == 0 {
		return nil, err
	}
	if d.patient, err = current(state, "Patient", task.Root().Path("for", "reference").Text()); err != nil {
		return nil, err
	}
	if err := d.readNotifications(state); err != nil {
		return nil, err
	}
	if d.day.IsZero() { // nothing was handed over: the day on which that was settled
		if d.day = dayOf(task.Get("lastModified").Text()); d.day.IsZero() {
			d.day = midnight(v.LastUpdated)
		}
	}
	return d, nil
}

// repeats is a number of Extension-EPS-RepeatInformation on an element.
func repeats(n fhir.Node, name string) (int, bool) {
	i, err := strconv.Atoi(extension(extension(n, extRepeat), name).Get("valueInteger").Text())
	return i, err == nil
}

// readItems reads the inputs of the Task that are prescribed items.
func (d *dispensed) readItems(state fhir.State) error {
	for in := range d.task.Get("input").Items() {
		ref := in.Get("valueReference")
		if ref.Path("identifier", "system").Text() != idItem {
			continue
		}
		request, err := current(state, "MedicationRequest", ref.Get("reference").Text())
		if err != nil {
			return err
		}
		if request == nil {
			continue
		}
		product, err := medication(state, request)
		if err != nil {
			return err
		}
		status := extension(extension(in, extDispensing), "dispenseStatus")
		d.lines = append(d.lines, item{number: ref.Path("identifier", "value").Text(), request: request, product: product, status: status.Path("valueCoding", "code").Text()})
		d.kind = extension(request.Root(), extType).Path("valueCoding", "code").Text()
		if d.uuid == "" {
			d.uuid = extension(request.Get("groupIdentifier"), extPrescription).Path("valueIdentifier", "value").Text()
		}
	}
	return nil
}

// readNotifications reads the outputs of the Task that are messages of supply.
func (d *dispensed) readNotifications(state fhir.State) error {
	for out := range d.task.Get("output").Items() {
		bundle, err := current(state, "Bundle", out.Path("valueReference", "reference").Text())
		if err != nil {
			return err
		}
		if bundle == nil {
			continue
		}
		for e := range bundle.Get("entry").Items() {
			if r := e.Get("resource"); r.Get("resourceType").Text() == "MedicationDispense" {
				d.readDispense(bundle, bundle.Sub(r))
			}
		}
	}
	return nil
}

func (d *dispensed) readDispense(bundle, r *fhir.Resource) {
	line := d.line(identifier(contained(r, r.Get("authorizingPrescription")), idItem))
	if line == nil {
		return
	}
	role := contained(r, r.Get("performer").Get("actor"))
	if role.Exists() {
		d.provider, d.organisation = role, entryOf(bundle, role.Path("organization", "reference").Text())
	}
	if reasons := codings(r.Get("statusReasonCodeableConcept"), csNotDispensed); len(reasons) > 0 {
		line.reason = reasons[0]
	} else if reason := extension(r.Root(), extNotDispensed).Get("valueCoding"); reason.Exists() {
		line.reason = reason
	}
	value, ok := pricing.ParseDecimal(r.Root().Path("quantity", "value").Text())
	status := code(r.Get("type"), csLineStatus)
	if !ok || value.Sign() <= 0 || status != "0001" && status != "0003" {
		return
	}
	if day := dayOf(r.Get("whenHandedOver").Text()); day.After(d.day) {
		d.day = day
	}
	line.supplies = append(line.supplies, handover{identifier(r.Root(), idDispense), dispensedProduct(bundle, r), r.Get("quantity")})
}

// medication is what a MedicationRequest orders, be it a code, a contained
// Medication or one that stands by itself.
func medication(state fhir.State, request *fhir.Resource) (fhir.Node, error) {
	if c := request.Get("medicationCodeableConcept"); c.Exists() {
		return c, nil
	}
	ref := request.Get("medicationReference")
	if m := contained(request, ref); m.Exists() {
		return m.Get("code"), nil
	}
	m, err := current(state, "Medication", ref.Get("reference").Text())
	if err != nil || m == nil {
		return fhir.Node{}, err
	}
	return m.Get("code"), nil
}

func dispensedProduct(bundle, dispense *fhir.Resource) fhir.Node {
	if c := dispense.Get("medicationCodeableConcept"); c.Exists() {
		return c
	}
	ref := dispense.Get("medicationReference")
	if m := contained(dispense, ref); m.Exists() {
		return m.Get("code")
	}
	return entryOf(bundle, ref.Get("reference").Text()).Get("code")
}

// entryOf finds the entry of a Bundle that a reference names.
func entryOf(bundle *fhir.Resource, ref string) fhir.Node {
	for e := range bundle.Get("entry").Items() {
		r := e.Get("resource")
		if ref != "" && (strings.EqualFold(e.Get("fullUrl").Text(), ref) || r.Get("resourceType").Text()+"/"+r.Get("id").Text() == ref) {
			return r
		}
	}
	return fhir.Node{}
}

// current reads the resource that a relative reference names, nil where there
// is none of that type.
func current(state fhir.State, typ, ref string) (*fhir.Resource, error) {
	id, ok := strings.CutPrefix(ref, typ+"/")
	if id, _, _ = strings.Cut(id, "/_history/"); !ok || id == "" {
		return nil, nil
	}
	v, err := state.Current(typ, id)
	if err != nil || v == nil {
		return nil, err
	}
	return v.Resource()
}

var london = func() *time.Location {
	l, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err) // the zone is linked in
	}
	return l
}()

// dayOf is the calendar day in the United Kingdom of a FHIR date or dateTime,
// as midnight UTC; the zero time where there is no whole day.
func dayOf(text string) time.Time {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return midnight(t)
}

// midnight is the calendar day in the United Kingdom of an instant.
func midnight(t time.Time) time.Time {
	y, m, day := t.In(london).Date()
	return time.Date(y, m, day, 0, 0, 0, 0, time.UTC)
}
