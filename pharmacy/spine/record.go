package spine

import (
	"slices"
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// kind is what a record is about: a code of csWork.
type kind int

const (
	updates kind = iota
	demographics
)

func (k kind) String() string { return [...]string{"status-update", "demographics"}[k] }

const (
	csWork    = nhs.Own + "CodeSystem/nhs-work"             // Basic.code
	idState   = nhs.Own + "Id/nhs-work"                     // pending or refused: whether something of it is
	idPatient = nhs.Own + "Id/nhs-demographics"             // of the demographics of a Task: the id of the Patient
	extWork   = nhs.Own + "StructureDefinition/nhs-work"    // the Task, and the attempts that failed
	extStatus = nhs.Own + "StructureDefinition/nhs-status"  // a status of an item
	extAnswer = nhs.Own + "StructureDefinition/nhs-patient" // what was answered of the patient
)

// The states of what is told and asked.
const (
	waiting = "pending"
	refused = "refused"
	done    = "told"
	left    = "left"
	same    = "same"    // the NHS has the patient as we do
	differs = "differs" // it has somebody else, or nobody
)

// entry is a status of an item, or the question for a patient.
type entry struct {
	id     string // of the Task that is sent; "" of a question
	item   string
	status string    // With Pharmacy
	state  string    // waiting, refused …
	at     time.Time // when it became so
	said   string    // why it is refused, or in what the patient differs
	of     string    // version of the Patient that was compared
	task   fhir.Node // what is sent, while it is
}

// record is a Basic of this package.
type record struct {
	id, version string
	kind        kind
	task        string // Task/1, of the prescription
	patient     string // Patient/1
	pharmacy    string // ODS code
	entries     []entry
	failed      int // attempts since the last that succeeded
	why         string
}

func recordID(k kind, task string) string { return pharmacy.ID("Basic", k.String(), task) }

// newRecord begins the record of the Task of a prescription.
func newRecord(k kind, v *fhir.Version, task *fhir.Resource) *record {
	root := task.Root()
	return &record{id: recordID(k, v.ID), kind: k, task: v.Ref(), patient: root.Path("for", "reference").Text(), pharmacy: root.Path("owner", "identifier", "value").Text()}
}

// read reads a version, nil where it is no record of this package.
func read(v *fhir.Version) (*record, error) {
	if v == nil || v.Type != "Basic" || v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	k := kind(slices.Index([]string{updates.String(), demographics.String()}, nhs.Coded(r.Get("code"), csWork)))
	if k < 0 {
		return nil, nil
	}
	root := r.Root()
	work := nhs.Extension(root, extWork)
	x := &record{id: v.ID, version: v.VersionID, kind: k, task: nhs.Extension(work, "task").Path("valueReference", "reference").Text(), patient: root.Path("subject", "reference").Text(),
		pharmacy: root.Path("author", "identifier", "value").Text(), why: nhs.Extension(work, "reason").Get("valueString").Text()}
	x.failed, _ = strconv.Atoi(nhs.Extension(work, "failed").Get("valueInteger").Text())
	for e := range r.Get("extension").Items() {
		if url := e.Get("url").Text(); url != extStatus && url != extAnswer {
			continue
		}
		text := func(name, value string) string { return nhs.Extension(e, name).Get(value).Text() }
		one := entry{item: text("item", "valueString"), status: text("status", "valueString"), state: text("state", "valueCode"), said: text("said", "valueString"), of: text("version", "valueId"), id: text("id", "valueId")}
		one.at, _ = time.Parse(time.RFC3339, text("at", "valueDateTime"))
		one.task = nhs.Contained(root, nhs.Extension(e, "task").Get("valueReference"))
		x.entries = append(x.entries, one)
	}
	return x, nil
}

// last is the newest status of an item, nil for none.
func (x *record) last(item string) *entry {
	for i := range slices.Backward(x.entries) {
		if e := &x.entries[i]; e.item == item {
			return e
		}
	}
	return nil
}

// overtaken leaves what waits where the NHS was told a later status of its item.
func (x *record) overtaken() {
	for i := range x.entries {
		if e := &x.entries[i]; e.state == waiting && x.follows(i, done) {
			e.state = left
		}
	}
}

// follows reports whether a later status of the same item is in a state, "" for any.
func (x *record) follows(i int, state string) bool {
	return slices.ContainsFunc(x.entries[i+1:], func(later entry) bool {
		return later.item == x.entries[i].item && (state == "" || later.state == state)
	})
}

// next are the statuses to be sent now: the oldest of each item that waits.
func (x *record) next() (list []*entry) {
	for i := range x.entries {
		e := &x.entries[i]
		if e.state == waiting && !slices.ContainsFunc(list, func(o *entry) bool { return o.item == e.item }) {
			list = append(list, e)
		}
	}
	return list
}

// has reports whether an entry is in a state.
func (x *record) has(state string) bool {
	return slices.ContainsFunc(x.entries, func(e entry) bool { return e.state == state })
}

// change writes the record. Of what was told or left, the newest of each item stays.
func (x *record) change() fhir.Change {
	var about nhs.Parts
	about.Reference("task", x.task)
	if x.failed > 0 {
		about.Int("failed", "valueInteger", x.failed)
		about.Text("reason", "valueString", x.why)
	}
	ext, contained, ids := []any{about.Extension(extWork)}, []any(nil), []any(nil)
	for i := range x.entries {
		e := &x.entries[i]
		if e.state == left && (x.kind == demographics || x.follows(i, "")) || e.state == done && x.follows(i, done) {
			continue
		}
		var p nhs.Parts
		p.Text("id", "valueId", e.id)
		p.Text("item", "valueString", e.item)
		p.Text("status", "valueString", e.status)
		p.Text("state", "valueCode", e.state)
		if !e.at.IsZero() {
			p.Text("at", "valueDateTime", nhs.Stamp(e.at))
		}
		p.Text("said", "valueString", e.said)
		p.Text("version", "valueId", e.of)
		if e.task.Exists() && (e.state == waiting || e.state == refused) {
			p.Reference("task", "#"+e.id)
			contained = append(contained, e.task)
		}
		ext = append(ext, p.Extension([...]string{extStatus, extAnswer}[x.kind]))
	}
	for _, state := range []string{waiting, refused} {
		if x.has(state) {
			ids = append(ids, nhs.IdentifierValue(idState, state))
		}
	}
	_, patient, _ := cut(x.patient)
	if x.kind == demographics {
		ids = append(ids, nhs.IdentifierValue(idPatient, patient))
	}
	var author fhir.Value
	if x.pharmacy != "" {
		author = fhir.Obj("type", "Organization", "identifier", nhs.IdentifierValue(nhs.IDODS, x.pharmacy))
	}
	r := fhir.Obj("resourceType", "Basic", "id", x.id, "contained", fhir.List(contained...), "extension", fhir.List(ext...), "identifier", fhir.List(ids...),
		"code", fhir.Obj("coding", fhir.List(fhir.Obj("system", csWork, "code", x.kind.String()))), "subject", fhir.Obj("reference", x.patient), "author", author).Resource()
	c := fhir.Change{Method: fhir.Update, Type: "Basic", ID: x.id, Resource: r, IfMatch: x.version, IfNoneMatch: x.version == ""}
	return c
}
