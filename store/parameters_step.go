package store

import (
	"bytes"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
)

// How much one step does at most: others wait for it. Variables for tests.
var (
	stepRows  = 2000 // that are removed or written
	stepBytes = 256 << 10
	stepMost  = 500 // resources
	stepsLeft = unlimited()
)

// unlimited is no bound of how many steps are done.
func unlimited() *atomic.Int64 {
	n := &atomic.Int64{}
	n.Store(-1)
	return n
}

// step does a part of the work at a place, and returns what is left.
func (p *parameters) step(i, k int, v view, out *kv.Overlay, past *pastRows) (*parameters, error) {
	next := &parameters{Index: p.Index, List: slices.Clone(p.List)}
	one := &parameter{ID: next.List[i].ID, Of: next.List[i].Of, Gone: next.List[i].Gone, Work: slices.Clone(next.List[i].Work)}
	next.List[i] = one
	w := &one.Work[k]
	var err error
	if w.Phase == dropping {
		err = v.dropRows(one, w, out)
	} else {
		err = v.makeRows(p.defined.Only(w.Type, one.Of.Param.Code), w, out, past)
	}
	if err != nil {
		return nil, err
	}
	if done := func(w work) bool { return w.Phase == answering }; one.Gone && !slices.ContainsFunc(one.Work, func(w work) bool { return !done(w) }) {
		next.List = slices.Delete(next.List, i, i+1)
	}
	return next.completed(p), nil
}

// dropRows removes rows of a parameter that is defined no more, or was before.
func (v view) dropRows(one *parameter, w *work, out *kv.Overlay) error {
	prefix := append(keyTable(tableCustom, w.Type), one.Of.Param.Code...)
	it := v.r.Iterate(prefix, after(prefix), false)
	var keys [][]byte
	for len(keys) < stepRows && it.Next() {
		keys = append(keys, bytes.Clone(it.Key()))
	}
	if err := ended(it, nil); err != nil {
		return err
	}
	for _, key := range keys {
		out.Delete(key)
	}
	if len(keys) == stepRows {
		return nil
	}
	w.Phase, w.Next = indexing, 1
	if one.Gone {
		w.Phase = answering
	}
	return nil
}

// makeRows writes the rows of the next resources.
func (v view) makeRows(of *search.Custom, w *work, out *kv.Overlay, past *pastRows) error {
	prefix := keyEntry(w.Type, search.Every, search.EveryKey, w.Next)
	table := append(keyParam(w.Type, search.Every), search.EveryKey...)
	it := v.r.Iterate(prefix, after(table), false)
	var rids []rid
	more := false
	for it.Next() {
		r := rid(getUint(it.Key()[len(table) : len(table)+ridLen]))
		if len(rids) > 0 && rids[len(rids)-1] == r {
			continue // it was deleted, and made again
		}
		if more = len(rids) == stepMost; more {
			break
		}
		rids = append(rids, r)
	}
	if err := ended(it, nil); err != nil {
		return err
	}
	rows, size := 0, 0
	for i, r := range rids {
		versions, err := v.versions(w.Type, r)
		if err != nil && !errors.Is(err, kv.ErrDamaged) {
			return err
		}
		for _, ver := range versions {
			size += len(ver.JSON)
		}
		made, err := timeline(storedEntries(of), w.Type, r, versions)
		if err == nil { // of one that cannot be read nothing is found by the parameter
			for _, row := range made {
				past.begins(row.Key[:len(row.Key)-ridLen-seqLen], r, v.at)
				out.Set(row.Key, row.Value)
			}
			rows += len(made)
		}
		w.Next = r + 1
		if (rows >= stepRows || size >= stepBytes) && i+1 < len(rids) {
			more = true
			break
		}
	}
	if !more {
		w.Phase = answering
	}
	return nil
}

// indexStep does a step of the work for stored SearchParameters, where any is due. Work
// that fails is parked for a while, and the other goes on.
func (c *committer) indexStep() {
	i, k, ok := c.due()
	if !ok {
		return
	}
	c.begin()
	c.over.Mark()
	next, err := c.params.step(i, k, view{r: c.over, at: c.head.seq}, c.over, &c.db.past)
	if err == nil {
		next.keptIn(c.over)
		err = c.fits(0)
	}
	one := c.params.List[i]
	if c.db.stalls.note(one, one.Work[k].Type, err); err != nil {
		c.over.Rollback()
	} else {
		c.params = next
	}
	c.flush()
	if stepsLeft.Load() > 0 {
		stepsLeft.Add(-1)
	}
}

// due is the place of the work that is to be done now.
func (c *committer) due() (i, k int, ok bool) {
	if !c.indexes() {
		return 0, 0, false
	}
	return c.params.waiting(c.db.stalls.parked)
}

// again is told when work that is parked is to be done.
func (c *committer) again() (due <-chan time.Time, stop func()) {
	if !c.indexes() {
		return nil, func() {}
	}
	return c.db.stalls.again(c.params)
}

// indexes reports whether steps can be done.
func (c *committer) indexes() bool {
	return !c.db.opts.ReadOnly && stepsLeft.Load() != 0 && c.broken == nil
}
