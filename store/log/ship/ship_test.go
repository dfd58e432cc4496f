package ship

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/log"
	"github.com/pestle-fhir/pestle/store/log/file"
	"github.com/pestle-fhir/pestle/store/log/logtest"
)

func opened(t testing.TB, o file.Options) *file.Log {
	o.Segment = 20_000
	l, err := file.Open(t.TempDir(), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

var at = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

func clock() time.Time { return at }

func record(place log.Place) []byte { return bytes.Repeat([]byte{byte(place)}, int(place*131%3000)) }

func fill(t testing.TB, l log.Log, from, to log.Place) {
	for place := from; place < to; place++ {
		require.NoError(t, l.Append(t.Context(), place, record(place+1)))
	}
}

// direct is a way to a sender that may break anywhere.
type direct struct {
	sender *Sender
	breaks func() bool
}

func (d direct) Hello(ctx context.Context, h Hello) (Welcome, error) { return d.sender.Hello(ctx, h) }

func (d direct) Batch(ctx context.Context, session string, after log.Place) (io.ReadCloser, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	var b bytes.Buffer
	if err := d.sender.Send(ctx, session, after, &b); err != nil {
		return nil, err
	}
	if d.breaks != nil && d.breaks() {
		b.Truncate(b.Len() / 2)
	}
	return io.NopCloser(&b), nil
}

func receiver(t *testing.T, s *Sender, to Source, id string) (*Receiver, func()) {
	rnd := rand.New(rand.NewPCG(1, 1))
	r := &Receiver{Primary: direct{s, func() bool { return rnd.IntN(10) == 0 }}, Log: to, ID: id, Address: "http://127.0.0.1:1", Clock: clock, Logger: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.Run(ctx); close(done) }()
	stop := sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return r, stop
}

func same(t *testing.T, a, b Source, from log.Place) {
	t.Helper()
	last, err := a.Last(t.Context())
	require.NoError(t, err)
	require.Eventually(t, func() bool { at, _ := b.Last(t.Context()); return at == last }, 20*time.Second, 5*time.Millisecond)
	for place := from; place < last; place++ {
		want, err := a.Next(t.Context(), place)
		require.NoError(t, err)
		got, err := b.Next(t.Context(), place)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got))
	}
}

// TestShip: what a primary has and what it comes to have is with its standbys, also with
// one that begins later, over connections that break; the primary knows how far they are.
func TestShip(t *testing.T) {
	primary := opened(t, file.Options{})
	fill(t, primary, 0, 60)
	s := NewSender(primary, clock)
	one := opened(t, file.Options{ID: primary.ID()})
	late := opened(t, file.Options{ID: primary.ID(), After: 50})
	first, stop := receiver(t, s, one, "one")
	fill(t, primary, 60, 200)
	second, _ := receiver(t, s, late, "late")
	same(t, primary, one, 0)
	same(t, primary, late, 50)
	require.Eventually(t, func() bool {
		list := s.Standbys()
		return len(list) == 2 && list[0].Place == 200 && list[1].Place == 200
	}, 10*time.Second, time.Millisecond)
	require.Equal(t, "late", s.Standbys()[0].ID)
	require.Equal(t, "http://127.0.0.1:1", s.Standbys()[0].Address)
	require.Eventually(t, func() bool { return first.Status() == (Status{200, 200, at, ""}) && second.Status().Trouble == "" }, 10*time.Second, time.Millisecond)
	stop()
	fill(t, primary, 200, 230)
	same(t, primary, late, 50)
	s.Forget(at.Add(time.Second), at)
	require.Empty(t, s.Standbys())
	same(t, primary, late, 50)
}

// TestRefused: who cannot follow is told, before anything is written.
func TestRefused(t *testing.T) {
	primary := opened(t, file.Options{})
	fill(t, primary, 0, 100)
	s := NewSender(primary, clock)
	for name, h := range map[string]Hello{
		"follows another log":                         {ID: "x", Log: "00"},
		"ends at place 100 here":                      {ID: "x", Log: primary.ID(), Place: 101},
		"holds another record at place 5 ":            {ID: "x", Log: primary.ID(), Place: 5, Sum: "00"},
		"has an id":                                   {Log: primary.ID()},
		"has an id, and may":                          {ID: "a b", Log: primary.ID()},
		"holds another record at place 100 than this": {ID: "x", Log: primary.ID(), Place: 100, Sum: "00"},
	} {
		_, err := s.Hello(t.Context(), h)
		require.ErrorContains(t, err, name)
	}
	require.NoError(t, primary.Trim(50, 0, 1<<30))
	_, err := s.Hello(t.Context(), Hello{ID: "x", Log: primary.ID(), Place: 5, Sum: "00"})
	require.ErrorIs(t, err, ErrAnew)
	require.ErrorContains(t, err, "not kept any more")
	_, err = s.Hello(t.Context(), Hello{ID: "x", Log: primary.ID(), Place: 100})
	require.NoError(t, err)
	require.ErrorIs(t, s.Send(t.Context(), "unknown", 0, io.Discard), ErrSession)
	require.ErrorIs(t, s.Send(t.Context(), "", 0, io.Discard), ErrSession)

	r, _ := receiver(t, s, opened(t, file.Options{}), "one")
	require.Eventually(t, func() bool { return r.Status().Trouble != "" }, 10*time.Second, time.Millisecond)
	require.Contains(t, r.Status().Trouble, "another log")
}

// TestBefore: what a record needs is there before the log has it.
func TestBefore(t *testing.T) {
	primary := opened(t, file.Options{})
	fill(t, primary, 0, 20)
	to := opened(t, file.Options{ID: primary.ID()})
	s := NewSender(primary, clock)
	var met atomic.Uint64
	r := &Receiver{Primary: direct{sender: s}, Log: to, ID: "a", Clock: clock, Logger: slog.New(slog.DiscardHandler)}
	failed := false
	r.Before = func(ctx context.Context, place log.Place, b []byte) error {
		last, err := to.Last(ctx)
		require.NoError(t, err)
		require.Equal(t, last+1, place)
		require.True(t, bytes.Equal(record(place), b))
		if place == 10 && !failed {
			failed = true
			return errors.New("it cannot be had now")
		}
		met.Add(1)
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go r.Run(ctx)
	same(t, primary, to, 0)
	require.EqualValues(t, 20, met.Load())
}

// TestWaiting: a log that waits for its standbys is a log, acknowledges what they hold, and
// shows no record that they do not.
func TestWaiting(t *testing.T) {
	logtest.Test(t, func(t *testing.T) log.Log {
		primary := opened(t, file.Options{})
		s := NewSender(primary, clock)
		receiver(t, s, opened(t, file.Options{ID: primary.ID()}), "one")
		return &Waiting{Log: primary, Sender: s, N: 1}
	})
	primary := opened(t, file.Options{})
	s := NewSender(primary, clock)
	w := &Waiting{Log: primary, Sender: s, N: 2}
	to := opened(t, file.Options{ID: primary.ID()})
	_, stop := receiver(t, s, to, "one")
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, w.Append(short, 0, record(1)), context.DeadlineExceeded, "one of two has it")
	_, err := w.Next(short, 0)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	same(t, primary, to, 0)
	receiver(t, s, opened(t, file.Options{ID: primary.ID()}), "two")
	b, err := w.Next(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, record(1), b)
	require.NoError(t, w.Append(t.Context(), 1, record(2)))
	stop()
	short, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, w.Append(short, 2, record(3)), context.DeadlineExceeded)
	// What leads no more follows what the log has; as long as it does, another server that
	// takes its place makes nothing count.
	leads := true
	w.Leads = func() bool { return leads }
	short, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = w.Next(short, 2)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	leads = false
	b, err = w.Next(t.Context(), 2)
	require.NoError(t, err)
	require.Equal(t, record(3), b)
}

// TestCopying: what follows a copy is kept from before it is made, and a standby that is
// being copied does not count among those that hold records.
func TestCopying(t *testing.T) {
	primary := opened(t, file.Options{})
	fill(t, primary, 0, 100)
	s := NewSender(primary, clock)
	done := s.Expect("one", 40)
	other := s.Expect("two", 60)
	require.EqualValues(t, 40, s.Needed(90))
	require.EqualValues(t, 30, s.Needed(30))
	w, err := s.Hello(t.Context(), Hello{ID: "one", Log: primary.ID(), Place: 70, Copying: true})
	require.NoError(t, err)
	require.EqualValues(t, 60, s.Needed(90))
	done()
	other()
	require.EqualValues(t, 70, s.Needed(90))
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	require.NoError(t, s.Send(short, w.Session, 100, io.Discard))
	held, _ := s.held(1)
	require.Zero(t, held, "its database is not whole")
	s.Forget(at.Add(-time.Hour), at)
	require.Len(t, s.Standbys(), 1)
	s.Forget(at.Add(-time.Hour), at.Add(time.Second))
	require.Empty(t, s.Standbys())
	_, err = s.Hello(t.Context(), Hello{ID: "one", Log: primary.ID(), Place: 100, Address: "http://127.0.0.1:1"})
	require.NoError(t, err)
	held, _ = s.held(1)
	require.EqualValues(t, 100, held)
	s.Forget(at.Add(-time.Hour), at.Add(time.Second))
	require.Len(t, s.Standbys(), 1)
}

func TestRole(t *testing.T) {
	dir := t.TempDir()
	_, ok, err := ReadRole(dir)
	require.NoError(t, err)
	require.False(t, ok)
	for _, want := range []Role{{Role: IsStandby, ID: "a", From: "https://primary.example"}, {Role: IsPrimary, ID: "a"}, {Role: IsOvertaken, ID: "a", From: "https://b.example", Term: 7}} {
		require.NoError(t, want.Write(dir))
		got, ok, err := ReadRole(dir)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	list := []Standby{{ID: "a", Address: "https://a.example", Place: 3, Seen: at}}
	require.NoError(t, WriteStandbys(dir, list))
	got, err := ReadStandbys(dir)
	require.NoError(t, err)
	require.Equal(t, list, got)
}

// FuzzBatch: whatever comes as a batch, it is read whole or refused.
func FuzzBatch(f *testing.F) {
	var b bytes.Buffer
	w, err := newBatchWriter(&b)
	require.NoError(f, err)
	for place := range log.Place(5) {
		require.NoError(f, w.record(record(place)))
	}
	require.NoError(f, w.end(9))
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:b.Len()/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var got [][]byte
		last, err := readBatch(bytes.NewReader(data), func(r []byte) error { got = append(got, r); return nil })
		if err != nil {
			return
		}
		var again bytes.Buffer
		w, err := newBatchWriter(&again)
		require.NoError(t, err)
		for _, r := range got {
			require.NoError(t, w.record(r))
		}
		require.NoError(t, w.end(last))
		var n int
		same, err := readBatch(&again, func(r []byte) error {
			require.Equal(t, fmt.Sprintf("%x", got[n]), fmt.Sprintf("%x", r))
			n++
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, last, same)
		require.Len(t, got, n)
	})
}
