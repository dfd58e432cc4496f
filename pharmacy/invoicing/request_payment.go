package invoicing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// asked is a request for a payment: the Basic that records to what the page of the
// provider belongs.
type asked struct {
	id, version       string
	account, pharmacy string
	ref               string // Invoice/1 or Task/1
	pence             int64
	provider, session string
	url, state        string
}

// The states of a request.
const (
	askedOpen     = "open"
	askedPaid     = "paid"
	askedDeclined = "declined" // the page stays open for another try
	askedExpired  = "expired"
)

const extAsked = nhs.Own + "StructureDefinition/payment-request"

func askedID(account string, n int) string {
	return pharmacy.ID("Basic", "payment-request", account, strconv.Itoa(n))
}

func (a *asked) change() fhir.Change {
	parts := []any{fhir.Obj("url", "amount", "valueMoney", money(a.pence)), fhir.Obj("url", "of", "valueReference", fhir.Obj("reference", a.ref)), fhir.Obj("url", "provider", "valueString", a.provider), fhir.Obj("url", "state", "valueCode", a.state)}
	if a.url != "" {
		parts = append(parts, fhir.Obj("url", "page", "valueUrl", a.url), fhir.Obj("url", "session", "valueString", a.session))
	}
	r := fhir.Obj("resourceType", "Basic", "id", a.id, "extension", fhir.List(fhir.Obj("url", extAsked, "extension", fhir.List(parts...))), "identifier", fhir.List(nhs.IdentifierValue(idAccount, a.account)),
		"code", nhs.Concept(fhir.Coding{System: csRecord, Code: "payment-request", Display: "Request for a payment"}), "author", organisation(a.pharmacy)).Resource()
	c := fhir.Change{Method: fhir.Update, Type: "Basic", ID: a.id, Resource: r, IfMatch: a.version}
	if a.version == "" {
		c.IfNoneMatch = true
	}
	return c
}

// askedOf reads a request by its id, nil where there is none.
func askedOf(state fhir.State, id string) (*asked, error) {
	v, err := standing(state, "Basic", "Basic/"+id)
	if err != nil || v == nil {
		return nil, err
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	ext := nhs.Extension(r.Root(), extAsked)
	if !ext.Exists() || nhs.Coded(r.Get("code"), csRecord) != "payment-request" {
		return nil, nil
	}
	part := func(name, value string) fhir.Node { return nhs.Extension(ext, name).Get(value) }
	return &asked{id: id, version: v.VersionID, account: nhs.Identifier(r.Root(), idAccount).Text(), pharmacy: r.Root().Path("author", "identifier", "value").Text(), ref: part("of", "valueReference").Get("reference").Text(),
		pence: pence(part("amount", "valueMoney")), provider: part("provider", "valueString").Text(), session: part("session", "valueString").Text(), url: part("page", "valueUrl").Text(), state: part("state", "valueCode").Text()}, nil
}

// Asked is what a page of the sandbox shows of a request.
type Asked struct {
	Pence     int64
	Pharmacy  string
	State     string
	Reference string
}

// Asked is a request for a payment by its key; ok is false where there is none.
func (s *Service) Asked(ctx context.Context, key string) (a Asked, ok bool, err error) {
	had, err := askedOf(s.db.State(ctx), key)
	if err != nil || had == nil {
		return a, false, err
	}
	return Asked{Pence: had.pence, Pharmacy: had.pharmacy, State: had.state, Reference: had.ref}, true, nil
}

// requestPayment is $request-payment of an Invoice or a Task: a page of the provider
// on which what is due, or a part of it, is paid by card. A request that is open for
// the same amount is the same page again.
func (s *Service) requestPayment(typ string) func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	const op = "request-payment"
	return func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
		if s.provider == nil {
			return nil, refuse(op, "", fhir.NotSupported, "", "This server takes no cards.", "a provider of card payments", "none", "Record what is paid in another way with $record-payment; docs/private.md says how a provider is set.")
		}
		part, given, err := amountIn(call, op)
		if err != nil {
			return nil, err
		}
		a := &asked{}
		// The request is recorded before the provider is asked, so that what is paid by
		// the page is known whatever becomes of this call.
		if _, err := s.commit(ctx, &fhir.Call{Requester: call.Requester, RequestID: call.RequestID, Time: call.Time}, op, func(state fhir.State) ([]fhir.Change, *fhir.Reply, error) {
			of, err := s.subject(state, call, typ, op)
			if err != nil {
				return nil, nil, err
			}
			due, err := of.due(state)
			if err != nil {
				return nil, nil, err
			}
			want := due
			if given {
				want = part
			}
			if want > due || due <= 0 {
				return nil, nil, refuse(op, "PRIV-6", fhir.BusinessRule, place("amount"), "No more is asked for than is due.", prices.Sterling(max(0, due))+" at most", prices.Sterling(want), "")
			}
			had, fresh, err := nextAsked(state, of.account, want)
			if err != nil {
				return nil, nil, err
			}
			if had != nil {
				*a = *had
				return nil, &fhir.Reply{}, nil
			}
			*a = asked{id: fresh, account: of.account, pharmacy: of.pharmacy, ref: of.ref, pence: want, provider: s.provider.Name(), state: askedOpen}
			return []fhir.Change{a.change()}, &fhir.Reply{}, nil
		}); err != nil {
			return nil, err
		}
		if a.url == "" {
			session, err := s.provider.Request(ctx, PaymentRequest{Key: a.id, Pence: a.pence, Description: "Pharmacy " + a.pharmacy + ", " + prices.Sterling(a.pence), Return: call.Base})
			if err != nil {
				return nil, err
			}
			a.url, a.session = session.URL, session.ID
		}
		return s.commit(ctx, call, op, func(state fhir.State) ([]fhir.Change, *fhir.Reply, error) {
			reply := &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(
				fhir.Obj("name", "page", "valueUrl", a.url), amount("amount", a.pence), fhir.Obj("name", "of", "valueReference", fhir.Obj("reference", a.ref)))).Resource(), Impersonal: true}
			now, err := askedOf(state, a.id)
			if err != nil || now == nil || now.url != "" {
				return nil, reply, err
			}
			now.url, now.session = a.url, a.session
			return []fhir.Change{now.change()}, reply, nil
		})
	}
}

// nextAsked is an open request for an amount on an account, or the id of the next
// one.
func nextAsked(state fhir.State, account string, pence int64) (had *asked, fresh string, err error) {
	for n := 1; ; n++ {
		a, err := askedOf(state, askedID(account, n))
		if err != nil {
			return nil, "", err
		}
		if a == nil {
			return nil, askedID(account, n), nil
		}
		if (a.state == askedOpen || a.state == askedDeclined) && a.pence == pence {
			return a, "", nil
		}
	}
}

// refundKey is the idempotency key of the n-th refund of a payment.
func refundKey(notice string, n int) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{"refund", notice, strconv.Itoa(n)}, "/")))
	return hex.EncodeToString(sum[:])
}

func pounds(pence int64) string { return prices.Pounds(pence) }
