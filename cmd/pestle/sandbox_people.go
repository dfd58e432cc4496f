package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// person makes a person of the sandbox.
func person(name, agent, display, organisation, role, scopes string) oauth.Person {
	return oauth.Person{Name: name, Agent: agent, Display: display, Organisation: organisation, Roles: []string{role}, Scopes: scopes}
}

const (
	staffScopes = "user/*.cruds user/Provenance.crs user/Consent.crus user/Subscription.crud " +
		"user/Task/$accept user/Task/$release user/Task/$return user/Task/$withdraw user/Task/$hold user/Task/$release-hold user/Task/$approve user/Task/$reject user/Task/$record-original user/Task/$query user/Task/$correct user/Task/$check user/Task/$dispense user/Task/$owe user/Task/$hand-over user/Task/$put-back user/Task/$dispatch user/Task/$fail-delivery user/Task/$tracking-status user/Claim/$submit user/$process-message user/$validate"
	clinicScopes  = "system/*.cruds system/Provenance.crs system/Subscription.crud system/$process-message system/Task/$cancel system/$validate"
	financeScopes = "user/*.cruds user/Claim/$export-month user/Claim/$close-month user/Claim/$reprice"
	auditScopes   = "user/*.rs user/AuditEvent.rs user/Provenance.rs user/Consent.rs user/Subscription.rs user/Claim/$export-month"
)

// sandboxPeople are who can be tried in a sandbox. Their roles narrow their scopes.
var sandboxPeople = []oauth.Person{
	person("clinic", "clinic-x99cl", "Sandbox Attention Clinic's system", sandboxClinic, "clinic-system", clinicScopes),
	person("clinic-2", "clinic-a83008", "Another clinic's system", "A83008", "clinic-system", clinicScopes),
	person("pharmacist", "Practitioner/sandbox-pharmacist", "Sandbox pharmacist", sandboxPharmacy, "pharmacist", staffScopes),
	person("pharmacist-2", "sds-user-id|555000000002", "Second sandbox pharmacist", sandboxPharmacy, "pharmacist", staffScopes),
	person("pharmacy-2", "sds-user-id|555000000565", "Another pharmacy's pharmacist", "FA565", "pharmacist", staffScopes),
	person("support", "sds-user-id|555000000003", "Customer service", sandboxPharmacy, "customer-service", staffScopes),
	person("finance", "sds-user-id|555000000004", "Finance", sandboxPharmacy, "finance", financeScopes),
	person("auditor", "sds-user-id|555000000005", "Auditor", sandboxPharmacy, "auditor", auditScopes),
}

// sandboxPerson finds a person by name.
func sandboxPerson(name string) (oauth.Person, error) {
	var names []string
	for _, p := range sandboxPeople {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return oauth.Person{}, fmt.Errorf("the sandbox has no person %q: expected one of %s", name, strings.Join(names, ", "))
}

// personHeader names the person of a sandbox who makes a request.
const personHeader = "Pestle-Person"

// sandboxCaller is the person that a header names, and the user of the sandbox
// without it.
type sandboxCaller struct {
	auth.Sandbox
	roles *policy.Table
}

// Authenticate returns who makes a request. An unknown person is refused.
func (s sandboxCaller) Authenticate(r *http.Request) (auth.Identity, error) {
	name := r.Header.Get(personHeader)
	if name == "" {
		return s.Sandbox.Authenticate(r)
	}
	p, err := sandboxPerson(name)
	if err != nil {
		return auth.Identity{}, fhir.E("authenticate", fhir.Login, fhir.Issue{Code: fhir.Login, Message: err.Error() + ".", Found: name, Expression: "http." + personHeader})
	}
	grants := s.roles.Of(p.Roles...)
	return auth.Identity{Scopes: auth.ParseScopes(p.Scopes), Roles: grants, Requester: fhir.Principal{
		Agent: p.Agent, Display: p.Display, OnBehalf: p.Organisation, Client: "sandbox-" + p.Name, Roles: p.Roles, SeesAll: grants.SeesAll(), SeesNone: grants.SeesNone()}}, nil
}
