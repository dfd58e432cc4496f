package limit

import (
	"sync"
	"time"
)

// Denials bounds how many refusals of callers who are not known are recorded:
// anybody can cause them, and they must not fill the disk. What has no record is
// counted in the next one.
type Denials struct {
	mu         sync.Mutex
	left       float64
	at         time.Time
	unrecorded int
}

// Of refusals of unknown callers, so many are recorded at once, and so many in a
// second after that.
const (
	denialsAtOnce  = 100
	denialsASecond = 2
)

// Take reports whether one is recorded, and how many before it were not.
func (d *Denials) Take(now time.Time) (unrecorded int, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.at.IsZero() {
		d.left = denialsAtOnce
	} else {
		d.left = min(denialsAtOnce, d.left+denialsASecond*now.Sub(d.at).Seconds())
	}
	d.at = now
	if d.left < 1 {
		d.unrecorded++
		return 0, false
	}
	d.left--
	unrecorded, d.unrecorded = d.unrecorded, 0
	return unrecorded, true
}
