package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// releaseRules hold for the Parameters of Task/$release.
var releaseRules = []rule[*fhir.Resource]{
	{"R1", isParameters},
	{"R2", ownerGiven},
	{"R3", agentGiven},
	{"R4", agentReachable},
	{"R5", statusAccepted},
	{"5009", releaseNumber},
}

// parameter is the parameter of that name.
func parameter(p *fhir.Resource, name string) node {
	for x := range p.Get("parameter").Items() {
		if x.Get("name").Text() == name {
			return x
		}
	}
	return node{}
}

// R1: the body is Parameters.
func isParameters(p *fhir.Resource, f *findings) {
	if p.Type() != "Parameters" {
		f.at(p.Root(), fhir.Issue{Severity: fhir.Fatal, Code: fhir.ValueCode, Message: "The body must be Parameters.", Expected: "resourceType Parameters",
			Found: orNothing(p.Type()), Details: facade("INVALID_VALUE", "ResourceType must be Parameters")})
	}
}

// R2: it says which pharmacy asks.
func ownerGiven(p *fhir.Resource, f *findings) {
	owner := parameter(p, "owner")
	if org := owner.Get("resource"); typeOf(org) != "Organization" || !nhs.Identifier(org, nhs.IDODS).Exists() {
		f.at(place(owner, p.Root()), fhir.Issue{Code: fhir.ValueCode, Message: "The parameter 'owner' must be the pharmacy that asks.",
			Expected: "an Organization with an identifier of " + nhs.IDODS, Found: owner.Brief(), Details: facade("MISSING_FIELD", "Parameter with name 'owner' must be given")})
	}
}

// R3: and who, by identifier.
func agentGiven(p *fhir.Resource, f *findings) {
	agent := parameter(p, "agent")
	if role := agent.Get("resource"); typeOf(role) != "PractitionerRole" {
		f.at(place(agent, p.Root()), fhir.Issue{Severity: fhir.Fatal, Code: fhir.Invalid, Message: "The parameter 'agent' must be who asks.",
			Expected: "a PractitionerRole", Found: agent.Brief(), Details: facade("TOO_FEW_VALUES_SUBMITTED", "Too few values submitted. Expected 1 element with name agent.")})
		return
	}
	namedPractitioner(agent.Get("resource"), f)
}

// R4: and how to reach them.
func agentReachable(p *fhir.Resource, f *findings) {
	if role := parameter(p, "agent").Get("resource"); role.Exists() && role.Get("telecom").Len() == 0 {
		f.at(role, fhir.Issue{Code: fhir.ValueCode, Message: "The agent has no contact point.", Expected: "telecom", Found: "nothing",
			Details: facade("MISSING_FIELD", "PractitionerRole.telecom must be given")})
	}
}

// R5: a release accepts; the parameter may be left out.
func statusAccepted(p *fhir.Resource, f *findings) {
	if s := parameter(p, "status"); s.Exists() && s.Get("valueCode").Text() != "accepted" {
		f.at(s, fhir.Issue{Code: fhir.ValueCode, Message: "A release accepts prescriptions.", Expected: "status accepted", Found: s.Get("valueCode").Brief(),
			Details: facade("INVALID_VALUE", "Parameter status must be accepted")})
	}
}
