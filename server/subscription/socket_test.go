package subscription

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
)

// revocable recognises everybody as one client, until its token is revoked.
type revocable struct{ over atomic.Bool }

func (r *revocable) Authenticate(*http.Request) (auth.Identity, error) {
	if r.over.Load() {
		return auth.Identity{}, errors.New("it was revoked")
	}
	return auth.Identity{Requester: fhir.Principal{Agent: "Device/1", OnBehalf: "FA565", Client: "clinic"}}, nil
}

// TestSocketEnds: a websocket ends once the token that opened it is not in force any more:
// nothing that waits is sent, and nothing is done that its client asks for.
func TestSocketEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	dial := func(h http.Handler) *websocket.Conn {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		conn, answer, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http"), &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer x"}}})
		require.NoError(t, err)
		if answer.Body != nil {
			_ = answer.Body.Close()
		}
		return conn
	}
	ended := func(conn *websocket.Conn) {
		_, text, err := conn.Read(ctx)
		require.Error(t, err, "%s", text)
		require.Equal(t, websocket.StatusPolicyViolation, websocket.CloseStatus(err))
		require.ErrorContains(t, err, tokenOver)
	}
	who := &revocable{}
	s := &Service{config: Config{Callers: who, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)}, byID: map[string]*line{}}
	s.sockets.service, s.sockets.tokens = s, map[string]binding{"x": {expires: time.Now().Add(time.Minute)}}
	l := newLine(s, "1")
	l.plan, l.owner.Key = &plan{channel: socket}, ownerKey(&fhir.Principal{Agent: "Device/1", OnBehalf: "FA565", Client: "clinic"})
	s.byID["1"] = l
	conn := dial(s)
	who.over.Store(true)
	require.NoError(t, conn.Write(ctx, websocket.MessageText, []byte("bind-with-token x")))
	ended(conn)

	who.over.Store(false)
	conn = dial(s)
	require.NoError(t, conn.Write(ctx, websocket.MessageText, []byte("bind 1")))
	_, text, err := conn.Read(ctx)
	require.NoError(t, err)
	require.Equal(t, "bound 1", string(text))
	told := s.sockets.of("1")[0]
	require.True(t, told.tell([]byte("one")))
	_, text, err = conn.Read(ctx)
	require.NoError(t, err)
	require.Equal(t, "one", string(text))
	who.over.Store(true)
	require.True(t, told.tell([]byte("secret")))
	ended(conn)
}
