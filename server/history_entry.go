package server

import (
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// historyEntry says what was asked and what came of it; the outcome names who
// asked, so that the history alone tells an auditor (docs/adr/history-outcome.md).
func historyEntry(base string, v *fhir.Version) fhir.Value {
	address, status := v.Ref(), "200 OK"
	switch {
	case v.Deleted():
		status = "204 No Content"
	case v.VersionID == "1":
		status = "201 Created"
	}
	if v.Method == fhir.Create {
		address = v.Type
	}
	response := []any{"status", status}
	if !v.Deleted() {
		response = append(response, "location", base+"/"+versionPath(v))
	}
	response = append(response, "etag", etag(v.VersionID),
		"lastModified", v.LastUpdated.UTC().Format(fhir.InstantLayout), "outcome", authorship(v))
	return fhir.Obj(
		"request", fhir.Obj("method", string(v.Method), "url", address),
		"response", fhir.Obj(response...),
	)
}

// The systems of the codings that name a version's author in a history, and the purge
// of its content. A version that was purged has no resource, and is listed as if it
// were a deletion: R4 has no other form for it.
const (
	agentSystem        = "https://pestle-fhir.github.io/history/agent"
	organisationSystem = "https://pestle-fhir.github.io/history/organisation"
	requestSystem      = "https://pestle-fhir.github.io/history/request-id"
	purgeSystem        = "https://pestle-fhir.github.io/history/purge" // the commit that erased the content
)

// authorship is an OperationOutcome with one note: who wrote a version, for
// whom and in which request, as codings for programs and as a sentence.
func authorship(v *fhir.Version) fhir.Value {
	who := v.Requester
	sentence := "Written by " + who.Agent
	if who.Agent == "" {
		sentence = "Written by the server"
	}
	if who.Display != "" {
		sentence += " (" + who.Display + ")"
	}
	if who.OnBehalf != "" {
		sentence += " for " + who.OnBehalf
	}
	if v.RequestID != "" {
		sentence += " in request " + v.RequestID
	}
	coding := func(system, code, display string) fhir.Value {
		if code == "" {
			return fhir.Value{}
		}
		return fhir.Obj("system", system, "code", strings.Join(strings.Fields(code), " "), "display", display)
	}
	purge := fhir.Value{}
	if p := v.Purged; p != nil {
		sentence += fmt.Sprintf(". Its content was erased for good at %s, by commit %d", p.Time.UTC().Format(fhir.InstantLayout), p.Seq)
		purge = coding(purgeSystem, fmt.Sprint(p.Seq), "")
	}
	return fhir.Obj("resourceType", "OperationOutcome", "issue", fhir.List(fhir.Obj(
		"severity", string(fhir.Information), "code", string(fhir.Informational),
		"details", fhir.Obj("coding", fhir.List(
			coding(agentSystem, who.Agent, who.Display),
			coding(organisationSystem, who.OnBehalf, ""),
			coding(requestSystem, v.RequestID, ""),
			purge,
		), "text", sentence+"."),
	)))
}
