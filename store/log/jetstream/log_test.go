//go:build cluster

package jetstream

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/log"
	"github.com/pestle-fhir/pestle/store/log/logtest"
)

func begin(t *testing.T) *Server {
	s, err := Serve("one", nil, t.TempDir(), []byte("secret"), nil, nil)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func open(t *testing.T, s *Server, name string) *Log {
	conn, err := s.Connect("test")
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	l, err := Open(t.Context(), conn, name, 1)
	require.NoError(t, err)
	return l
}

func TestLog(t *testing.T) {
	s, n := begin(t), 0
	logtest.Test(t, func(t *testing.T) log.Log {
		n++
		return open(t, s, fmt.Sprint("log", n))
	})
}

// TestClose: a log that is given up leaves nothing behind at the connection.
func TestClose(t *testing.T) {
	l := open(t, begin(t), "close")
	before := l.conn.NumSubscriptions()
	other, err := Open(t.Context(), l.conn, "close", 1)
	require.NoError(t, err)
	other.Close()
	require.Equal(t, before, l.conn.NumSubscriptions())
}

// TestParts: a record that is larger than a message is read as it was, also by who
// begins in the middle; parts that are not whole are void, for who reads and who appends.
func TestParts(t *testing.T) {
	s := begin(t)
	l, other := open(t, s, "parts"), open(t, s, "parts")
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // 16 MiB
	require.NoError(t, l.Append(t.Context(), 0, []byte("one")))
	require.NoError(t, l.Append(t.Context(), 1, big))
	half, err := other.end(t.Context())
	require.NoError(t, err)
	_, err = other.js.PublishMsg(t.Context(), &nats.Msg{Subject: other.subject, Header: heading{3, 1, 2}.header(), Data: []byte("half")}, jetstream.WithExpectLastSequence(half.end))
	require.NoError(t, err)
	require.Error(t, l.publish(t.Context(), &tail{place: 2, seq: half.seq, end: half.end}, []byte("late")), "another part is there")
	last, err := open(t, s, "parts").Last(t.Context())
	require.NoError(t, err)
	require.Equal(t, log.Place(2), last)
	fresh := open(t, s, "parts")
	require.NoError(t, fresh.Append(t.Context(), 2, []byte("three")))
	require.NoError(t, fresh.Append(t.Context(), 3, []byte("four")))
	for place, want := range [][]byte{[]byte("one"), big, []byte("three"), []byte("four")} {
		for _, reader := range []*Log{l, open(t, s, "parts")} {
			got, err := reader.Next(t.Context(), log.Place(place))
			require.NoError(t, err)
			require.True(t, bytes.Equal(want, got), place)
		}
	}
}

// TestLease: one of two holds it; the other one has it at once when it is given, and
// when it is not renewed any more not before it has expired.
func TestLease(t *testing.T) {
	s := begin(t)
	join := func(name string) (*Lease, context.CancelFunc) {
		conn, err := s.Connect(name)
		require.NoError(t, err)
		t.Cleanup(conn.Close)
		ctx, stop := context.WithCancel(t.Context())
		l, err := OpenLease(ctx, ctx, conn, "lease", 1, Holder{Node: name, URL: "http://" + name, Settings: map[string]string{"site": name}})
		require.NoError(t, err)
		return l, stop
	}
	one, stopOne := join("one")
	first, lost, err := one.Take(t.Context())
	require.NoError(t, err)
	two, _ := join("two")
	leader, _ := two.Leader()
	require.Equal(t, "http://one", leader)
	require.EqualError(t, two.Holder().Differs(two.own), "node one and node two have other settings, which must be equal: site")
	require.True(t, one.Sure())
	one.Give()
	<-lost
	second, lost, err := two.Take(t.Context())
	require.NoError(t, err)
	require.Greater(t, second, first)
	two.Give()
	<-lost
	_, lost, err = one.Take(t.Context())
	require.NoError(t, err)
	at := time.Now()
	stopOne() // nobody renews it
	_, _, err = two.Take(t.Context())
	require.NoError(t, err)
	require.Greater(t, time.Since(at), expiry-renewal)
	require.False(t, one.Sure())
	_ = lost
}
