package actor

import (
	"net/url"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// The systems of identifiers by which those who act are named.
const (
	odsSystem  = "https://fhir.nhs.uk/Id/ods-organization-code"
	userSystem = "https://fhir.nhs.uk/Id/sds-user-id"
	roleSystem = "https://fhir.nhs.uk/Id/sds-role-profile-id"
)

// judge compares the actors of one resource with its writer.
type judge struct {
	state    fhir.State
	who      fhir.Principal
	resource *fhir.Resource
	was      *fhir.Resource // nil for one that is new
	steps    int            // from reference to reference
}

// judge returns what is wrong with naming an actor, nil for nothing. A reference
// without anything but a display names nobody whom the server could compare; it is
// stored beside who wrote the resource.
func (j *judge) judge(n fhir.Node) (*fhir.Issue, error) {
	id := n.Get("identifier")
	switch system, value := id.Get("system").Text(), id.Get("value").Text(); {
	case system == odsSystem && !j.who.ActsFor(value):
		return j.refused(n, value), nil
	case system == userSystem, system == roleSystem:
		if own, err := j.person(system, value); err != nil || !own {
			return j.refused(n, value), err
		}
	}
	ref := n.Get("reference").Text()
	if ref == "" || j.self(ref) {
		return nil, nil
	}
	own, err := j.refers(ref)
	if err != nil || own {
		return nil, err
	}
	return j.refused(n, ref), nil
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

// self reports whether a reference is to the caller, as their token names them.
func (j *judge) self(ref string) bool {
	return j.who.Agent == ref || strings.HasSuffix(j.who.Agent, "/"+ref)
}

func local(n fhir.Node) bool { return strings.HasPrefix(n.Get("reference").Text(), "#") }

// mostSteps bounds how many resources are read to judge one.
const mostSteps = 1000

// refers reports whether a reference leads to one of the caller's.
func (j *judge) refers(ref string) (bool, error) {
	if j.steps++; j.steps > mostSteps {
		return false, nil
	}
	if id, ok := strings.CutPrefix(ref, "#"); ok {
		for c := range j.resource.Get("contained").Items() {
			if c.Get("id").Text() == id {
				return j.actor(c.Get("resourceType").Text(), c, nil)
			}
		}
		return false, nil
	}
	ref, _, _ = strings.Cut(ref, "/_history/")
	typ, id, ok := strings.Cut(ref, "/")
	if !ok || strings.Contains(id, "/") {
		return false, nil // of another server: who that is cannot be told
	}
	v, err := j.state.Current(typ, id)
	if err != nil || v == nil || v.Deleted() {
		return false, err
	}
	r, err := v.Resource()
	if err != nil {
		return false, err
	}
	return j.actor(typ, r.Root(), v)
}

// actor reports whether a resource is of one for whom the caller acts. v is its
// version, nil for one that is contained.
func (j *judge) actor(typ string, n fhir.Node, v *fhir.Version) (bool, error) {
	switch typ {
	case "Organization":
		if code := identifierOf(n, odsSystem); code != "" {
			return j.who.ActsFor(code), nil
		}
		return j.wrote(v)
	case "PractitionerRole":
		if org := n.Get("organization"); org.Exists() {
			issue, err := j.judge(org)
			return issue == nil && (org.Get("reference").Exists() || org.Get("identifier").Exists()), err
		}
		if v == nil {
			return j.contained(n)
		}
		return j.wrote(v)
	case "Practitioner":
		if v == nil {
			return j.contained(n)
		}
		return j.practitioner(v)
	}
	return true, nil // a patient, a relative, a device: nobody whom the caller could act for
}

// contained judges somebody who is told of in the resource alone, by their
// identifiers.
func (j *judge) contained(n fhir.Node) (bool, error) {
	for _, system := range []string{userSystem, roleSystem} {
		if value := identifierOf(n, system); value != "" {
			return j.person(system, value)
		}
	}
	return true, nil
}

// wrote reports whether the caller acts for whoever wrote a resource first, where
// it does not say itself whose it is.
func (j *judge) wrote(v *fhir.Version) (bool, error) {
	if v == nil {
		return true, nil
	}
	first, err := j.state.First(v.Type, v.ID)
	if err != nil {
		return false, err
	}
	if first == nil {
		first = v
	}
	return first.Requester.OnBehalf == "" || j.who.ActsFor(first.Requester.OnBehalf), nil
}

// practitioner reports whether a person has a role in an organisation of the
// caller's; one without any role is of who wrote them.
func (j *judge) practitioner(v *fhir.Version) (bool, error) {
	ids, err := j.state.Find("PractitionerRole", "practitioner="+url.QueryEscape(v.Ref()))
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		if own, err := j.refers("PractitionerRole/" + id); err != nil || own {
			return own, err
		}
	}
	if len(ids) > 0 {
		return false, nil
	}
	return j.wrote(v)
}

// person reports whether a person who is named by an identifier is one of the
// caller's. Who is not stored is compared with the caller, where the token names
// them by the same system.
func (j *judge) person(system, value string) (bool, error) {
	short := strings.TrimPrefix(system, "https://fhir.nhs.uk/Id/")
	agent := strings.TrimPrefix(j.who.Agent, "https://fhir.nhs.uk/Id/")
	if mine, ok := strings.CutPrefix(agent, short+"|"); ok && mine == value {
		return true, nil
	}
	typ := map[string]string{userSystem: "Practitioner", roleSystem: "PractitionerRole"}[system]
	ids, err := j.state.Find(typ, "identifier="+url.QueryEscape(escape.Replace(system)+"|"+escape.Replace(value)))
	if err != nil {
		return false, err
	}
	owns := func(id string) bool {
		own, failed := j.refers(typ + "/" + id)
		if failed != nil {
			err = failed
		}
		return own
	}
	return len(ids) == 0 && !strings.HasPrefix(agent, short+"|") || slices.ContainsFunc(ids, owns), err
}

// escape keeps what has a meaning in search values from having one.
var escape = strings.NewReplacer(`\`, `\\`, `|`, `\|`, `,`, `\,`, `$`, `\$`)

func identifierOf(n fhir.Node, system string) string {
	for id := range n.Get("identifier").Items() {
		if id.Get("system").Text() == system {
			return id.Get("value").Text()
		}
	}
	return ""
}
