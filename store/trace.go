package store

import (
	"time"

	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
)

// trace notes what each step of a search goes through.
type trace struct {
	clock func() time.Time
	begun time.Time
	rows  int
	steps []search.Step
}

// traced is a view that notes how a query is answered, where it asks for that.
func (v view) traced(q *search.Query, clock func() time.Time) view {
	if q.Explain {
		v.r = tracing{v.r, &trace{clock: clock, begun: clock()}}
	}
	return v
}

// endStep ends a step of a search that is traced.
func endStep(r kv.Reader, name string) {
	of, ok := r.(tracing)
	if !ok {
		return
	}
	t, now := of.t, of.t.clock()
	t.steps = append(t.steps, search.Step{Name: name, Rows: t.rows, Time: now.Sub(t.begun)})
	t.begun, t.rows = now, 0
}

// stepsOf are the steps that were noted.
func stepsOf(r kv.Reader) []search.Step {
	if of, ok := r.(tracing); ok {
		return of.t.steps
	}
	return nil
}

// tracing counts the rows that are read: by key, or by an iterator that moves to one.
type tracing struct {
	kv.Reader
	t *trace
}

func (r tracing) Get(key []byte) ([]byte, bool, error) {
	r.t.rows++
	return r.Reader.Get(key)
}

func (r tracing) Iterate(low, high []byte, reverse bool) kv.Iterator {
	return tracedIterator{r.Reader.Iterate(low, high, reverse), r.t}
}

type tracedIterator struct {
	kv.Iterator
	t *trace
}

func (i tracedIterator) Next() bool           { i.t.rows++; return i.Iterator.Next() }
func (i tracedIterator) Seek(key []byte) bool { i.t.rows++; return i.Iterator.Seek(key) }
