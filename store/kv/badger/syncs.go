package badger

import (
	"os"
	"sync/atomic"
	"time"
)

// syncs counts how long the disk takes to make files durable.
type syncs struct {
	counts [len(syncBounds) + 1]atomic.Uint64 // up to each bound, and longer
	nanos  atomic.Int64
}

// syncBounds are seconds: of a disk with a cache that is safe, and of one that turns.
var syncBounds = [...]float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1}

// flush makes a file durable, as [flush] does.
func (s *syncs) flush(f *os.File) error {
	begun := time.Now()
	err := flush(f)
	took := time.Since(begun)
	i := 0
	for i < len(syncBounds) && took.Seconds() > syncBounds[i] {
		i++
	}
	s.counts[i].Add(1)
	s.nanos.Add(int64(took))
	return err
}

// Syncs is [Engine.Syncs] of the present engine.
func (w *Waiting) Syncs() (count uint64, seconds float64, upTo map[float64]uint64) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.now.Syncs()
}

// Syncs returns how often the disk was asked to make something durable since the database
// was opened, how many seconds that took, and how often it took up to each bound.
func (e *Engine) Syncs() (count uint64, seconds float64, upTo map[float64]uint64) {
	upTo = map[float64]uint64{}
	for i := range e.syncs.counts {
		if count += e.syncs.counts[i].Load(); i < len(syncBounds) {
			upTo[syncBounds[i]] = count
		}
	}
	return count, time.Duration(e.syncs.nanos.Load()).Seconds(), upTo
}
