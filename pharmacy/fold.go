package pharmacy

import (
	"context"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Bounds of what is committed at once: so many commits of the log, and the one
// with which there are so many changes.
const (
	foldEntries = 64
	foldChanges = 256
)

// fold steps commits and commits what comes of them at once, with the cursor. It
// returns how many it took, and the cursor that is now stored. It takes fewer
// than there are before one whose step reads or writes what is to be committed,
// and none where the commit of several is refused: then each is to be taken by
// itself, so that nothing but what is refused is parked.
func (l *Loop) fold(ctx context.Context, saved fhir.Seq, entries []fhir.LogEntry) (int, fhir.Seq, error) {
	f := folded{resources: map[string]bool{}, types: map[string]bool{}}
	for i := range entries[:min(len(entries), foldEntries)] {
		if len(f.changes) >= foldChanges {
			break
		}
		if ok, err := l.join(ctx, &f, &entries[i]); err != nil && i == 0 {
			return 0, saved, err
		} else if err != nil || !ok {
			break
		}
	}
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
	case passing(err):
		return 0, saved, err
	}
	return 0, saved, nil
}

// folded is what comes of several commits.
type folded struct {
	changes   []fhir.Change
	resources map[string]bool // that are to be written: Task/1
	types     map[string]bool // of these
	versions  int
	progress  []Progress // by commit
}

// join adds what comes of a commit; false where it has to see first what is to be
// committed, or writes the same.
func (l *Loop) join(ctx context.Context, f *folded, entry *fhir.LogEntry) (bool, error) {
	start := time.Now()
	progress := Progress{Follower: l.Follower.Name(), Seq: entry.Seq}
	s := &watched{State: l.DB.State(ctx), f: f}
	changes, err := l.step(ctx, s, entry, &progress)
	if err != nil || s.met {
		return false, err
	}
	for _, c := range changes {
		if f.resources[c.Type+"/"+c.ID] {
			return false, nil
		}
	}
	for _, c := range changes {
		f.resources[c.Type+"/"+c.ID], f.types[c.Type] = true, true
	}
	progress.Took = time.Since(start)
	f.changes, f.progress = append(f.changes, changes...), append(f.progress, progress)
	f.versions += len(entry.Versions)
	return true, nil
}

// watched is a state that notices reads of what is to be committed.
type watched struct {
	fhir.State
	f   *folded
	met bool
}

func (w *watched) Current(typ, id string) (*fhir.Version, error) {
	w.met = w.met || w.f.resources[typ+"/"+id]
	return w.State.Current(typ, id)
}

func (w *watched) First(typ, id string) (*fhir.Version, error) {
	w.met = w.met || w.f.resources[typ+"/"+id]
	return w.State.First(typ, id)
}

func (w *watched) Find(typ, query string) ([]string, error) {
	w.met = w.met || w.f.types[typ]
	return w.State.Find(typ, query)
}
