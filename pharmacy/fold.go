package pharmacy

import (
	"context"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pestle-fhir/pestle/fhir"
)

// Bounds of what is committed at once: so many commits of the log, and the one
// with which there are so many changes.
const (
	foldEntries = 64
	foldChanges = 256
)

// fold steps commits, several at a time, and commits what comes of them at once,
// with the cursor. It returns how many it took, and the cursor that is now
// stored. It takes fewer than there are before one whose step reads or writes
// what is to be committed, and none where the commit of several is refused: then
// each is to be taken by itself, so that nothing but what is refused is parked.
func (l *Loop) fold(ctx context.Context, saved fhir.Seq, entries []fhir.LogEntry) (int, fhir.Seq, error) {
	f := folded{resources: map[string]bool{}, pending: map[string]*pending{}}
	all := l.stepAll(ctx, entries[:min(len(entries), l.width())])
	for i, s := range all {
		if s.err != nil && i == 0 {
			return 0, saved, s.err
		}
		if s.err != nil || len(f.changes) >= foldChanges || !f.join(s) {
			break
		}
	}
	l.learn(len(all), len(f.progress))
	last := entries[len(f.progress)-1].Seq
	if len(f.changes) == 0 && l.passed+f.versions < leap {
		l.passed += f.versions
		l.observeAll(f.progress)
		return len(f.progress), saved, nil
	}
	_, err := l.DB.Commit(context.WithoutCancel(ctx), l.transaction(f.changes, saved, last))
	switch {
	case err == nil:
		l.passed = 0
		l.observeAll(f.progress)
		return len(f.progress), last, nil
	case passing(err) && (fhir.KindOf(err) != fhir.Throttled || len(f.progress) == 1): // several may be too much at once
		return 0, saved, err
	}
	return 0, saved, nil
}

// width is how many commits are stepped at once.
func (l *Loop) width() int {
	if l.wide == 0 {
		return foldEntries
	}
	return l.wide
}

// learn steps fewer at once where some were stepped for nothing, and more again
// where all could be taken.
func (l *Loop) learn(stepped, taken int) {
	l.wide = max(1, taken)
	if taken == stepped {
		l.wide = min(foldEntries, 2*max(l.width(), stepped))
	}
}

// stepped is what comes of one commit, with what was read for it.
type stepped struct {
	state    *watched
	versions int
	changes  []fhir.Change
	progress Progress
	err      error
}

// stepAll steps commits, as many at a time as there are processors: none of them
// sees what comes of another.
func (l *Loop) stepAll(ctx context.Context, entries []fhir.LogEntry) []*stepped {
	all := make([]*stepped, len(entries))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range entries {
		group.Go(func() error {
			all[i] = l.stepOne(ctx, &entries[i])
			return nil
		})
	}
	_ = group.Wait() // each keeps its own error
	return all
}

func (l *Loop) stepOne(ctx context.Context, entry *fhir.LogEntry) *stepped {
	start := time.Now()
	s := &stepped{versions: len(entry.Versions), progress: Progress{Follower: l.Follower.Name(), Seq: entry.Seq, RequestID: entry.RequestID, Begun: start}}
	s.state = &watched{State: l.DB.State(ctx), resources: map[string]bool{}}
	s.changes, s.err = l.step(ctx, s.state, entry, &s.progress)
	s.progress.Took = time.Since(start)
	return s
}

// folded is what comes of several commits.
type folded struct {
	changes   []fhir.Change
	resources map[string]bool     // that are to be written: Task/1
	pending   map[string]*pending // the changes, by type
	versions  int
	progress  []Progress // by commit
}

// join adds what comes of a commit; false where its step should have seen what is
// to be committed, or it writes the same.
func (f *folded) join(s *stepped) bool {
	if meet(s.state.resources, f.resources) || slices.ContainsFunc(s.state.lookups, f.shaken) {
		return false
	}
	for _, c := range s.changes {
		if f.resources[c.Type+"/"+c.ID] {
			return false
		}
	}
	for _, c := range s.changes {
		f.resources[c.Type+"/"+c.ID] = true
		if f.pending[c.Type] == nil {
			f.pending[c.Type] = &pending{}
		}
		f.pending[c.Type].add(c)
	}
	f.changes, f.progress = append(f.changes, s.changes...), append(f.progress, s.progress)
	f.versions += s.versions
	return true
}

// shaken reports whether what is to be committed may change what a search found.
func (f *folded) shaken(l lookup) bool {
	p := f.pending[l.typ]
	return p != nil && p.meets(l)
}

func meet(read, written map[string]bool) bool {
	for name := range read {
		if written[name] {
			return true
		}
	}
	return false
}

// watched is a state that notes what is read. It is used by one goroutine.
type watched struct {
	fhir.State
	resources map[string]bool // Task/1
	lookups   []lookup
}

func (w *watched) Current(typ, id string) (*fhir.Version, error) {
	w.resources[typ+"/"+id] = true
	return w.State.Current(typ, id)
}

func (w *watched) Bare(typ, id string) (*fhir.Version, error) {
	w.resources[typ+"/"+id] = true
	return w.State.Bare(typ, id)
}

func (w *watched) First(typ, id string) (*fhir.Version, error) {
	w.resources[typ+"/"+id] = true
	return w.State.First(typ, id)
}

func (w *watched) Find(typ, query string) ([]string, error) {
	ids, err := w.State.Find(typ, query)
	w.lookups = append(w.lookups, lookup{typ, query, slices.Clone(ids)})
	return ids, err
}

func (w *watched) Newest(typ, query string, n int) ([]string, error) {
	ids, err := w.State.Newest(typ, query, n)
	w.lookups = append(w.lookups, lookup{typ, query, slices.Clone(ids)})
	return ids, err
}
