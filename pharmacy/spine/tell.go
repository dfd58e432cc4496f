package spine

import (
	"context"
	"errors"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// tell sends the next status of each item. Where all are refused together, each is sent by
// itself, so that one that is wrong does not hold up the others.
func (s *Service) tell(ctx context.Context, x *record) (o outcome, err error) {
	o = outcome{called: true, entries: map[string]entry{}}
	return o, s.send(ctx, x.next(), o.entries)
}

func (s *Service) send(ctx context.Context, list []*entry, out map[string]entry) error {
	var ids []string
	var tasks []any
	for _, e := range list {
		ids = append(ids, e.id)
		tasks = append(tasks, fhir.Obj("fullUrl", "urn:uuid:"+e.id, "resource", e.task, "request", fhir.Obj("method", "POST", "url", "Task")))
	}
	bundle := fhir.Obj("resourceType", "Bundle", "type", "transaction", "entry", fhir.List(tasks...)).Resource()
	parts, err := s.nhs.Update(ctx, pharmacy.ID(append([]string{"nhs-request"}, ids...)...), bundle)
	switch {
	case isRefused(err) && len(list) > 1:
		for i := range list {
			if err := s.send(ctx, list[i:i+1], out); err != nil {
				return err
			}
		}
		return nil
	case isRefused(err):
		out[list[0].id] = entry{state: refused, said: words(err)}
		return nil
	case err != nil:
		return err
	}
	var again error
	for i, id := range ids {
		var p Part
		if i < len(parts) {
			p = parts[i]
		}
		switch {
		case p.Again != "":
			again = errors.New(p.Again)
		case p.Refused != "":
			out[id] = entry{state: refused, said: words(errors.New(p.Refused))}
		default:
			out[id] = entry{state: done}
		}
	}
	return again
}
