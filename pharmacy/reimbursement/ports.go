package reimbursement

import (
	"context"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// Database is what the package needs of the store.
type Database interface {
	Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error)
	// State is the database as of the newest commit.
	State(ctx context.Context) fhir.State
	// StateAt is the database as of a sequence.
	StateAt(ctx context.Context, at fhir.Seq) fhir.State
	Head() fhir.Seq
}

// Service is the reimbursement of a pharmacy.
type Service struct {
	db      Database
	options Options
	shelf   shelf
	closing sync.Mutex // held while runs of a month are recorded
}

// New makes the service over a database.
func New(db Database, o Options) *Service { return &Service{db: db, options: o} }

// Followers are the followers to run: one claims what was dispensed, the other
// answers every Claim.
func (s *Service) Followers() []pharmacy.Follower {
	return []pharmacy.Follower{claims{s}, assessments{s}}
}
