//go:build cluster

package jetstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pestle-fhir/pestle/store/log"
)

// Log is a log in a stream.
type Log struct {
	conn    *nats.Conn
	js      jetstream.JetStream
	stream  jetstream.Stream
	subject string // of its messages
	hints   string // subject on which it is told that there is another record
	told    *nats.Subscription

	mu    sync.Mutex
	known tail          // the newest record that this process has seen at the end
	next  start         // where the record after the last one that was read begins
	grown chan struct{} // closed and replaced at each hint
}

var _ log.Log = (*Log)(nil)

// tail is the newest record of a stream: its place, and the sequence of its last
// message. end is that of the stream, which is larger where parts follow that are not
// whole.
type tail struct {
	place    log.Place
	seq, end uint64
}

// start says at which sequence the record after a place begins, or before it.
type start struct {
	after log.Place
	seq   uint64
}

// maxMessage is the largest message of the stream, and maxPart of a part where the
// servers take that much.
const (
	maxMessage = 8 << 20
	maxPart    = 7 << 20
	headRoom   = 4 << 10 // for headers
)

// Open opens the log of a name, which is made where it is missing, with so many copies.
// One that is there must be of the form that this package makes.
func Open(ctx context.Context, conn *nats.Conn, name string, copies int) (*Log, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	l := &Log{conn: conn, js: js, subject: "pestle." + name + ".log", hints: "pestle." + name + ".grown", grown: make(chan struct{})}
	want := jetstream.StreamConfig{Name: "PESTLE_" + name, Subjects: []string{l.subject}, Storage: jetstream.FileStorage, Replicas: copies, Retention: jetstream.LimitsPolicy,
		Discard: jetstream.DiscardNew, DenyDelete: true, DenyPurge: true, MaxMsgSize: maxMessage}
	l.stream, err = js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if l.stream, err = js.CreateStream(ctx, want); errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another node was first
			l.stream, err = js.Stream(ctx, want.Name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the stream %s: %w", want.Name, err)
	}
	if is := l.stream.CachedInfo().Config; is.Storage != want.Storage || is.Replicas < copies || !is.DenyDelete || !is.DenyPurge || is.Retention != want.Retention || is.Discard != want.Discard || is.MaxAge != 0 || is.MaxBytes > 0 || is.MaxMsgs > 0 {
		return nil, fmt.Errorf("the stream %s is not a log: expected files, %d copies, no limits, and neither delete nor purge", want.Name, copies)
	}
	l.told, err = conn.Subscribe(l.hints, func(*nats.Msg) {
		l.mu.Lock()
		defer l.mu.Unlock()
		close(l.grown)
		l.grown = make(chan struct{})
	})
	return l, err
}

// Close ends being told of records. The stream and the connection stay as they are.
func (l *Log) Close() { _ = l.told.Unsubscribe() }

// Append adds a record.
func (l *Log) Append(ctx context.Context, after log.Place, record []byte) error {
	l.mu.Lock()
	t := l.known
	l.mu.Unlock()
	if t.place != after || after == 0 {
		var err error
		if t, err = l.end(ctx); err != nil {
			return err
		}
	}
	switch {
	case after < t.place:
		return log.ErrOvertaken
	case after > t.place:
		return fmt.Errorf("jetstream: a record after place %d, but the newest is at %d", after, t.place)
	}
	err := l.publish(ctx, &t, record)
	if wrongSequence(err) {
		return l.overtaken(ctx, after, err)
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.known = t
	l.mu.Unlock()
	_ = l.conn.Publish(l.hints, nil) // who misses it looks by itself
	return nil
}

// publish publishes the parts of a record behind a tail, which becomes the new one.
func (l *Log) publish(ctx context.Context, t *tail, record []byte) error {
	size := min(maxPart, int(l.conn.MaxPayload())-headRoom)
	parts := max(1, (len(record)+size-1)/size)
	for part := 1; part <= parts; part++ {
		piece := record[(part-1)*size : min(part*size, len(record))]
		ack, err := l.js.PublishMsg(ctx, &nats.Msg{Subject: l.subject, Header: heading{t.place + 1, part, parts}.header(), Data: piece}, jetstream.WithExpectLastSequence(t.end))
		if err != nil {
			return err
		}
		if ack.Sequence != t.end+1 {
			return fmt.Errorf("jetstream: the message after sequence %d was given %d", t.end, ack.Sequence)
		}
		t.end = ack.Sequence
	}
	t.place, t.seq = t.place+1, t.end
	return nil
}

// askTimes are how long the servers may take to answer a question, one after the other: who
// has asked one that is gone asks again, soon, and an answer that is large has more time
// then.
var askTimes = []time.Duration{400 * time.Millisecond, 800 * time.Millisecond, 2 * time.Second}

// ask asks a question until it is answered, the times are over or ctx ends.
func ask[T any](ctx context.Context, question func(context.Context) (T, error)) (answer T, err error) {
	for _, limit := range askTimes {
		short, cancel := context.WithTimeout(ctx, limit)
		answer, err = question(short)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			break
		}
	}
	return answer, err
}

// wrongSequence reports whether a message was refused since another one is there, or is
// on its way.
func wrongSequence(err error) bool {
	var refused *jetstream.APIError
	return errors.As(err, &refused) && (refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// overtaken is the error of a message that was refused: what is on its way may yet be
// lost, so only a record that is there counts.
func (l *Log) overtaken(ctx context.Context, after log.Place, cause error) error {
	for {
		t, err := l.end(ctx)
		if err == nil && t.place > after {
			return fmt.Errorf("%w: %w", log.ErrOvertaken, cause)
		}
		select {
		case <-ctx.Done():
			return errors.Join(cause, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Last is the place of the newest record.
func (l *Log) Last(ctx context.Context) (log.Place, error) {
	t, err := l.end(ctx)
	return t.place, err
}

// end asks the stream for its end.
func (l *Log) end(ctx context.Context) (tail, error) {
	info, err := ask(ctx, func(ctx context.Context) (*jetstream.StreamInfo, error) { return l.stream.Info(ctx) })
	if err != nil {
		return tail{}, fmt.Errorf("jetstream: the end of the stream: %w", err)
	}
	l.mu.Lock()
	t := l.known
	l.mu.Unlock()
	end := info.State.LastSeq
	if end <= t.end && t.end > 0 {
		return t, nil
	}
	t = tail{end: end}
	for seq := end; seq > 0; {
		m, err := l.message(ctx, seq)
		if err != nil {
			return tail{}, err
		}
		if m.part == m.parts {
			t.place, t.seq = m.place, seq
			break
		}
		seq -= uint64(m.part) // the one before the parts that are not whole
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.end > l.known.end {
		l.known = t
	}
	return l.known, nil
}
