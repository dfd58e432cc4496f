package ship

import (
	"context"

	"github.com/pestle-fhir/pestle/store/log"
)

// Waiting is the log of a primary as its own database is to see it: a record counts only
// once N standbys hold it too. So nothing is acknowledged that the primary alone has, and
// a primary whose place another one has taken, to which no standby listens, acknowledges
// nothing.
type Waiting struct {
	log.Log
	Sender *Sender
	N      int
	// Leads reports whether the database leads: what it follows is not waited for. One whose
	// place another server takes leads until its term has ended, and nothing of that counts
	// before it is held. nil for always.
	Leads func() bool
}

// Append adds a record, and returns when the standbys hold it, or with the context's error:
// then it is there, and may come to be held.
func (w *Waiting) Append(ctx context.Context, after log.Place, record []byte) error {
	if err := w.Log.Append(ctx, after, record); err != nil {
		return err
	}
	return w.reach(ctx, after+1)
}

// Next returns a record that the standbys hold, or waits for it.
func (w *Waiting) Next(ctx context.Context, after log.Place) ([]byte, error) {
	b, err := w.Log.Next(ctx, after)
	if err == nil {
		err = w.reach(ctx, after+1)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (w *Waiting) reach(ctx context.Context, place log.Place) error {
	for {
		held, moved := w.Sender.held(w.N)
		if held >= place || w.Leads != nil && !w.Leads() {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
