package emergency

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Desk knows which records are open, and to whom. What it knows is in the Tasks too,
// from which it is read at the start.
type Desk struct {
	Rules *Table
	// Separate refuses a review by the person who opened the record: duties.Table does.
	Separate func(state fhir.State, act, about string, who fhir.Principal, earlier string) error
	Clock    func() time.Time // nil for time.Now

	mu   sync.RWMutex
	open map[string][]Open // by agent
}

// Open is a record that is open.
type Open struct {
	Patient string // logical id
	Purpose string // code of v3-ActReason
	Until   time.Time

	task string // id of the Task that records it
}

// Load reads what is open, in the place of what was known.
func (d *Desk) Load(state fhir.State) error {
	fresh := &Desk{}
	ids, err := state.Find("Task", query)
	if err != nil {
		return err
	}
	for _, id := range ids {
		v, err := state.Current("Task", id)
		if err != nil {
			return err
		}
		o, err := openingOf(v)
		if err != nil {
			return err
		}
		if o != nil && v.Requester.Agent == o.by() {
			fresh.add(o)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = fresh.open
	return nil
}

func (d *Desk) add(o *opening) {
	patient, ok := strings.CutPrefix(o.patient(), "Patient/")
	if !ok || !fhir.IsID(patient) {
		return // nothing that the operation makes
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open == nil {
		d.open = map[string][]Open{}
	}
	who := o.by()
	d.open[who] = append(slices.Clone(d.open[who]), Open{patient, o.purpose(), o.until(), o.task.ID()})
}

// To returns what is open to somebody at present: each patient once, until the last of
// what they have opened ends.
func (d *Desk) To(who fhir.Principal) (list []Open) {
	d.mu.RLock()
	all := d.open[who.Agent]
	d.mu.RUnlock()
	if len(all) == 0 {
		return nil
	}
	now, over := time.Now(), false
	if d.Clock != nil {
		now = d.Clock()
	}
	for _, o := range all {
		i := slices.IndexFunc(list, func(other Open) bool { return other.Patient == o.Patient })
		switch {
		case !now.Before(o.Until):
			over = true
		case i < 0:
			list = append(list, o)
		case o.Until.After(list[i].Until):
			list[i] = o
		}
	}
	if over {
		d.drop(who.Agent, func(o Open) bool { return !now.Before(o.Until) })
	}
	return list
}

// drop forgets what is over.
func (d *Desk) drop(agent string, over func(Open) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(d.open[agent]), over)
	if d.open[agent] = left; len(left) == 0 {
		delete(d.open, agent)
	}
}
