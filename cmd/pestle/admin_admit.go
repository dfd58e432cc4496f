package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
)

// admit is who gives a command, where they may. The command is recorded before it
// is carried out, or that it was refused.
func (a *admin) admit(who server.Authenticator, c adminCommand, w http.ResponseWriter, r *http.Request) (auth.Identity, *fhir.Access, error) {
	caller, err := who.Authenticate(r)
	if err != nil {
		if challenge := who.Challenge(err); challenge != "" {
			w.Header().Set("WWW-Authenticate", challenge)
		}
	} else if c.may != nil {
		err = c.may(caller, r)
	}
	if unrecorded[r.URL.Path] && err == nil {
		return caller, nil, nil
	}
	access := commandBy(r, caller, begun)
	switch fhir.KindOf(err) {
	case fhir.Login:
		unrecorded, take := a.denials.Take(time.Now())
		if !take {
			return caller, nil, err
		}
		access.Status, access.Unrecorded = http.StatusUnauthorized, unrecorded
	case fhir.Forbidden:
		access.Status = http.StatusForbidden
	default:
		if err != nil { // nobody can say what is asked for
			return caller, nil, err
		}
	}
	return caller, access, errors.Join(err, a.app.audit.Record(r.Context(), access))
}

// ended records what became of a command, also where nobody waits for its answer any
// more. The command was recorded before, so that what fails here is said to the log
// of the server alone.
func (a *admin) ended(ctx context.Context, record *fhir.Access, out *answering, err error) {
	record.Time, record.Status = time.Now(), http.StatusOK
	switch {
	case err != nil && out.yes: // its answer is broken off
		record.Status = http.StatusInternalServerError
	case err != nil:
		record.Status = commandStatus(err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := a.app.audit.Record(ctx, record); err != nil {
		a.log.Error("what became of a command is not recorded", "status", record.Status, "error", err)
	}
}

// permit refuses a caller without a scope that names an operation, and one whose
// roles do not grant it.
func permit(who auth.Identity, operation string) error {
	if who.MayInvoke(operation, "") {
		return nil
	}
	return fhir.E("command", fhir.Forbidden, fhir.Issue{Message: "The token does not allow this command.", Expected: "the scope system/" + operation + ", and where the token names roles one that has it (pestle roles)",
		Fix: "Ask who issues the token for that scope, or give the command on the server's own machine."})
}

// scoped is [permit] for a command.
func scoped(operation string) func(auth.Identity, *http.Request) error {
	return func(who auth.Identity, _ *http.Request) error { return permit(who, operation) }
}

// mayExport refuses an export that its caller may not have.
func mayExport(who auth.Identity, r *http.Request) error {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	var c exportClaims
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	_, _, err = c.permitted(who)
	return err
}
