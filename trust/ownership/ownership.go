// Package ownership says whose a resource is: which organisations see it. The
// rules are a table by type, ownership.tsv, with the reason of each row; what
// they say of a version is a function of that version alone, so that the owners
// of everything follow from the log. Package store keeps them and applies them.
package ownership

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// Site is the owner that stands for the pharmacy that the server serves, whatever
// its code: what names no other pharmacy is its, and what the operator's commands
// write.
const Site = "@site"

// version is that of the rules: raise it when the same version of a resource has
// other owners, and databases renew them.
const version = "3"

// Rules are the rules of a server.
type Rules struct{ site string }

// New returns the rules of the server of a pharmacy, by its ODS code; "" where it
// serves none.
func New(site string) *Rules { return &Rules{strings.ToUpper(site)} }

// Version names the rules; it does not depend on the pharmacy.
func (*Rules) Version() string { return version }

// Public reports whether whoever may read a type sees all its resources:
// directories, products and definitions. A type that is not of R4 is not public.
func (*Rules) Public(typ string) bool { return table[typ].public }

// Sight returns whose resources a principal sees, sorted; all for everybody's.
func (r *Rules) Sight(p fhir.Principal) (owners []string, all bool) {
	if owners, all = p.Owners(); all {
		return nil, true
	}
	if r.site != "" && p.ActsFor(r.site) {
		owners = append(owners, Site)
	}
	return sorted(owners), false
}

// Of returns what a version says about whose its resource is; r is its content,
// nil for a deletion.
func (*Rules) Of(v *fhir.Version, r *fhir.Resource) fhir.Ownership {
	own := writtenBy(v.Requester)
	if r == nil {
		return own
	}
	rule := table[v.Type]
	for _, path := range rule.named {
		path.each(r.Root(), func(n fhir.Node) { name(&own, n, maxContained) })
	}
	if rule.site.members != nil && r.Get("groupIdentifier").Exists() && !rule.site.says(r.Root()) {
		own.Named = append(own.Named, Site)
	}
	own.Inherits, own.Shares = references(r.Root(), rule.inherits), references(r.Root(), rule.shares)
	own.Named, own.Through = sorted(own.Named), sorted(own.Through)
	return own
}

// writtenBy tells on whose behalf a version was written: a follower's is nobody's,
// a command's the pharmacy's.
func writtenBy(who fhir.Principal) fhir.Ownership {
	switch {
	case strings.ContainsAny(who.OnBehalf, "@\x00") || len(who.OnBehalf) > maxCode:
		return fhir.Ownership{} // not a code: nobody's
	case who.OnBehalf != "":
		return fhir.Ownership{Writers: []string{strings.ToUpper(who.OnBehalf)}}
	case who.Agent == "" || strings.HasPrefix(who.Agent, "follower|"):
		return fhir.Ownership{Server: true}
	case who.Agent == "Device/pestle":
		return fhir.Ownership{Writers: []string{Site}}
	}
	return fhir.Ownership{Writers: []string{""}}
}

// odsSystem is the system of ODS codes:
// https://simplifier.net/guide/ukcoreimplementationguide, Identifier systems.
const odsSystem = "https://fhir.nhs.uk/Id/ods-organization-code"

// maxContained is how many contained resources lead to an organisation at most: a
// role does, by its service.
const maxContained = 3

// name adds the organisation that an Identifier or a Reference names.
func name(own *fhir.Ownership, n fhir.Node, depth int) {
	if code := odsCode(n); code != "" {
		own.Named = append(own.Named, code)
		return
	}
	if code := odsCode(n.Get("identifier")); code != "" {
		own.Named = append(own.Named, code)
		return // whatever the entry of a directory that it refers to says
	}
	ref := n.Get("reference").Text()
	if id, ok := strings.CutPrefix(ref, "#"); ok && depth > 0 {
		nameContained(own, n, id, depth)
	} else if !ok && ref != "" {
		own.Through = append(own.Through, ref)
	}
}

// nameContained adds the organisation of a contained role or organisation. What a
// contained resource refers to is contained too, or stored.
func nameContained(own *fhir.Ownership, n fhir.Node, id string, depth int) {
	for c := range n.Resource().Root().Get("contained").Items() {
		if id == "" || c.Get("id").Text() != id {
			continue
		}
		for _, path := range table[c.Get("resourceType").Text()].named {
			path.each(c, func(m fhir.Node) { name(own, m, depth-1) })
		}
	}
}

func odsCode(identifier fhir.Node) string {
	code := identifier.Get("value").Text()
	if identifier.Get("system").Text() != odsSystem || !odsForm.MatchString(code) {
		return ""
	}
	return strings.ToUpper(code)
}

// odsForm is the form of an ODS code, in whatever case; maxCode bounds what a
// token names an organisation by.
var odsForm = regexp.MustCompile(`^[A-Za-z0-9]{1,12}$`)

const maxCode = 64

// references are those under some paths, as they are written.
func references(root fhir.Node, paths []path) (list []string) {
	for _, p := range paths {
		p.each(root, func(n fhir.Node) {
			if ref := n.Get("reference").Text(); ref != "" && ref[0] != '#' {
				list = append(list, ref)
			}
		})
	}
	return sorted(list)
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
