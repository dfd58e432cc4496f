package warehouse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// EventKind is what a warehouse or a courier tells.
type EventKind string

// The kinds of events.
const (
	PickedEvent     EventKind = "order.picked"
	PackedEvent     EventKind = "order.packed"
	DispatchedEvent EventKind = "order.dispatched"
	TrackedEvent    EventKind = "order.tracked" // a scan of the courier's, which moves nothing
	DeliveredEvent  EventKind = "order.delivered"
	FailedEvent     EventKind = "order.failed"
	ReturnedEvent   EventKind = "order.returned" // back from the courier
)

// Event is something that a warehouse or a courier tells of an order. As JSON it is
//
//	{"type": "order.packed", "timestamp": "2026-11-02T09:00:00Z", "data": {"order": "…", "revision": 1,
//	 "lots": [{"batch": "M1", "expiry": "2029-01-31", "quantity": "28"}], "by": "picker 7", "checkedBy": "checker 2"}}
type Event struct {
	ID   string    // that of the call or file, by which it is taken once
	Kind EventKind // "type"
	When time.Time // "timestamp": of what it tells
	Told
}

// Told is what an event tells: its "data".
type Told struct {
	Order    string `json:"order"`    // the id of the SupplyRequest
	Revision int    `json:"revision"` // of the order, as it was known when it was done
	Lots     []Pack `json:"lots,omitempty"`
	By       string `json:"by,omitempty"`        // who picked or packed it
	Checked  string `json:"checkedBy,omitempty"` // the second person
	Carrier  string `json:"carrier,omitempty"`
	Tracking string `json:"tracking,omitempty"` // the number of the consignment
	Expected string `json:"expected,omitempty"` // the day of the delivery
	// Outcome is how it was delivered, or what was scanned: a code of [Outcomes].
	Outcome   string `json:"outcome,omitempty"`
	Recipient string `json:"recipient,omitempty"` // who signed
	Identity  *bool  `json:"identity,omitempty"`  // whether proof of identity was shown
	Reason    string `json:"reason,omitempty"`    // of a failure
}

// Pack is an amount of a batch.
type Pack struct {
	Batch    string          `json:"batch"`
	Expiry   string          `json:"expiry,omitempty"`
	Quantity decimal.Decimal `json:"quantity"`
}

// Outcomes are what couriers tell, in one vocabulary for all of them.
var Outcomes = []string{"label-created", "collected", "in-transit", "at-depot", "out-for-delivery", "attempted", "available-for-collection", "held",
	"delivered-signed", "delivered-unsigned", "delivered-safe-place", "delivered-neighbour", "refused", "returning", "returned", "lost", "damaged", "other"}

// EventBytes is how long an event may be: the specification of webhooks has them below
// 20 kB.
const EventBytes = 64 << 10

var (
	eventID   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	orderForm = regexp.MustCompile(`^[0-9a-f-]{36}$`)
)

// ReadEvent reads an event as JSON. What is unknown, missing or not of its form is told
// all at once.
func ReadEvent(id string, body []byte) (e Event, err error) {
	var whole struct {
		Type      string          `json:"type"`
		Timestamp time.Time       `json:"timestamp"`
		Data      json.RawMessage `json:"data"`
	}
	if err := strictly(body, &whole); err != nil {
		return e, eventError("", "The body is not an event: "+err.Error()+".", `{"type": …, "timestamp": …, "data": {…}}`, "")
	}
	if err := strictly(whole.Data, &e.Told); err != nil {
		return e, eventError("data", "The data of the event is not of its form: "+err.Error()+".", "the members that docs/warehouse.md lists", "")
	}
	e.ID, e.Kind, e.When = id, EventKind(whole.Type), whole.Timestamp
	return e, e.check()
}

// strictly reads JSON with known members alone, and nothing after it.
func strictly(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("something follows it")
	}
	return nil
}

func eventError(place, message, expected, found string) error {
	return fhir.E("warehouse-event", fhir.Structure, fhir.Issue{Rule: "GOODS-1", Expression: strings.TrimSuffix("event."+place, "."), Message: message, Expected: expected, Found: found})
}

// check tells all that is wrong with an event by itself.
func (e *Event) check() error {
	var issues []fhir.Issue
	want := func(ok bool, place, message, expected, found string) {
		if !ok {
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Structure, Rule: "GOODS-1", Expression: "event." + place, Message: message, Expected: expected, Found: fhir.OrNothing(found)})
		}
	}
	want(eventID.MatchString(e.ID), "id", "The id of the event is missing, or not of its form.", "up to 128 letters, digits, - and _", e.ID)
	want(orderForm.MatchString(e.Order), "data.order", "The order is not named by its id.", "the id of a SupplyRequest", e.Order)
	want(!e.When.IsZero(), "timestamp", "It is not told when it happened.", "an instant such as 2026-11-02T09:00:00Z", "")
	want(e.Revision >= 0, "data.revision", "The revision is not one.", "a whole number from 0", fmt.Sprint(e.Revision))
	switch e.Kind {
	case PickedEvent, ReturnedEvent:
	case PackedEvent:
		want(len(e.Lots) > 0, "data.lots", "It is not told what was packed.", "batch, expiry and quantity of each lot", "")
		want(strings.TrimSpace(e.By) != "", "data.by", "It is not told who packed it.", "a name or number", "")
	case DispatchedEvent:
		want(strings.TrimSpace(e.Carrier) != "", "data.carrier", "It is not told which courier has it.", "the courier", "")
		want(strings.TrimSpace(e.Tracking) != "", "data.tracking", "The number of the consignment is missing.", "the tracking number", "")
	case TrackedEvent, DeliveredEvent:
		known := false
		for _, o := range Outcomes {
			known = known || o == e.Outcome
		}
		want(known, "data.outcome", "The outcome is not a known one.", strings.Join(Outcomes, ", "), e.Outcome)
		want(e.Kind != DeliveredEvent || strings.HasPrefix(e.Outcome, "delivered-") || !known, "data.outcome", "It does not say that it was delivered.", "a delivered- outcome", e.Outcome)
	case FailedEvent:
		want(strings.TrimSpace(e.Reason) != "", "data.reason", "It is not told why it failed.", "the reason", "")
	default:
		want(false, "type", "The type of the event is not a known one.", "order.picked, order.packed, order.dispatched, order.tracked, order.delivered, order.failed or order.returned", string(e.Kind))
	}
	want(e.Expected == "" || !nhs.ReadDate(e.Expected).IsZero(), "data.expected", "The day of the delivery is not a day.", "a day such as 2026-11-30", e.Expected)
	want(len(e.Lots) <= 50, "data.lots", "There are too many lots.", "50 at most", fmt.Sprint(len(e.Lots)))
	for i, p := range e.Lots {
		place := fmt.Sprintf("data.lots[%d]", i)
		want(strings.TrimSpace(p.Batch) != "", place+".batch", "The batch is missing.", "the batch number", p.Batch)
		want(p.Quantity.IsPositive() && p.Quantity.Exponent() >= -6 && p.Quantity.Exponent() <= 9, place+".quantity", "The quantity is not an amount.", "a number above 0", p.Quantity.String())
		want(p.Expiry == "" || !nhs.ReadDate(p.Expiry).IsZero(), place+".expiry", "The expiry is not a day.", "a day such as 2029-01-31", p.Expiry)
	}
	for name, text := range map[string]string{"by": e.By, "checkedBy": e.Checked, "carrier": e.Carrier, "tracking": e.Tracking, "recipient": e.Recipient, "reason": e.Reason} {
		want(len(text) <= 200, "data."+name, "It is too long.", "200 bytes at most", fmt.Sprint(len(text), " bytes"))
	}
	if len(issues) > 0 {
		return &fhir.Error{Op: "warehouse-event", Kind: fhir.Structure, Issues: issues}
	}
	return nil
}

// Text is the event as JSON.
func (e *Event) Text() []byte {
	whole, _ := json.Marshal(struct { // of plain members, which never fails
		Type      EventKind `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      Told      `json:"data"`
	}{e.Kind, e.When, e.Told})
	return whole
}
