package main

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/console"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

// consoleOver is the console over the FHIR interface of a server to which people sign
// in; nil where nobody can.
func (c *serveCommand) consoleOver(rest, commands http.Handler, app *app, config *server.Config, log *slog.Logger) *console.Server {
	tokens := issuer(*config)
	if tokens == nil {
		return nil
	}
	site := c.appConfig().Dispensing.Site
	screens := console.Config{REST: rest, Commands: commands, Sandbox: c.Sandbox, Site: c.site(), Origin: trimSlash(c.PublicURL), Pharmacy: strings.TrimSpace(site.Name + " (" + site.ODS + ")"),
		Display: nhs.Display, Zone: nhs.London(), Logger: log, Operations: config.Operations, Codes: codesOf, Head: app.db.Head, Wait: app.db.Wait, Last: app.lastCommit,
		Unit: func(unit, system, code string) string {
			return registered{}.Unit(unit, system, code, nhs.DateOf(time.Now()))
		},
		Identity: func(p *oauth.Person, proof oauth.Proof) auth.Identity { return tokens.IdentityOf(p, proof, "console") }}
	if config.Log != nil {
		screens.Verify = func(answer []byte) (console.Proved, error) { return verifiedProof(answer, config.Log.Public()) }
	}
	switch {
	case c.Sandbox:
		screens.SignIn = sandboxSignIn{c.site()}
	case c.accounts != nil:
		screens.SignIn, screens.Still, screens.Idle = c.accounts.pages, c.accounts.pages.Still, c.accounts.people.Idle()
	default:
		return nil
	}
	return console.New(screens)
}

// verifiedProof verifies an answer to $proof with a key.
func verifiedProof(answer []byte, public string) (p console.Proved, err error) {
	key, err := note.NewVerifier(public)
	if err != nil {
		return p, err
	}
	e, c, err := ledger.VerifyProof(answer, key)
	if err != nil {
		return p, err
	}
	return console.Proved{Leaf: e.Index, Size: c.Size, Root: c.Root.String(), Log: c.Origin, Stored: time.UnixMilli(e.Millis).UTC().Format(fhir.InstantLayout)}, nil
}

// recognised are the people whom the console has recognised by their sessions.
type recognised struct{}

// Authenticate returns the person of whose session the request is.
func (recognised) Authenticate(r *http.Request) (auth.Identity, error) {
	who, ok := auth.RecognisedIn(r.Context())
	if !ok {
		return who, fhir.E("command", fhir.Login, fhir.Issue{Message: "Nobody has signed in."})
	}
	return who, nil
}

// Challenge is empty: who has not signed in is led to where they do.
func (recognised) Challenge(error) string { return "" }

// codesOf are the codes that a parameter of an operation takes, for who fills in a form.
func codesOf(operation, parameter string) []fhir.Coding {
	own := func(pairs ...string) (list []fhir.Coding) {
		for i := 0; i+1 < len(pairs); i += 2 {
			list = append(list, fhir.Coding{Code: pairs[i], Display: pairs[i+1]})
		}
		return list
	}
	switch operation + " " + parameter {
	case "Task/$hold hold":
		return prescription.HoldsByPeople(nhs.DateOf(time.Now()))
	case "Task/$query reason", "Task/$withdraw reason":
		return nhs.Codes(nhs.CSWithdraw)
	case "Task/$return reason":
		return nhs.Codes(nhs.CSReturn)
	case "Task/$reject reason":
		return append(nhs.Codes(nhs.CSNotDispensed), nhs.Codes(nhs.CSReturn)...)
	case "Task/$put-back notDispensed", "Task/$dispense reason":
		return nhs.Codes(nhs.CSNotDispensed)
	case "DetectedIssue/$mitigate action":
		return nhs.Codes(nhs.VSMitigation)
	case "Task/$record-original form":
		return own("FP10PCD", "private prescription for a controlled drug, England")
	case "Task/$dispense status":
		return nhs.Codes(nhs.CSLineStatus)[:4]
	case "Task/$dispense bag":
		return own("collection", "collected", "delivery", "delivered")
	case "Claim/$settle-difference action":
		return own("accept", "the difference is done with", "dispute", "pursue it with the payer", "resubmit", "amend the claim: it goes out again", "re-price", "load what was late or wrong, and price again")
	case "Claim/$papers-sent form":
		return own("FP34PCD", "originals of private prescriptions", "FP10CDF", "requisitions")
	case "Task/$note readers", "Patient/$note readers":
		return own("note", "everybody of the pharmacy, customer service too", "pharmacy-note", "those who are shown medicines")
	case "Patient/$break-glass code":
		return own("BTG", "break the glass", "ETREAT", "emergency treatment")
	}
	switch parameter {
	case "collector":
		return own("patient", "the patient", "representative", "somebody for the patient", "healthcare-professional", "a healthcare professional")
	case "method":
		return own("collected", "collected", "delivered", "delivered")
	case "exemptionEvidence":
		return own("evidence-seen", "seen", "no-evidence-seen", "not seen")
	}
	return nil
}

// lastCommit is the time of the last commit, the zero time where there is none.
func (a *app) lastCommit() time.Time {
	if head := a.db.Head(); head > 0 {
		if list, err := a.db.Log(context.Background(), head-1, 1); err == nil && len(list) == 1 {
			return list[0].Time
		}
	}
	return time.Time{}
}
