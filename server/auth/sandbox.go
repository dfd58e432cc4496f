package auth

import (
	"net/http"

	"github.com/pestle-fhir/pestle/fhir"
)

// Sandbox lets everybody do everything and asks for no proof. The caller acts
// for every organisation, and is User, unless the header NHSD-Session-URID names a role, as the sandboxes of
// NHS England's interfaces have it.
type Sandbox struct {
	User fhir.Principal
}

// Authenticate takes the caller from the headers. It never fails.
func (s Sandbox) Authenticate(r *http.Request) (Identity, error) {
	requester := s.User
	requester.Unbound = true
	if role := r.Header.Get("NHSD-Session-URID"); isDigits(role) {
		requester = fhir.Principal{
			Agent:    "https://fhir.nhs.uk/Id/sds-role-profile-id|" + role,
			Display:  s.User.Display,
			OnBehalf: s.User.OnBehalf,
			Unbound:  true,
		}
	}
	if requester.Agent == "" {
		requester.Agent = "sandbox"
	}
	return Identity{Requester: requester, Scopes: Full}, nil
}

// Challenge is empty: nobody is turned away.
func (Sandbox) Challenge(error) string { return "" }

func isDigits(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
