package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
	journal "github.com/pestle-fhir/pestle/store/log"
	"github.com/pestle-fhir/pestle/store/log/ship"
)

// What a primary answers to its standbys. A copy and the beginning of a session are
// recorded in the audit log, and what follows in the session is not, but its refusal.

// headerLog has the id of the log, with a copy.
const headerLog = "Pestle-Log"

// batchWait is how long a request for records waits for one.
const batchWait = 5 * time.Second

// primary is the replica of a server that may have standbys.
func (a *admin) primary() (*replica, error) {
	r := a.replica
	if r == nil {
		return nil, errors.New("this server keeps no log that a standby could follow: start it with --log file")
	}
	if role := r.is(); role.Role == ship.IsStandby {
		return nil, fmt.Errorf("this server is a standby itself, of %s: follow that one", role.From)
	}
	return r, nil
}

// copyRequest asks for a copy for the standby of an id, encrypted to recipients.
type copyRequest struct {
	ID         string   `json:"id"`
	Recipients []string `json:"recipients"`
}

// standbyCopy streams an archive of the database as of a place of the log.
func (a *admin) standbyCopy(_ auth.Identity, w http.ResponseWriter, q *http.Request) error {
	r, err := a.primary()
	if err != nil {
		return err
	}
	var request copyRequest
	if err := json.NewDecoder(q.Body).Decode(&request); err != nil {
		return err
	}
	defer r.sender.Expect(request.ID, r.db.Role().Place)()
	w.Header().Set(headerLog, r.journal.ID())
	_, err = writeCopy(q.Context(), a.app.db, a.app.definitions.files, w, request.Recipients)
	return err
}

// standbyHello begins a session.
func (a *admin) standbyHello(_ auth.Identity, w http.ResponseWriter, q *http.Request) error {
	r, err := a.primary()
	if err != nil {
		return err
	}
	var h ship.Hello
	if err := json.NewDecoder(q.Body).Decode(&h); err != nil {
		return err
	}
	if role := r.is(); role.Role == ship.IsOvertaken && role.From != h.Address {
		return fmt.Errorf("another server has taken the place of this one: follow %s", role.From)
	}
	if !h.Copying {
		if err := reachable(h.Address); err != nil {
			return err
		}
	} else if h.Address != "" {
		return errors.New("a standby that is being copied has no address yet")
	}
	welcome, err := r.sender.Hello(q.Context(), h)
	if err != nil {
		return err
	}
	if err := ship.WriteStandbys(r.dir, r.sender.Standbys()); err != nil {
		return err
	}
	r.log.Info("a standby follows", "id", h.ID, "address", h.Address, "place", h.Place, "last", welcome.Last, "copying", h.Copying)
	return json.NewEncoder(w).Encode(welcome)
}

// reachable refuses an address of a standby that is asked and has writes passed on to it in
// clear text over a network, with the tokens of those who write.
func reachable(address string) error {
	u, err := url.Parse(address)
	if err == nil && u.Scheme == "http" {
		if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			err = errors.New("without TLS it is for this machine alone")
		}
	}
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("the address %q of the standby is not one to pass writes on to: %w", address, cmp.Or(err, errors.New("expected https://…")))
	}
	return nil
}

// standbyLog answers with the records after a place.
func (a *admin) standbyLog(_ auth.Identity, w http.ResponseWriter, q *http.Request) error {
	r, err := a.primary()
	if err != nil {
		return err
	}
	after, err := strconv.ParseUint(q.URL.Query().Get("after"), 10, 64)
	if err != nil {
		return fmt.Errorf("after: expected a place, found %q", q.URL.Query().Get("after"))
	}
	ctx, cancel := context.WithTimeout(q.Context(), batchWait)
	defer cancel()
	defer context.AfterFunc(r.running, cancel)()
	err = r.sender.Send(ctx, q.URL.Query().Get("session"), journal.Place(after), w)
	if errors.Is(err, ship.ErrSession) {
		w.Header().Set(headerSession, "unknown")
	}
	return err
}

// standbyContent answers with a document.
func (a *admin) standbyContent(_ auth.Identity, w http.ResponseWriter, q *http.Request) error {
	if _, err := a.primary(); err != nil {
		return err
	}
	var c fhir.Content
	digest, err := hex.DecodeString(q.URL.Query().Get("sha256"))
	if err == nil && len(digest) != len(c.SHA256) {
		err = errors.New("it has another length")
	}
	copy(c.SHA256[:], digest)
	if err == nil {
		c.Size, err = strconv.ParseInt(q.URL.Query().Get("size"), 10, 64)
	}
	if err != nil {
		return fmt.Errorf("expected sha256 and size of a document: %w", err)
	}
	in, err := a.app.db.OpenContent(q.Context(), c)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	_, err = io.Copy(w, in)
	return err
}

// standbyOvertake ends the leading of this server, whose place another one takes.
func (a *admin) standbyOvertake(_ auth.Identity, w http.ResponseWriter, q *http.Request) error {
	r, err := a.primary()
	if err != nil {
		return err
	}
	var o overtakeRequest
	if err := json.NewDecoder(q.Body).Decode(&o); err != nil {
		return err
	}
	if o.Log != r.journal.ID() {
		return fmt.Errorf("the log of this server is %s, and not %s", r.journal.ID(), o.Log)
	}
	ctx, cancel := context.WithTimeout(q.Context(), 30*time.Second)
	defer cancel()
	if !slices.ContainsFunc(r.sender.Standbys(), func(s ship.Standby) bool { return s.Address == o.By }) {
		return fmt.Errorf("no standby of this server is at %q: its place is taken by one that follows it", o.By)
	}
	last, err := r.overtaken(ctx, o.Term, o.By)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(last)
}

// promote makes the standby the primary.
func (a *admin) promote(_ auth.Identity, w http.ResponseWriter, q *http.Request) error {
	if a.replica == nil || a.replica.receiver == nil && a.replica.is().Role != ship.IsPrimary {
		return errors.New("this server is not a standby")
	}
	p, err := a.replica.promote(context.WithoutCancel(q.Context()), q.URL.Query().Get("without") == "true")
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(p)
}
