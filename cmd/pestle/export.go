package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/pestle-fhir/pestle/pharmacy/reimbursement"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

type exportCommand struct {
	Claims exportClaims `cmd:"" help:"The NHS claims of a month, one Bundle a pharmacy."`
}

type exportClaims struct {
	Month  string `required:"" placeholder:"2026-11" help:"Dispensing month."`
	Org    string `placeholder:"ODS" help:"Pharmacy; all that have claims unless set."`
	New    bool   `help:"Record a further run of a closed month, with what no run has submitted yet."`
	Number int    `name:"run" placeholder:"N" help:"A run that was recorded before, with the same bytes; the newest unless set."`
	Data   string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database; no server may have it open."`
	Out    string `placeholder:"DIR" help:"Folder for one file a pharmacy; standard output unless set."`
}

// Run writes the Bundles of a month. It closes a month that is over, so that
// running it again returns the same bytes; of one that is not over it writes a
// preview and records nothing.
func (c *exportClaims) Run(std streams) error {
	month, err := tariff.ParseMonth(c.Month)
	if err != nil {
		return err
	}
	if err := haveDatabase(c.Data); err != nil {
		return err
	}
	app, err := openApp(appConfig{Data: c.Data, Profiles: profileOptions{Policy: "r4"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { _ = app.close() }()
	exports, err := c.month(app.reimbursement, month, std)
	if err != nil {
		return err
	}
	if len(exports) == 0 {
		fmt.Fprintf(std.err, "no claims in %s\n", month)
	}
	for _, e := range exports {
		if err := c.write(e, std); err != nil {
			return err
		}
	}
	return nil
}

func (c *exportClaims) month(s *reimbursement.Service, month tariff.Month, std streams) ([]*reimbursement.Export, error) {
	now := time.Now()
	over := reimbursement.Over(month, now)
	switch {
	case c.Number != 0 && c.New:
		return nil, errors.New("--run is a run that was recorded before, and --new records another: ask for one of them")
	case c.Number == 0 && (over || c.New):
		return s.CloseMonth(context.Background(), reimbursement.CloseRequest{
			Month: month, Org: c.Org, New: c.New, Time: now, Requester: commandRequester("export")})
	case c.Number == 0:
		fmt.Fprintf(std.err, "%s is not over: this is a preview, and nothing is recorded\n", month)
	}
	return s.ExportMonth(context.Background(), reimbursement.ExportRequest{Month: month, Org: c.Org, Run: c.Number, Time: now})
}

func (c *exportClaims) write(e *reimbursement.Export, std streams) (err error) {
	out := std.out
	if c.Out != "" {
		if err := os.MkdirAll(c.Out, 0o700); err != nil {
			return err
		}
		f, err := os.OpenFile(filepath.Join(c.Out, fmt.Sprintf("claims-%s-%s.json", e.Month, e.Org)), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		defer func() {
			if e := f.Close(); err == nil {
				err = e
			}
		}()
		out = f
	}
	_, err = e.WriteTo(out)
	return err
}
