package reimbursement

import (
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
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

// private reports whether the patient pays the pharmacy and no claim is made.
func (d *dispensed) private() bool { return nhs.Private(d.kind) }

func (d *dispensed) line(number string) *item {
	for i := range d.lines {
		if strings.EqualFold(d.lines[i].number, number) {
			return &d.lines[i]
		}
	}
	return nil
}

// readDispensed reads the Task of a prescription and all that it names. Tasks
// of anything else give nil.
func readDispensed(state fhir.State, v *fhir.Version) (*dispensed, error) {
	d, err := readIssue(v)
	if err != nil || d == nil {
		return nil, err
	}
	return d.read(state, v)
}

// readIssue reads what the Task of a prescription says itself: which issue it is
// of, and whether that is finished.
func readIssue(v *fhir.Version) (*dispensed, error) {
	task, err := v.Resource()
	if err != nil || task == nil || task.Root().Path("groupIdentifier", "system").Text() != nhs.IDOrder {
		return nil, err
	}
	d := &dispensed{task: task, order: task.Root().Path("groupIdentifier", "value").Text(), uuid: nhs.Identifier(task.Root(), nhs.IDOrderUUID).Text(),
		issue: 1, business: nhs.Coded(task.Get("businessStatus"), nhs.CSBusinessStatus)}
	d.finished = task.Get("status").Text() == "completed" && finishedStatus(d.business)
	if n, ok := repeats(task.Root(), "numberOfRepeatsIssued"); ok {
		d.issue = n + 1
	}
	return d, nil
}

// read reads what the Task names; nil where that is not an item.
func (d *dispensed) read(state fhir.State, v *fhir.Version) (_ *dispensed, err error) {
	task := d.task
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
		if d.day = nhs.Day(task.Get("lastModified").Text()); d.day.IsZero() {
			d.day = nhs.Midnight(v.LastUpdated)
		}
	}
	return d, nil
}

// repeats is a number of Extension-EPS-RepeatInformation on an element.
func repeats(n fhir.Node, name string) (int, bool) {
	i, err := strconv.Atoi(nhs.Extension(nhs.Extension(n, nhs.ExtRepeat), name).Get("valueInteger").Text())
	return i, err == nil
}

// readItems reads the inputs of the Task that are prescribed items.
func (d *dispensed) readItems(state fhir.State) error {
	for in := range d.task.Get("input").Items() {
		ref := in.Get("valueReference")
		if ref.Path("identifier", "system").Text() != nhs.IDItem {
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
		status := nhs.Extension(nhs.Extension(in, nhs.ExtDispensing), "dispenseStatus")
		d.lines = append(d.lines, item{number: ref.Path("identifier", "value").Text(), request: request, product: product, status: status.Path("valueCoding", "code").Text()})
		d.kind = nhs.Extension(request.Root(), nhs.ExtPrescriptionType).Path("valueCoding", "code").Text()
		if d.uuid == "" {
			d.uuid = nhs.Extension(request.Get("groupIdentifier"), nhs.ExtPrescriptionID).Path("valueIdentifier", "value").Text()
		}
	}
	return nil
}

// medication is what a MedicationRequest orders, be it a code, a contained
// Medication or one that stands by itself.
func medication(state fhir.State, request *fhir.Resource) (fhir.Node, error) {
	if c := request.Get("medicationCodeableConcept"); c.Exists() {
		return c, nil
	}
	ref := request.Get("medicationReference")
	if m := nhs.Contained(request.Root(), ref); m.Exists() {
		return m.Get("code"), nil
	}
	m, err := current(state, "Medication", ref.Get("reference").Text())
	if err != nil || m == nil {
		return fhir.Node{}, err
	}
	return m.Get("code"), nil
}
