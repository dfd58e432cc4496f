// Package node is a server as one of several that hold the same data. One of them
// leads, as long as its [Seat] says so: it takes writes and does what a server does by
// itself. Every other one answers reads as of what it holds, and passes the rest on to
// the one that leads.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// Seat says who may lead. What decides in the end is the log, which takes the records
// of one node alone.
type Seat interface {
	// Take waits until this node may lead, and returns a number that is larger than
	// those before. lost is closed when it may no more.
	Take(ctx context.Context) (number uint64, lost <-chan struct{}, err error)
	// Give lets another node lead.
	Give()
	// Leader is where the node is reached that leads, such as https://10.0.0.2:8080, ""
	// where none does or it is not known. changed is closed when that may have changed.
	Leader() (address string, changed <-chan struct{})
	// Sure reports whether this node leads, and no other one can at this moment.
	Sure() bool
}

// Database is what a node leads or follows with.
type Database interface {
	Lead(ctx context.Context, number uint64) (ended <-chan struct{}, err error)
	Resign()
}

// Stack is how a node answers in a term, or between two of them.
type Stack interface {
	http.Handler
	// Holds waits until what was written is read here, for a short time at most; written
	// is what the header Pestle-Sequence says.
	Holds(ctx context.Context, written string) error
	// Knows reports whether the caller of a request can be recognised without what the
	// leader alone knows.
	Knows(r *http.Request) bool
}

// Node is one of the servers. All its fields are set before [Node.Run].
type Node struct {
	Seat     Seat
	Database Database
	// Begin makes the stack of a term, or that of the time between two, in the place
	// of the one before.
	Begin func(ctx context.Context, leads bool) (Stack, error)
	// Term is the newest that the database knows of.
	Term   func() uint64
	Bases  []string     // paths of the FHIR interface
	Client *http.Client // that passes requests on; it follows no redirects
	Logger *slog.Logger

	stack atomic.Pointer[standing]
}

// standing is a stack, and whether it is that of a term.
type standing struct {
	Stack
	leads bool
}

// Start begins without a term.
func (n *Node) Start(ctx context.Context) error { return n.begin(ctx, false) }

func (n *Node) begin(ctx context.Context, leads bool) error {
	s, err := n.Begin(ctx, leads)
	if err == nil {
		n.stack.Store(&standing{s, leads})
	}
	return err
}

// Leads reports whether this node serves a term.
func (n *Node) Leads() bool { return n.stack.Load().leads }

// errBroken says that a node can go on in no role.
var errBroken = errors.New("this node cannot go on")

// pause is how long a node that could not lead waits.
const pause = 500 * time.Millisecond

// Run leads whenever the seat says so, until ctx ends. It fails where a stack cannot be
// made: then the node is to be started anew.
func (n *Node) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		number, lost, err := n.Seat.Take(ctx)
		if err == nil {
			err = n.lead(ctx, number, lost)
			n.Seat.Give()
		}
		if errors.Is(err, errBroken) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			n.Logger.WarnContext(ctx, "this node does not lead", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}
	return nil
}

// lead leads until the seat is lost, the term ends or ctx does.
func (n *Node) lead(ctx context.Context, number uint64, lost <-chan struct{}) error {
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-lost:
			cancel()
		case <-within.Done():
		}
	}()
	number = max(number, n.Term()+1)
	ended, err := n.Database.Lead(within, number)
	if err != nil {
		return err
	}
	n.Logger.InfoContext(ctx, "this node leads", "term", number)
	err = n.begin(within, true)
	if within.Err() != nil && ctx.Err() == nil {
		err = nil // the seat was lost meanwhile: it follows again
	}
	if err == nil {
		select {
		case <-ended:
		case <-within.Done():
		}
	}
	n.stack.Store(&standing{n.stack.Load().Stack, false}) // nothing more is taken here
	n.Database.Resign()
	n.Logger.InfoContext(ctx, "this node leads no more", "term", number)
	if err == nil && ctx.Err() == nil {
		err = n.begin(ctx, false)
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	return nil
}
