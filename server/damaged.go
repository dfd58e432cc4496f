package server

import (
	"net/http"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
)

// damagedOutcome is the OperationOutcome in the place of a version that a damaged
// database cannot read: it counts as any other, and no page is shorter for it.
func damagedOutcome(v *fhir.Version) fhir.Value {
	what := v.Ref()
	if v.VersionID != "0" {
		what += "/_history/" + v.VersionID
	}
	return fhir.Outcome([]fhir.Issue{{
		Severity: fhir.Err, Code: fhir.Exception, Rule: "damaged",
		Message: what + " cannot be read: a part of the database is damaged (" + v.Damage + "). The other resources are here.",
		Fix:     "Ask the operator of the server to restore it from a backup: `pestle check` names all that is damaged.",
	}})
}

// damagedEntry says in a history what became of reading a version; how it was
// written is not known.
func damagedEntry(v *fhir.Version) fhir.Value {
	return fhir.Obj(
		"request", fhir.Obj("method", http.MethodGet, "url", versionPath(v)),
		"response", fhir.Obj("status", strconv.Itoa(http.StatusInternalServerError)+" "+http.StatusText(http.StatusInternalServerError),
			"etag", etag(v.VersionID), "outcome", damagedOutcome(v)),
	)
}
