//go:build cluster

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/pestle-fhir/pestle/store/log/jetstream"
)

// join makes the server one of several: their log is kept by NATS servers elsewhere, or
// within these servers themselves. It waits until a majority of those is there.
func (c *serveCommand) join(ctx context.Context, config *appConfig, at net.Addr, log *slog.Logger) (leave func(), err error) {
	o := &c.Several
	settings, err := c.equal()
	if err != nil {
		return nil, err
	}
	leave = func() {}
	var conn *nats.Conn
	copies := 3
	if o.nats != "" {
		conn, err = nats.Connect(o.nats, jetstream.Options(o.Node)...)
	} else {
		copies = len(o.peers)
		var s *jetstream.Server
		if s, err = jetstream.Serve(o.Node, peersOf(o.peers), filepath.Join(c.Data, "nats"), []byte(c.Secret), o.secure, natsLog{log}); err == nil {
			leave = s.Close
			conn, err = s.Connect(o.Node)
		}
	}
	if err != nil {
		leave()
		return nil, err
	}
	stop := leave
	leave = func() { conn.Close(); stop() }
	ctx, cancel := context.WithCancel(ctx)
	own := jetstream.Holder{Node: o.Node, URL: cmp.Or(trimSlash(o.NodeURL), c.scheme()+"://"+at.String()), Settings: settings}
	for {
		err := c.open(ctx, conn, copies, own, config)
		if err == nil {
			break
		}
		if errors.As(err, new(otherSettings)) || ctx.Err() != nil {
			cancel()
			leave()
			return nil, err
		}
		log.Info("the log is not there yet: it needs a majority of its servers", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
	c.nodeName, c.nodeRoots = o.Node, o.roots
	disconnect := leave
	return func() { cancel(); disconnect() }, nil
}

// otherSettings says that a node is not equal to the one that leads.
type otherSettings struct{ error }

// clusterName is that of the log: servers with other data have other NATS servers, or
// accounts.
const clusterName = "log"

func (c *serveCommand) open(ctx context.Context, conn *nats.Conn, copies int, own jetstream.Holder, config *appConfig) error {
	short, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	l, err := jetstream.Open(short, conn, clusterName, copies)
	if err != nil {
		return err
	}
	lease, err := jetstream.OpenLease(ctx, short, conn, clusterName, copies, own)
	if err != nil {
		l.Close()
		return err
	}
	if seen := lease.Holder(); seen.Process != "" && lease.Held() {
		if err := seen.Differs(own); err != nil {
			return otherSettings{err}
		}
	}
	config.Journal, c.seat = l, lease
	return nil
}

func peersOf(texts []string) (peers []jetstream.Peer) {
	for _, text := range texts {
		name, addr, _ := strings.Cut(text, "@")
		peers = append(peers, jetstream.Peer{Name: name, Addr: addr})
	}
	return peers
}

// natsLog is the log of a NATS server within the server.
type natsLog struct{ log *slog.Logger }

func (l natsLog) Noticef(format string, v ...any) { l.log.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Warnf(format string, v ...any)   { l.log.Warn("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Fatalf(format string, v ...any)  { l.log.Error("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Errorf(format string, v ...any)  { l.log.Warn("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Debugf(string, ...any)           {}
func (l natsLog) Tracef(string, ...any)           {}
