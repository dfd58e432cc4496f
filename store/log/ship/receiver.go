package ship

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/store/log"
)

// Primary is how a standby reaches the [Sender] of its primary.
type Primary interface {
	Hello(ctx context.Context, h Hello) (Welcome, error)
	// Batch is what [Sender.Send] writes. The caller closes it.
	Batch(ctx context.Context, session string, after log.Place) (io.ReadCloser, error)
}

// Receiver copies the log of a primary to that of a standby. All fields are set before
// [Receiver.Run].
type Receiver struct {
	Primary Primary
	Log     Source // of the standby
	ID      string // of the standby
	Address string // likewise
	// Base is what the standby holds where its log has no record yet: a place, and the
	// SHA-256 of the record there, in hexadecimal.
	Base struct {
		Place log.Place
		Sum   string
	}
	// Copying says that the database of the standby is still being copied.
	Copying bool
	// Before is called with each record before the log has it; nil for nothing.
	Before func(ctx context.Context, place log.Place, record []byte) error
	Clock  func() time.Time
	Logger *slog.Logger

	mu     sync.Mutex
	status Status
}

// Status is how a standby gets on.
type Status struct {
	Place   log.Place // up to which it has the log
	Last    log.Place // up to which the primary had it when it last answered
	Heard   time.Time // when that was; zero for never
	Trouble string    // why nothing comes; "" where it does
}

// Status is that of now.
func (r *Receiver) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// ErrRefused says that the primary has answered, and does not do what it was asked.
// Implementations of [Primary] wrap it.
var ErrRefused = errors.New("the primary refuses")

// The pauses after a failure: the first is short, since a primary that is started anew is
// back soon; one that refuses does so for a while.
const (
	firstPause   = 200 * time.Millisecond
	maxPause     = 5 * time.Second
	refusedPause = 30 * time.Second
)

// Meet asks the primary whether the standby can follow, before [Receiver.Run].
func (r *Receiver) Meet(ctx context.Context) error {
	h, err := r.hello(ctx)
	if err == nil {
		_, err = r.Primary.Hello(ctx, h)
	}
	return err
}

// Run copies records until ctx ends.
func (r *Receiver) Run(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		some, err := r.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if some {
			pause = firstPause
		}
		if !errors.Is(err, ErrSession) {
			r.fails(err)
		}
		if errors.Is(err, ErrRefused) {
			pause = refusedPause
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
	}
}

func (r *Receiver) fails(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if text := err.Error(); r.status.Trouble != text {
		r.status.Trouble = text
		r.Logger.Warn("nothing comes from the primary", "error", err)
	}
}

// session copies records up to an error; some says whether the primary has answered.
func (r *Receiver) session(ctx context.Context) (some bool, err error) {
	h, err := r.hello(ctx)
	if err != nil {
		return false, err
	}
	w, err := r.Primary.Hello(ctx, h)
	if err != nil {
		return false, err
	}
	r.heard(h.Place, w.Last)
	for place := h.Place; ; {
		if place, err = r.batch(ctx, w.Session, place); err != nil {
			return true, err
		}
	}
}

// hello says what the standby holds.
func (r *Receiver) hello(ctx context.Context) (Hello, error) {
	h := Hello{ID: r.ID, Address: r.Address, Log: r.Log.ID(), Copying: r.Copying}
	var err error
	if h.Place, err = r.Log.Last(ctx); err != nil || h.Place == 0 {
		return h, err
	}
	b, err := r.Log.Next(ctx, h.Place-1)
	switch {
	case err == nil:
		sum := sha256.Sum256(b)
		h.Sum = hex.EncodeToString(sum[:])
	case errors.Is(err, log.ErrTrimmed):
		err = nil
		if h.Place == r.Base.Place {
			h.Sum = r.Base.Sum
		}
	}
	return h, err
}

// batch copies one batch, and returns the place after it.
func (r *Receiver) batch(ctx context.Context, session string, place log.Place) (log.Place, error) {
	in, err := r.Primary.Batch(ctx, session, place)
	if err != nil {
		return place, err
	}
	defer func() { _ = in.Close() }()
	last, err := readBatch(in, func(record []byte) error {
		if r.Before != nil {
			if err := r.Before(ctx, place+1, record); err != nil {
				return err
			}
		}
		if err := r.Log.Append(ctx, place, record); err != nil {
			return fmt.Errorf("the log of the standby: %w", err)
		}
		place++
		return nil
	})
	if err == nil {
		r.heard(place, last)
	}
	return place, err
}

func (r *Receiver) heard(place, last log.Place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status.Trouble != "" {
		r.Logger.Info("the primary is reached again", "place", place, "last", last)
	}
	r.status = Status{Place: place, Last: max(last, place), Heard: r.Clock()}
}
