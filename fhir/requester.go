package fhir

import (
	"slices"
	"strings"
)

// Requester is who asked for a write, as far as the server knows. The zero value
// is the server itself.
type Requester struct {
	Agent    string // who: a reference or an identifier, "Practitioner/1", "sds-user-id|7654321"
	Display  string // their name
	OnBehalf string // the organisation, an ODS code

	// Delegates are the other organisations that they may act for. Unbound
	// callers may act for any: the operator's commands, and the user of a
	// sandbox. Neither is stored.
	Delegates []string
	Unbound   bool
}

// Bound reports whether they act for the organisations that they are known to
// act for, and for no other.
func (r Requester) Bound() bool { return r.Agent != "" && !r.Unbound }

// ActsFor reports whether they may act for an organisation, by its ODS code.
func (r Requester) ActsFor(organisation string) bool {
	if !r.Bound() {
		return true
	}
	same := func(other string) bool { return strings.EqualFold(organisation, other) }
	return organisation != "" && (same(r.OnBehalf) || slices.ContainsFunc(r.Delegates, same))
}

// NotFor is the refusal of who acts for an organisation that is not theirs: it
// is decided by what they sent, before anything is looked up.
func (r Requester) NotFor(op string, said Node, organisation string) error {
	own := r.OnBehalf
	if own == "" {
		own = "none: the token has no claim that names it"
	}
	return E(op, Forbidden, Issue{Message: "The caller does not act for this organisation.", Found: organisation, Expected: strings.Join(append([]string{own}, r.Delegates...), ", "),
		Expression: said.Expression(), Position: said.Position(), Rule: "actor",
		Fix: "Send it with a token of that organisation, or have the operator of the server name yours as its delegate (serve --delegates)."})
}
