package message

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// ReleaseRules hold for the Parameters of Task/$release.
var ReleaseRules = []Rule[*fhir.Resource]{
	{"R1", isParameters},
	{"R2", ownerGiven},
	{"R3", agentGiven},
	{"R4", agentReachable},
	{"R5", statusAccepted},
	{"5009", releaseNumber},
}

// R1: the body is Parameters.
func isParameters(p *fhir.Resource, f *Findings) {
	if p.Type() != "Parameters" {
		f.At(p.Root(), fhir.Issue{Severity: fhir.Fatal, Code: fhir.ValueCode, Message: "The body must be Parameters.", Expected: "resourceType Parameters",
			Found: fhir.OrNothing(p.Type()), Details: nhs.Facade("INVALID_VALUE", "ResourceType must be Parameters")})
	}
}

// R2: it says which pharmacy asks.
func ownerGiven(p *fhir.Resource, f *Findings) {
	owner := Parameter(p, "owner")
	if org := owner.Get("resource"); nhs.TypeOf(org) != "Organization" || !nhs.Identifier(org, nhs.IDODS).Exists() {
		f.At(Place(owner, p.Root()), fhir.Issue{Code: fhir.ValueCode, Message: "The parameter 'owner' must be the pharmacy that asks.",
			Expected: "an Organization with an identifier of " + nhs.IDODS, Found: owner.Brief(), Details: nhs.Facade("MISSING_FIELD", "Parameter with name 'owner' must be given")})
	}
}

// R3: and who, by identifier.
func agentGiven(p *fhir.Resource, f *Findings) {
	agent := Parameter(p, "agent")
	if role := agent.Get("resource"); nhs.TypeOf(role) != "PractitionerRole" {
		f.At(Place(agent, p.Root()), fhir.Issue{Severity: fhir.Fatal, Code: fhir.Invalid, Message: "The parameter 'agent' must be who asks.",
			Expected: "a PractitionerRole", Found: agent.Brief(), Details: nhs.Facade("TOO_FEW_VALUES_SUBMITTED", "Too few values submitted. Expected 1 element with name agent.")})
		return
	}
	namedPractitioner(agent.Get("resource"), f)
}

// R4: and how to reach them.
func agentReachable(p *fhir.Resource, f *Findings) {
	if role := Parameter(p, "agent").Get("resource"); role.Exists() && role.Get("telecom").Len() == 0 {
		f.At(role, fhir.Issue{Code: fhir.ValueCode, Message: "The agent has no contact point.", Expected: "telecom", Found: "nothing",
			Details: nhs.Facade("MISSING_FIELD", "PractitionerRole.telecom must be given")})
	}
}

// R5: a release accepts; the parameter may be left out.
func statusAccepted(p *fhir.Resource, f *Findings) {
	if s := Parameter(p, "status"); s.Exists() && s.Get("valueCode").Text() != "accepted" {
		f.At(s, fhir.Issue{Code: fhir.ValueCode, Message: "A release accepts prescriptions.", Expected: "status accepted", Found: s.Get("valueCode").Brief(),
			Details: nhs.Facade("INVALID_VALUE", "Parameter status must be accepted")})
	}
}

// JudgeRelease returns all that the rules find wrong with the Parameters.
func JudgeRelease(body *fhir.Resource) []fhir.Issue { return Examine(body, ReleaseRules) }
