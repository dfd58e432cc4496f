// Package mem is a log in memory, for databases of one process: tests, and trials.
package mem

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/pestle-fhir/pestle/store/log"
)

// Log is a list of records.
type Log struct {
	mu      sync.Mutex
	records [][]byte
	grown   chan struct{} // closed and replaced when there is another one
}

// New returns an empty log.
func New() *Log { return &Log{grown: make(chan struct{})} }

var _ log.Log = (*Log)(nil)

// Append adds a record.
func (l *Log) Append(ctx context.Context, after log.Place, record []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch n := log.Place(len(l.records)); {
	case after < n:
		return log.ErrOvertaken
	case after > n:
		return fmt.Errorf("log: a record after place %d, but the newest is at %d", after, n)
	}
	l.records = append(l.records, bytes.Clone(record))
	close(l.grown)
	l.grown = make(chan struct{})
	return nil
}

// Next returns a record, or waits for it.
func (l *Log) Next(ctx context.Context, after log.Place) ([]byte, error) {
	for {
		l.mu.Lock()
		grown := l.grown
		if after < log.Place(len(l.records)) {
			defer l.mu.Unlock()
			return l.records[after], nil
		}
		l.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Last is the place of the newest record.
func (l *Log) Last(ctx context.Context) (log.Place, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return log.Place(len(l.records)), ctx.Err()
}
