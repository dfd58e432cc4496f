package server

import (
	"net/http"

	"github.com/pestle-fhir/pestle/server/auth"
)

// The headers about caches. An answer tells of patients unless it is known not
// to: no cache keeps it, and none gives it to another caller.
var (
	uncached  = []string{"no-store"}
	cacheable = []string{"private, no-cache"}       // kept, and asked about before it is used again
	varying   = []string{"Accept", "Authorization"} // whoever varies by more adds to it
)

// cache lets caches keep what tells of no patient: the CapabilityStatement and
// definitions.
func (x *exchange) cache(h http.Header) {
	if x.interaction == "capabilities" || auth.Definition(x.resourceType) && (x.interaction == "read" || x.interaction == "vread" || x.interaction == "search-type") {
		h["Cache-Control"] = cacheable
	}
}
