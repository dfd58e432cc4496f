package server

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// statuses are the HTTP statuses of the kinds of failure: 400 for what cannot
// be read, 422 for what was read and breaks a rule.
// https://hl7.org/fhir/R4/http.html#Status-Codes
var statuses = map[fhir.Code]int{
	fhir.Invalid:         http.StatusBadRequest,
	fhir.NotSupported:    http.StatusBadRequest,
	fhir.TooCostly:       http.StatusBadRequest,
	fhir.Structure:       http.StatusUnprocessableEntity,
	fhir.Required:        http.StatusUnprocessableEntity,
	fhir.ValueCode:       http.StatusUnprocessableEntity,
	fhir.Invariant:       http.StatusUnprocessableEntity,
	fhir.CodeInvalid:     http.StatusUnprocessableEntity,
	fhir.ExtensionCode:   http.StatusUnprocessableEntity,
	fhir.BusinessRule:    http.StatusUnprocessableEntity,
	fhir.Processing:      http.StatusUnprocessableEntity,
	fhir.Login:           http.StatusUnauthorized,
	fhir.Forbidden:       http.StatusForbidden,
	fhir.NotFound:        http.StatusNotFound,
	fhir.Deleted:         http.StatusGone,
	fhir.Duplicate:       http.StatusConflict,
	fhir.Conflict:        http.StatusConflict,
	fhir.MultipleMatches: http.StatusPreconditionFailed,
	fhir.TooLong:         http.StatusRequestEntityTooLarge,
	fhir.Throttled:       http.StatusTooManyRequests,
	fhir.Timeout:         http.StatusServiceUnavailable,
	fhir.NoStore:         http.StatusServiceUnavailable,
	fhir.Exception:       http.StatusInternalServerError,
}

// failure is an error that HTTP itself has a status for (405, 406, 415), or
// one that needs headers.
type failure struct {
	err    *fhir.Error
	status int
	header http.Header
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

// refuse makes an error with a status of its own.
func refuse(status int, kind fhir.Code, issue fhir.Issue) *failure {
	return &failure{err: fhir.E("serve", kind, issue), status: status, header: http.Header{}}
}

func (f *failure) with(name, value string) *failure {
	f.header.Set(name, value)
	return f
}

// fail answers a request with an error, and logs it when it is the server's.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	x := exchangeIn(r.Context())
	status, header, issues := s.explain(x, err)
	s.metrics.refused(issues)
	for name, values := range header {
		w.Header()[name] = values
	}
	if x.message != nil {
		x.message.Note(issues)
	}
	if status == http.StatusUnauthorized && s.config.Authenticator != nil {
		if challenge := s.config.Authenticator.Challenge(err); challenge != "" {
			w.Header().Set("WWW-Authenticate", challenge)
		}
	}
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusInsufficientStorage:
		w.Header().Set("Retry-After", "5")
	}
	if status >= 500 {
		s.report(r, err)
	}
	s.help(w.Header(), s.origin(r), issues)
	s.write(w, r, status, s.outcome(x, issues))
}

// outcome writes issues; on EPS calls with the time, as EPS does.
func (s *Server) outcome(x *exchange, issues []fhir.Issue) []byte {
	body := fhir.Outcome(issues)
	if !x.eps {
		return body.JSON()
	}
	r := body.Resource()
	e := fhir.NewEdit(r)
	e.Set(r.Root(), "meta", string(fhir.Obj("lastUpdated", s.now().Format(fhir.InstantLayout)).JSON()))
	return e.JSON()
}

// incidentRule begins what issues of failures have in the place of a rule: the id of the
// incident follows.
const incidentRule = "incident-"

// explain decides on the status of an error and on what the client is told.
func (s *Server) explain(x *exchange, err error) (status int, header http.Header, issues []fhir.Issue) {
	var f *failure
	if errors.As(err, &f) {
		return f.status, f.header, f.err.Issues
	}
	var e *fhir.Error
	switch {
	case errors.As(err, new(*exceeded)):
		e = s.outOfTime(err)
	case errors.As(err, &e) && (e.Kind == fhir.Timeout || e.Kind == fhir.Throttled) && e.Op != "search" && len(e.Issues) > 0 && e.Issues[0].Fix != "": // it knows what became of the write
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		e = s.outOfTime(err)
	case errors.As(err, &e) && e.Damaged: // the client is told which resource, and the log has it
		x.incident = cmp.Or(x.incident, s.config.NewID())
	case e == nil, e.Kind == fhir.Exception:
		x.incident = cmp.Or(x.incident, s.config.NewID())
		e = fhir.E("serve", fhir.Exception, fhir.Issue{
			Severity: fhir.Fatal,
			Message:  "The server failed. This is not a fault of the request.",
			Fix:      "Give the incident " + x.incident + " to the operator of the server, whose log tells more.",
			Rule:     incidentRule + x.incident,
		})
	}
	issues = e.Issues
	if len(issues) == 0 {
		issues = []fhir.Issue{{Severity: fhir.Err, Code: e.Kind, Message: "The request was refused: " + string(e.Kind) + "."}}
	}
	return s.status(x, e), nil, issues
}

func (s *Server) status(x *exchange, e *fhir.Error) int {
	switch {
	case e.Precondition:
		return http.StatusPreconditionFailed
	case e.NoSpace:
		return http.StatusInsufficientStorage
	}
	status, ok := statuses[e.Kind]
	if !ok {
		status = http.StatusUnprocessableEntity
	}
	if x.eps {
		return epsStatus(status, e.Issues)
	}
	return status
}

// epsStatus is the status by the rules of EPS: what it refuses is 400, 403 when
// permission is all that lacks, and 200 when there is only something to say.
func epsStatus(status int, issues []fhir.Issue) int {
	every := func(test func(fhir.Issue) bool) bool {
		return len(issues) > 0 && !slices.ContainsFunc(issues, func(i fhir.Issue) bool { return !test(i) })
	}
	switch {
	case every(func(i fhir.Issue) bool { return i.Severity == fhir.Information }):
		return http.StatusOK
	case every(func(i fhir.Issue) bool { return i.Code == fhir.Forbidden }):
		return http.StatusForbidden
	case every(func(i fhir.Issue) bool { return i.Rule == fhir.ReusedRule }):
		return status // it is not about what was sent
	}
	switch status {
	case http.StatusNotFound, http.StatusGone, http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity:
		return http.StatusBadRequest
	}
	return status
}
