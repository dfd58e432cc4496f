// Package log is the contract between the store and a log of records that several
// databases follow. One of them at a time leads and appends; the log decides who, as
// it takes a record only for the place that follows the newest one. It knows nothing
// of what the records mean.
//
// The suite of store/log/logtest tests every implementation against this contract.
package log

import (
	"context"
	"errors"
)

// Place is that of a record in a log: 1, 2, 3, … without gaps. 0 is before the first.
type Place uint64

// ErrOvertaken says that another record is at the place for which one was appended.
// Nothing was appended. Implementations may wrap it.
var ErrOvertaken = errors.New("log: another record is at this place")

// ErrTrimmed says that a record is not kept any more: who needs it has to begin with a
// copy of a database that holds it. Implementations may wrap it.
var ErrTrimmed = errors.New("log: the record at this place is not kept any more")

// Log is a list of records that only grows, and of which the oldest may be removed. It is safe for concurrent use.
type Log interface {
	// Append adds a record as the one after a place and returns when it will survive
	// what the log is made to survive. An error that is not [ErrOvertaken] leaves open
	// whether the record was added, and whether it will be.
	Append(ctx context.Context, after Place, record []byte) error
	// Next returns the record after a place, which is not to be changed. It waits for
	// one up to the end of ctx, and then fails with the context's error. It is
	// ErrTrimmed for one that was removed.
	Next(ctx context.Context, after Place) (record []byte, err error)
	// Last is the place of the newest record: all whose Append has returned before the
	// call are at it or before it.
	Last(ctx context.Context) (Place, error)
}
