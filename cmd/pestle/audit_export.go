package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/trust/audit"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

type auditCommand struct {
	Export auditExport `cmd:"" help:"Write what the audit log holds."`
}

type auditExport struct {
	Data   string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database; a server may have it open."`
	From   string `placeholder:"TIME" help:"What was recorded from this day or time on, such as 2026-11-01; from the begin unless set."`
	To     string `placeholder:"TIME" help:"What was recorded until this day or time, which is part of it; until now unless set."`
	Format string `enum:"ndjson,cef,compact,proof" default:"ndjson" help:"ndjson for AuditEvents, cef for the Common Event Format, compact for an object an event; a line each. proof for the events with what proves that they are all and as they were recorded, for pestle verify and others."`
	Site   string `env:"PESTLE_SITE" placeholder:"ODS" help:"ODS code that AuditEvents name; as of serve."`

	Checkpoint []string `placeholder:"FILE" help:"Of a proof: a checkpoint that it is to be compared with, such as the file of a witness; repeat it for several. Needed for those of what is not in the export."`

	Out string `default:"-" placeholder:"FILE" help:"File to write, which has its name once it is complete; - for standard output."`

	remote     `embed:""`
	encryption `embed:""`
	signing    `embed:""`

	quiet bool // it is part of a command that was recorded
}

// Run writes the events. The export is an event itself.
func (c *auditExport) Run(std streams) error {
	from, until, err := spanOf(c.From, c.To)
	if err != nil {
		return err
	}
	write := func(out io.Writer) error { return c.write(out, from, until) }
	if c.Out == "-" {
		return write(std.out)
	}
	return whole(c.Out, write)
}

func (c *auditExport) write(out io.Writer, from, until time.Time) (failed error) {
	sizes, err := c.sizes()
	if err != nil {
		return err
	}
	server, err := c.reach(c.Data)
	if err != nil {
		return err
	}
	if server != nil {
		q := url.Values{"from": {c.From}, "to": {c.To}, "format": {c.Format}}
		for _, size := range sizes {
			q.Add("size", strconv.FormatUint(size, 10))
		}
		answer, err := server.post("audit", q, nil)
		if err != nil {
			return err
		}
		return copied(out, answer)
	}
	if err := haveDatabase(c.Data, c.encryption); err != nil {
		return err
	}
	if !c.quiet {
		ended, err := c.record(c.Data, fmt.Sprintf("audit export --from %q --to %q --format %s", c.From, c.To, c.Format))
		if err != nil {
			return err
		}
		defer func() { failed = ended(failed) }()
	}
	l, err := readAudit(c.Data, c.encryption)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(out)
	records := audit.Records{Log: l, Site: audit.Site{Name: "Pestle", ODS: c.Site}}
	if c.Format == audit.Proof {
		c.beside(c.Data)
		err = records.ExportProof(context.Background(), buffered, c.proofHeader(), from, until, sizes...)
	} else {
		err = records.Export(context.Background(), buffered, c.Format, from, until)
	}
	return errors.Join(err, buffered.Flush(), l.Close())
}

// proofHeader is what is known of who signs: what is missing is left out.
func (s *signing) proofHeader() (h audit.ProofHeader) {
	if key, err := ledger.ReadKey(s.LogKey); err == nil {
		h.Key = auditPublic(key)
	}
	if text, err := os.ReadFile(s.auditLock()); err == nil && len(text) > 0 {
		h.Checkpoints = []string{string(text)}
	}
	return h
}

// sizes are those of the trees with which the export is to be compared.
func (c *auditExport) sizes() (list []uint64, err error) {
	for _, file := range c.Checkpoint {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		cp, err := ledger.ReadCheckpoint(text)
		if err != nil {
			return nil, fmt.Errorf("--checkpoint %s: %w", file, err)
		}
		list = append(list, cp.Size)
	}
	return list, nil
}

// spanOf reads the bounds of an export, either of which may be left out.
func spanOf(from, to string) (start, end time.Time, err error) {
	read := func(name, text string) (begin, over time.Time) {
		if text == "" {
			return
		}
		begin, over, ok := search.Period(text)
		if !ok {
			err = errors.Join(err, fmt.Errorf("--%s %q is not a time: expected such as 2026-11-01 or 2026-11-01T09:00:00Z", name, text))
		}
		return begin, over
	}
	start, _ = read("from", from)
	_, end = read("to", to)
	return start, end, err
}

// exportAudit writes events for the command audit export.
func (a *admin) exportAudit(_ auth.Identity, w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	from, until, err := spanOf(q.Get("from"), q.Get("to"))
	if err != nil {
		return err
	}
	records := a.app.repository.records
	if q.Get("format") != audit.Proof {
		return records.Export(r.Context(), w, q.Get("format"), from, until)
	}
	var sizes []uint64
	for _, text := range q["size"] {
		n, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return err
		}
		sizes = append(sizes, n)
	}
	h := audit.ProofHeader{}
	if n := a.app.accesses; n.Signed() {
		h = audit.ProofHeader{Key: n.Public(), Checkpoints: []string{string(n.Newest().Note)}}
	}
	return records.ExportProof(r.Context(), w, h, from, until, sizes...)
}
