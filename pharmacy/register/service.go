package register

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Database is what the service needs of the store.
type Database interface {
	pharmacy.Committer
	pharmacy.Reader
	Head() fhir.Seq
	Log(ctx context.Context, after fhir.Seq, limit int) ([]fhir.LogEntry, error)
	CursorAt(ctx context.Context, name string) (fhir.Seq, error)
}

// Duties refuse an act by the person who did an earlier one on the same record.
type Duties interface {
	Separate(state fhir.State, act, about string, who fhir.Principal, earlier string) error
}

// Stock is the stock ledger of a pharmacy, which has what the register has.
type Stock interface {
	// Entered is what the ledger writes in the commit of an entry that is not of a
	// supply. sum is what all such entries of the page come to, with this one.
	Entered(state fhir.State, page *Page, e *Entry, sum decimal.Decimal, who fhir.Principal, today nhs.Date) ([]fhir.Change, error)
}

// Options are what the service is made with.
type Options struct {
	Site      string // ODS code of the pharmacy that the server serves
	Medicines Medicines
	// Also are schedules for which the pharmacy keeps a register beside those of the
	// law: CD3.
	Also []string
	// Responsible says of which supplies a responsible pharmacist is asked for; "" for
	// none.
	Responsible Asked
	// Duties say what needs a second person; nil for nothing.
	Duties Duties
	// Stock is the stock ledger; nil where none is kept.
	Stock Stock
}

// Service is the register.
type Service struct {
	db        Database
	site      string
	medicines Medicines
	also      []string
	duties    Duties
	stock     Stock
	present   Asked
	patience  time.Duration // how long a call waits for the follower
	entering  sync.Mutex    // held while an entry is decided on and written
}

// New makes the service over a database.
func New(db Database, o Options) *Service {
	return &Service{db: db, site: strings.ToUpper(o.Site), medicines: o.Medicines, also: o.Also, duties: o.Duties, stock: o.Stock, present: o.Responsible, patience: 2 * time.Second}
}

// Guard is the guard of a service with these options, for a database that is opened
// before the service that works on it.
func Guard(o Options) fhir.Guard { return New(nil, o).guard }

// Followers are to be driven along the change log.
func (s *Service) Followers() []pharmacy.Follower { return []pharmacy.Follower{follower{s}} }

// batch is how many commits are looked at at once.
const batch = 256

// outstanding counts the supplies of the log after at, where the follower was, that
// have no entry yet. state is not older than at, and as of the newest commit that is
// looked at.
func (s *Service) outstanding(ctx context.Context, state fhir.State, at, head fhir.Seq) (n int, err error) {
	for err == nil && at < head {
		var entries []fhir.LogEntry
		if entries, err = s.db.Log(ctx, at, batch); err != nil || len(entries) == 0 {
			return n, err
		}
		for _, commit := range entries {
			if at = commit.Seq; at > head {
				return n, nil
			}
			for _, v := range commit.Versions {
				if v.Type != "MedicationDispense" {
					continue
				}
				changes, err := follower{s}.Step(ctx, state, v)
				if err != nil || len(changes) > 0 && !written(state, changes) {
					n++
				}
			}
		}
	}
	return n, err
}

// written reports whether everything that is to be created stands already.
func written(state fhir.State, changes []fhir.Change) bool {
	for _, c := range changes {
		if v, err := state.Current(c.Type, c.ID); err != nil || v == nil {
			return false
		}
	}
	return true
}

// settled is the state in which every supply that was recorded before the call has
// its entry; left is how many have none yet after some waiting.
func (s *Service) settled(ctx context.Context) (state fhir.State, left int, err error) {
	head, late := s.db.Head(), time.After(s.patience)
	for {
		at, err := s.db.CursorAt(ctx, followerName) // before the state, which has its entries then
		if err != nil {
			return nil, 0, err
		}
		state = s.db.State(ctx)
		if left, err = s.outstanding(ctx, state, at, head); err != nil || left == 0 {
			return state, left, err
		}
		select {
		case <-late:
			return state, left, nil
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		case <-time.After(glance):
		}
	}
}

// glance is how often a call looks whether the follower has come.
const glance = 5 * time.Millisecond
