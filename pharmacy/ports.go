package pharmacy

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
)

// Committer applies changes together or not at all.
type Committer interface {
	Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error)
}

// Reader gives the database as of the newest commit.
type Reader interface {
	State(ctx context.Context) fhir.State
}

// Log is the change log and how far each follower has read it.
type Log interface {
	// Log gives up to limit commits behind a place, oldest first; none only at
	// the end of the log.
	Log(ctx context.Context, after fhir.Seq, limit int) ([]fhir.LogEntry, error)
	// Wait returns when there is a commit behind the place, or ctx ends.
	Wait(ctx context.Context, after fhir.Seq) error
	CursorAt(ctx context.Context, name string) (fhir.Seq, error)
}

// Database is all that followers and operations need.
type Database interface {
	Committer
	Reader
	Log
}
