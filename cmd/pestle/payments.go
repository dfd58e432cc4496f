package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/stripe"
	"github.com/pestle-fhir/pestle/server/page"
)

// cardOptions say who takes payments by card.
type cardOptions struct {
	StripeKey            string   `env:"PESTLE_STRIPE_KEY" name:"stripe-key" secret:"" placeholder:"KEY" help:"Secret or restricted key of the pharmacy's account with Stripe: private invoices are paid by card on Stripe's pages. With --stripe-webhook-secret, --site and --public-url."`
	StripeWebhookSecrets []string `env:"PESTLE_STRIPE_WEBHOOK_SECRETS" name:"stripe-webhook-secret" secret:"" placeholder:"SECRET" help:"Secret with which Stripe signs the events that it sends to /webhooks/stripe of --public-url; while it is rotated, the old one too."`

	stripe *stripe.Provider // nil where Stripe is not used
}

// complete refuses a server that would take money and not hear of it.
func (o *cardOptions) complete(sandbox bool, site, public string) (err error) {
	if o.StripeKey == "" && len(o.StripeWebhookSecrets) == 0 {
		return nil
	}
	switch {
	case sandbox:
		return errors.New("--stripe-key and --stripe-webhook-secret are not for a sandbox, which has a card page of its own")
	case site == "":
		return errors.New("--stripe-key needs --site: whose the money is")
	}
	if o.stripe, err = stripe.New(stripe.Config{Key: o.StripeKey, Secrets: o.StripeWebhookSecrets, Return: public}); err != nil {
		return fmt.Errorf("--stripe-key, --stripe-webhook-secret: %w", err)
	}
	return nil
}

// Paths of payments.
const (
	stripePath  = "/webhooks/stripe"
	paidPath    = "/paid"         // where Stripe's pages lead
	tillPath    = "/sandbox/pay/" // the card page of a sandbox, by the key of the request
	eventBytes  = 1 << 20
	tillName    = "sandbox"
	eventPeriod = 20 * time.Second // in which an event is recorded
)

// payments serves what belongs to card payments beside everything else.
type payments struct {
	app    *app
	stripe *stripe.Provider
	till   bool // the card page of a sandbox
	site   page.Site
	log    *slog.Logger
	told   atomic.Int64 // when the log was told of a refusal
}

// take makes the provider of the configuration that of the server.
func (p *payments) take(origin string) {
	switch {
	case p.till:
		p.app.invoicing.Take(till{origin})
	case p.stripe != nil:
		p.app.invoicing.Take(p.stripe)
	}
}

func (p *payments) within(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case p.stripe != nil && r.URL.Path == stripePath:
			p.event(w, r)
		case p.stripe != nil && r.URL.Path == paidPath:
			p.say(w, page.Payment{State: "Thank you. The pharmacy is told by the card provider when the payment is complete; this page may be closed."})
		case p.till && strings.HasPrefix(r.URL.Path, tillPath):
			p.pay(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (p *payments) say(w http.ResponseWriter, view page.Payment) {
	view.Site = p.site
	page.FormHeaders(w.Header(), "")
	_, _ = w.Write(view.HTML())
}

// event takes an event of Stripe. It answers 2xx when the event is recorded, so that
// Stripe sends it again until then.
func (p *payments) event(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	status, err := p.taken(w, r)
	if err != nil {
		p.refused(status, err)
	}
	if status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	w.WriteHeader(status)
}

// taken records an event; err says why not, for the log.
func (p *payments) taken(w http.ResponseWriter, r *http.Request) (status int, err error) {
	if r.Method != http.MethodPost {
		return http.StatusMethodNotAllowed, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, eventBytes))
	if err != nil {
		return http.StatusRequestEntityTooLarge, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), eventPeriod)
	defer cancel()
	events, err := p.stripe.Events(ctx, body, r.Header.Get("Stripe-Signature"))
	switch kind := fhir.KindOf(err); {
	case err != nil && kind == fhir.Login:
		return http.StatusUnauthorized, err // and has no record: anybody may send it
	case err != nil && kind == fhir.Structure:
		return http.StatusBadRequest, err
	case err != nil:
		return http.StatusServiceUnavailable, err
	}
	for _, e := range events {
		if err := p.app.invoicing.Receive(ctx, e, time.Now()); err != nil {
			return http.StatusServiceUnavailable, err
		}
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return http.StatusNoContent, p.app.audit.Record(ctx, &fhir.Access{Time: time.Now(), Interaction: "$payment-event", Status: http.StatusNoContent, RequestID: uuid.NewString(),
		By: fhir.Principal{Agent: "Device/stripe", Display: "stripe"}, Method: r.Method, Target: stripePath, Address: host})
}

// refused tells the log of events that were not taken, once a minute at most: anybody
// may send what is not signed.
func (p *payments) refused(status int, err error) {
	now, last := time.Now().Unix(), p.told.Load()
	if now-last >= 60 && p.told.CompareAndSwap(last, now) {
		p.log.Warn("events of Stripe were not taken", "status", status, "error", describe(err))
	}
}

// till is the provider of a sandbox: a page of this server with two buttons.
type till struct{ origin string }

func (till) Name() string { return tillName }

func (t till) Request(_ context.Context, r invoicing.PaymentRequest) (invoicing.Session, error) {
	return invoicing.Session{ID: r.Key, URL: t.origin + tillPath + r.Key}, nil
}

func (till) Refund(_ context.Context, r invoicing.RefundRequest) (string, error) {
	return "re_" + r.Key[:24], nil
}

// pay is the card page of a sandbox.
func (p *payments) pay(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.URL.Path, tillPath)
	a, ok, err := p.app.invoicing.Asked(r.Context(), key)
	if err != nil || !ok {
		http.Error(w, "Nothing is to be paid here.", http.StatusNotFound)
		return
	}
	view := page.Payment{Amount: prices.Sterling(a.Pence), To: "pharmacy " + a.Pharmacy, Action: tillPath + key}
	if r.Method == http.MethodPost && a.State != "paid" {
		if err := http.NewCrossOriginProtection().Check(r); err != nil {
			http.Error(w, "The choice came from a page of another site.", http.StatusForbidden)
			return
		}
		e := invoicing.Event{Provider: tillName, Key: key, When: time.Now(), Pence: a.Pence, Reference: "pay_" + key}
		switch r.PostFormValue("choice") {
		case "pay":
			e.Kind = invoicing.Paid
		case "decline":
			e.Kind = invoicing.Declined
		default:
			http.Error(w, "The choice is pay or decline.", http.StatusBadRequest)
			return
		}
		if err := p.app.invoicing.Receive(r.Context(), e, time.Now()); err != nil {
			http.Error(w, describe(err), http.StatusServiceUnavailable)
			return
		}
		if a, _, err = p.app.invoicing.Asked(r.Context(), key); err != nil {
			http.Error(w, describe(err), http.StatusServiceUnavailable)
			return
		}
	}
	switch a.State {
	case "paid":
		view.Action, view.State = "", "It is paid."
	case "declined":
		view.State = "The card was declined. It may be tried again."
	}
	p.say(w, view)
}
