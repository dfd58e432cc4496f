package server_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server"
)

// tired is a repository in which everything lasts until the time is over.
type tired struct {
	server.Repository
	op string // of the error of a commit: "plan" before, "commit" while others write
}

func (r tired) Search(ctx context.Context, _ *search.Query) (*search.Result, error) {
	<-ctx.Done()
	e := fhir.E("search", fhir.Timeout, fhir.Issue{Message: "stopped", Fix: "Wait."})
	e.Err = ctx.Err()
	return nil, e
}

func (r tired) Commit(ctx context.Context, _ *fhir.Transaction) (*fhir.Commit, error) {
	<-ctx.Done()
	kind := fhir.Timeout
	if r.op == "commit" {
		kind = fhir.Throttled
	}
	e := fhir.E(r.op, kind, fhir.Issue{Code: fhir.Timeout, Message: "Nothing was written.", Fix: "Send it again."})
	e.Err = ctx.Err()
	return nil, e
}

// What a request is told when its time is over goes by what took the time.
func TestOutOfTimeByItsCause(t *testing.T) {
	slow := func(op string, timeout time.Duration) func(*server.Config) {
		return func(c *server.Config) {
			c.Timeout, c.Repository = timeout, tired{c.Repository, op}
			c.Operations = append(c.Operations, fhir.Operation{Name: "ponder", Idempotent: true, Handle: func(ctx context.Context, _ *fhir.Call) (*fhir.Reply, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}})
		}
	}
	const patient = `{"resourceType":"Patient","name":[{"family":"x"}]}`
	long := `{"resourceType":"Patient","name":[` + strings.Repeat(`{"family":"x"},`, 30_000) + `{"family":"x"}]}`
	xml := `<Patient xmlns="http://hl7.org/fhir">` + strings.Repeat(`<name><family value="x"/></name>`, 30_000) + `</Patient>`
	for _, c := range []struct {
		name, op, method, path, body string
		timeout                      time.Duration
		status                       int
		code, says                   string
	}{
		{"decode JSON", "", "POST", "Patient", long, 1, 422, "too-costly", "could not be read"},
		{"decode XML", "", "POST", "Patient", xml, 1, 422, "too-costly", "could not be read"},
		{"check", "", "POST", "Patient", patient, 1, 422, "too-costly", "could not be checked"},
		{"check of a transaction", "", "POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + patient + `,"request":{"method":"POST","url":"Patient"}}]}`, 1, 422, "too-costly", "could not be checked"},
		{"search", "", "GET", "Patient?name:contains=a", "", 20 * time.Millisecond, 422, "too-costly", "Narrow the search"},
		{"conditions", "plan", "PUT", "Patient?name:contains=a", patient, 200 * time.Millisecond, 422, "too-costly", "in conditions"},
		{"others", "commit", "POST", "Patient", patient, 200 * time.Millisecond, 429, "timeout", "Nothing was written"},
		{"operation", "", "GET", "$ponder", "", 20 * time.Millisecond, 422, "too-costly", "Ask for less"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHandler(t, slow(c.op, c.timeout))
			kind := "application/fhir+json"
			if strings.HasPrefix(c.body, "<") {
				kind = "application/fhir+xml"
			}
			w := call(h, c.method, "/fhir/"+c.path, c.body, "Content-Type", kind, "Accept", "application/fhir+json")
			require.Equal(t, c.status, w.Code, w.Body)
			require.Contains(t, w.Body.String(), `"`+c.code+`"`)
			require.Contains(t, w.Body.String(), c.says)
			require.Equal(t, c.status == 429, w.Header().Get("Retry-After") != "")
		})
	}
}

// A batch whose time is over says of each entry what became of it.
func TestABatchOutOfTime(t *testing.T) {
	h := newHandler(t, func(c *server.Config) { c.Timeout, c.Repository = 500*time.Millisecond, tired{c.Repository, ""} })
	entries := `{"request":{"method":"DELETE","url":"Patient/none"}}` + strings.Repeat(`,{"request":{"method":"GET","url":"Patient?name=a"}}`, 9)
	w := call(h, "POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[`+entries+`]}`)
	require.Equal(t, 200, w.Code, w.Body)
	require.Equal(t, 10, strings.Count(w.Body.String(), `"status"`), w.Body)
	require.Contains(t, w.Body.String(), "Nothing was done for it")
	require.GreaterOrEqual(t, strings.Count(w.Body.String(), "422"), 9, w.Body)
}

// The answer of an operation has its part of the memory.
func TestAnswersOfOperationsAreReserved(t *testing.T) {
	for memory, status := range map[int64]int{1 << 20: 413, 16 << 20: 200} {
		h := newHandler(t, func(c *server.Config) {
			c.Memory = memory
			c.Operations = append(c.Operations, fhir.Operation{Name: "large", Idempotent: true, Handle: func(context.Context, *fhir.Call) (*fhir.Reply, error) {
				return &fhir.Reply{Resource: fhir.Obj("resourceType", "Basic", "id", strings.Repeat("a", 1<<20)).Resource()}, nil
			}})
		})
		require.Equal(t, status, call(h, "GET", "/fhir/$large", "").Code, fmt.Sprint(memory))
	}
}
