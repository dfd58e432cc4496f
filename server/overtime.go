package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/pestle-fhir/pestle/fhir"
)

// work is what a request was at when its time ran out, where that is its own
// doing: it asks for more than one request may have.
type work struct{ message, fix string }

var (
	decoding  = &work{"could not be read to its end", "Send the content in several requests."}
	checking  = &work{"could not be checked against the rules of its types", "Send the content in several requests."}
	searching = &work{"could not be searched for", "Narrow the search: name an identifier, an exact value or a patient, leave out :contains, :text and chains, or ask for less with _count."}
	computing = &work{"could not be worked out", "Ask for less at a time."}
	deciding  = &work{"could not be decided, for its conditions and references,", "Name an identifier or an id in conditions and conditional references, or send the content in several requests."}
)

// exceeded is the end of a context that met a request at its own work.
type exceeded struct {
	at  *work
	err error
}

func (e *exceeded) Error() string { return "server: " + e.at.message + " in time: " + e.err.Error() }

func (e *exceeded) Unwrap() error { return e.err }

// overtime notes what a request was at, where err says that its time is over.
func overtime(at *work, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &exceeded{at, err}
	}
	return err
}

// undecided is overtime for a commit: the store has a name for what comes before
// the writes of others are waited for.
func undecided(err error) error {
	var e *fhir.Error
	if errors.As(err, &e) && e.Op != "commit" {
		return overtime(deciding, err)
	}
	return err
}

// outOfTime is what is said of a request whose time ran out, by the cause: 422
// for what it asks for itself, and 503 where the server cannot tell. Where it
// waited for the writes of others, the store says so, which is 429.
func (s *Server) outOfTime(err error) *fhir.Error {
	var own *exceeded
	if errors.As(err, &own) {
		return fhir.E("serve", fhir.Processing, fhir.Issue{Code: fhir.TooCostly,
			Message:  "What the request asks for " + own.at.message + " in the time that one request has. Nothing was written.",
			Expected: fmt.Sprintf("at most %s of work", s.config.Timeout), Fix: own.at.fix,
		})
	}
	return fhir.E("serve", fhir.Timeout, fhir.Issue{
		Message: fmt.Sprintf("The request was given up: it took longer than %s, or the connection ended. A write may or may not have happened.", s.config.Timeout),
		Fix:     "Read the resource before the write is sent again, or send it with If-None-Exist, If-Match or the same X-Request-ID.",
	})
}

// tooLate is the answer to an entry of a Bundle for which no time was left.
func tooLate() *recorder {
	r := &recorder{header: http.Header{}, status: http.StatusUnprocessableEntity}
	r.body.Write(fhir.Outcome([]fhir.Issue{{Severity: fhir.Err, Code: fhir.TooCostly,
		Message: "The entries before this one took all the time that the Bundle had. Nothing was done for it.",
		Fix:     "Send the entry again, in a Bundle with fewer entries.",
	}}).JSON())
	return r
}
