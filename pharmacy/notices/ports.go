package notices

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/tracing"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// Database is what the package needs of the store.
type Database interface {
	pharmacy.Database
	// Read shows what the principal of the context sees.
	Read(ctx context.Context, typ, id string) (*fhir.Version, error)
	Head() fhir.Seq
}

// Sender delivers messages by one channel. It is declared here for adapters.
type Sender interface {
	// Name is recorded with what was sent: "smtp".
	Name() string
	// Send returns when the message was taken for delivery, with a reference by which it
	// is known there, "" for none. The same key is the same message: who receives it again
	// need not deliver it again. An error for which [IsRefused] holds is for good; any other
	// may pass.
	Send(ctx context.Context, m Message) (reference string, err error)
}

// Message is what is sent.
type Message struct {
	Key string // the id of its Communication
	Address
	Written
}

// errRefused marks what is refused for good.
var errRefused = errors.New("refused for good")

// Refused is the error of a message that is refused for good: its address does not exist.
func Refused(why string) error { return errors.Join(errRefused, errors.New(why)) }

// IsRefused reports whether an error is of [Refused].
func IsRefused(err error) bool { return errors.Is(err, errRefused) }

// Options are what the service is made with.
type Options struct {
	Site      string // ODS code of the pharmacy: patients of others are not told
	Name      string // of the pharmacy, as patients know it
	Phone     string // which patients call
	Templates Templates
	Senders   map[Channel]Sender // none: nobody is told
	Clock     func() time.Time
	Traces    *tracing.Tracer // has messages belong to the trace of the request that they follow from; nil for none
	Logger    *slog.Logger    // slog.Default when nil
}

// Service tells patients.
type Service struct {
	db        Database
	site      string
	name      string
	phone     string
	templates Templates
	senders   map[Channel]Sender
	clock     func() time.Time
	traces    *tracing.Tracer
	told      deliveries
	log       *slog.Logger
}

// New makes the service over a database.
func New(db Database, o Options) *Service {
	s := &Service{db: db, site: strings.ToUpper(o.Site), name: o.Name, phone: o.Phone, templates: o.Templates, senders: o.Senders, clock: o.Clock, traces: o.Traces, log: o.Logger}
	if s.log == nil {
		s.log = slog.Default()
	}
	return s
}

// On reports whether patients are told.
func (s *Service) On() bool { return len(s.senders) > 0 }

// Followers are to be driven along the change log: none where nobody is told.
func (s *Service) Followers() []pharmacy.Follower {
	if !s.On() {
		return nil
	}
	return []pharmacy.Follower{follower{s}}
}

// values are the fields of a message.
func (s *Service) values(q *request, patient *fhir.Resource) map[string]string {
	values := map[string]string{"name": called(patient), "pharmacy": s.name, "phone": s.phone, "reference": q.order}
	for name, value := range q.fields {
		values[name] = value
	}
	return values
}

// called is how a patient is addressed: the given name in use, else the name as it is
// written.
func called(patient *fhir.Resource) string {
	var first fhir.Node
	for n := range patient.Get("name").Items() {
		if use := n.Get("use").Text(); use == "old" || use == "maiden" {
			continue
		}
		if !first.Exists() || n.Get("use").Text() == "usual" {
			first = n
		}
	}
	if given := first.Get("given").Item(0).Text(); given != "" {
		return given
	}
	if family := first.Get("family").Text(); family != "" {
		return family
	}
	if text := first.Get("text").Text(); text != "" {
		return text
	}
	return "patient"
}
