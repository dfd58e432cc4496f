package badger

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// gate holds compaction back while the disk is too full for the tables that it
// makes. The engine writes a table through a mapping into memory, so where
// others take the last block meanwhile, the process is killed; and compaction
// goes on for a while after the last write. The engine says in a message to its
// log that it is about to make a table, and waits there as long as the message
// takes.
type gate struct {
	free    func() (int64, error)
	waiting atomic.Int32
	opened  chan struct{} // closed when the engine closes: then nothing is held back
	once    sync.Once
}

// What a message about a table that is about to be made contains, and how much
// of the disk the tables may need that are made at the same time.
const (
	makesTable = "LOG Compact. Added"
	tablesRoom = 24 << 20
	gateEvery  = 100 * time.Millisecond
)

func newGate(free func() (int64, error)) *gate { return &gate{free: free, opened: make(chan struct{})} }

// pass returns when there is room for tables, or the engine closes.
func (g *gate) pass() {
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	for {
		if free, err := g.free(); err != nil || free >= tablesRoom {
			return
		}
		select {
		case <-g.opened:
			return
		case <-time.After(gateEvery):
		}
	}
}

// need is what the tables need that wait to be made.
func (g *gate) need() int64 {
	if g.waiting.Load() > 0 {
		return tablesRoom
	}
	return 0
}

func (g *gate) open() { g.once.Do(func() { close(g.opened) }) }

// gatedLogger is the engine's logger of a database that is written.
type gatedLogger struct {
	logger
	gate *gate
}

func (l gatedLogger) Debugf(f string, a ...any) {
	l.logger.Debugf(f, a...)
	if strings.Contains(f, makesTable) {
		l.gate.pass()
	}
}
