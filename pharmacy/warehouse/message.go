package warehouse

import (
	"context"
	"encoding/json"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// MessageKind is what a warehouse is told.
type MessageKind string

// The kinds of messages.
const (
	Released  MessageKind = "order.released"  // to be packed and sent, as the message says now
	Held      MessageKind = "order.held"      // to wait: nothing of it is sent
	Cancelled MessageKind = "order.cancelled" // not to be sent; what was packed is put back
)

// Message is what a warehouse is told of an order. It names no patient: the address
// is read with the order, by who may. As JSON it is
//
//	{"type": "order.released", "timestamp": "2026-11-02T09:00:00Z", "data": {"order": "…", "revision": 1,
//	 "product": "322237000", "name": "Paracetamol 500mg soluble tablets", "quantity": "100", "unit": "tablet",
//	 "lots": [{"batch": "P77", "expiry": "2029-06-30", "quantity": "100"}], "handling": ["signed-for"]}}
type Message struct {
	ID   string      `json:"-"` // the same each time it is sent
	Kind MessageKind `json:"type"`
	When time.Time   `json:"timestamp"`
	Data Order       `json:"data"`
}

// Order is an order as a warehouse is told of it.
type Order struct {
	ID       string   `json:"order"`
	Revision int      `json:"revision"`
	Product  string   `json:"product,omitempty"` // its code in dm+d
	Name     string   `json:"name"`
	Quantity string   `json:"quantity"`
	Unit     string   `json:"unit"`
	Lots     []Pack   `json:"lots,omitempty"`     // that are allocated; others may be packed
	Handling []string `json:"handling,omitempty"` // as handling.tsv has it
}

// Text is the message as JSON.
func (m Message) Text() []byte {
	text, _ := json.Marshal(m) // of plain members, which never fails
	return text
}

// Warehouse is who packs and sends. It is declared here for adapters.
type Warehouse interface {
	// Name is part of the agent of what it tells: "http", "folder".
	Name() string
	// Send tells it something. The same message may be sent more than once, and then has
	// the same id. What it came to is what [webhook.Judge] says of a call.
	Send(ctx context.Context, m Message) webhook.Result
}

// message is what the warehouse is to be told of an order now.
func (b *book) message(o *order, at time.Time) (Message, error) {
	m := Message{When: at, Kind: Released,
		Data: Order{ID: o.id, Revision: o.revision, Product: o.product.Code, Name: o.product.Name, Quantity: o.quantity.Sub(o.supplied).String(), Unit: o.unit, Handling: handlingOf(o.product.Schedule, b.day)}}
	switch {
	case !o.out():
		m.Kind = Cancelled
	case o.paused:
		m.Kind = Held
	}
	if err := b.known(o); err != nil {
		return m, err
	}
	for _, r := range o.rows {
		if l := b.lots[r.lot]; l != nil && (r.state == stock.Allocated || r.state == stock.Picked || r.state == stock.Packed) && m.Kind == Released {
			m.Data.Lots = append(m.Data.Lots, Pack{Batch: l.Batch, Expiry: l.Expiry.String(), Quantity: r.quantity})
		}
	}
	// By what it says: a revision that is given again after a restore is another message where
	// it says something else.
	m.ID = pharmacy.ID("warehouse-message", o.id, itoa(o.revision), string(m.Kind), jsonOf(m.Data))
	return m, nil
}

// link is how it goes with the warehouse: what has failed in a row.
type link struct {
	version string
	webhook.Retry
}

func (s *Service) linkID() string { return pharmacy.ID("warehouse-link", s.site) }

func (s *Service) linkOf(state fhir.State) (l link, err error) {
	v, err := state.Current("Basic", s.linkID())
	if err != nil || v == nil || v.Deleted() {
		return l, err
	}
	r, err := v.Resource()
	if err != nil {
		return l, err
	}
	l.version = v.VersionID
	err = json.Unmarshal([]byte(nhs.Extension(nhs.Extension(r.Root(), extLink), "retry").Get("valueString").Text()), &l.Retry)
	return l, err
}

func (s *Service) linkChange(l link) fhir.Change {
	said := nhs.Parts{}
	said.Text("retry", "valueString", jsonOf(l.Retry))
	ids := []any{nhs.IdentifierValue(idLedger, s.site)}
	if l.Over || l.Failures > 2 {
		ids = append(ids, nhs.IdentifierValue(idLink, "failing"))
	}
	r := fhir.Obj("resourceType", "Basic", "id", s.linkID(), "extension", fhir.List(said.Extension(extLink)), "identifier", fhir.List(ids...),
		"code", stockCode(codeLink), "author", keeper(s.site)).Resource()
	return write("Basic", s.linkID(), l.version, r)
}
