package spine

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Database is what the package needs of the store.
type Database interface {
	pharmacy.Database
	Head() fhir.Seq
}

// NHS is the APIs of the NHS. Its errors are of [Refused], for good, or may pass; one that
// implements Wait() says for how long nothing is to be sent.
type NHS interface {
	// Update sends a transaction of Tasks, each with the status of an item. The request id,
	// a UUID, is the same when the same is sent again. What became of each Task is answered in
	// their order; an error is that of the whole.
	Update(ctx context.Context, request string, tasks *fhir.Resource) ([]Part, error)
	// Patient is who has an NHS number; nil where nobody has.
	Patient(ctx context.Context, request, number string) (*fhir.Resource, error)
	// Has says which of the two APIs are set.
	Has() (updates, demographics bool)
}

// Part is what became of a Task of a transaction: it was taken, unless one of the two is
// set.
type Part struct {
	Refused string // why, for good
	Again   string // why it is to be sent again
}

var errRefused = errors.New("refused for good")

// Refused is the error of what is refused for good.
func Refused(why string) error { return errors.Join(errRefused, errors.New(why)) }

// Prescriptions is what package dispensing knows of them.
type Prescriptions interface {
	// Tracking are the Tasks that tell the NHS App of the items of an NHS prescription, as a
	// version of its own Task has them; ours is false for any other version.
	Tracking(state fhir.State, v *fhir.Version) (tasks []fhir.Node, ours bool, err error)
	// Differs lists in what two records of a patient are of different persons.
	Differs(stored, found fhir.Node) []string
	// HoldPatient holds every item of a prescription, by the id of its Task, until a pharmacist
	// has found out whose it is; about is the record that says why. One that is over, or gone,
	// stays as it is.
	HoldPatient(ctx context.Context, task, about, why string, now time.Time) error
}

// Options are what the service is made with.
type Options struct {
	Site          string        // ODS code of the pharmacy: prescriptions of others are not told of
	NHS           NHS           // nil: nothing is told and nobody asked
	Keep          time.Duration // for which an answer about a patient is good
	Prescriptions Prescriptions
	Clock         func() time.Time
	Logger        *slog.Logger // slog.Default when nil
}

// Service tells and asks the NHS.
type Service struct {
	db            Database
	site          string
	nhs           NHS
	keep          time.Duration
	prescriptions Prescriptions
	clock         func() time.Time
	log           *slog.Logger
	links         [2]link // by kind
}

// New makes the service over a database.
func New(db Database, o Options) *Service {
	s := &Service{db: db, site: strings.ToUpper(o.Site), nhs: o.NHS, keep: o.Keep, prescriptions: o.Prescriptions, clock: o.Clock, log: o.Logger}
	if s.log == nil {
		s.log = slog.Default()
	}
	return s
}

// On reports whether the NHS is told, or asked.
func (s *Service) On() bool { return s.nhs != nil }

// Followers are to be driven along the change log.
func (s *Service) Followers() []pharmacy.Follower {
	if !s.On() {
		return nil
	}
	return []pharmacy.Follower{follower{s}}
}

// recorded reports whether a resource is a record of this package, or would be found or read as one.
func recorded(r *fhir.Resource) bool {
	return nhs.CodingOf(r.Get("code"), csWork).Exists() || nhs.Identifier(r.Root(), idState).Exists() || nhs.Identifier(r.Root(), idPatient).Exists() ||
		nhs.Extension(r.Root(), extWork).Exists() || nhs.Extension(r.Root(), extStatus).Exists() || nhs.Extension(r.Root(), extAnswer).Exists()
}

// Guard keeps the records of this package from callers' plain writes.
func Guard(_ context.Context, _ fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if after.Type != "Basic" || pharmacy.Own(tx, after) || tx.Purges() {
		return nil
	}
	for _, v := range []*fhir.Version{before, after} {
		if v == nil || v.Deleted() {
			continue
		}
		r, err := v.Resource()
		if err != nil {
			return err
		}
		if recorded(r) {
			return fhir.E("record", fhir.BusinessRule, fhir.Issue{Rule: "NHS-1", Expression: "Basic.code", Found: after.Ref(),
				Message: "What the NHS was told and asked is recorded by the server itself: it is not created, changed or deleted by a caller.",
				Fix:     "Have what was refused sent again with Basic/[id]/$nhs-resend."})
		}
	}
	return nil
}
