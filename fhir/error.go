package fhir

import (
	"errors"
	"strings"
)

// Error is why an operation did not do what was asked. Its Kind decides the
// HTTP status, in one place of the server; its Issues are what the sender is
// told.
type Error struct {
	Op     string  // what was attempted: "commit", "search"
	Kind   Code    // the class of the failure
	Issues []Issue // what to tell the sender; all there is to say, at once
	// Precondition says that an If-Match, If-None-Match or If-None-Exist did
	// not hold (HTTP 412), as opposed to a conflict found on the way (409).
	Precondition bool
	// NoSpace says that the disk is too full for a write (HTTP 507), as opposed
	// to another reason why the store takes none now (503).
	NoSpace bool
	// Damaged says that what was asked for cannot be read, since a part of the
	// database is damaged: the issues name it and the remedy, and the client is
	// told them although the server is at fault.
	Damaged bool
	Err     error // the cause, for the log; never sent
}

// Errorf-like helpers stay out on purpose: an Error without a sentence for its
// sender is of no use. E makes the common one-issue error.
func E(op string, kind Code, issue Issue) *Error {
	if issue.Severity == "" {
		issue.Severity = Err
	}
	if issue.Code == "" {
		issue.Code = kind
	}
	return &Error{Op: op, Kind: kind, Issues: []Issue{issue}}
}

// Error is the failure in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op + ": " + string(e.Kind))
	for _, i := range e.Issues {
		b.WriteString(": ")
		if i.Expression != "" {
			b.WriteString(i.Expression + ": ")
		}
		b.WriteString(i.Text())
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of an error that is or wraps an [*Error]; Exception for
// any other.
func KindOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Exception
}
