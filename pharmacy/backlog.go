package pharmacy

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/pestle-fhir/pestle/fhir"
)

// Backlog pushes back on who sends new prescriptions faster than the followers
// process them: it refuses them while a follower is too far behind the log.
// Whatever works the backlog off is taken: Tasks, supplies, corrections,
// cancellations, and what followers write. The zero value refuses nothing.
type Backlog struct {
	Most fhir.Seq // commits that a follower may be behind; 0 for any number

	watched atomic.Pointer[watch]
}

// watch is what a backlog is read from.
type watch struct {
	head  func() fhir.Seq
	loops []*Loop
}

// Watch says where the log ends and who follows it.
func (b *Backlog) Watch(head func() fhir.Seq, loops ...*Loop) {
	b.watched.Store(&watch{head, loops})
}

// Lag returns the name of the follower that is furthest behind, and by how many
// commits; "" and 0 where none is.
func (b *Backlog) Lag() (follower string, commits fhir.Seq) {
	w := b.watched.Load()
	if w == nil {
		return "", 0
	}
	head := w.head()
	for _, l := range w.loops {
		if lag := l.Lag(head); lag > commits {
			follower, commits = l.Follower.Name(), lag
		}
	}
	return follower, commits
}

// Full says why new prescriptions are refused; "" while they are taken.
func (b *Backlog) Full() string {
	if b.Most == 0 {
		return ""
	}
	follower, lag := b.Lag()
	if lag <= b.Most {
		return ""
	}
	return fmt.Sprintf("New prescriptions are refused for the moment: the follower %s has %d commits to process, and may have %d.", follower, lag, b.Most)
}

// Guard refuses new prescriptions while the backlog is full, by whatever way they
// come: it is asked within the commit. Nothing is stored, and the sender may send
// the same again.
func (b *Backlog) Guard(_ context.Context, _ fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if before != nil || after.Type != "MedicationRequest" || after.Deleted() || tx.Cursor.Name != "" {
		return nil
	}
	full := b.Full()
	if full == "" {
		return nil
	}
	return fhir.E("commit", fhir.Throttled, fhir.Issue{Message: full, Rule: "backlog",
		Fix: "Send the same again after the time that Retry-After names. The operator of the server sees the backlog in /metrics and /health/ready, and sets how large it may be with serve --max-backlog."})
}
