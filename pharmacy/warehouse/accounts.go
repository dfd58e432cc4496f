package warehouse

import (
	"context"
	"encoding/json"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Accounts is who keeps the accounts, and is told of each day that is over. It is declared here
// for adapters.
type Accounts interface {
	// Tell tells it something, as [Warehouse.Send] does.
	Tell(ctx context.Context, id string, body []byte) webhook.Result
}

// closed is what is told of a journal of a day: what it comes to, and where its lines are.
// It names no patient.
type closed struct {
	Type string    `json:"type"` // stock.valuation
	When time.Time `json:"timestamp"`
	Data struct {
		Pharmacy string `json:"pharmacy"`
		Day      string `json:"day"`
		Lines    int    `json:"lines"`
		Total    string `json:"total,omitempty"` // in pounds; of orders none
		Opening  string `json:"opening,omitempty"`
		Path     string `json:"path"` // of the table, below the FHIR base
	} `json:"data"`
}

// accountsLink is how far the accounts are told: all days up to one, and what has failed since.
type accountsLink struct {
	version string
	Until   nhs.Date
	webhook.Retry
}

func (s *Service) toldID() string { return pharmacy.ID("stock-accounts", s.site) }

func (s *Service) toldOf(state fhir.State) (t accountsLink, err error) {
	v, err := state.Current("Basic", s.toldID())
	if err != nil || v == nil || v.Deleted() {
		return t, err
	}
	r, err := v.Resource()
	if err != nil {
		return t, err
	}
	said := nhs.Extension(r.Root(), extLink)
	t.version, t.Until = v.VersionID, nhs.ReadDate(nhs.Extension(said, "until").Get("valueDate").Text())
	err = json.Unmarshal([]byte(nhs.Extension(said, "retry").Get("valueString").Text()), &t.Retry)
	return t, err
}

func (s *Service) keepTold(ctx context.Context, t accountsLink) error {
	said := nhs.Parts{}
	said.Text("until", "valueDate", t.Until.String())
	said.Text("retry", "valueString", jsonOf(t.Retry))
	ids := []any{nhs.IdentifierValue(idLedger, s.site)}
	if t.Over || t.Failures > 2 {
		ids = append(ids, nhs.IdentifierValue(idTold, "failing"))
	}
	r := fhir.Obj("resourceType", "Basic", "id", s.toldID(), "extension", fhir.List(said.Extension(extLink)), "identifier", fhir.List(ids...), "code", stockCode(codeLink), "author", keeper(s.site)).Resource()
	_, err := s.db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{write("Basic", s.toldID(), t.version, r)}, Derived: true, Requester: fhir.Principal{Agent: "Device/pestle", Display: "pestle"}})
	return err
}

// TellAccounts tells of the days that are over and were not told yet, in their order; the
// first time, of yesterday. What fails is told again by the schedule of webhooks, and under the
// same id; where that is over, once a day.
func (s *Service) TellAccounts(ctx context.Context, to Accounts, now time.Time) error {
	today := nhs.DateOf(now)
	for {
		state := s.db.State(ctx)
		t, err := s.toldOf(state)
		if err != nil {
			return err
		}
		day := nhs.Date{Time: today.AddDate(0, 0, -1)}
		if !t.Until.IsZero() {
			day = nhs.Date{Time: t.Until.AddDate(0, 0, 1)}
		}
		if !day.Before(today) || !t.Due(now) && !(t.Over && now.Sub(t.Next) >= 24*time.Hour) {
			return nil
		}
		b, err := BooksOf(state, s.site, day, day, today)
		if err != nil {
			return err
		}
		if wrong := b.Differs(); wrong != "" {
			return fhir.E("stock", fhir.Exception, fhir.Issue{Message: "The accounts of the stock do not add up: " + wrong + ".", Fix: "Run pestle check."})
		}
		for _, j := range JournalsOf {
			body := b.closed(j)
			result := to.Tell(ctx, s.messageID(day, j, body), body)
			if ctx.Err() != nil {
				return nil
			}
			if !result.Delivered {
				t.Until = nhs.Date{Time: day.AddDate(0, 0, -1)} // also of the first day, which stays the first
				if t.Retry = t.After(result, now.UTC(), 0); t.Over {
					t.Next = now.UTC()
				}
				s.log.WarnContext(ctx, "the accounts of the stock were not told", "reason", result.Reason, "failures", t.Failures)
				return s.keepTold(ctx, t)
			}
		}
		if err := s.keepTold(ctx, accountsLink{version: t.version, Until: day}); err != nil {
			return err
		}
	}
}

// messageID is the id of the message of a journal of a day. It depends on what that says, for
// what is told of a day again after a restore is another message where it says something
// else; but for the orders, which are those of now, and so may differ when they are told again.
func (s *Service) messageID(day nhs.Date, j Journal, body []byte) string {
	if j == Orders {
		body = nil
	}
	return pharmacy.ID("stock-accounts", s.site, day.String(), string(j), string(body))
}

// closed is the message of a journal.
func (b *Books) closed(j Journal) []byte {
	m := closed{Type: "stock." + string(j), When: b.To.AddDate(0, 0, 1).UTC()}
	day := b.To.String()
	m.Data.Pharmacy, m.Data.Day, m.Data.Path = b.Org, day, "Basic/$stock-journal?kind="+string(j)+"&from="+day+"&to="+day
	switch j {
	case Valuation:
		m.Data.Lines, m.Data.Total = len(b.stocked()), pounds(b.Total(j))
	case Control:
		m.Data.Opening, m.Data.Total = pounds(b.opening), pounds(b.Total(Valuation))
	case Orders:
		m.Data.Lines = len(b.toOrder())
	case Ordered:
		m.Data.Lines, m.Data.Total = len(b.bought), pounds(b.ordered())
	default:
		m.Data.Total = pounds(b.Total(j))
		for _, e := range b.entries {
			if journalOf(e) == j {
				m.Data.Lines++
			}
		}
	}
	text, _ := json.Marshal(m) // of plain members, which never fails
	return text
}
