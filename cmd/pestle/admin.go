package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/store/archive"
)

// socketName is the socket in the folder of a database on which the server that
// has it open takes the commands of this binary: HTTP, for the owner of the
// folder alone.
const socketName = "pestle.sock"

// admin answers the commands of this binary for a running server.
type admin struct {
	app  *app
	data string
	log  *slog.Logger
}

// administer serves the commands until ctx ends; the channel is closed then. A
// server whose folder can have no socket runs without: its commands then say
// that it must be stopped.
func (a *admin) administer(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	listener, err := listenSocket(filepath.Join(a.data, socketName))
	if err != nil {
		a.log.Warn("no socket for commands: they need the server stopped", "error", err)
		close(done)
		return done
	}
	server := &http.Server{Handler: a.handler(), ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
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

func (a *admin) handler() http.Handler {
	mux := http.NewServeMux()
	for path, do := range map[string]func(http.ResponseWriter, *http.Request) error{
		"POST /backup": a.backup, "POST /check": a.check, "POST /digest": a.digest, "POST /tariff": a.tariff, "POST /export": a.export,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			a.log.Info("command", "path", r.URL.Path, "user", operatorOf(r).Display)
			if err := do(w, r); err != nil {
				http.Error(w, describe(err), http.StatusUnprocessableEntity)
			}
		})
	}
	load, err := loadHandler(a.app, operators{}) // resources as the command load sends them
	if err != nil {
		a.log.Error("the command load needs the server stopped", "error", err)
		return mux
	}
	mux.Handle("/fhir", load)
	mux.Handle("/fhir/", load)
	return mux
}

// Headers of a command: who gave it and which it is.
const (
	headerUser    = "Pestle-User"
	headerCommand = "Pestle-Command"
	trailerError  = "Pestle-Error"
	trailerHeader = "Pestle-Header"
)

// operatorOf is who gave a command, as the operating system knows them: nobody
// else can connect to the socket.
func operatorOf(r *http.Request) fhir.Principal {
	who := commandRequester(r.Header.Get(headerCommand))
	who.Display += " (" + r.Header.Get(headerUser) + ")"
	return who
}

// operators are known by the socket: each request is its operator's.
type operators struct{}

// Authenticate returns who gave the command.
func (operators) Authenticate(r *http.Request) (auth.Identity, error) {
	return auth.Sandbox{User: operatorOf(r)}.Authenticate(r)
}

// Challenge is that of nobody being turned away.
func (operators) Challenge(error) string { return "" }

// backup streams an archive. What goes wrong after its first byte is told in a
// trailer, and the archive has no seal then.
func (a *admin) backup(w http.ResponseWriter, r *http.Request) error {
	var q backupRequest
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return err
	}
	w.Header().Set("Trailer", trailerError+", "+trailerHeader)
	h, err := writeBackup(r.Context(), a.app.db, a.data, w, q)
	if err != nil {
		w.Header().Set(trailerError, describe(err))
		return nil //nolint:nilerr // told in the trailer
	}
	text, err := json.Marshal(h)
	w.Header().Set(trailerHeader, string(text))
	return err
}

// headerIn reads the header of the archive that was streamed.
func headerIn(trailer http.Header) (h archive.Header, err error) {
	if trailer.Get(trailerHeader) == "" {
		return h, archive.ErrTruncated
	}
	return h, json.Unmarshal([]byte(trailer.Get(trailerHeader)), &h)
}

func (a *admin) check(w http.ResponseWriter, r *http.Request) error {
	f, err := a.app.db.Check(r.Context())
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(f)
}

func (a *admin) digest(w http.ResponseWriter, r *http.Request) error {
	answer, err := digestOf(r.Context(), a.app.db)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(answer)
}

// tariff loads a file of the tariff: the body, under the name in the query.
func (a *admin) tariff(w http.ResponseWriter, r *http.Request) error {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	month, err := strconv.Atoi(q.Get("month"))
	if err != nil {
		return err
	}
	var answer tariffAnswer
	answer.Loaded, err = a.app.reimbursement.LoadTariff(r.Context(),
		reimbursement.File{Name: q.Get("name"), Kind: tariff.Kind(q.Get("kind")), Month: tariff.Month(month), Data: data}, operatorOf(r))
	if e := (*fhir.Error)(nil); errors.As(err, &e) {
		answer.Issues = e.Issues
	} else if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(answer)
}

// tariffAnswer is what became of a file of the tariff.
type tariffAnswer struct {
	Loaded *reimbursement.Loaded
	Issues []fhir.Issue
}

// export writes the month's Bundles.
func (a *admin) export(w http.ResponseWriter, r *http.Request) error {
	var c exportClaims
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		return err
	}
	list, notes, err := c.month(r.Context(), a.app.reimbursement, operatorOf(r))
	if err != nil {
		return err
	}
	return writeExports(w, list, notes)
}
