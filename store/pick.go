package store

import (
	"context"
	"fmt"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Pick returns versions of a commit by their places within it, from 0, and the time of
// the commit. It reads those alone, however many the commit has written.
func (db *DB) Pick(ctx context.Context, seq fhir.Seq, places []int) (list []*fhir.Version, at time.Time, err error) {
	err = db.decide(ctx, "log", 0, func(v view) error {
		c, err := v.record(seq)
		if err != nil {
			return err
		}
		at = instant(c.millis)
		for _, n := range places {
			if n < 0 || n >= len(c.versions) {
				return fmt.Errorf("%w: commit %d has no version at place %d", errCorrupt, seq, n)
			}
			p := c.versions[n]
			ver, err := v.version(p.typ, p.rid, p.vno)
			if err != nil {
				return err
			}
			list = append(list, ver)
		}
		return nil
	})
	return list, at, err
}
