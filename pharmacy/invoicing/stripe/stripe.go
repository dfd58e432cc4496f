// Package stripe takes card payments by Stripe: it opens Checkout pages, refunds, and
// reads the events that Stripe sends. Card data are entered on Stripe's own pages and
// never reach this server. The package knows Stripe; what a payment means is in
// package invoicing.
package stripe

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	api "github.com/stripe/stripe-go/v85"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing"
)

// Config is what the adapter is made with.
type Config struct {
	Key     string   // the secret key of the account, or a restricted one
	Secrets []string // of the webhook: the newest, and those that it replaces until Stripe no longer signs with them
	Return  string   // where Checkout leads when it is done: https://pharmacy.example
	URL     string   // of Stripe's API; "" for the real one
	// Tolerance is how old a signature may be; five minutes when 0.
	Tolerance time.Duration
}

// Provider is Stripe as a provider of payments.
type Provider struct {
	client    *api.Client
	secrets   []string
	back      string
	tolerance time.Duration
}

// name is the name of the provider in the identifiers of its payments.
const name = "stripe"

// patience bounds a call to Stripe.
const patience = 30 * time.Second

// New makes the adapter. It refuses a configuration that would take money and not
// hear of it.
func New(c Config) (*Provider, error) {
	switch {
	case c.Key == "" && len(c.Secrets) == 0:
		return nil, errors.New("neither the key of Stripe nor the secret of its webhook is set")
	case c.Key == "":
		return nil, errors.New("the secret of Stripe's webhook is set, and the key of the account is not")
	case len(c.Secrets) == 0:
		return nil, errors.New("the key of Stripe is set, and the secret of its webhook is not: payments would be taken and never recorded")
	case !strings.HasPrefix(c.Key, "sk_") && !strings.HasPrefix(c.Key, "rk_"):
		return nil, errors.New("the key of Stripe is not a secret or restricted key: expected sk_… or rk_…")
	case !strings.HasPrefix(c.Return, "https://") && c.URL == "":
		return nil, errors.New("Stripe returns payers to an address of https alone") //nolint:staticcheck // a name
	}
	for _, s := range c.Secrets {
		if !strings.HasPrefix(s, "whsec_") || len(s) < len("whsec_")+8 {
			return nil, errors.New("the secret of Stripe's webhook is not one: expected whsec_…")
		}
	}
	config := &api.BackendConfig{HTTPClient: &http.Client{Timeout: patience}, EnableTelemetry: api.Bool(false), LeveledLogger: &api.LeveledLogger{Level: api.LevelNull}, MaxNetworkRetries: api.Int64(2)}
	if c.URL != "" {
		config.URL = api.String(c.URL)
	}
	if c.Tolerance == 0 {
		c.Tolerance = 5 * time.Minute
	}
	return &Provider{client: api.NewClient(c.Key, api.WithBackends(api.NewBackendsWithConfig(config))), secrets: c.Secrets, back: strings.TrimSuffix(c.Return, "/"), tolerance: c.Tolerance}, nil
}

// Name is "stripe".
func (p *Provider) Name() string { return name }

// keyOf is the metadata by which a payment names the request that it answers.
const keyOf = "pestle_request"

// Request opens a Checkout page. What Stripe is told is an amount, the pharmacy's
// code and the key of the request: no name and no medicine.
func (p *Provider) Request(ctx context.Context, r invoicing.PaymentRequest) (invoicing.Session, error) {
	params := &api.CheckoutSessionCreateParams{
		Mode:               api.String(string(api.CheckoutSessionModePayment)),
		ClientReferenceID:  api.String(r.Key),
		SuccessURL:         api.String(p.back + "/paid"),
		CancelURL:          api.String(p.back + "/paid?cancelled"),
		PaymentMethodTypes: []*string{api.String("card")},
		Metadata:           map[string]string{keyOf: r.Key},
		PaymentIntentData:  &api.CheckoutSessionCreatePaymentIntentDataParams{Metadata: map[string]string{keyOf: r.Key}},
		LineItems: []*api.CheckoutSessionCreateLineItemParams{{Quantity: api.Int64(1), PriceData: &api.CheckoutSessionCreateLineItemPriceDataParams{
			Currency: api.String(string(api.CurrencyGBP)), UnitAmount: api.Int64(r.Pence),
			ProductData: &api.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: api.String(r.Description)}}}},
	}
	params.SetIdempotencyKey(r.Key)
	s, err := p.client.V1CheckoutSessions.Create(ctx, params)
	if err != nil {
		return invoicing.Session{}, failed("request-payment", err)
	}
	return invoicing.Session{ID: s.ID, URL: s.URL}, nil
}

// Refund gives a part of a payment back.
func (p *Provider) Refund(ctx context.Context, r invoicing.RefundRequest) (string, error) {
	params := &api.RefundCreateParams{PaymentIntent: api.String(r.Payment), Amount: api.Int64(r.Pence)}
	params.SetIdempotencyKey(r.Key)
	refund, err := p.client.V1Refunds.Create(ctx, params)
	if err != nil {
		return "", failed("refund", err)
	}
	if refund.Status == api.RefundStatusFailed || refund.Status == api.RefundStatusCanceled {
		return "", fhir.E("refund", fhir.BusinessRule, fhir.Issue{Message: "Stripe did not refund the payment: " + string(refund.FailureReason) + ".", Found: string(refund.Status)})
	}
	return refund.ID, nil
}

// failed is what the caller is told of a failure: what is wrong with the request, or
// that Stripe cannot be reached. Nothing of the account is told.
func failed(op string, err error) error {
	var e *api.Error
	if !errors.As(err, &e) || e.HTTPStatusCode >= 500 || e.HTTPStatusCode == http.StatusTooManyRequests || e.HTTPStatusCode == 0 {
		return &fhir.Error{Op: op, Kind: fhir.Timeout, Err: err, Issues: []fhir.Issue{{Severity: fhir.Err, Code: fhir.Timeout, Message: "Stripe could not be reached, or could not answer.", Fix: "Send it again: nothing is done twice."}}}
	}
	kind := fhir.BusinessRule
	switch {
	case e.HTTPStatusCode == http.StatusUnauthorized || e.HTTPStatusCode == http.StatusForbidden:
		return &fhir.Error{Op: op, Kind: fhir.Exception, Err: err, Issues: []fhir.Issue{{Severity: fhir.Err, Code: fhir.Exception, Message: "Stripe does not accept the key of this server."}}}
	case e.Type == api.ErrorTypeIdempotency || e.HTTPStatusCode == http.StatusConflict:
		kind = fhir.Conflict
	}
	return &fhir.Error{Op: op, Kind: kind, Err: err, Issues: []fhir.Issue{{Severity: fhir.Err, Code: kind, Message: "Stripe refused it: " + e.Msg, Found: string(e.Code)}}}
}
