package store

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
)

// StateAt is the database as of a sequence, for whoever must decide again on
// what stood then: an export that is run a second time.
func (db *DB) StateAt(ctx context.Context, at fhir.Seq) fhir.State {
	return pinned{ctx, db, at, &finds{}}
}
