package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// referring are the types whose literal references lead to something, when
// [Options.References] is set: the records of prescribing, dispensing, supply
// and money. Each has an index entry for every resource of this server that it
// refers to, wherever in it, so that a deletion finds them; whoever changes the
// table raises indexVersion.
var referring = map[string]bool{
	"MedicationRequest": true, "MedicationDispense": true, "Task": true, "Claim": true, "ClaimResponse": true,
	"Invoice": true, "SupplyRequest": true, "SupplyDelivery": true, "DetectedIssue": true,
}

// Refers reports whether the references of a type must lead to what is stored, where
// [Options.References] says so.
func Refers(typ string) bool { return referring[typ] }

// refersTo is the parameter of the entries for references.
const refersTo = "_refers"

// referenceEntries are the entries of a resource for what it refers to. An
// absolute address counts as one of this server, since its address is not
// known here; [planner.referrers] looks closer.
func referenceEntries(r *fhir.Resource) (entries []search.Entry) {
	eachLink(r, func(n fhir.Node) {
		if typ, id := localEnd(n.Text()); typ != "" {
			entries = append(entries, search.Entry{Param: refersTo, Key: search.ReferenceKey(typ, id)})
		}
	})
	return entries
}

// localEnd is the type and id that an address ends with, if it does.
func localEnd(text string) (typ, id string) {
	target := fhir.LinkOf(text).Target
	steps := strings.Split(target, "/")
	if len(steps) < 2 {
		return "", ""
	}
	typ, id = steps[len(steps)-2], steps[len(steps)-1]
	if !r4.IsResource(typ) || !fhir.IsID(id) || len(steps) > 2 && !strings.Contains(target, "://") {
		return "", ""
	}
	return typ, id
}

// enforce refuses references of the referring types, and of attachments, to what is not there after
// the transaction, and deletions, but for purges, of what they refer to. What the current
// version refers to already is left alone: data older than the rule must not
// stop other changes.
func (p *planner) enforce() error {
	if !p.references {
		return nil
	}
	for i := range p.steps {
		s := &p.steps[i]
		var err error
		switch {
		case p.tx.Changes[i].Purge: // what others say of it stays
		case s.applied == fhir.Removed:
			err = p.unreferred(i)
		case s.writes():
			err = p.existing(i)
		}
		if err != nil {
			return err
		}
	}
	return p.refused.err(p.tx.Changes)
}

// existing refuses the references of a resource that lead to nothing.
func (p *planner) existing(i int) error {
	c, s := &p.tx.Changes[i], &p.steps[i]
	if !referring[s.typ] && !mayAttach(s.resource.JSON()) {
		return nil
	}
	known := map[string]bool{}
	was, err := contentOf(s.before)
	if err != nil {
		return err
	}
	if was != nil {
		eachLink(was, func(n fhir.Node) {
			known[n.Text()] = true
			if typ, id := search.Local(n.Text(), p.v.own); typ != "" {
				known[typ+"/"+id] = true
			}
		})
	}
	eachLink(s.resource, func(n fhir.Node) {
		typ, id := search.Local(n.Text(), p.v.own)
		switch {
		case err != nil || c.Message && copied(n):
			return
		case typ == "":
			if vague(n.Text(), p.v.own) && !known[n.Text()] {
				p.refused.add(c, fhir.Processing, false, vagueReference(c, n))
			}
			return
		}
		found, there := "", false
		if found, there, err = p.there(c, typ, id); err != nil || there || known[typ+"/"+id] && !p.removes(typ+"/"+id) {
			return
		}
		p.refused.add(c, fhir.Processing, false, fhir.Issue{
			Code: fhir.NotFound, Expression: within(c, n), Position: n.Position(),
			Message:  fmt.Sprintf("The reference leads to nothing: %s/%s %s.", typ, id, found),
			Expected: "a resource that is stored here or is in the same transaction", Found: n.Text(),
			Fix: "Send the resource first or in the same transaction, or correct the reference.",
		})
	})
	return err
}

// vague reports whether a reference means this server, being relative or below
// one of its bases, and names no resource there.
func vague(text string, own search.Own) bool {
	if text == "" || strings.HasPrefix(text, "#") {
		return false
	}
	if !strings.Contains(text, ":") {
		return true
	}
	address, _, _ := strings.Cut(text, "?")
	for base := address; ; {
		slash := strings.LastIndexByte(base, '/')
		if slash < 0 || !strings.Contains(base, "://") {
			return false
		}
		if base = base[:slash]; own != nil && own(base) {
			return true
		}
	}
}

func vagueReference(c *fhir.Change, n fhir.Node) fhir.Issue {
	return fhir.Issue{
		Code: fhir.NotFound, Expression: within(c, n), Position: n.Position(),
		Message:  "The reference does not say which resource of this server is meant.",
		Expected: "Type/id or Type/id/_history/version, such as Patient/123", Found: n.Text(),
	}
}

func (p *planner) removes(ref string) bool {
	i, ok := p.targets[ref]
	return ok && p.steps[i].applied == fhir.Removed
}

// there reports whether a resource stands after the transaction, and remembers
// that the plan rests on it.
func (p *planner) there(c *fhir.Change, typ, id string) (found string, ok bool, err error) {
	if i, ok := p.targets[typ+"/"+id]; ok {
		return "is deleted by this transaction", p.steps[i].applied != fhir.Removed, nil
	}
	key := rest{resourceKey{typ, id}, p.tx.Derived && !c.Message}
	stands, asked := p.rests[key]
	if !asked {
		v, err := p.judging(c).shown(typ, id)
		if err != nil {
			return "", false, err
		}
		stands = v != nil && !v.Deleted()
		p.rests[key] = stands
	}
	return "does not exist", stands, nil
}

// rest is a resource that a plan rests on: whether the server's business sees it,
// or the requester.
type rest struct {
	resourceKey
	business bool
}

// unreferred refuses the deletion of what others refer to.
func (p *planner) unreferred(i int) error {
	c, s := &p.tx.Changes[i], &p.steps[i]
	refs, err := p.judging(nil).referrers(p.ctx, s.typ, s.id, func(ref string) bool {
		_, changed := p.targets[ref] // as it is after the transaction, see existing
		return changed
	})
	if err != nil || len(refs) == 0 {
		return err
	}
	p.refused.add(c, fhir.Conflict, false, fhir.Issue{
		Message:  fmt.Sprintf("%s cannot be deleted: other resources refer to it.", s.ref()),
		Expected: "no references to it", Found: strings.Join(refs, ", "),
		Fix: "Delete or change those first, or in the same transaction.",
	})
	return nil
}

// maxReferrers is how many an issue names.
const maxReferrers = 5

// referrers lists some of the resources that refer to a resource as [eachLink] has it, but for those to be left out.
func (v view) referrers(ctx context.Context, typ, id string, without func(ref string) bool) ([]string, error) {
	var refs []string
	clause := search.Clause{Param: refersTo, Ranges: []search.Range{search.ReferenceTo(typ, id, nil)}}
	for _, from := range r4.ResourceTypes() {
		if !referring[from] && typ != "Binary" || len(refs) == maxReferrers {
			continue
		}
		s, err := v.selection(ctx, from, []search.Clause{clause})
		if err != nil {
			return nil, err
		}
		var r rid
		for r, err = s.seek(1); r != 0 && err == nil && len(refs) < maxReferrers; r, err = s.seek(r + 1) {
			var ver *fhir.Version
			if ver, err = s.get(r); err != nil {
				break
			}
			refers := false
			if refers, err = leads(ver, typ, id, v.own); refers && !without(ver.Ref()) && ver.Ref() != typ+"/"+id {
				refs = append(refs, ver.Ref())
			}
			if err != nil {
				break
			}
		}
		if err = closeAll([]stream{s}, err); err != nil {
			return nil, err
		}
	}
	slices.Sort(refs)
	return refs, nil
}

// leads reports whether a version refers to a resource.
func leads(ver *fhir.Version, typ, id string, own search.Own) (found bool, err error) {
	r, err := contentOf(ver)
	if r == nil || err != nil {
		return false, err
	}
	eachLink(r, func(n fhir.Node) {
		t, i := search.Local(n.Text(), own)
		found = found || t == typ && i == id
	})
	return found, nil
}
