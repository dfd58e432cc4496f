package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
)

// launchCommand starts an app as a clinic's software does: SMART App Launch, EHR
// launch.
type launchCommand struct {
	App       string `arg:"" placeholder:"ID" help:"The client_id of the app, which is registered with the scope launch."`
	Patient   string `required:"" placeholder:"ID" help:"Logical id of the Patient whose record is open."`
	Encounter string `placeholder:"ID" help:"Logical id of the Encounter; none unless set."`
	URL       string `placeholder:"URL" help:"Where the app is started; unless set, the parameters alone are printed."`
	Data      string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the server, which runs."`
}

// launchRequest is what the command asks the server for.
type launchRequest struct {
	App       string `json:"app"`
	Patient   string `json:"patient"`
	Encounter string `json:"encounter,omitempty"`
}

// launchAnswer is what the app is started with.
type launchAnswer struct {
	Launch string `json:"launch"`
	Issuer string `json:"iss"`
}

// Run prints the address to open in a browser.
func (c *launchCommand) Run(std streams) error {
	start, err := url.Parse(c.URL)
	if err != nil || c.URL != "" && (start.Host == "" || start.Scheme != "https" && start.Scheme != "http" || start.Fragment != "") {
		return fmt.Errorf("--url %s: expected the address of the app, such as https://app.example/launch", c.URL)
	}
	at := administered(c.Data)
	if at == nil {
		return fmt.Errorf("no server has the folder %s open: start it, or name its folder with --data", c.Data)
	}
	body, err := json.Marshal(launchRequest{c.App, c.Patient, c.Encounter})
	if err != nil {
		return err
	}
	answer, err := at.post("launch", url.Values{"app": {c.App}, "patient": {c.Patient}}, strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	var got launchAnswer
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		return err
	}
	q := start.Query()
	q.Set("iss", got.Issuer)
	q.Set("launch", got.Launch)
	start.RawQuery = q.Encode()
	_, err = fmt.Fprintln(std.out, strings.TrimPrefix(start.String(), "?"))
	return err
}

// launch answers the command for a running server.
func (a *admin) launch(_ auth.Identity, w http.ResponseWriter, r *http.Request) error {
	if a.tokens == nil || a.accounts == nil && a.sandbox == nil {
		return errors.New("nobody can sign in to the server, so that no app acts for a person: start it with --issue-tokens --sign-in")
	}
	var q launchRequest
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return err
	}
	for _, of := range []struct{ typ, id string }{{"Patient", q.Patient}, {"Encounter", q.Encounter}} {
		if of.id == "" && of.typ == "Encounter" {
			continue
		}
		v, err := a.app.db.State(r.Context()).Current(of.typ, of.id)
		if err != nil {
			return err
		}
		if v == nil || v.Deleted() {
			return fmt.Errorf("there is no %s %q", of.typ, of.id)
		}
	}
	handle, err := a.tokens.Launch(q.App, q.Patient, q.Encounter)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(launchAnswer{handle, a.tokens.Origin() + server.Bases[0]})
}
