package main

import (
	"context"
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
	Month string `required:"" placeholder:"2026-11" help:"Dispensing month."`
	Org   string `placeholder:"ODS" help:"Pharmacy; all that have claims unless set."`
	New   bool   `help:"Pin the claims as they now are; without it a month that was exported before is given again as it was."`
	Data  string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database; no server may have it open."`
	Out   string `placeholder:"DIR" help:"Folder for one file a pharmacy; standard output unless set."`
}

// Run writes the Bundles of a month. Running it again gives the same bytes.
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
	exports, err := app.reimbursement.ExportMonth(context.Background(), reimbursement.ExportRequest{
		Month: month, Org: c.Org, New: c.New, Time: time.Now(), Requester: commandRequester("export")})
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
