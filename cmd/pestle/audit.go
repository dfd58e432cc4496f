package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os/user"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/trust/audit"
)

// auditFolder is the folder of the audit log within that of a database.
func auditFolder(data string) string { return filepath.Join(data, auditName) }

const auditName = "audit"

// checkAudit adds what is wrong with an audit log to the findings of a check.
func checkAudit(ctx context.Context, l *audit.Log, f *store.Findings) {
	if _, err := l.Verify(ctx, nil); err != nil {
		f.Add(store.Finding{Text: err.Error()})
	}
}

// retain deletes what was kept as long as it must be, once a day, until ctx ends.
func (a *app) retain(ctx context.Context, r audit.Retention) {
	for ctx.Err() == nil {
		if n, err := a.audit.Retain(ctx, r, time.Now()); err != nil {
			a.log.Error("the retention of the audit log", "error", err)
		} else if n > 0 {
			a.log.Info("the audit log was shortened by its retention", "segments", n)
		}
		select {
		case <-ctx.Done():
		case <-time.After(24 * time.Hour):
		}
	}
}

// openAudit opens the audit log of a database for writing.
func openAudit(data string, e encryption) (*audit.Log, error) {
	key, err := e.bytes()
	if err != nil {
		return nil, err
	}
	return audit.Open(auditFolder(data), audit.Options{Key: key})
}

// readAudit opens the audit log of a database, and changes nothing.
func readAudit(data string, e encryption) (*audit.Log, error) {
	key, err := e.bytes()
	if err != nil {
		return nil, err
	}
	return audit.Open(auditFolder(data), audit.Options{Key: key, ReadOnly: true})
}

// begun is the status of a command that is recorded before it is carried out: what
// becomes of it is not known yet.
const begun = http.StatusAccepted

// command records a command of the user that the process runs as, before it is carried
// out; ended records what became of it, before the audit log is closed.
func (a *app) command(line string) (ended ending, err error) {
	access := commandHere(operatingUser(), line)
	record := func(access *fhir.Access) error { return a.audit.Record(context.Background(), access) }
	return func(err error) error { return errors.Join(err, record(became(access, err))) }, record(access)
}

// commandBy is the record of a command that a server is given: by a user of the
// operating system, on the socket, or by the caller of a token.
func commandBy(r *http.Request, caller auth.Identity, status int) *fhir.Access {
	a := &fhir.Access{Time: time.Now(), Interaction: "command", Status: status, RequestID: uuid.NewString(), By: caller.Requester, Method: r.Method, Target: r.URL.RequestURI(), Address: "local"}
	if p, ok := r.Context().Value(peerKey{}).(peer); ok {
		a.By = systemUser(p.name)
	} else if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		a.Address = host
	}
	return a
}

func systemUser(name string) fhir.Principal {
	return fhir.Principal{Agent: systemUsers + "|" + name, Client: "pestle"}
}

// operatingUser is the user that the process runs as.
func operatingUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}

// systemUsers is the system of the operating system's names of users.
const systemUsers = "https://pestle-fhir.github.io/audit/operating-system-user"

// commandHere is the record of a command by a user of the operating system that begins.
func commandHere(user, line string) *fhir.Access {
	return &fhir.Access{Time: time.Now(), Interaction: "command", Status: begun, RequestID: uuid.NewString(), Address: "local", Target: line, By: systemUser(user)}
}

// became is the record of what became of a command.
func became(begun *fhir.Access, err error) *fhir.Access {
	a := *begun
	a.Time, a.Status = time.Now(), http.StatusOK
	if err != nil {
		a.Status = commandStatus(err)
	}
	return &a
}

// unaudited is why nothing can be recorded, a sentence; "" where it can.
func (a *app) unaudited() string {
	if err := a.audit.Takes(); err != nil {
		return "Nothing of patients is shown: " + err.Error() + "."
	}
	return ""
}
