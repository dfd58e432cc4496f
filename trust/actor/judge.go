package actor

import (
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/trust/person"
)

// odsSystem is the system of identifiers by which organisations are named.
const odsSystem = "https://fhir.nhs.uk/Id/ods-organization-code"

// judge compares the actors of one resource with its writer.
type judge struct {
	state    fhir.State
	who      fhir.Principal
	own      search.Own // which absolute references are to this server
	resource *fhir.Resource
	was      *fhir.Resource // nil for one that is new
	steps    int            // from reference to reference
}

// verdict is what a comparison of an actor with the caller tells.
type verdict int

const (
	unknown verdict = iota // nothing that could be compared
	own                    // the caller, their organisation or one of its people
	foreign
)

// with is the verdict of two comparisons: both have to be the caller's.
func (v verdict) with(other verdict) verdict { return max(v, other) }

func ownIf(ok bool) verdict {
	if ok {
		return own
	}
	return foreign
}

// judge compares an actor. A reference without anything but a display names nobody
// whom the server could compare; it is stored beside who wrote the resource. found
// is what names somebody else.
func (j *judge) judge(n fhir.Node) (is verdict, found string, err error) {
	id := n.Get("identifier")
	switch system, value := id.Get("system").Text(), id.Get("value").Text(); system {
	case odsSystem:
		is = ownIf(j.who.ActsFor(value))
		found = value
	case person.UserSystem, person.RoleSystem:
		is, err = j.person(system, value)
		found = value
	}
	ref := n.Get("reference").Text()
	if ref == "" || is == foreign || err != nil {
		return is, found, err
	}
	if person.Same(j.who.Agent, ref, j.own) {
		return own, "", nil
	}
	other, err := j.refers(ref)
	return is.with(other), ref, err
}

func (j *judge) refused(n fhir.Node, found string) *fhir.Issue {
	own := j.who.OnBehalf
	if own == "" {
		own = "none"
	}
	return &fhir.Issue{Severity: fhir.Err, Code: fhir.Forbidden, Rule: "actor", Message: "The caller does not act for whom this names as the one who acts.",
		Expression: n.Expression(), Position: n.Position(), Found: found, Expected: "the caller, their organisation (" + own + ") or somebody who has a PractitionerRole in it",
		Fix: "Name who sends this request; store the Organization or PractitionerRole first, or have it sent with a token of theirs. The server records the caller in any case."}
}

func local(n fhir.Node) bool { return strings.HasPrefix(n.Get("reference").Text(), "#") }

// mostSteps bounds how many resources are read to judge one.
const mostSteps = 1000

// refers judges what a reference leads to.
func (j *judge) refers(ref string) (verdict, error) {
	if j.steps++; j.steps > mostSteps {
		return foreign, nil
	}
	if id, ok := strings.CutPrefix(ref, "#"); ok {
		for c := range j.resource.Get("contained").Items() {
			if c.Get("id").Text() == id {
				return j.actor(c.Get("resourceType").Text(), c, nil)
			}
		}
		return foreign, nil
	}
	typ, id := search.Local(ref, j.own)
	if typ == "" {
		return foreign, nil // of another server: who that is cannot be told
	}
	v, err := j.state.Current(typ, id)
	if err != nil || v == nil || v.Deleted() {
		return foreign, err
	}
	r, err := v.Resource()
	if err != nil {
		return foreign, err
	}
	return j.actor(typ, r.Root(), v)
}

// actor judges a resource. v is its version, nil for one that is contained.
func (j *judge) actor(typ string, n fhir.Node, v *fhir.Version) (verdict, error) {
	switch typ {
	case "Organization":
		if code := identifierOf(n, odsSystem); code != "" {
			return ownIf(j.who.ActsFor(code)), nil
		}
		return j.wrote(v)
	case "PractitionerRole":
		return j.role(n, v)
	case "Practitioner":
		if v == nil {
			return j.contained(n)
		}
		return j.practitioner(v)
	}
	return unknown, nil // a patient, a relative, a device: nobody whom the caller could act for
}

// role judges somebody in a role: by its organisation, and by who says that they
// have it.
func (j *judge) role(n fhir.Node, v *fhir.Version) (verdict, error) {
	org := n.Get("organization")
	switch {
	case !org.Exists() && v == nil:
		return j.contained(n)
	case !org.Exists():
		return j.wrote(v)
	case !org.Get("reference").Exists() && !org.Get("identifier").Exists():
		return foreign, nil
	}
	is, _, err := j.judge(org)
	if err != nil || is == foreign || v == nil {
		return is, err
	}
	vouched, err := j.vouched(n.Path("practitioner", "reference").Text(), v)
	return is.with(ownIf(vouched)), err
}

// vouched reports whether a role tells that a person works for an organisation. The
// national register says so (sds-role-profile-id), and the server does not have it:
// what remains is who wrote the role. One that an organisation writes for itself
// about another organisation's entry of a person tells nothing: it writes an entry
// of its own, or has the other one or the operator write the role.
func (j *judge) vouched(practitioner string, role *fhir.Version) (bool, error) {
	typ, id := search.Local(practitioner, j.own)
	if typ == "" {
		return true, nil // an identifier, or a display, of nobody's entry
	}
	keeps, err := j.state.First(typ, id)
	if err != nil || keeps == nil {
		return false, err
	}
	wrote, err := j.state.First(role.Type, role.ID)
	if err != nil || wrote == nil {
		return wrote == nil && j.who.ActsFor(keeps.Requester.OnBehalf), err
	}
	keeper, writer := keeps.Requester.OnBehalf, wrote.Requester.OnBehalf
	return keeper == "" || writer == "" || strings.EqualFold(keeper, writer) || j.who.ActsFor(keeper), nil
}

// contained judges somebody who is told of in the resource alone, by their
// identifiers.
func (j *judge) contained(n fhir.Node) (verdict, error) {
	for _, system := range []string{person.UserSystem, person.RoleSystem} {
		if value := identifierOf(n, system); value != "" {
			return j.person(system, value)
		}
	}
	return unknown, nil
}

// wrote judges by whoever wrote a resource first, where it does not say itself
// whose it is.
func (j *judge) wrote(v *fhir.Version) (verdict, error) {
	if v == nil {
		return unknown, nil
	}
	first, err := j.state.First(v.Type, v.ID)
	if err != nil {
		return foreign, err
	}
	if first == nil {
		first = v
	}
	if first.Requester.OnBehalf == "" {
		return unknown, nil
	}
	return ownIf(j.who.ActsFor(first.Requester.OnBehalf)), nil
}

// practitioner reports whether a person has a role in an organisation of the
// caller's; one without any role is of who wrote them.
func (j *judge) practitioner(v *fhir.Version) (verdict, error) {
	ids, err := j.state.Find("PractitionerRole", "practitioner="+url.QueryEscape(v.Ref()))
	if err != nil {
		return foreign, err
	}
	for _, id := range ids {
		if is, err := j.refers("PractitionerRole/" + id); err != nil || is != foreign {
			return is, err
		}
	}
	if len(ids) > 0 {
		return foreign, nil
	}
	return j.wrote(v)
}

// person judges a person who is named by an identifier. Who is not stored is compared
// with the caller, where the token names them by the same system.
func (j *judge) person(system, value string) (verdict, error) {
	agent := person.Name(j.who.Agent, j.own)
	if agent == system+"|"+value {
		return own, nil
	}
	typ := map[string]string{person.UserSystem: "Practitioner", person.RoleSystem: "PractitionerRole"}[system]
	ids, err := person.Find(j.state, typ, system, value)
	if err != nil {
		return foreign, err
	}
	is := foreign
	if len(ids) == 0 && !strings.HasPrefix(agent, system+"|") {
		is = unknown
	}
	for _, id := range ids {
		next, err := j.refers(typ + "/" + id)
		if err != nil {
			return foreign, err
		}
		is = min(is, next) // one of them is enough
		if next == own {
			return own, nil
		}
	}
	return is, nil
}

func identifierOf(n fhir.Node, system string) string {
	for id := range n.Get("identifier").Items() {
		if id.Get("system").Text() == system {
			return id.Get("value").Text()
		}
	}
	return ""
}
