package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Growing is a tree to which leaves are appended, and from which none is taken.
type Growing interface {
	Tiles
	// Committed is the tree of what is durable, and how far the log is.
	Committed() (Edge, fhir.Seq, error)
	// Wait returns when the log is further than a position.
	Wait(ctx context.Context, behind fhir.Seq) error
	// Leaves calls visit for the leaves from one on that are known, in their order,
	// until it returns an error.
	Leaves(ctx context.Context, from uint64, visit func(index uint64, leaf []byte) error) error
}

// Notary signs the tree of a log, and proves what is in it. Its methods may be
// called by many at once. The zero value signs nothing.
type Notary struct {
	title string // of the log, in messages: "the audit log"
	of    Growing

	signer *signer // nil where the log is not signed
}

// NewNotary is a notary of a log, which messages call by a title.
func NewNotary(title string, g Growing) *Notary { return &Notary{title: title, of: g} }

// signer signs checkpoints of a log.
type signer struct {
	key    *Key
	lock   *Lock
	log    *slog.Logger
	mu     sync.Mutex
	newest Checkpoint
	tree   Edge
	failed error // why it was not signed the last time
}

// ErrBehind says that the last checkpoint that was signed is not one of the tree:
// the log is an older copy, or another history.
var ErrBehind = errors.New("does not hold what was signed last")

// Sign has the log signed from now on with a key; n.Run does it. It refuses where
// the tree does not continue the checkpoint in the lock.
func (n *Notary) Sign(key *Key, lock *Lock, log *slog.Logger) error {
	e, _, err := n.of.Committed()
	if err != nil {
		return err
	}
	s := &signer{key: key, lock: lock, log: log}
	if len(lock.last) > 0 {
		last, err := OpenCheckpoint(lock.last, key.Verifier())
		if err != nil {
			return fmt.Errorf("%w; the lock is %s", err, lock.path)
		}
		if err := n.continues(e.in(n.of), last); err != nil {
			return err
		}
		if last.Size == e.size {
			s.newest, s.tree = last, e
		}
	}
	n.signer = s
	err = n.sign()
	if err == nil || errors.Is(err, errForeign) {
		return err
	}
	log.Error("the log could not be signed", "log", n.title, "error", err) // on a full disk reads are served; see Trouble
	return nil
}

// continues refuses a tree that does not begin with the one of a checkpoint.
func (n *Notary) continues(t *tree, last Checkpoint) error {
	if last.Size > t.size {
		return fmt.Errorf("%s %w: it has %d entries, %d were signed (%s)", n.title, ErrBehind, t.size, last.Size, last)
	}
	root, err := t.rootAt(last.Size)
	if err != nil {
		return err
	}
	if root != last.Root {
		return fmt.Errorf("%s %w: its first %d entries are not those that were signed (root %s, signed %s)", n.title, ErrBehind, last.Size, root, last.Root)
	}
	return nil
}

// interval is how long an entry waits for its checkpoint, at most.
const interval = time.Second

// Run signs what is committed, within a second, until ctx ends.
func (n *Notary) Run(ctx context.Context) {
	said := ""
	for {
		_, at, err := n.of.Committed()
		if err == nil {
			err = n.sign()
		}
		if err == nil {
			err = n.of.Wait(ctx, at)
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil && err.Error() != said {
			said = err.Error()
			n.signer.log.Error("the log could not be signed", "log", n.title, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval / 2): // what is committed meanwhile shares a checkpoint
		}
	}
}

// sign signs the tree of what is durable, where it has grown. Where another
// process has written the lock, nothing is signed any more.
func (n *Notary) sign() error {
	s := n.signer
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(s.failed, errForeign) {
		return s.failed
	}
	e, _, err := n.of.Committed()
	if err == nil && (s.newest.Note == nil || e.size != s.newest.Size) {
		err = s.next(e)
	}
	s.failed = err
	return err
}

// next signs a tree and, once that is in the lock, shows it.
func (s *signer) next(e Edge) error {
	next, err := Checkpoint{Origin: s.key.Name(), Size: e.size, Root: e.Root()}.sign(s.key.signer)
	if err != nil {
		return err
	}
	if err := s.lock.put(next.Note); err != nil {
		return err
	}
	s.newest, s.tree = next, e
	return nil
}

// Trouble says why the log is not signed, for the operator; "" while it is.
func (n *Notary) Trouble() string {
	if n.signer == nil {
		return ""
	}
	n.signer.mu.Lock()
	defer n.signer.mu.Unlock()
	if n.signer.failed == nil {
		return ""
	}
	return "Not signed: " + n.title + ": " + n.signer.failed.Error() + "."
}

// Signed reports whether the log is signed.
func (n *Notary) Signed() bool { return n.signer != nil }

// Newest is the checkpoint that was signed last; the zero one of a log that is not
// signed.
func (n *Notary) Newest() Checkpoint {
	if n.signer == nil {
		return Checkpoint{}
	}
	c, _ := n.signed()
	return c
}

// signed is the checkpoint that was signed last, with its tree.
func (n *Notary) signed() (Checkpoint, *tree) {
	n.signer.mu.Lock()
	defer n.signer.mu.Unlock()
	return n.signer.newest, n.signer.tree.in(n.of)
}

// Public is the key with which the checkpoints are verified.
func (n *Notary) Public() string { return n.signer.key.Public() }

// Close signs what is committed, as far as it can, and gives the lock up.
func (n *Notary) Close() error {
	if n.signer == nil {
		return nil
	}
	if err := n.sign(); err != nil && n.signer.log != nil {
		n.signer.log.Error("the newest entries are signed at the next start", "log", n.title, "error", err)
	}
	return n.signer.lock.Close()
}
