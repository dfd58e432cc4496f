package warehouse

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Database is what the package needs of the store.
type Database interface {
	pharmacy.Committer
	pharmacy.Reader
	// Wait returns when there is a commit after a sequence, or ctx ends.
	Wait(ctx context.Context, after fhir.Seq) error
	Head() fhir.Seq
	// Log gives up to limit commits after a sequence, oldest first.
	Log(ctx context.Context, after fhir.Seq, limit int) ([]fhir.LogEntry, error)
	// ReceiptFor is the receipt that was committed under a key, if any.
	ReceiptFor(ctx context.Context, key string) (fhir.Receipt, bool, error)
}

// Product is a medicine as the ledger names it.
type Product struct {
	Code     string // the virtual product in dm+d, "" where no code is known
	Name     string
	Unit     string // in which it is counted, "" where that is not known
	Schedule string // CD1 … CD5, "" for what is not controlled
}

// key is what tells a product from the others.
func (p Product) key() string {
	if p.Code != "" {
		return p.Code
	}
	return strings.ToLower(strings.Join(strings.Fields(p.Name), " "))
}

// Medicines is what the server knows of medicines.
type Medicines interface {
	// Product is the virtual product of a medicine on a day, by the code of a product or
	// pack; ok is false for one that is not known.
	Product(c fhir.Coding, on nhs.Date) (p Product, ok bool)
	// Unit is the name of the unit of a quantity: one for all the ways to write it.
	Unit(unit, system, code string, on nhs.Date) string
}

// Supplies reads what is supplied as the controlled drugs register does, so that both
// enter the same.
type Supplies interface {
	// Keeps reports whether the register is kept for a schedule on a day.
	Keeps(schedule string, on nhs.Date) bool
	// Supplied is what a version of a MedicationDispense states to have been supplied; ok
	// is false for nothing.
	Supplied(state fhir.State, v *fhir.Version) (s Supplied, ok bool, err error)
}

// Supplied is a supply as a MedicationDispense states it.
type Supplied struct {
	Org      string // ODS code of the pharmacy that made it
	Product  Product
	Unit     string // in which it is counted
	Quantity decimal.Decimal
	Batch    string
}

// Options are what the service is made with.
type Options struct {
	// Off says that no ledger is kept: the operations refuse, and nothing follows.
	Off       bool
	Site      string // ODS code of the pharmacy that the server serves
	Medicines Medicines
	Supplies  Supplies
	// Ready are the numbers of the items of the Task of a prescription that may be packed
	// and sent at a time; nil where nobody says, and all may.
	Ready func(state fhir.State, v *fhir.Version, now time.Time) ([]string, error)
	// Prescriptions is what is done with prescriptions as their goods move; nil for
	// nothing.
	Prescriptions Prescriptions
	Warehouse     Warehouse        // that is told of orders; nil where a pharmacy packs itself
	Clock         func() time.Time // by which the warehouse is told again; needed for [Service.Run]
	Logger        *slog.Logger
}

// Service is the goods of a pharmacy.
type Service struct {
	db        Database
	off       bool
	site      string
	medicines Medicines
	supplies  Supplies
	ready     func(state fhir.State, v *fhir.Version, now time.Time) ([]string, error)
	acts      Prescriptions
	warehouse Warehouse
	clock     func() time.Time
	log       *slog.Logger
	moving    sync.Mutex // held while an operation decides on stock and writes
}

// New makes the service over a database.
func New(db Database, o Options) *Service {
	log := o.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Service{db: db, off: o.Off, site: strings.ToUpper(o.Site), medicines: o.Medicines, supplies: o.Supplies, ready: o.Ready, acts: o.Prescriptions, warehouse: o.Warehouse, clock: o.Clock, log: log}
}

// Guard is the guard of a service with these options, for a database that is opened before the service
// that works on it.
func Guard(o Options) fhir.Guard { return New(nil, o).guard }

// Followers are to be driven along the change log.
func (s *Service) Followers() []pharmacy.Follower {
	if s.off {
		return nil
	}
	return []pharmacy.Follower{follower{s}}
}

// kept reports whether the controlled drugs register is kept for a product.
func (s *Service) kept(p Product, on nhs.Date) bool {
	return s.supplies != nil && p.Schedule != "" && s.supplies.Keeps(p.Schedule, on)
}
