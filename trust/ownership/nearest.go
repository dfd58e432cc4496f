package ownership

import "github.com/pestle-fhir/pestle/fhir"

// Nearest returns the [fhir.Narrow] of each directory: a condition that finds
// several entries means those that were first written for the caller's organisation,
// and where none was, the oldest one. So nobody stops the messages of others by a
// second entry of the same number.
func (r *Rules) Nearest() map[string]fhir.Narrow {
	list := map[string]fhir.Narrow{}
	for typ, rule := range table {
		if !rule.public || rule.open {
			continue
		}
		list[typ] = func(state fhir.State, who fhir.Principal, ids []string) ([]string, error) {
			if len(ids) < 2 || !who.Bound() {
				return ids, nil
			}
			return r.nearest(state, typ, who, ids)
		}
	}
	return list
}

func (r *Rules) nearest(state fhir.State, typ string, who fhir.Principal, ids []string) (own []string, err error) {
	oldest, since := "", fhir.Seq(0)
	for _, id := range ids {
		first, err := state.First(typ, id)
		if err != nil {
			return nil, err
		}
		if first == nil {
			continue
		}
		if r.actsForOne(who, writtenBy(first.Requester).Writers) {
			own = append(own, id)
		}
		if oldest == "" || first.Seq < since {
			oldest, since = id, first.Seq
		}
	}
	if len(own) == 0 && oldest != "" {
		own = []string{oldest}
	}
	return own, nil
}
