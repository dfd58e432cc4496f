package fhir

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Principal is who a request comes from, as the server established it: from an
// access token, a session, or the operating-system user of a command. Nothing
// in a body replaces it. The zero value is the server itself.
//
// Agent, Display, OnBehalf, Client, Roles and Purpose are stored with each version
// that the principal writes; the rest lives as long as the request.
type Principal struct {
	Agent    string // who: a reference or an identifier, "Practitioner/1", "sds-user-id|7654321"
	Display  string // their name
	OnBehalf string // the organisation, an ODS code

	Client   string    // the client_id of the software, "" where the token does not name it
	Roles    []string  // roles of the policy table; nil where nothing names any, so that scopes and organisation alone decide
	Purpose  string    // v3-PurposeOfUse: "TREAT"
	Verified time.Time // when the person last proved who they are; zero where that is not known
	Strength int       // how strongly they proved it: the authenticator assurance level, 1 to 3, of NIST SP 800-63B; 0 where that is not known
	Person   bool      // a person acts, by a program or not, rather than a program by itself

	// Delegates are the other organisations that they may act for. Unbound
	// callers may act for any: the operator's commands, and the user of a
	// sandbox.
	Delegates []string
	Unbound   bool
	// SeesAll is set for roles that see the resources of every organisation, such
	// as an auditor's.
	SeesAll bool
	// SeesNone is set for roles that see what belongs to nobody alone, such as an
	// administrator's: they act for no organisation.
	SeesNone bool
	// ChoosesIDs is set for who may create resources under any id that is free, and
	// so learns which ids those have that they do not see.
	ChoosesIDs bool
	// KeepsDirectory is set for who may change the entries of directories that
	// stand for any organisation.
	KeepsDirectory bool
	// Reach confines the principal to some of the resources of some types, by the
	// token with which they came; nil where nothing does.
	Reach Reach
}

// ProofTooOld is the cause of a refusal of a person who proved too long ago who they
// are, or not strongly enough:
// https://www.rfc-editor.org/rfc/rfc9470, insufficient_user_authentication.
type ProofTooOld struct {
	MaxAge time.Duration
	ACR    []string // values of acr that are strong enough, where the proof is not
}

func (e *ProofTooOld) Error() string {
	if len(e.ACR) > 0 {
		return "the proof is weaker than " + strings.Join(e.ACR, " or ")
	}
	return "the proof is older than " + e.MaxAge.String()
}

// Reach says which resources of a type a principal's token reaches.
type Reach interface {
	// Within returns the queries, in the form of a condition ("category=a&code=b"), of
	// which a resource must meet one to be reached by a letter of cruds; all for every
	// resource. Without a query none is reached. The letter 0 asks about what may be
	// referred to.
	Within(typ string, letter byte) (queries []string, all bool)
}

// Owners are the organisations whose resources the principal sees, as ODS codes
// in capitals; all reports that they see every resource. A bound principal
// without an organisation owns "", what was written by nobody's organisation.
func (p Principal) Owners() (codes []string, all bool) {
	if !p.Bound() || p.SeesAll {
		return nil, true
	}
	if p.SeesNone {
		return []string{}, false
	}
	codes = append(codes, strings.ToUpper(p.OnBehalf))
	for _, d := range p.Delegates {
		codes = append(codes, strings.ToUpper(d))
	}
	return codes, false
}

type principalKey struct{}

// WithPrincipal returns a context of a request of the principal.
func WithPrincipal(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// Identify says who the principal of a context is, where that is known later than
// the context is made.
func Identify(ctx context.Context, p Principal) {
	if known, ok := ctx.Value(principalKey{}).(*Principal); ok {
		*known = p
	}
}

// PrincipalIn returns whose request a context is of; the zero value, the server
// itself, where it is of none.
func PrincipalIn(ctx context.Context) Principal {
	if p, ok := ctx.Value(principalKey{}).(*Principal); ok {
		return *p
	}
	return Principal{}
}

// Bound reports whether they act for the organisations that they are known to
// act for, and for no other.
func (p Principal) Bound() bool { return p.Agent != "" && !p.Unbound }

// ActsFor reports whether they may act for an organisation, by its ODS code.
func (p Principal) ActsFor(organisation string) bool {
	if !p.Bound() {
		return true
	}
	same := func(other string) bool { return strings.EqualFold(organisation, other) }
	return organisation != "" && !p.SeesNone && (same(p.OnBehalf) || slices.ContainsFunc(p.Delegates, same))
}

// NotFor is the refusal of who acts for an organisation that is not theirs: it
// is decided by what they sent, before anything is looked up.
func (p Principal) NotFor(op string, said Node, organisation string) error {
	own := p.OnBehalf
	if own == "" {
		own = "none: the token has no claim that names it"
	}
	if p.SeesNone {
		own = "none: the caller's roles act for no organisation"
	}
	return E(op, Forbidden, Issue{Message: "The caller does not act for this organisation.", Found: organisation, Expected: strings.Join(append([]string{own}, p.Delegates...), ", "),
		Expression: said.Expression(), Position: said.Position(), Rule: "actor",
		Fix: "Send it with a token of that organisation, or have the operator of the server name yours as its delegate (serve --delegates)."})
}
