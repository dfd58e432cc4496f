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
	"net/url"
	"path/filepath"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
	"github.com/pestle-fhir/pestle/server/auth"
)

// tariffRead are the options of what is read of a database: by the server that
// has it open, else from its folder.
type tariffRead struct {
	Data string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database; a server may have it open."`

	remote     `embed:""`
	encryption `embed:""`
}

type tariffList struct {
	inJSON     `embed:""`
	tariffRead `embed:""`
}

type tariffReconcile struct {
	File  string `arg:"" name:"file" help:"CSV file of price concessions."`
	Month string `placeholder:"2026-11" help:"Month of the concessions, where the file's name does not say it."`

	tariffRead `embed:""`
}

type feesCommand struct {
	Show feesShow `cmd:"" help:"Print the fee schedule of a day: fees, rates and charges, with their marks and sources."`
}

type feesShow struct {
	Day string `placeholder:"2026-11-30" help:"The day; today unless set."`

	inJSON     `embed:""`
	tariffRead `embed:""`
}

// Help is shown by --help.
func (tariffReconcile) Help() string {
	return `Prints the list with the code of each row that fits one pack of the month's Part VIIIA; above any other row stand the packs that it may be. Write the codes in, and load it. Exit code 1: rows are left to work through.

Example: pestle tariff reconcile concessions-2026-11.csv --data db`
}

// Run lists the files of the tariff.
func (c *tariffList) Run(std streams) error {
	return c.show(std, tariffShown{What: "list", JSON: c.JSON}, nil)
}

// Run prints the fees of a day.
func (c *feesShow) Run(std streams) error {
	if c.Day != "" {
		if _, err := time.Parse(time.DateOnly, c.Day); err != nil {
			return fmt.Errorf("--day is a date such as 2026-11-30, not %q", c.Day)
		}
	}
	return c.show(std, tariffShown{What: "fees", Day: c.Day, JSON: c.JSON}, nil)
}

// Run completes a list of concessions.
func (c *tariffReconcile) Run(std streams) error {
	r, done, err := open(c.File, std.in, nil)
	if err != nil {
		return err
	}
	defer done()
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return c.show(std, tariffShown{What: "reconcile", Name: filepath.Base(c.File), Month: c.Month}, data)
}

// tariffShown says what is read, in the query of a request.
type tariffShown struct {
	What, Day, Name, Month string
	JSON                   bool
}

func (q tariffShown) values() url.Values {
	return url.Values{"what": {q.What}, "day": {q.Day}, "name": {q.Name}, "month": {q.Month}, "json": {fmt.Sprint(q.JSON)}}
}

// write does the work. left is how many rows are left to work through.
func (q tariffShown) write(ctx context.Context, s *reimbursement.Service, data []byte, out io.Writer) (left int, err error) {
	switch q.What {
	case "list":
		if q.JSON {
			list, err := s.TariffFiles(ctx, time.Now())
			if err != nil {
				return 0, err
			}
			return 0, json.NewEncoder(out).Encode(list)
		}
		return 0, s.WriteTariffList(ctx, out, time.Now())
	case "fees":
		day := nhs.Midnight(time.Now())
		if q.Day != "" {
			if day, err = time.Parse(time.DateOnly, q.Day); err != nil {
				return 0, err
			}
		}
		if q.JSON {
			return 0, writeFeesJSON(ctx, s, out, day)
		}
		return 0, s.WriteFees(ctx, out, day)
	case "reconcile":
		var month tariff.Month
		if q.Month != "" {
			if month, err = tariff.ParseMonth(q.Month); err != nil {
				return 0, err
			}
		}
		return s.WriteReconciled(ctx, out, reimbursement.File{Name: q.Name, Month: month, Data: data})
	}
	return 0, fmt.Errorf("nothing of the tariff is called %q", q.What)
}

// feeLine is a figure of the fee schedule as JSON.
type feeLine struct {
	Rule   tariff.Rule `json:"rule"`
	Value  string      `json:"value"`
	Unit   string      `json:"unit"`
	From   string      `json:"from"`
	Mark   string      `json:"mark"` // B for one that was not verified
	Source string      `json:"source"`
}

func writeFeesJSON(ctx context.Context, s *reimbursement.Service, out io.Writer, day time.Time) error {
	list, edition, err := s.FeesOn(ctx, day)
	if err != nil {
		return err
	}
	lines := []feeLine{}
	for _, f := range list {
		lines = append(lines, feeLine{f.Rule, f.Value, f.Unit, f.From.Format(time.DateOnly), f.Mark, f.Source})
	}
	return json.NewEncoder(out).Encode(map[string]any{"edition": edition, "day": day.Format(time.DateOnly), "fees": lines})
}

// trailerLeft is the trailer with the number of rows that are left.
const trailerLeft = "Pestle-Left"

func (c *tariffRead) show(std streams, q tariffShown, data []byte) error {
	server, err := c.reach(c.Data)
	if err != nil {
		return err
	}
	left := ""
	if server != nil {
		answer, err := server.post("tariff/show", q.values(), bytes.NewReader(data))
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		if _, err := io.Copy(std.out, answer.Body); err != nil {
			return err
		}
		left = answer.Trailer.Get(trailerLeft)
	} else {
		if err := haveDatabase(c.Data, c.encryption); err != nil {
			return err
		}
		app, err := openApp(appConfig{Data: c.Data, Key: c.encryption, Profiles: profileOptions{Policy: "r4"}}, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		n, err := q.write(context.Background(), app.reimbursement, data, std.out)
		if err := errors.Join(err, app.close()); err != nil {
			return shown(q.Name, err, std)
		}
		left = fmt.Sprint(n)
	}
	if left != "0" && left != "" {
		fmt.Fprintf(std.err, "%s rows are left to work through\n", left)
		return errSilent
	}
	return nil
}

// shown prints the issues of a file line by line.
func shown(name string, err error, std streams) error {
	e := (*fhir.Error)(nil)
	if !errors.As(err, &e) {
		return err
	}
	for _, i := range e.Issues {
		fmt.Fprintln(std.err, issueLine(name, i))
	}
	return errSilent
}

// tariffShow reads the tariff for who administers the server.
func (a *admin) tariffShow(_ auth.Identity, w http.ResponseWriter, r *http.Request) error {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	v := r.URL.Query()
	q := tariffShown{What: v.Get("what"), Day: v.Get("day"), Name: v.Get("name"), Month: v.Get("month"), JSON: v.Get("json") == "true"}
	var out bytes.Buffer
	left, err := q.write(r.Context(), a.app.reimbursement, data, &out)
	if err != nil {
		return err
	}
	w.Header().Set("Trailer", trailerLeft)
	_, err = w.Write(out.Bytes())
	w.Header().Set(trailerLeft, fmt.Sprint(left))
	return err
}
