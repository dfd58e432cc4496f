//go:build cluster

package cluster

import (
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/long"
)

// wire is what connections from one server to another go through, and can be cut.
type wire struct {
	listener net.Listener
	to       string
	mu       sync.Mutex
	cut      bool
	open     map[net.Conn]bool
}

func newWire(t *testing.T, to string) *wire {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{listener: l, to: to, open: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = l.Close(); w.set(true) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.carry(c)
		}
	}()
	return w
}

func (w *wire) addr() string { return w.listener.Addr().String() }

// carry copies both ways until one side or the wire ends.
func (w *wire) carry(from net.Conn) {
	defer func() { _ = from.Close() }()
	if !w.take(from) {
		return
	}
	to, err := net.DialTimeout("tcp", w.to, time.Second)
	if err != nil {
		return
	}
	defer func() { _ = to.Close() }()
	if !w.take(to) {
		return
	}
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() { _, _ = io.Copy(pair[0], pair[1]); done <- struct{}{} }()
	}
	<-done
}

// take notes a connection, unless the wire is cut.
func (w *wire) take(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open[c] = true
	return !w.cut
}

func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut = cut; cut {
		for c := range w.open {
			_ = c.Close()
		}
		w.open = map[net.Conn]bool{}
	}
}

// wired are three servers whose connections to each other go through wires: those of the
// log from each to each, and those for requests that are passed on to one.
func wired(t *testing.T) (all []*machine, cut func(*machine, bool)) {
	wires := map[string][]*wire{} // by the names of the servers at their ends
	all = machinesWith(t, 3, func(m *machine) {
		at := slices.Index(m.args, "--cluster") + 1
		peers := strings.Split(m.args[at], ",")
		for i, peer := range peers {
			name, addr, _ := strings.Cut(peer, "@")
			if name == m.name {
				continue
			}
			w := newWire(t, addr)
			wires[m.name], wires[name] = append(wires[m.name], w), append(wires[name], w)
			peers[i] = name + "@" + w.addr()
		}
		m.args[at] = strings.Join(peers, ",")
		passed := newWire(t, m.addr)
		wires[m.name] = append(wires[m.name], passed)
		m.args = append(m.args, "--node-url", "http://"+passed.addr())
	})
	return all, func(m *machine, off bool) {
		for _, w := range wires[m.name] {
			w.set(off)
		}
	}
}

// TestLongPartition: three servers under load whose leader, and then another one, is cut off
// from the two others while its clients reach it. Nothing that was acknowledged is lost, the
// history is linearizable, and all hold the same when the wires are mended.
func TestLongPartition(t *testing.T) {
	p := long.Start(t, 1, 6)
	all, cut := wired(t)
	l := newLoad(all)
	l.prepare(t)
	l.run(p.Seed)
	f := faults{t, l, map[string][]time.Duration{}}
	for range p.Tries {
		f.fault("leader cut off for 12 s", func(first, _, _ *machine) func() {
			cut(first, true)
			l.watch()
			return func() {
				time.Sleep(12*time.Second - min(12*time.Second, time.Since(l.since)))
				cut(first, false)
			}
		})
		f.fault("another one cut off for 6 s", func(_, second, _ *machine) func() {
			cut(second, true)
			l.watch()
			return func() {
				time.Sleep(6*time.Second - min(6*time.Second, time.Since(l.since)))
				cut(second, false)
			}
		})
		f.fault("each cut off from each for 3 s", func(first, second, _ *machine) func() {
			cut(first, true)
			cut(second, true)
			time.Sleep(3 * time.Second)
			cut(first, false)
			cut(second, false)
			l.watch()
			return func() {}
		})
	}
	time.Sleep(2 * time.Second)
	l.stop.Store(true)
	l.group.Wait()
	p.Try("partition", l.judge(t))
	p.Report("%d writes acknowledged, %d not known, %d operations in the history; %s", l.ok.Load(), l.open.Load(), len(l.history.list), f.table())
}
