package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/pharmacy/dispensing"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/takeon"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/server/auth"
)

type importCommand struct {
	Files  []string `arg:"" name:"file" help:"CSV files of patients, supplies or owings, or FHIR: a Bundle, or a resource on each line."`
	From   string   `required:"" placeholder:"ODS" help:"The pharmacy that hands over, by its ODS code."`
	Name   string   `placeholder:"TEXT" help:"Its name."`
	Site   string   `env:"PESTLE_SITE" placeholder:"ODS" help:"The pharmacy that takes on, as serve has it, where no server has the folder open or it has none."`
	Since  string   `placeholder:"DAY" help:"Past supplies from this day on are taken on; unless set, those of the last 400 days, which are all that clinical checks look at."`
	DryRun bool     `name:"dry-run" help:"Read and match everything, and store nothing."`
	Data   string   `env:"PESTLE_DATA" placeholder:"DIR" help:"Folder of the database, made where there is none; a server may have it open."`
	JSON   bool     `name:"json" help:"Print what became of it as JSON."`

	remote     `embed:""`
	encryption `embed:""`
}

// Help is shown by --help.
func (importCommand) Help() string {
	return `Past supplies are marked as supplied elsewhere: clinical checks count them, and they are
neither claimed nor entered in the controlled drugs register. What cannot be matched is listed, and is
a Task in the queue take-on.

Exit code 1: something is wrong with the files, all of which is named, and nothing is stored.

Example: pestle import --data db --from FX123 --dry-run patients.csv supplies.csv owings.csv`
}

// importRequest is what travels to a server.
type importRequest struct {
	From, Name, Site string
	Since            string
	DryRun           bool
	Files            []takeon.File
}

// Run imports files, all of them or none.
func (c *importCommand) Run(std streams) error {
	if err := askData("import", c.Data, c.remote); err != nil {
		return err
	}
	if !odsForm.MatchString(strings.ToUpper(c.From)) {
		return fmt.Errorf("--from: expected an ODS code such as FX123, found %q", c.From)
	}
	if c.Since != "" && nhs.ReadDate(c.Since).IsZero() {
		return fmt.Errorf("--since: expected a day such as 2025-11-30, found %q", c.Since)
	}
	q := importRequest{Since: c.Since, From: strings.ToUpper(c.From), Name: c.Name, Site: strings.ToUpper(c.Site), DryRun: c.DryRun}
	for _, name := range c.Files {
		r, done, err := open(name, std.in, nil)
		if err != nil {
			return err
		}
		data, err := io.ReadAll(r)
		done()
		if err != nil {
			return err
		}
		q.Files = append(q.Files, takeon.File{Name: filepath.Base(name), Data: data})
	}
	taken, err := c.send(q)
	if err != nil {
		return err
	}
	return c.report(taken, std)
}

// send has the server that has the folder open import, or does so in the folder.
func (c *importCommand) send(q importRequest) (*dispensing.TakenOn, error) {
	server, err := c.reach(c.Data)
	if err != nil {
		return nil, err
	}
	if server != nil {
		body, err := json.Marshal(q)
		if err != nil {
			return nil, err
		}
		answer, err := server.post("import", nil, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		defer func() { _ = answer.Body.Close() }()
		var taken dispensing.TakenOn
		return &taken, json.NewDecoder(answer.Body).Decode(&taken)
	}
	app, err := openApp(appConfig{Data: c.Data, Key: c.encryption, Dispensing: dispensing.Options{Site: dispensing.Site{ODS: q.Site}}, Profiles: profileOptions{Policy: "r4"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(40)) // the files are in memory as a whole
	ended, err := app.command("import --from " + q.From)
	if err != nil {
		return nil, errors.Join(err, app.close())
	}
	taken, err := q.do(context.Background(), app, auth.Identity{Requester: commandRequester("import")})
	return taken, errors.Join(ended(err), app.close())
}

// do imports for a caller.
func (q importRequest) do(ctx context.Context, a *app, who auth.Identity) (*dispensing.TakenOn, error) {
	return a.dispensing.TakeOn(ctx, dispensing.TakeOn{From: prescription.Party{ID: q.From, Name: q.Name}, Site: q.Site, Files: q.Files, Since: nhs.ReadDate(q.Since), DryRun: q.DryRun}, who.Requester, time.Now())
}

// importing imports for a command.
func (a *admin) importing(who auth.Identity, w http.ResponseWriter, r *http.Request) error {
	var q importRequest
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return err
	}
	taken, err := q.do(r.Context(), a.app, who)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(taken)
}

// report prints what became of the files.
func (c *importCommand) report(t *dispensing.TakenOn, std streams) error {
	failed := takeon.Failed(t.Findings)
	if c.JSON {
		if err := printJSON(std, t); err != nil {
			return err
		}
	} else {
		for _, f := range t.Findings {
			fmt.Fprintln(std.err, issueLine(f.File, f.Issue))
		}
		if !failed {
			c.figures(t, std)
		}
	}
	if failed {
		return errSilent
	}
	return nil
}

func (c *importCommand) figures(t *dispensing.TakenOn, std streams) {
	verb := "taken on"
	if c.DryRun {
		verb = "would be taken on"
	}
	fmt.Fprintf(std.out, "%d patients, %d supplies and %d owings %s; %d patients are known, %d records are there already\n", t.Patients, t.Supplies, t.Owings, verb, t.Known, t.Unchanged)
	if t.Old > 0 {
		fmt.Fprintf(std.out, "%d supplies are left out: no clinical check looks so far back (--since takes them on)\n", t.Old)
	}
	if len(t.Reconcile) > 0 {
		fmt.Fprintf(std.out, "%d to reconcile, in the queue take-on:\n", len(t.Reconcile))
	}
	for _, r := range t.Reconcile {
		fmt.Fprintf(std.out, "  %s: %s: %s %s\n", r.From, r.Reason, r.Text, r.Task)
	}
}
