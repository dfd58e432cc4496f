package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestServeFails wants the followers at rest before the database is closed,
// where the server cannot go on.
func TestServeFails(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	c := &serveCommand{Sandbox: true, Addr: "127.0.0.1:0", Data: t.TempDir()}
	app, err := openApp(c.appConfig(), log)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", c.Addr)
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	assert.ErrorIs(t, c.serve(context.Background(), app, listener, log, streams{out: io.Discard, err: io.Discard}), net.ErrClosed)
	stacks := make([]byte, 1<<20)
	assert.NotContains(t, string(stacks[:runtime.Stack(stacks, true)]), "pharmacy.(*Loop).Run", "a follower still runs")
	require.NoError(t, app.close())
}
