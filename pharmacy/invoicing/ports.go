package invoicing

import (
	"context"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// Database is what the package needs of the store.
type Database interface {
	pharmacy.Committer
	pharmacy.Reader
}

// Provider takes payments by card for the pharmacy, on pages of its own: no card
// data reaches this server. It is declared here for adapters.
type Provider interface {
	// Name is part of the identifiers of its payments: "stripe".
	Name() string
	// Request opens a page on which an amount is paid. The same key opens the same
	// page again.
	Request(ctx context.Context, r PaymentRequest) (Session, error)
	// Refund returns a part of a payment to the payer. The same key refunds once.
	Refund(ctx context.Context, r RefundRequest) (reference string, err error)
}

// PaymentRequest is what is to be paid.
type PaymentRequest struct {
	Key         string // of the request, which the provider returns with the payment
	Pence       int64
	Description string // what the payer reads; no medicine and no name
	Return      string // where the page leads afterwards
}

// Session is a page on which is paid.
type Session struct{ ID, URL string }

// RefundRequest is what is to be given back of a payment.
type RefundRequest struct {
	Key     string
	Payment string // the provider's reference of the payment
	Pence   int64
}

// Service is the private side of the money.
type Service struct {
	db       Database
	site     string // ODS code of the pharmacy that the server serves
	provider Provider
	duties   Duties
	shelf    shelf
}

// Options are what the service is made with.
type Options struct {
	Site     string
	Provider Provider // nil where no cards are taken
	Duties   Duties   // what needs a second person; nil for nothing
}

// New makes the service over a database.
func New(db Database, o Options) *Service {
	return &Service{db: db, site: strings.ToUpper(o.Site), provider: o.Provider, duties: o.Duties}
}

// Take sets who takes payments by card, before the service is used.
func (s *Service) Take(p Provider) { s.provider = p }

// Guard is the guard of a service, for a database that is opened before the
// service that works on it.
func Guard(o Options) fhir.Guard { return New(nil, o).guard }

// Followers are to be driven along the change log.
func (s *Service) Followers() []pharmacy.Follower { return []pharmacy.Follower{charges{s}} }
