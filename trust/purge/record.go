package purge

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/internal/sorting"
)

// Versions is the database as this package reads it.
type Versions interface {
	// Log is the change log, whole.
	Log(ctx context.Context, behind fhir.Seq, limit int) ([]fhir.LogEntry, error)
	State(ctx context.Context) fhir.State
	// Own reports whether an absolute base is one of this server.
	Own(base string) bool
}

// record is the record of a patient as of the end of the log.
type record struct {
	patient string // Patient/1
	members map[string]*member
	born    time.Time // the latest day on which the patient may be born; zero where nothing says
}

// member is a resource of the record, with all its versions.
type member struct {
	typ, id  string
	newest   string    // its newest version id, a deletion too
	last     time.Time // of the newest version with content
	versions int       // with content
	mentions map[string]bool
	others   map[string]bool // other patients of whose records it is a part
	below    bool            // it is of no patient by itself; a member refers to it
	follows  bool            // it is of no patient by itself; it refers to a member
}

func (m *member) ref() string { return m.typ + "/" + m.id }

// reader reads the record of one patient. Whatever was a part of it in any version is
// a part of it: what was deleted and what is about another patient by now have
// versions that tell of this one. So the log is read, and no index. A part refers to
// the patient, or names them by an identifier, as claims and messages do. What is of no
// patient by itself (a signature, the header of a message) is a part where it refers
// to one; a file where a part refers to it, and nothing else does.
type reader struct {
	*record
	ctx    context.Context
	v      Versions
	public func(typ string) bool
	state  fhir.State
	here   map[string]bool // patients that the server has

	identifiers map[identifier]bool // of the patient, in any version
	systems     map[string]bool     // of these
}

// read reads the record of a patient.
func read(ctx context.Context, v Versions, public func(typ string) bool, id string) (*record, error) {
	r := &reader{&record{patient: "Patient/" + id, members: map[string]*member{}}, ctx, v, public, v.State(ctx), map[string]bool{}, map[identifier]bool{}, map[string]bool{}}
	for more := true; more; {
		var err error
		if more, err = r.pass(); err != nil {
			return nil, err
		}
	}
	if err := r.alone(); err != nil {
		return nil, err
	}
	return r.record, r.measure()
}

// each visits all versions of all types that a record may hold.
func (r *reader) each(visit func(ver *fhir.Version) error) error {
	const batch = 500
	for behind := fhir.Seq(0); ; {
		entries, err := r.v.Log(r.ctx, behind, batch)
		if err != nil || len(entries) == 0 {
			return err
		}
		for i := range entries {
			for _, ver := range entries[i].Versions {
				if r.public(ver.Type) || ver.Type == "AuditEvent" {
					continue
				}
				if err := visit(ver); err != nil {
					return err
				}
			}
		}
		behind = entries[len(entries)-1].Seq
	}
}

// pass finds members, and reports whether it found any: they may lead to others.
func (r *reader) pass() (more bool, err error) {
	wanted := map[string]bool{} // what members refer to
	for _, m := range r.members {
		for ref := range m.mentions {
			wanted[ref] = true
		}
	}
	return more, r.each(func(ver *fhir.Version) error {
		ref := ver.Ref()
		if ver.Deleted() {
			return nil
		}
		if r.members[ref] != nil {
			more = r.add(ver) || more
			if ref == r.patient {
				content, err := ver.Resource()
				if err != nil {
					return err
				}
				more = r.identify(content) || more
			}
			return nil
		}
		refers := ref == r.patient || r.spells(ver.JSON)
		if !refers {
			fhir.Mentions(ver.JSON, func(to []byte) bool {
				refers = string(to) == r.patient || r.members[string(to)] != nil
				return !refers
			})
		}
		if !refers && !wanted[ref] {
			return nil
		}
		content, err := ver.Resource()
		if err != nil || isProposal(content) {
			return err
		}
		if ref == r.patient {
			more = r.identify(content) || more
		}
		of, err := r.patients(content)
		if err != nil {
			return err
		}
		if !of[r.patient] && (len(of) > 0 || apart[ver.Type]) {
			return nil
		}
		r.members[ref], more = &member{typ: ver.Type, id: ver.ID, mentions: map[string]bool{}, others: map[string]bool{}, below: !of[r.patient] && !refers, follows: !of[r.patient] && refers}, true
		r.add(ver)
		return nil
	})
}

// add adds what a version of a member refers to, and reports whether any is new.
func (r *reader) add(ver *fhir.Version) (more bool) {
	m := r.members[ver.Ref()]
	fhir.Mentions(ver.JSON, func(to []byte) bool {
		more = more || !m.mentions[string(to)]
		m.mentions[string(to)] = true
		return true
	})
	return more
}

// patients are those of whose records a resource is a part, of the patients of this
// server: a message has the ids of its sender.
func (r *reader) patients(content *fhir.Resource) (of map[string]bool, err error) {
	of = map[string]bool{}
	for _, id := range search.Patients(content.Root(), r.v.Own) {
		ref := "Patient/" + id
		here, asked := r.here[ref]
		if !asked {
			v, err := r.state.Current("Patient", id)
			if err != nil {
				return nil, err
			}
			here = v != nil
			r.here[ref] = here
		}
		if here {
			of[ref] = true
		}
	}
	if len(of) == 0 && r.spells(content.JSON()) {
		r.identified(content.Root(), of)
	}
	return of, nil
}

// spells reports whether a text has the value of an identifier of the patient.
func (r *reader) spells(json []byte) bool {
	for id := range r.identifiers {
		if bytes.Contains(json, []byte(id.value)) {
			return true
		}
	}
	return false
}

// identified adds the patients that a resource names by an identifier alone, as a claim
// does: this one, and under the same system others.
func (r *reader) identified(n fhir.Node, of map[string]bool) {
	id := identifier{n.Get("system").Text(), n.Get("value").Text()}
	switch {
	case id.system == "" || id.value == "" || !r.systems[id.system]:
	case r.identifiers[id]:
		of[r.patient] = true
	default:
		of["Patient?identifier="+id.system+"|"+id.value] = true
	}
	for m := n.First(); m.Exists(); m = m.Next() {
		r.identified(m, of)
	}
}

// identifier is one of a patient.
type identifier struct{ system, value string }

// identify learns the identifiers of the patient from a version, and reports whether
// any is new.
func (r *reader) identify(patient *fhir.Resource) (more bool) {
	for n := range patient.Get("identifier").Items() {
		id := identifier{n.Get("system").Text(), n.Get("value").Text()}
		if id.system != "" && id.value != "" && !r.identifiers[id] {
			r.identifiers[id], r.systems[id.system], more = true, true, true
		}
	}
	return more
}

// alone leaves out what is of no patient by itself and refers to the record of another
// one too, such as the claims of a month.
func (r *reader) alone() error {
	for ref, m := range r.members {
		if !m.follows {
			continue
		}
		for to := range m.mentions {
			typ, id, _ := strings.Cut(to, "/")
			if r.members[to] != nil || !r4.IsResource(typ) || r.public(typ) || typ == "AuditEvent" {
				continue
			}
			ver, err := r.state.Current(typ, id)
			if err != nil {
				return err
			}
			if ver == nil || ver.Deleted() {
				continue
			}
			content, err := ver.Resource()
			if err != nil {
				return err
			}
			of, err := r.patients(content)
			if err != nil {
				return err
			}
			if len(of) > 0 {
				delete(r.members, ref)
				break
			}
		}
	}
	return nil
}

// measure reads the versions of the members and when the patient was born, and leaves
// out what members refer to and others too.
func (r *reader) measure() error {
	outside := map[string]bool{}
	err := r.each(func(ver *fhir.Version) error {
		if m := r.members[ver.Ref()]; m != nil {
			return r.version(m, ver)
		}
		fhir.Mentions(ver.JSON, func(to []byte) bool {
			if m := r.members[string(to)]; m != nil && m.below {
				outside[string(to)] = true
			}
			return true
		})
		return nil
	})
	for again := err == nil; again; {
		again = false
		for ref := range outside {
			if m := r.members[ref]; m != nil {
				delete(r.members, ref)
				again = true
				for to := range m.mentions { // it is an other now
					if below := r.members[to]; below != nil && below.below {
						outside[to] = true
					}
				}
			}
		}
	}
	return err
}

// version reads a version of a member.
func (r *reader) version(m *member, ver *fhir.Version) error {
	m.newest = ver.VersionID
	if ver.Deleted() {
		return nil
	}
	m.versions++
	m.last = ver.LastUpdated
	content, err := ver.Resource()
	if err != nil {
		return err
	}
	of, err := r.patients(content)
	for ref := range of {
		if ref != r.patient {
			m.others[ref] = true
		}
	}
	if ver.Ref() == r.patient {
		r.birth(content)
	}
	return err
}

// birth keeps the latest day that a version says; one without leaves what others say.
func (r *reader) birth(content *fhir.Resource) {
	if _, end, ok := search.Period(content.Root().Get("birthDate").Text()); ok && end.After(r.born) {
		r.born = end
	}
}

// list is the members in order.
func (r *record) list() (list []*member) {
	for _, m := range r.members {
		list = append(list, m)
	}
	sorting.By(list, func(a, b *member) int { return strings.Compare(a.ref(), b.ref()) })
	return list
}

// last is when the newest version of the record was written.
func (r *record) last() (last time.Time) {
	for _, m := range r.members {
		if m.last.After(last) {
			last = m.last
		}
	}
	return last
}

// content is how many versions have content.
func (r *record) content() (n int) {
	for _, m := range r.members {
		n += m.versions
	}
	return n
}

// digest is that of the resources with their newest versions: it tells two states of
// the record apart.
func digest(changes []fhir.Change) string {
	var lines []string
	for _, c := range changes {
		if c.Purge {
			lines = append(lines, c.Type+"/"+c.ID+"/_history/"+c.IfMatch+"\n")
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])
}

// changes are the purges of the record.
func (r *record) changes() (list []fhir.Change) {
	for _, m := range r.list() {
		list = append(list, fhir.Change{Method: fhir.Delete, Type: m.typ, ID: m.id, IfMatch: m.newest, Purge: true, Expression: m.ref()})
	}
	return list
}

// versionsOf are the addresses of all versions that purges erase, up to those that
// they were decided on.
func versionsOf(changes []fhir.Change) (list []string, err error) {
	for _, c := range changes {
		if !c.Purge {
			continue
		}
		n, err := strconv.Atoi(c.IfMatch)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("purge: %s/%s names no version", c.Type, c.ID)
		}
		for i := 1; i <= n; i++ {
			list = append(list, c.Type+"/"+c.ID+"/_history/"+strconv.Itoa(i))
		}
	}
	return list, nil
}
