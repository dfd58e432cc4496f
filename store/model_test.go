package store_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// model is the store said naively: a list of versions and loops over it.
type model struct {
	versions []*modelVersion // in the order written
	seq      fhir.Seq
}

type modelVersion struct {
	*fhir.Version
	number string // of the identifier
	source string // as it was sent
}

var errModel = errors.New("the model refuses")

// current is the version of a resource that stands at a sequence.
func (m *model) current(id string, at fhir.Seq) (found *modelVersion) {
	for _, v := range m.versions {
		if v.ID == id && v.Seq <= at {
			found = v
		}
	}
	return found
}

// find lists the patients with an identifier in the order of their creation.
func (m *model) find(number string, at fhir.Seq) []string {
	var ids []string
	for _, v := range m.versions {
		if v.VersionID != "1" {
			continue
		}
		if now := m.current(v.ID, at); now != nil && !now.Deleted() && now.number == number {
			ids = append(ids, v.ID)
		}
	}
	return ids
}

// draft is what a change comes to.
type draft struct {
	id      string
	applied fhir.Applied
}

// commit applies a transaction; ids are those that the store gives.
func (m *model) commit(tx *fhir.Transaction, newID func() string, at time.Time) ([]draft, error) {
	drafts := make([]draft, len(tx.Changes))
	ids := make([]string, len(tx.Changes))
	for i, c := range tx.Changes {
		if c.ID == "" && c.Method != fhir.Delete {
			ids[i] = newID()
		}
	}
	touched, claimed, created := map[string]bool{}, map[string]fhir.Applied{}, map[string]string{}
	var order []int
	for _, method := range []fhir.Method{fhir.Delete, fhir.Create, fhir.Update} {
		for i, c := range tx.Changes {
			if c.Method == method {
				order = append(order, i)
			}
		}
	}
	for _, i := range order {
		c := &tx.Changes[i]
		d, err := m.decide(c, ids[i], created)
		if err != nil {
			return nil, err
		}
		drafts[i] = d
		if d.applied == fhir.Matched && (c.Condition == "" || created[c.Condition] != "") || d.id == "" {
			continue
		}
		if other, ok := claimed[d.id]; ok && (other != fhir.Matched || d.applied != fhir.Matched) {
			return nil, errModel
		}
		claimed[d.id] = d.applied
		if d.applied == fhir.Created || d.applied == fhir.Updated || d.applied == fhir.Removed {
			touched[d.id] = true
		}
	}
	if m.twins(tx, drafts) {
		return nil, errModel
	}
	if len(touched) > 0 {
		m.seq++
	} else if slices.ContainsFunc(tx.Changes, func(c fhir.Change) bool { return c.Purge }) {
		return nil, errModel // nothing records it
	}
	for _, i := range order {
		if d := drafts[i]; touched[d.id] && d.applied != fhir.Matched && d.applied != fhir.Unchanged && d.applied != fhir.Kept {
			m.write(&tx.Changes[i], d, at, tx.Requester)
		}
	}
	for _, c := range tx.Changes {
		if c.Purge {
			m.purge(c.ID, tx.Requester.Agent, at)
		}
	}
	return drafts, nil
}

// purge empties all versions of a resource.
func (m *model) purge(id, by string, at time.Time) {
	for i, v := range m.versions {
		if v.ID == id && !v.Deleted() {
			left := *v.Version
			left.Method, left.JSON, left.Purged = fhir.Delete, nil, &fhir.Purged{Was: v.Method, Seq: m.seq, Time: at, By: by}
			m.versions[i] = &modelVersion{Version: &left}
		}
	}
}

// twins finds what a condition did not find and another change writes.
func (m *model) twins(tx *fhir.Transaction, drafts []draft) bool {
	for i, d := range drafts {
		c := &tx.Changes[i]
		if c.Condition == "" || d.applied != fhir.Created {
			continue
		}
		for k, other := range drafts {
			writes := other.applied == fhir.Created || other.applied == fhir.Updated || other.applied == fhir.Kept
			if r := tx.Changes[k].Resource; k != i && writes && r != nil &&
				r.Root().Path("identifier", "value").Text() == c.Condition[strings.LastIndex(c.Condition, "|")+1:] {
				return true
			}
		}
	}
	return false
}

func (m *model) decide(c *fhir.Change, fresh string, created map[string]string) (draft, error) {
	d := draft{id: c.ID}
	if c.Condition != "" {
		number := c.Condition[strings.LastIndex(c.Condition, "|")+1:]
		found := m.find(number, m.seq)
		switch {
		case len(found) > 1:
			return d, errModel
		case len(found) == 1 && c.Method == fhir.Create:
			return draft{found[0], fhir.Matched}, nil
		case len(found) == 1 && c.ID != "" && c.ID != found[0]:
			return d, errModel
		case len(found) == 1:
			d.id = found[0]
		case c.Method == fhir.Delete && c.IfMatch == "":
			return draft{"", fhir.Unchanged}, nil
		case c.Method == fhir.Delete:
			return d, errModel
		case created[c.Condition] != "":
			if c.Method == fhir.Update {
				return d, errModel
			}
			return draft{created[c.Condition], fhir.Matched}, nil
		default:
			if now := m.current(c.ID, m.seq); now != nil && !now.Deleted() {
				return d, errModel
			}
			if d.id == "" {
				d.id = fresh
			}
			created[c.Condition] = d.id
		}
	}
	if d.id == "" {
		d.id = fresh
	}
	now := m.current(d.id, m.seq)
	stands := now != nil && !now.Deleted()
	if c.Purge && (now == nil || c.IfMatch != "" && now.VersionID != c.IfMatch) {
		return d, errModel
	}
	if c.Purge && !stands {
		d.applied = fhir.Unchanged
		return d, nil
	}
	if c.IfAbsent && now != nil {
		return draft{d.id, fhir.Matched}, nil
	}
	switch {
	case c.Method == fhir.Delete && !stands && c.IfMatch == "":
		d.applied = fhir.Unchanged
	case c.IfMatch != "" && (!stands || now.VersionID != c.IfMatch):
		return d, errModel
	case c.Method == fhir.Delete:
		d.applied = fhir.Removed
	case c.Method == fhir.Create && now != nil:
		return d, errModel
	case stands && now.source == string(c.Resource.JSON()):
		d.applied = fhir.Kept
	case stands:
		d.applied = fhir.Updated
	default:
		d.applied = fhir.Created
	}
	return d, nil
}

func (m *model) write(c *fhir.Change, d draft, at time.Time, who fhir.Principal) {
	n := 1
	if now := m.current(d.id, m.seq); now != nil {
		last, _ := strconv.Atoi(now.VersionID)
		n = last + 1
	}
	v := &fhir.Version{Requester: who, Type: "Patient", ID: d.id, VersionID: strconv.Itoa(n), Seq: m.seq, LastUpdated: at, Method: c.Method}
	number, source := "", ""
	if c.Resource != nil {
		source = string(c.Resource.JSON())
		v.JSON = c.Resource.Stamp(d.id, v.VersionID, at)
		number = c.Resource.Root().Path("identifier", "value").Text()
	}
	m.versions = append(m.versions, &modelVersion{v, number, source})
}

// history lists all versions that a query means, in its order.
func (m *model) history(q fhir.HistoryQuery) []*fhir.Version {
	var out []*fhir.Version
	for _, v := range slices.Backward(m.versions) {
		if v.Seq <= q.AsOf && (q.ID == "" || v.ID == q.ID) && !v.LastUpdated.Before(q.Since) && m.stood(v, q) {
			out = append(out, v.Version)
		}
	}
	if q.Oldest {
		slices.Reverse(out)
	}
	return out
}

// stood reports whether a version was current at the instant, or within the
// time, that a query names.
func (m *model) stood(v *modelVersion, q fhir.HistoryQuery) bool {
	if q.At.IsZero() {
		return true
	}
	if v.LastUpdated.After(q.At) {
		return v.LastUpdated.Before(q.Until)
	}
	for _, later := range m.versions {
		if later.ID == v.ID && later.Seq > v.Seq && later.Seq <= q.AsOf && !later.LastUpdated.After(q.At) {
			return false
		}
	}
	return true
}
