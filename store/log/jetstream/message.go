//go:build cluster

package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pestle-fhir/pestle/store/log"
)

// heading says what a message is: a part of the record of a place, of so many.
type heading struct {
	place       log.Place
	part, parts int // the first is 1
}

const headerRecord = "Pestle-Record"

func (h heading) header() nats.Header {
	return nats.Header{headerRecord: {fmt.Sprintf("%d %d/%d", h.place, h.part, h.parts)}}
}

// message is a message of the stream.
type message struct {
	heading
	data []byte
}

// message reads a message that is there: a copy of the stream may not have it yet.
func (l *Log) message(ctx context.Context, seq uint64) (*message, error) {
	for {
		m, err := l.look(ctx, seq)
		if m != nil || err != nil {
			return m, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// look reads a message; nil where it is not there.
func (l *Log) look(ctx context.Context, seq uint64) (*message, error) {
	raw, err := ask(ctx, func(ctx context.Context) (*jetstream.RawStreamMsg, error) { return l.stream.GetMsg(ctx, seq) })
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, errors.Join(ctx.Err(), fmt.Errorf("jetstream: the message at sequence %d: %w", seq, err))
	}
	m := &message{data: raw.Data}
	if _, err := fmt.Sscanf(raw.Header.Get(headerRecord), "%d %d/%d", &m.place, &m.part, &m.parts); err != nil || m.part < 1 || m.part > m.parts {
		return nil, fmt.Errorf("jetstream: the message at sequence %d is no part of a record: %q", seq, raw.Header.Get(headerRecord))
	}
	return m, nil
}

// lookEvery is how long a log that was told nothing waits before it looks.
const lookEvery = 100 * time.Millisecond

// Next returns a record, or waits for it.
func (l *Log) Next(ctx context.Context, after log.Place) ([]byte, error) {
	seq, err := l.begins(ctx, after)
	if err != nil {
		return nil, err
	}
	var record []byte
	part := 0
	for {
		l.mu.Lock()
		grown := l.grown
		l.mu.Unlock()
		m, err := l.look(ctx, seq)
		if err != nil {
			return nil, err
		}
		if m == nil {
			select {
			case <-grown:
			case <-time.After(lookEvery):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			continue
		}
		if m.part == 1 {
			record, part = nil, 0 // the parts before are not whole
		}
		if m.part == part+1 {
			record, part = append(record, m.data...), m.part
		}
		seq++
		if m.part < m.parts || m.place <= after {
			continue
		}
		if m.place != after+1 || part != m.parts {
			return nil, fmt.Errorf("jetstream: after place %d comes place %d, part %d: the stream has a gap", after, m.place, m.part)
		}
		l.mu.Lock()
		l.next = start{after + 1, seq}
		l.mu.Unlock()
		if record == nil {
			record = []byte{}
		}
		return record, nil
	}
}

// begins is a sequence at or before which the record after a place begins, with none of
// a later record before it.
func (l *Log) begins(ctx context.Context, after log.Place) (uint64, error) {
	l.mu.Lock()
	next, known := l.next, l.known
	l.mu.Unlock()
	switch {
	case after == 0:
		return 1, nil
	case next.after == after:
		return next.seq, nil
	case known.place == after:
		return known.seq + 1, nil
	}
	t, err := l.end(ctx)
	if err != nil {
		return 0, err
	}
	if t.place <= after {
		return t.seq + 1, nil
	}
	low, high := uint64(1), t.seq // the first message of a later place is within
	for low < high {
		middle := low + (high-low)/2
		m, err := l.message(ctx, middle)
		if err != nil {
			return 0, err
		}
		if m.place > after {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, nil
}
