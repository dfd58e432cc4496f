package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// person makes a person of the sandbox.
func person(name, agent, display, organisation, role string) oauth.Person {
	return oauth.Person{Name: name, Agent: agent, Display: display, Organisation: organisation, Roles: []string{role}}
}

// sandboxPeople are who can be tried in a sandbox. They may do what their roles allow.
var sandboxPeople = []oauth.Person{
	person("clinic", "clinic-x99cl", "Sandbox Attention Clinic's system", sandboxClinic, "clinic-system"),
	person("clinic-2", "clinic-a83008", "Another clinic's system", "A83008", "clinic-system"),
	person("pharmacist", "Practitioner/sandbox-pharmacist", "Sandbox pharmacist", sandboxPharmacy, "pharmacist"),
	person("pharmacist-2", "sds-user-id|555000000002", "Second sandbox pharmacist", sandboxPharmacy, "pharmacist"),
	person("pharmacy-2", "sds-user-id|555000000565", "Another pharmacy's pharmacist", "FA565", "pharmacist"),
	person("technician", "sds-user-id|555000000007", "Pharmacy technician", sandboxPharmacy, "technician"),
	person("support", "sds-user-id|555000000003", "Customer service", sandboxPharmacy, "customer-service"),
	person("finance", "sds-user-id|555000000004", "Finance", sandboxPharmacy, "finance"),
	person("auditor", "sds-user-id|555000000005", "Auditor", sandboxPharmacy, "auditor"),
	person("administrator", "sds-user-id|555000000006", "Administrator", sandboxPharmacy, "administrator"),
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
		user, err := s.Sandbox.Authenticate(r)
		user.Standing = func() auth.Standing { return sandboxStanding("") }
		return user, err
	}
	p, err := sandboxPerson(name)
	if err != nil {
		return auth.Identity{}, fhir.E("authenticate", fhir.Login, fhir.Issue{Code: fhir.Login, Message: err.Error() + ".", Found: name, Expression: "http." + personHeader})
	}
	return s.identity(p), nil
}

func (s sandboxCaller) identity(p oauth.Person) auth.Identity {
	grants := s.roles.Of(p.Roles...)
	return auth.Identity{Scopes: auth.Full, Roles: grants, Standing: func() auth.Standing { return sandboxStanding(p.Name) }, Requester: fhir.Principal{
		Agent: p.Agent, Display: p.Display, OnBehalf: p.Organisation, Client: "sandbox-" + p.Name, Person: true, Verified: time.Now(), Strength: sandboxStrength, Roles: p.Roles, SeesAll: grants.SeesAll(), SeesNone: grants.SeesNone()}}
}

// sandboxStanding is by what a person of a sandbox is known again, or without a name its
// user.
func sandboxStanding(name string) auth.Standing {
	record, _ := json.Marshal(name) // a text
	return auth.Standing{By: "sandbox", Record: record}
}

// Again recognises who is asking again: see [auth.Standing].
func (s sandboxCaller) Again(st auth.Standing, _ time.Time) (auth.Identity, error) {
	var name string
	if st.By != "sandbox" || json.Unmarshal(st.Record, &name) != nil {
		return auth.Identity{}, auth.ErrNobody
	}
	if name == "" {
		return s.Sandbox.Authenticate(&http.Request{})
	}
	p, err := sandboxPerson(name)
	if err != nil {
		return auth.Identity{}, auth.ErrNobody
	}
	return s.identity(p), nil
}
