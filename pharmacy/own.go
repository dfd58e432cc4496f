package pharmacy

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// Own reports whether the server's own business decided on a version, and not a caller. A part
// of a message is another system's writing, although an operation stores it.
func Own(tx *fhir.Transaction, v *fhir.Version) bool {
	return tx.Derived && !slices.ContainsFunc(tx.Changes, func(c fhir.Change) bool { return c.Message && c.Type == v.Type && (c.ID == v.ID || c.ID == "") })
}
