package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
)

type handler func(context.Context, *fhir.Call) (*fhir.Reply, error)

// onlyOnce makes a call happen once per X-Request-ID, as EPS has it, or per
// Idempotency-Key: a repeat is given the first answer, also while the first is
// still at work. What was refused had no effect, so a repeat of that is judged
// anew; so is one of a call without either.
func (s *Server) onlyOnce(c *gin.Context, handle handler, call *fhir.Call) (*fhir.Reply, error) {
	x, ctx := exchangeOf(c), c.Request.Context()
	if x.once == "" {
		return handle(ctx, call)
	}
	digest := digestOf(c, x, call)
	call.Receipt = fhir.Receipt{Key: x.once + x.entry, Body: []byte(digest)}
	if who := x.caller(); who != "" { // what another caller sends under an id is not a repeat
		call.Receipt.Key += "\x00" + who
	}
	return s.flights.do(ctx, call.Receipt.Key, digest, func() (*fhir.Reply, error) {
		receipt, found, err := s.config.Repository.ReceiptFor(ctx, call.Receipt.Key)
		if err != nil {
			return nil, err
		}
		if found {
			if first := fhir.RequestOf(receipt); first != "" && first != digest {
				return nil, fhir.Reused("serve")
			}
			return fhir.ReplyOf(receipt)
		}
		return handle(ctx, call)
	})
}

// receipt is that of a plain write, by which a repeat under its X-Request-ID or
// Idempotency-Key is answered as before. It is empty for a write without either, and where
// the server keeps none.
func (s *Server) receipt(c *gin.Context) fhir.Receipt {
	x := exchangeOf(c)
	if x.once == "" || !s.config.Repeats {
		return fhir.Receipt{}
	}
	h := sha256.New()
	part := func(b []byte) {
		_, _ = fmt.Fprintf(h, "%d ", len(b))
		h.Write(b)
	}
	for _, text := range []string{c.Request.Method, c.Request.URL.Path, c.Request.URL.RawQuery, x.identity.Requester.Agent, x.identity.Requester.OnBehalf} {
		part([]byte(text))
	}
	for _, name := range []string{"If-Match", "If-None-Match", "If-None-Exist", provenanceHeader} {
		part([]byte(strings.Join(c.Request.Header.Values(name), ",")))
	}
	switch {
	case x.brought != nil:
		part(x.brought.content.SHA256[:])
	case x.resource != nil:
		part(x.resource.JSON())
	default:
		part(x.text)
	}
	return fhir.Receipt{Key: fhir.PlainReceipt + x.once + x.entry + "\x00" + x.caller(), Body: fhir.Obj("request", hex.EncodeToString(h.Sum(nil))).JSON(), Plain: true}
}

// repeated is what came of the plain write of a receipt, nil where it was not made yet. What
// depends on the state asks before it looks at that: a patch that was applied may not be
// applied again.
func (s *Server) repeated(c *gin.Context, receipt fhir.Receipt) (*fhir.Commit, error) {
	if receipt.Key == "" {
		return nil, nil
	}
	ctx := c.Request.Context()
	if _, found, err := s.config.Repository.ReceiptFor(ctx, receipt.Key); !found || err != nil {
		return nil, err
	}
	done, err := s.config.Repository.Commit(ctx, &fhir.Transaction{Receipt: receipt, Requester: exchangeOf(c).identity.Requester})
	if err != nil || !done.Repeated {
		return nil, err
	}
	return done, nil
}

// digestOf tells requests apart that carry the same id: by what was asked, by
// whom and of what.
func digestOf(c *gin.Context, x *exchange, call *fhir.Call) string {
	h := sha256.New()
	for _, part := range []string{x.interaction, x.resourceType, c.Param("id"), x.identity.Requester.Agent, x.identity.Requester.OnBehalf, call.Params.Encode()} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	if call.Body != nil {
		h.Write(call.Body.JSON())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// named refuses a call under the path of the NHS whose X-Request-ID is missing or
// not a GUID, in the words of EPS. Elsewhere it may be left out.
func (x *exchange) named() error {
	if x.given || x.prefix != Bases[1] {
		return nil
	}
	return refuse(http.StatusBadRequest, fhir.ValueCode, fhir.Issue{
		Severity: fhir.Fatal, Message: "X-Request-ID header missing or malformed",
		Details: fhir.Coding{System: "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode", Code: "MISSING_FIELD", Display: "Missing field"},
	})
}

// flights are the calls at work, by request id. The zero value is ready.
type flights struct {
	mu    sync.Mutex
	byKey map[string]*flight
}

type flight struct {
	digest string
	done   chan struct{}
	reply  *fhir.Reply
	err    error
}

// do runs the call, or waits for the same one that is running already.
func (f *flights) do(ctx context.Context, key, digest string, call func() (*fhir.Reply, error)) (*fhir.Reply, error) {
	for {
		first, mine := f.join(key, digest)
		if mine {
			return f.lead(first, key, call)
		}
		if first.digest != digest {
			return nil, fhir.Reused("serve")
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-first.done:
		}
		if !errors.Is(first.err, context.Canceled) && !errors.Is(first.err, context.DeadlineExceeded) {
			return first.reply, first.err
		}
		// The first one's client went away before the end: try in its place.
	}
}

func (f *flights) join(key, digest string) (fl *flight, mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl, ok := f.byKey[key]; ok {
		return fl, false
	}
	if f.byKey == nil {
		f.byKey = map[string]*flight{}
	}
	fl = &flight{digest: digest, done: make(chan struct{})}
	f.byKey[key] = fl
	return fl, true
}

// lead runs the call. A panic reaches the others as an error, and the caller as
// the panic that it is.
func (f *flights) lead(fl *flight, key string, call func() (*fhir.Reply, error)) (*fhir.Reply, error) {
	defer func() {
		f.mu.Lock()
		delete(f.byKey, key)
		f.mu.Unlock()
		close(fl.done)
	}()
	fl.err = errors.New("the first request of this id panicked")
	fl.reply, fl.err = call()
	return fl.reply, fl.err
}
