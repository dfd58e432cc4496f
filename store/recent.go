package store

import "github.com/pestle-fhir/pestle/fhir"

// recent knows which resources the latest commits have written, so that most
// plans are checked without a look into the database.
type recent struct {
	since      fhir.Seq // every write behind this commit is known
	turned     fhir.Seq // the newest commit when young began
	young, old map[resourceKey]fhir.Seq
}

type resourceKey struct{ typ, id string }

// maxRecent is how many resources young holds before it becomes old.
const maxRecent = 4096

// note remembers what a commit has written. before is the commit ahead of it,
// or itself when it wrote no version.
func (m *recent) note(p *plan, before, seq fhir.Seq) {
	if m.young == nil || len(m.young) >= maxRecent {
		if m.young != nil {
			m.since = m.turned
		}
		m.turned, m.old, m.young = before, m.young, map[resourceKey]fhir.Seq{}
	}
	for i := range p.steps {
		if s := &p.steps[i]; s.writes() {
			m.young[resourceKey{s.typ, s.id}] = seq
		}
	}
}

// changed reports whether a resource was written behind a commit, if that is
// known.
func (m *recent) changed(typ, id string, behind fhir.Seq) (changed, known bool) {
	if behind < m.since {
		return false, false
	}
	key := resourceKey{typ, id}
	return m.young[key] > behind || m.old[key] > behind, true
}
