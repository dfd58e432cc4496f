package tracing

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPassedOn: without a collector the caller's context is passed on as it came, and a
// request without one has none.
func TestPassedOn(t *testing.T) {
	tracer := &Tracer{Share: 1}
	span, parent := tracer.Begin("one", example)
	require.Equal(t, example, span.String())
	require.Equal(t, span.Span, parent)
	none, _ := tracer.Begin("two", "")
	require.False(t, none.Valid())
	bad, _ := tracer.Begin("three", "no context")
	require.False(t, bad.Valid())
	tracer.Committed("one", time.Now(), time.Now(), false)
	require.Equal(t, example, tracer.Of("one").String())

	r, err := http.NewRequestWithContext(tracer.Into(context.Background(), "one"), http.MethodPost, "https://hooks.example/", nil)
	require.NoError(t, err)
	sent, call := Calling(r)
	call.Ended(nil)
	require.Equal(t, example, sent.Header.Get(Header))
	require.Empty(t, r.Header.Get(Header), "the request of the caller stays as it is")
	r, err = http.NewRequestWithContext(tracer.Into(context.Background(), "two"), http.MethodPost, "https://hooks.example/", nil)
	require.NoError(t, err)
	sent, _ = Calling(r)
	require.Empty(t, sent.Header.Get(Header))

	var nobody *Tracer
	none, _ = nobody.Begin("one", example)
	require.False(t, none.Valid())
	require.Equal(t, context.Background(), nobody.Into(context.Background(), "one"))
}

// TestSpans: what follows from a request is a child of its commit, which is one of the
// request, which is one of its caller.
func TestSpans(t *testing.T) {
	var spans []Span
	tracer := &Tracer{Share: 1, Send: func(s Span) { spans = append(spans, s) }}
	span, parent := tracer.Begin("id", example)
	now := time.Now()
	tracer.Committed("id", now, now, false)
	tracer.Followed("id", "follower a", now, now, false)
	r, err := http.NewRequestWithContext(tracer.Into(context.Background(), "id"), http.MethodPost, "https://hooks.example/", nil)
	require.NoError(t, err)
	sent, call := Calling(r)
	call.Ended(&http.Response{StatusCode: http.StatusOK})
	tracer.End(Span{Context: span, Parent: parent, Name: "create Patient", Kind: Server})
	require.Len(t, spans, 4)
	commit, follower, delivery, request := spans[0], spans[1], spans[2], spans[3]
	for _, s := range spans {
		require.Equal(t, span.TraceID(), s.TraceID())
		require.NotZero(t, s.Span)
	}
	require.Equal(t, request.Span, commit.Parent)
	require.Equal(t, commit.Span, follower.Parent)
	require.Equal(t, commit.Span, delivery.Parent)
	require.Equal(t, delivery.String(), sent.Header.Get(Header))
	require.Equal(t, parent, request.Parent)
	require.False(t, delivery.Failed)

	_, _ = tracer.Begin("quiet", example[:len(example)-1]+"0") // its caller does not record
	tracer.Committed("quiet", now, now, false)
	tracer.Followed("quiet", "follower a", now, now, false)
	tracer.Followed("unknown", "follower a", now, now, false)
	require.Len(t, spans, 4)
}

// TestShare: the share of the traces that begin here is that which was asked for.
func TestShare(t *testing.T) {
	for _, share := range []float64{0, 0.25, 1} {
		tracer, sampled := &Tracer{Share: share, Send: func(Span) {}}, 0
		for i := range 4000 {
			if span, _ := tracer.Begin(fmt.Sprint(i), ""); span.Sampled {
				sampled++
			}
		}
		require.InDelta(t, 4000*share, sampled, 200)
	}
}

// TestRequestsAreForgotten: the newest are known, and no more than so many.
func TestRequestsAreForgotten(t *testing.T) {
	tracer := &Tracer{}
	for i := range 3 * remembered {
		tracer.Begin(fmt.Sprint(i), example)
		tracer.Begin(fmt.Sprint(i), example) // sent again
	}
	require.Len(t, tracer.of, remembered)
	require.False(t, tracer.Of(fmt.Sprint(2*remembered-1)).Valid())
	require.True(t, tracer.Of(fmt.Sprint(2*remembered)).Valid())
}
