package spine

import (
	"context"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// past is how long ago a prescription may have ended that is first seen now, such as when
// the NHS is first told: the NHS App is not told of a pharmacy's past.
const past = 24 * time.Hour

// follower keeps the records of NHS prescriptions.
type follower struct{ s *Service }

// Name is the name of the cursor.
func (follower) Name() string { return "nhs" }

// Consumes are the Tasks of prescriptions.
func (follower) Consumes() []string { return []string{"Task"} }

// Produces are the records.
func (follower) Produces() []string { return []string{"Basic"} }

// Step notes what the NHS is to be told of a version, and that it is to be asked for the
// patient of a prescription that is new.
func (f follower) Step(_ context.Context, state fhir.State, v *fhir.Version) ([]fhir.Change, error) {
	if v.Deleted() {
		return nil, nil
	}
	tasks, ours, err := f.s.prescriptions.Tracking(state, v)
	if err != nil || !ours {
		return nil, err
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	if owner := r.Root().Path("owner", "identifier", "value").Text(); owner == "" || f.s.site != "" && !strings.EqualFold(owner, f.s.site) {
		return nil, nil
	}
	told, asked := f.s.nhs.Has()
	var changes []fhir.Change
	if told && len(tasks) > 0 {
		c, err := f.update(state, v, r, tasks)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c...)
	}
	if asked && strings.HasPrefix(r.Root().Path("for", "reference").Text(), "Patient/") {
		x, err := current(state, recordID(demographics, v.ID))
		if err != nil {
			return nil, err
		}
		newest, _, err := newestOf(state, v.ID)
		if err != nil {
			return nil, err
		}
		if x == nil && newest != nil && !over(newest) {
			x = newRecord(demographics, v, r)
			x.entries = []entry{{state: waiting, at: v.LastUpdated}}
			changes = append(changes, x.change())
		}
	}
	return changes, nil
}

// update notes the statuses that are new.
func (f follower) update(state fhir.State, v *fhir.Version, r *fhir.Resource, tasks []fhir.Node) ([]fhir.Change, error) {
	x, err := current(state, recordID(updates, v.ID))
	if err != nil {
		return nil, err
	}
	if x == nil {
		newest, at, err := newestOf(state, v.ID)
		if err != nil || newest == nil || over(newest) && f.s.clock().Sub(at) > past {
			return nil, err
		}
		x = newRecord(updates, v, r)
	}
	was := len(x.entries)
	for _, t := range tasks {
		e := entry{id: t.Get("id").Text(), item: t.Path("focus", "identifier", "value").Text(), status: t.Path("businessStatus", "coding").Item(0).Get("code").Text(), state: waiting, at: v.LastUpdated, task: t}
		if last := x.last(e.item); last == nil || last.status != e.status {
			x.entries = append(x.entries, e)
		}
	}
	if len(x.entries) == was {
		return nil, nil
	}
	return []fhir.Change{x.change()}, nil
}

// newestOf is the Task of a prescription as it is now, whatever version a step is of, and
// when it became so; nil where it is gone.
func newestOf(state fhir.State, id string) (*fhir.Resource, time.Time, error) {
	now, err := state.Current("Task", id)
	if err != nil || now == nil || now.Deleted() {
		return nil, time.Time{}, err
	}
	r, err := now.Resource()
	return r, now.LastUpdated, err
}

// over reports whether nothing more becomes of a prescription.
func over(task *fhir.Resource) bool {
	switch task.Get("status").Text() {
	case "completed", "failed", "cancelled", "rejected":
		return true
	}
	return false
}

// current is the record of an id, nil where there is none.
func current(state fhir.State, id string) (*record, error) {
	v, err := state.Current("Basic", id)
	if err != nil {
		return nil, err
	}
	return read(v)
}

// cut is a relative reference in its parts.
func cut(ref string) (typ, id string, ok bool) {
	typ, id, ok = strings.Cut(ref, "/")
	id, _, _ = strings.Cut(id, "/_history/")
	return typ, id, ok
}

// patientOf reads the Patient of a record, nil where it is gone.
func patientOf(state fhir.State, ref string) (*fhir.Version, *fhir.Resource, error) {
	_, id, _ := cut(ref)
	v, err := state.Current("Patient", id)
	if err != nil || v == nil || v.Deleted() {
		return nil, nil, err
	}
	r, err := v.Resource()
	return v, r, err
}

// number is the NHS number of a patient, "" for none.
func number(patient *fhir.Resource) string {
	return strings.ReplaceAll(nhs.Identifier(patient.Root(), nhs.IDNHS).Text(), " ", "")
}
