package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/pharmacy/reimbursement"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
	"github.com/pestle-fhir/pestle/server/auth"
)

type exportCommand struct {
	Claims exportClaims `cmd:"" help:"The NHS claims of a month, one Bundle a pharmacy."`
}

type exportClaims struct {
	Month  string `required:"" placeholder:"2026-11" help:"Dispensing month."`
	Org    string `placeholder:"ODS" help:"Pharmacy; all that have claims unless set."`
	New    bool   `help:"Record a further run of a closed month, with what no run has submitted yet."`
	Number int    `name:"run" placeholder:"N" help:"A run that was recorded before, with the same bytes; the newest unless set."`
	Data   string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database; a server may have it open."`
	Out    string `placeholder:"DIR" help:"Folder for one file a pharmacy; standard output unless set."`
	CSV    bool   `name:"csv" help:"Write the claims of each pharmacy as a CSV too, beside its Bundle: needs --out."`

	remote     `embed:"" json:"-"`
	encryption `embed:"" json:"-"`
}

// Help is shown by --help.
func (exportClaims) Help() string {
	return `The first run for a month that is over closes it. What is recorded is written again with the same bytes each time.

Example: pestle export claims --data db --month 2026-11 --out claims/`
}

// Run writes the Bundles of a month. It closes a month that is over, so that
// running it again returns the same bytes; of one that is not over it writes a
// preview and records nothing. Where a server has the database open, that does
// the work.
func (c *exportClaims) Run(std streams) error {
	if _, err := tariff.ParseMonth(c.Month); err != nil {
		return err
	}
	if c.CSV && c.Out == "" {
		return errors.New("--csv writes a file beside each Bundle: it needs --out")
	}
	answer, err := c.answer()
	if err != nil {
		return err
	}
	defer func() { _ = answer.Close() }()
	return c.files(bufio.NewReaderSize(answer, 1<<16), std)
}

// answer is what the server that has the folder open answers, or what it would.
func (c *exportClaims) answer() (io.ReadCloser, error) {
	request, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	server, err := c.reach(c.Data)
	if err != nil {
		return nil, err
	}
	if server != nil {
		answer, err := server.post("export", nil, bytes.NewReader(request))
		if err != nil {
			return nil, err
		}
		return answer.Body, nil
	}
	if err := haveDatabase(c.Data, c.encryption); err != nil {
		return nil, err
	}
	app, err := openApp(appConfig{Data: c.Data, Key: c.encryption, Profiles: profileOptions{Policy: "r4"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	var list []*reimbursement.Export
	var notes []string
	ended, err := app.command("export " + string(request))
	if err == nil {
		list, notes, err = c.month(context.Background(), app.reimbursement, auth.Identity{Requester: commandRequester("export"), Scopes: auth.Full})
		err = ended(err)
	}
	if err != nil {
		return nil, errors.Join(err, app.close())
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(cmp.Or(c.write(w, app.reimbursement, list, notes), io.EOF)) }()
	return closing{r, func() error { return errors.Join(r.Close(), app.close()) }}, nil
}

// closing is a reader that closes what it reads from.
type closing struct {
	io.Reader
	close func() error
}

// Close closes it.
func (c closing) Close() error { return c.close() }

// month does the work, with notes for who asked: what they may do by the
// operations of Claim.
func (c *exportClaims) month(ctx context.Context, s *reimbursement.Service, who auth.Identity) (list []*reimbursement.Export, notes []string, err error) {
	month, org, err := c.permitted(who)
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	over := reimbursement.Over(month, now)
	switch {
	case c.Number != 0 && c.New:
		return nil, nil, errors.New("--run is a run that was recorded before, and --new records another: ask for one of them")
	case c.closes(month, now):
		list, err = s.CloseMonth(ctx, reimbursement.CloseRequest{Month: month, Org: org, New: c.New, Time: now, Requester: who.Requester})
	default:
		list, err = s.ExportMonth(ctx, reimbursement.ExportRequest{Month: month, Org: org, Run: c.Number, Time: now})
	}
	if c.Number == 0 && !over && !c.New {
		notes = append(notes, month.String()+" is not over: this is a preview, and nothing is recorded")
	}
	closed, asked := list[:0], false
	for _, e := range list {
		if e.Asked == nil {
			closed = append(closed, e)
			continue
		}
		asked = true
		notes = append(notes, e.Month.String()+" of "+e.Org+" is not closed yet: it is asked for (Task/"+e.Asked.ID()+"), and another person confirms it by the same command")
	}
	if list = closed; len(list) == 0 && !asked && err == nil {
		notes = append(notes, "no claims in "+month.String())
	}
	return list, notes, err
}

// closes reports whether the export records a run.
func (c *exportClaims) closes(month tariff.Month, now time.Time) bool {
	return c.Number == 0 && (c.New || reimbursement.Over(month, now))
}

// permitted is what is asked for, where the caller may have it.
func (c *exportClaims) permitted(who auth.Identity) (month tariff.Month, org string, err error) {
	if month, err = tariff.ParseMonth(c.Month); err != nil {
		return month, "", err
	}
	if org, err = reimbursement.PharmacyOf(who.Requester, c.Org); err != nil {
		return month, "", err
	}
	operation := "Claim/$export-month"
	if c.closes(month, time.Now()) {
		operation = "Claim/$close-month"
	}
	return month, org, permit(who, operation)
}

// exportNotes is the first line of an answer; exportName is the line before each
// Bundle. The Bundle follows in pieces, and where CSV is set, the claims: each piece is
// a line with its length, and its bytes; a length of 0 ends them. A Bundle has the line
// ends of the resources that it is made of.
type exportNotes struct{ Notes []string }

type exportName struct {
	Month, Org string
	CSV        bool
}

// write writes an answer.
func (c *exportClaims) write(w io.Writer, s *reimbursement.Service, list []*reimbursement.Export, notes []string) error {
	out := json.NewEncoder(w)
	if err := out.Encode(exportNotes{notes}); err != nil {
		return err
	}
	for _, e := range list {
		if err := out.Encode(exportName{e.Month.String(), e.Org, c.CSV}); err != nil {
			return err
		}
		if err := inPieces(w, func(w io.Writer) error { _, err := e.WriteTo(w); return err }); err != nil {
			return err
		}
		if !c.CSV {
			continue
		}
		if err := inPieces(w, func(w io.Writer) error { return s.WriteClaims(w, e) }); err != nil {
			return err
		}
	}
	return nil
}

// pieces writes what it is given with its length before it.
type pieces struct{ w io.Writer }

// Write writes one piece.
func (p pieces) Write(b []byte) (int, error) {
	if _, err := fmt.Fprintln(p.w, len(b)); err != nil {
		return 0, err
	}
	return p.w.Write(b)
}

func inPieces(w io.Writer, write func(io.Writer) error) error {
	out := bufio.NewWriterSize(pieces{w}, 1<<16)
	if err := cmp.Or(write(out), out.Flush()); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, 0)
	return err
}

// files reads an answer and writes its Bundles where they are wanted.
func (c *exportClaims) files(in *bufio.Reader, std streams) error {
	var first exportNotes
	if err := jsonLine(in, &first); err != nil {
		return err
	}
	for _, note := range first.Notes {
		fmt.Fprintln(std.err, note)
	}
	for {
		var name exportName
		if err := jsonLine(in, &name); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := c.file(name, in, std); err != nil {
			return err
		}
	}
}

func jsonLine(in *bufio.Reader, v any) error {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, v)
}

// file writes one Bundle: to standard output, or to a file that has its name when it is
// complete, with the claims in another beside it.
func (c *exportClaims) file(name exportName, in *bufio.Reader, std streams) (err error) {
	if c.Out == "" {
		return copyPieces(std.out, in)
	}
	if err := os.MkdirAll(c.Out, 0o700); err != nil {
		return err
	}
	path := filepath.Join(c.Out, fmt.Sprintf("claims-%s-%s", name.Month, name.Org))
	if err := whole(path+".json", func(w io.Writer) error { return copyPieces(w, in) }); err != nil || !name.CSV {
		return err
	}
	return whole(path+".csv", func(w io.Writer) error { return copyPieces(w, in) })
}

// copyPieces copies pieces up to their end.
func copyPieces(w io.Writer, in *bufio.Reader) error {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return fmt.Errorf("the answer was cut short: %w", err)
		}
		n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		if err != nil || n <= 0 {
			return err
		}
		if _, err := io.CopyN(w, in, n); err != nil {
			return fmt.Errorf("the answer was cut short: %w", err)
		}
	}
}
