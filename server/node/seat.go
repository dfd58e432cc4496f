package node

import (
	"context"
	"sync"
)

// Named is a seat that is given by hand: one node is named, and the others are told.
// The zero value is one of which nobody is named.
type Named struct {
	mu      sync.Mutex
	number  uint64
	own     bool
	leader  string
	changed chan struct{} // nil or open
}

// Name has this node lead, in a term of a number, or, where own is false, says at which
// address another one does; "" for nobody.
func (n *Named) Name(own bool, number uint64, leader string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.own, n.number, n.leader = own, number, leader
	if n.changed != nil {
		close(n.changed)
		n.changed = nil
	}
}

func (n *Named) wait() (own bool, number uint64, changed <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.changed == nil {
		n.changed = make(chan struct{})
	}
	return n.own, n.number, n.changed
}

// Take waits until this node is named.
func (n *Named) Take(ctx context.Context) (uint64, <-chan struct{}, error) {
	for {
		own, number, changed := n.wait()
		if own {
			return number, changed, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		}
	}
}

// Give leaves nobody named.
func (n *Named) Give() {
	if own, _, _ := n.wait(); own {
		n.Name(false, 0, "")
	}
}

// Leader is where the other node is that leads.
func (n *Named) Leader() (string, <-chan struct{}) {
	_, _, changed := n.wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.leader, changed
}

// Sure is what [Named.Name] has said: whoever names two nodes at once is not sure.
func (n *Named) Sure() bool {
	own, _, _ := n.wait()
	return own
}
