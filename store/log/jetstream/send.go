//go:build cluster

package jetstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// sendTime is how long an answer to the first attempt is awaited; each further attempt has
// twice as long as the one before.
const sendTime = time.Second

// send publishes a message as the one after a sequence, again and again until it is answered
// or ctx ends: what was handed to a server that is gone is answered by nobody, and the next one
// may lead already. It is stored once, since a second one would not be after that sequence.
func (l *Log) send(ctx context.Context, m message, after uint64) error {
	limit, asked := sendTime, false
	for {
		short, cancel := context.WithTimeout(ctx, limit)
		ack, err := l.js.PublishMsg(short, &nats.Msg{Subject: l.subject, Header: m.header(), Data: m.data}, jetstream.WithExpectLastSequence(after))
		cancel()
		switch {
		case err == nil && ack.Sequence != after+1:
			return fmt.Errorf("jetstream: the message after sequence %d was given %d", after, ack.Sequence)
		case err == nil:
			return nil
		case wrongSequence(err) && asked:
			own, unknown := l.has(ctx, m, after+1)
			if own {
				return nil
			}
			if unknown == nil {
				return err
			}
		case !passing(err) || ctx.Err() != nil:
			return err
		}
		asked, limit = true, 2*limit
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// has reports whether the stream has a message at a sequence. The error says that it cannot
// be told.
func (l *Log) has(ctx context.Context, m message, seq uint64) (bool, error) {
	short, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	there, err := l.message(short, seq)
	if err != nil {
		return false, err
	}
	return there.heading == m.heading && bytes.Equal(there.data, m.data), nil
}

// passing reports whether an error may be gone at the next attempt: nobody has answered, or
// there is no leader at present.
func passing(err error) bool {
	var refused *jetstream.APIError
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrTimeout) ||
		errors.As(err, &refused) && refused.Code == 503
}
