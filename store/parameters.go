package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
)

// A SearchParameter that is stored and active has index rows of its own, in the table of
// custom rows. They are made by steps of the committer, between the commits, from all
// versions that there are; from the commit that defines it on, each commit writes the rows
// of what it writes, as for the parameters of R4. So the rows of the resources up to the
// one at which the steps are hold for all time, and when they have gone through all, the
// parameter answers.

// parameters are the stored SearchParameters as one commit or step has left them. They
// never change.
type parameters struct {
	Index int // indexVersion by which the rows are made
	List  []*parameter

	defined *search.Custom // those that are not gone: commits keep their rows
	ready   *search.Custom // those that answer
}

// parameter is one definition.
type parameter struct {
	ID   string // of the SearchParameter
	Of   *search.Definition
	Gone bool // it is defined no more, and its rows are removed
	Work []work
}

// work is what is to be done for one type.
type work struct {
	Type  string
	Phase phase
	Next  rid // the first resource whose rows are not made
}

// phase is what is done for a type.
type phase int

const (
	dropping phase = iota // rows that it had before are removed
	indexing
	answering
)

// percent is how far the work is, of 100.
func (w work) percent(h head) int {
	switch {
	case w.Phase == answering:
		return 100
	case w.Phase == indexing && h.rid > 0:
		return int(uint64(w.Next) * 100 / uint64(h.rid+1))
	}
	return 0
}

func (p *parameters) encode() []byte {
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // it is made of texts and numbers
	}
	return b
}

// completed works out what follows from the list. Sets that are as they were stay the same.
func (p *parameters) completed(before *parameters) *parameters {
	var defined, ready []*search.Definition
	for _, one := range p.List {
		if one.Gone {
			continue
		}
		defined = append(defined, one.Of)
		answers := *one.Of
		answers.Types = nil
		for _, w := range one.Work {
			if w.Phase == answering {
				answers.Types = append(answers.Types, w.Type)
			}
		}
		if len(answers.Types) > 0 {
			ready = append(ready, &answers)
		}
	}
	p.defined, p.ready = search.NewCustom(defined), search.NewCustom(ready)
	if before != nil && before.defined.Key() == p.defined.Key() {
		p.defined = before.defined
	}
	return p
}

// parameters reads those of a database; nil where none are written, or by another
// version of the extraction.
func (v view) parameters() (*parameters, error) {
	b, ok, err := v.r.Get(keyParameters)
	if err != nil || !ok {
		return nil, err
	}
	p := &parameters{}
	if err := json.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("%w: the stored search parameters: %w", errCorrupt, err)
	}
	if p.Index != indexVersion {
		return nil, nil
	}
	return p.completed(nil), nil
}

// reread makes the parameters anew, from the SearchParameters that stand.
func (v view) reread() (*parameters, error) {
	p := &parameters{Index: indexVersion}
	table := keyTable(tableIdentity, searchParameter)
	it := v.r.Iterate(table, after(table), false)
	var err error
	for err == nil && it.Next() {
		var ver *fhir.Version
		if ver, err = v.current(searchParameter, string(it.Key()[len(table):])); err == nil {
			p, err = p.after([]*fhir.Version{ver})
		}
	}
	return p.completed(nil), ended(it, err)
}

const searchParameter = "SearchParameter"

// after returns the parameters as a commit leaves them; the same where it changes none.
func (p *parameters) after(versions []*fhir.Version) (*parameters, error) {
	out := p
	for _, ver := range versions {
		if ver == nil || ver.Type != searchParameter || ver.Damage != "" {
			continue
		}
		r, err := contentOf(ver)
		if err != nil {
			return nil, err
		}
		var of *search.Definition
		if r != nil {
			of, _ = search.ReadDefinition(ver.ID, r) // what cannot be indexed the guard has refused
		}
		out = out.with(ver.ID, of)
	}
	if out != p {
		out.completed(p)
	}
	return out, nil
}

// with returns the parameters with what a SearchParameter defines now; nil for nothing.
func (p *parameters) with(id string, of *search.Definition) *parameters {
	now := func(one *parameter) bool { return one.ID == id && !one.Gone }
	i := slices.IndexFunc(p.List, now)
	if i < 0 && of == nil || i >= 0 && of != nil && p.List[i].Of.Param.Code == of.Param.Code {
		return p
	}
	out := &parameters{Index: indexVersion}
	for _, one := range p.List {
		if of != nil && one.Of.Param.Code == of.Param.Code {
			continue // it was defined before, and is again
		}
		if now(one) {
			one = &parameter{ID: one.ID, Of: one.Of, Gone: true, Work: begin(one.Of.Types)}
		}
		out.List = append(out.List, one)
	}
	if of != nil {
		out.List = append(out.List, &parameter{ID: id, Of: of, Work: begin(of.Types)})
	}
	return out
}

func begin(types []string) (out []work) {
	for _, typ := range types {
		out = append(out, work{Type: typ})
	}
	return out
}

// waiting is the place of the first work that is to be done and that is not passed over;
// ok is false for none.
func (p *parameters) waiting(passed func(code, typ string) bool) (i, k int, ok bool) {
	for i, one := range p.List {
		for k, w := range one.Work {
			if w.Phase != answering && !passed(one.Of.Param.Code, w.Type) {
				return i, k, true
			}
		}
	}
	return 0, 0, false
}

// Custom are the SearchParameters that are stored, whether or not they answer yet.
func (db *DB) Custom() *search.Custom {
	if m := db.newest.Load(); m != nil {
		return m.parameters.defined
	}
	return nil
}

// Answering are the SearchParameters that are stored and answer.
func (db *DB) Answering() *search.Custom {
	if m := db.newest.Load(); m != nil {
		return m.parameters.ready
	}
	return nil
}

// custom are the SearchParameters by which a view is searched.
func (v view) custom() *search.Custom {
	if v.stored == nil {
		return nil
	}
	return v.stored.defined
}

// usable refuses a search by a stored SearchParameter that does not answer yet.
func (v view) usable(typ, param string) error {
	param, _, _ = strings.Cut(param, ":") // a modifier, or of what is contained
	if !search.IsCustom(param) {
		return nil
	}
	if v.stored != nil {
		for _, one := range v.stored.List {
			if one.Gone || one.Of.Param.Code != param {
				continue
			}
			for _, w := range one.Work {
				if w.Type == typ && w.Phase == answering {
					return nil
				}
				if w.Type == typ {
					return v.unready(one, w)
				}
			}
		}
	}
	return fhir.E("search", fhir.Conflict, fhir.Issue{Expression: search.NameOf(param),
		Message: "The stored SearchParameter " + search.NameOf(param) + " was changed or retired meanwhile.", Fix: "Send the search again."})
}

// unready says how far a parameter is.
func (v view) unready(one *parameter, w work) error {
	h, err := v.head()
	if err != nil {
		return err
	}
	return fhir.E("search", fhir.NoStore, fhir.Issue{Expression: one.Of.Name, Code: fhir.Throttled,
		Message: fmt.Sprintf("The search parameter %s is new: the index of %s is at %d %%, and would find too little. Nothing was searched.", one.Of.Name, w.Type, w.percent(h)),
		Fix:     "Send the search again later: the index is made beside other work."})
}

// usableIn asks for each clause, and for what they lead to.
func (v view) usableIn(typ string, clauses []search.Clause) error {
	if v.stored == nil && len(clauses) == 0 {
		return nil
	}
	for i := range clauses {
		c := &clauses[i]
		if err := v.usable(typ, c.Param); err != nil {
			return err
		}
		for _, all := range c.Any {
			if err := v.usableIn(typ, all); err != nil {
				return err
			}
		}
		for k := range c.Chain {
			if err := v.usableIn(c.Chain[k].Type, []search.Clause{c.Chain[k].Clause}); err != nil {
				return err
			}
		}
		for k := range c.Has {
			has := &c.Has[k]
			err := v.usable(has.Type, has.Ref)
			if err == nil {
				err = v.usableIn(has.Type, []search.Clause{has.Clause})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// usableQuery asks for all that a query rests on.
func (v view) usableQuery(q *search.Query) error {
	err := v.usableIn(q.Type, q.Clauses)
	for _, by := range q.Sort {
		for typ := q.Type; err == nil; typ, by = by.Chain.Type, by.Chain.Sort {
			if err = v.usable(typ, by.Param); by.Chain == nil {
				break
			}
		}
	}
	for _, list := range [][]search.Include{q.Include, q.RevInclude} {
		for i := range list {
			if err == nil {
				err = v.usable(list[i].Source, list[i].Param)
			}
		}
	}
	return err
}

// keptIn is a write of what the parameters have become.
func (p *parameters) keptIn(out *kv.Overlay) { out.Set(keyParameters, p.encode()) }

// define reads the parameters of a database, or works out what they are where none are
// written: after a restore, or by another version of the extraction.
func (db *DB) define(v view) error {
	p, err := v.parameters()
	if err == nil && p == nil {
		p, err = v.reread()
	}
	if err == nil {
		db.parameters.Store(p.completed(db.parameters.Load()))
	}
	return err
}

// redefine reads what a record of the log has made of the parameters.
func (db *DB) redefine(at fhir.Seq) error {
	snap, err := db.engine.Snapshot()
	if err != nil {
		return err
	}
	defer snap.Close()
	return db.define(view{r: snap, at: at})
}
