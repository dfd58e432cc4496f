package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
)

// socketName is the socket in the folder of a database on which the server that
// has it open takes the commands of this binary: HTTP, for the owner of the
// folder alone.
const socketName = "pestle.sock"

// administer serves the commands on the socket until ctx ends; the channel is
// closed then. A server whose folder can have no socket runs without: its
// commands then say that it must be stopped.
func (a *admin) administer(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	listener, err := listenSocket(filepath.Join(a.data, socketName))
	if err != nil {
		a.log.Warn("no socket for commands: they need --server URL, or the server stopped", "error", err)
		close(done)
		return done
	}
	server := &http.Server{Handler: a.onSocket(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
		BaseContext: func(net.Listener) context.Context { return ctx }, ConnContext: withPeer}
	go func() {
		<-ctx.Done()
		drain, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(drain)
		_ = server.Close() // what did not end in time
	}()
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	return done
}

// onSocket serves the commands and, for load, the resources.
func (a *admin) onSocket() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(adminPath, a.handler(operators{}))
	load, err := loadHandler(a.app, operators{}, a.app.audit)
	if err != nil {
		a.log.Error("the command load needs the server stopped", "error", err)
		return mux
	}
	mux.Handle("/fhir", a.sameVersion(load))
	mux.Handle("/fhir/", a.sameVersion(load))
	return mux
}

// listenSocket makes the socket, in the place of one that a killed server left.
// Only the owner may connect: it is made under a name that nobody knows and
// moved when its mode is set.
func listenSocket(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	fresh := fmt.Sprintf("%s.%d", path, os.Getpid())
	_ = os.Remove(fresh)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: fresh, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(fresh, 0o600), os.Rename(fresh, path)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return removing{l, path}, nil
}

// removing is a listener that takes its socket away when it is closed.
type removing struct {
	net.Listener
	path string
}

// Close closes the listener and removes the socket.
func (r removing) Close() error {
	_ = os.Remove(r.path)
	return r.Listener.Close()
}

// peer is who is at the other end of the socket.
type peer struct {
	name string
	err  error // why they may not give commands
}

type peerKey struct{}

// withPeer notes who has connected.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	p := peer{err: errors.New("only a socket of this machine is taken")}
	if c, ok := c.(*net.UnixConn); ok {
		uid, err := peerOf(c)
		p = admitted(uid, err, os.Geteuid())
	}
	return context.WithValue(ctx, peerKey{}, p)
}

// admitted is a user who may give commands: the one that the server runs as, or
// the superuser.
func admitted(uid uint32, err error, own int) peer {
	p := peer{name: userName(uid), err: err}
	if err == nil && uid != 0 && int(uid) != own {
		p.err = fmt.Errorf("%s may not give commands to a server that runs as %s: give them as that user, or with --server URL and a token", p.name, userName(uint32(own)))
	}
	return p
}

// userName is the name of a user of the operating system, "uid 1001" where it has
// none.
func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "uid " + id
}

// operators are the users of the operating system: each command is of the user
// whose process gave it, whatever it says itself.
type operators struct{}

// Authenticate returns who gave the command.
func (operators) Authenticate(r *http.Request) (auth.Identity, error) {
	p, ok := r.Context().Value(peerKey{}).(peer)
	if !ok || p.err != nil {
		return auth.Identity{}, fhir.E("command", fhir.Forbidden, fhir.Issue{Message: "The command is refused: " + describePeer(p.err) + "."})
	}
	who := commandRequester(commandOf(r))
	who.Display += " (" + p.name + ")"
	return auth.Identity{Requester: who, Scopes: auth.Full}, nil
}

func describePeer(err error) string {
	if err == nil {
		return "nobody knows who gave it"
	}
	return err.Error()
}

// Challenge is empty: there is nothing to log in with.
func (operators) Challenge(error) string { return "" }
