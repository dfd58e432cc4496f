package audit

import "slices"

// parts are the AuditEvents of an event, one for each patient: what is the same for
// all of them is computed once.
type parts struct {
	*Event
	patients []string
	shown    map[string][]int // places in Shown, ascending, by patient; "" for what is of none
}

func split(e *Event) *parts {
	p := &parts{Event: e, patients: e.Patients(), shown: map[string][]int{}}
	for i := range e.Shown {
		patients := e.Shown[i].Patients
		if len(patients) == 0 {
			patients = []string{""}
		}
		for _, patient := range patients {
			if list := p.shown[patient]; len(list) == 0 || list[len(list)-1] != i {
				p.shown[patient] = append(list, i)
			}
		}
	}
	return p
}

// len is how many AuditEvents the event is.
func (p *parts) len() int { return max(1, len(p.patients)) }

// patient is that of a part, "" for the only part of an event without patients.
func (p *parts) patient(part int) string {
	if part < len(p.patients) {
		return p.patients[part]
	}
	return ""
}

// of are the places in Shown of what a part tells of. What is of no patient is in
// the first part.
func (p *parts) of(part int) []int {
	patient := p.patient(part)
	if patient == "" || part > 0 {
		return p.shown[patient]
	}
	list := slices.Concat(p.shown[patient], p.shown[""])
	slices.Sort(list)
	return list
}
