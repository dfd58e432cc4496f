package stripe

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/internal/outbound"
)

// The calls are made here and not by the client of stripe-go, whose errors hold every
// resource of Stripe: it takes 2.6 MB of the binary (docs/adr/private-money.md).

const (
	// address is that of Stripe's API.
	address = "https://api.stripe.com"
	// version is the version of the API whose answers are read here.
	version = "2026-03-25.dahlia"
	// patience bounds one call, attempts how often it is made.
	patience, attempts = 30 * time.Second, 3
	// mostBytes bounds an answer.
	mostBytes = 4 << 20
)

// client takes another address than Stripe's from the configuration alone, so that it may
// be this machine's.
var client = outbound.New(outbound.Options{Loopback: true, Timeout: patience, Body: mostBytes + 1})

// refusal is an error that Stripe answered with: https://docs.stripe.com/api/errors
type refusal struct {
	Type    string `json:"type"`
	Code    string `json:"code"`
	Message string `json:"message"`
	status  int
	again   string // the header Stripe-Should-Retry
}

func (e *refusal) Error() string {
	return fmt.Sprintf("stripe: %d %s %s: %s", e.status, e.Type, e.Code, e.Message)
}

// transient reports whether the same call may succeed later: something is the matter
// with Stripe, or it was not Stripe that answered.
func (e *refusal) transient() bool {
	return e.status >= http.StatusInternalServerError || e.status == http.StatusTooManyRequests || e.Type == ""
}

// post makes something under an idempotency key: the same key makes nothing twice.
func (p *Provider) post(ctx context.Context, path string, form url.Values, key string, into any) error {
	return p.call(ctx, http.MethodPost, path, form, key, into)
}

// get reads something.
func (p *Provider) get(ctx context.Context, path string, query url.Values, into any) error {
	return p.call(ctx, http.MethodGet, path+"?"+query.Encode(), nil, "", into)
}

// call makes a call, again where it may not have arrived or may succeed later.
func (p *Provider) call(ctx context.Context, method, path string, form url.Values, key string, into any) error {
	for attempt := 1; ; attempt++ {
		again, err := p.once(ctx, method, path, form, key, into)
		if err == nil || !again || attempt == attempts {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(attempt)*250*time.Millisecond + rand.N(250*time.Millisecond)):
		}
	}
}

// once makes a call; again reports whether it may be made again.
func (p *Provider) once(ctx context.Context, method, path string, form url.Values, key string, into any) (again bool, err error) {
	r, err := http.NewRequestWithContext(ctx, method, p.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		return false, err
	}
	r.Header.Set("Authorization", "Bearer "+p.key)
	r.Header.Set("Stripe-Version", version)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := client.Do(r)
	if err != nil {
		return true, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, mostBytes+1))
	switch {
	case err != nil:
		return true, err
	case len(text) > mostBytes:
		return false, fmt.Errorf("stripe: an answer of more than %d bytes", mostBytes)
	case answer.StatusCode >= http.StatusMultipleChoices:
		e := refused(answer, text)
		return e.again == "true" || e.again == "" && e.transient(), e
	}
	return false, json.Unmarshal(text, into)
}

// refused reads an error.
func refused(answer *http.Response, text []byte) *refusal {
	var body struct {
		Error refusal `json:"error"`
	}
	if json.Unmarshal(text, &body) != nil {
		body.Error.Message = string(bytes.ToValidUTF8(text[:min(len(text), 200)], nil))
	}
	body.Error.status, body.Error.again = answer.StatusCode, answer.Header.Get("Stripe-Should-Retry")
	return &body.Error
}
