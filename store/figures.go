package store

import (
	"math"
	"sync/atomic"
	"time"
)

// Distribution counts values by size. One goroutine adds to it; any may read it.
type Distribution struct {
	bounds []float64
	counts []atomic.Uint64 // of values up to each bound, and of all larger ones
	sum    atomic.Uint64   // bits of a float64
}

func newDistribution(bounds ...float64) *Distribution {
	return &Distribution{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
}

func (d *Distribution) add(value float64) {
	i := 0
	for i < len(d.bounds) && value > d.bounds[i] {
		i++
	}
	d.counts[i].Add(1)
	d.sum.Store(math.Float64bits(math.Float64frombits(d.sum.Load()) + value))
}

// Read returns how many values there were, their sum, and how many of them were up to
// each of the bounds.
func (d *Distribution) Read() (count uint64, sum float64, upTo map[float64]uint64) {
	upTo = map[float64]uint64{}
	for i := range d.counts {
		if count += d.counts[i].Load(); i < len(d.bounds) {
			upTo[d.bounds[i]] = count
		}
	}
	return count, math.Float64frombits(d.sum.Load()), upTo
}

// figures are those of the commits since the database was opened.
type figures struct {
	group *Distribution // transactions of a group
	write *Distribution // seconds until a group was durable
}

func newFigures() figures {
	return figures{newDistribution(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
		newDistribution(.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5)}
}

// timed counts a group of transactions with the time that its write takes.
func (f figures) timed(transactions int, write func() error) error {
	begun := time.Now()
	err := write()
	f.wrote(transactions, time.Since(begun))
	return err
}

func (f figures) wrote(transactions int, took time.Duration) {
	f.group.add(float64(transactions))
	f.write.add(took.Seconds())
}

// Groups are the transactions that were made durable at once.
func (db *DB) Groups() *Distribution { return db.figures.group }

// Writes are the seconds that it took to make a group durable, with the sync of the disk.
func (db *DB) Writes() *Distribution { return db.figures.write }

// Cached is how often a version that was read was in memory, parsed, and how often not.
func (db *DB) Cached() (hits, misses uint64) { return db.hot.asked() }

// Queued is how many transactions wait for the committer.
func (db *DB) Queued() int {
	if t := db.term.Load(); t != nil {
		return len(t.queue)
	}
	return 0
}
