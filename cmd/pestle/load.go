package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/store"
)

type loadCommand struct {
	Files      []string `arg:"" name:"file" help:"Files or folders: JSON, XML or NDJSON, also .gz and .bz2. Bundles of type transaction or batch are taken apart; anything else is stored as it is."`
	Data       string   `env:"PESTLE_DATA" placeholder:"DIR" help:"Folder of the database, made where there is none; a server may have it open."`
	References string   `env:"PESTLE_REFERENCES" enum:"enforced,any" default:"enforced" help:"As of serve: whether references of prescriptions, supplies, Tasks and claims must lead to what is stored. Files may come in any order. A running server keeps its own setting."`
	Workers    int      `default:"4" help:"Files read and checked at a time."`
	JSON       bool     `name:"json" help:"Print the figures as JSON."`

	remote     `embed:""`
	encryption `embed:""`
}

// Help is shown by --help.
func (loadCommand) Help() string {
	return `Exit code 1: something was refused, and is named; everything else is stored.

Example: pestle load --data db patients.ndjson.gz orders/

Example: pestle load --server https://pestle.example --token-file token patients.ndjson`
}

// Run loads files, many at a time, one transaction a Bundle. What fails is
// printed and the rest goes on; the exit code is 1 then.
func (c *loadCommand) Run(std streams) error {
	if err := askData("load", c.Data, c.remote); err != nil {
		return err
	}
	files, err := expand(c.Files)
	if err != nil {
		return err
	}
	handler, done, err := c.handler()
	if err != nil {
		return err
	}
	l := &loader{handler: handler, std: std, workers: max(1, c.Workers)}
	start := time.Now()
	l.load(context.Background(), files)
	took := time.Since(start)
	err = l.figures(c.JSON, len(files), took)
	if err == nil && l.refused.Load() > 0 {
		err = errSilent
	}
	return done(err)
}

// load loads files, several at a time. What fails is reported, and the rest goes on.
func (l *loader) load(ctx context.Context, files []string) {
	l.fold = newFold(ctx, l.workers, l.together)
	l.progress(sizeOf(files))
	for _, turn := range inTurns(files) {
		l.files(ctx, turn)
	}
	l.again(ctx)
	l.end()
}

// files loads the files of one turn.
func (l *loader) files(ctx context.Context, files []string) {
	var group errgroup.Group
	group.SetLimit(l.workers)
	for _, file := range files {
		group.Go(func() error {
			for d := range documents(file, l.std.in, l.step) {
				l.document(ctx, d)
			}
			return nil
		})
	}
	_ = group.Wait() // the workers report what fails and go on
	l.fold.wait()
}

// inTurns are files in the order in which they are loaded. An export has a file of
// lines for each type, in the order of their names: those of which references must lead
// to what is stored come after what they refer to, so that they need not be tried twice.
func inTurns(files []string) [3][]string {
	var turns [3][]string
	for _, file := range files {
		turn := 0
		switch typ := typeOfLines(file); {
		case typ == "MedicationRequest" || typ == "SupplyRequest": // to which the others refer
			turn = 1
		case store.Refers(typ):
			turn = 2
		}
		turns[turn] = append(turns[turn], file)
	}
	return turns
}

// typeOfLines is the type of the first resource of a file of lines, "" for another file.
func typeOfLines(file string) string {
	if format(file) != "ndjson" {
		return ""
	}
	for d := range documents(file, nil, nil) {
		if d.err != nil {
			return "" // it is told when the file is loaded
		}
		if r, err := decode(d); err == nil {
			return r.Type()
		}
		return ""
	}
	return ""
}

// figures prints what was loaded.
func (l *loader) figures(asJSON bool, files int, took time.Duration) error {
	stored, refused := l.stored.Load(), l.refused.Load()
	if asJSON {
		return printJSON(l.std, map[string]any{"stored": stored, "refused": refused, "files": files, "seconds": took.Seconds()})
	}
	_, err := fmt.Fprintf(l.std.out, "%d resources of %d files in %s, %.0f a second; %d refused\n",
		stored, files, took.Round(time.Millisecond), float64(stored)/took.Seconds(), refused)
	return err
}

// handler is where resources are sent: to the server that is named or has the
// folder open, or to one made for the command; done ends that.
func (c *loadCommand) handler() (handler http.Handler, done ending, err error) {
	server, err := c.reach(c.Data)
	if err != nil {
		return nil, nil, err
	}
	if server != nil {
		return patient{server.forward()}, unended, server.begin()
	}
	app, err := openApp(appConfig{Data: c.Data, Key: c.encryption, References: c.References, Profiles: profileOptions{Policy: "r4"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	ended, err := app.command("load")
	if err == nil {
		handler, err = loadHandler(app, auth.Sandbox{User: commandRequester("load")}, nil)
	}
	if err != nil {
		return nil, nil, errors.Join(err, app.close())
	}
	return handler, func(err error) error { return errors.Join(ended(err), app.close()) }, nil
}

// loadHandler is the server without the limits that clients need.
// What is sent by others than the command itself is recorded in the audit log.
func loadHandler(a *app, who server.Authenticator, accesses server.Audit) (http.Handler, error) {
	s, err := server.New(server.Config{Repository: a.db, Validator: a.validator, Timeout: time.Hour, MaxBody: fhir.MaxSize, Memory: math.MaxInt64, MaxHeavy: math.MaxInt16,
		PublicURL:     "http://localhost", // nobody calls; messages name an address
		Authenticator: who, Audit: accesses, ReadOnly: readOnly})
	if err != nil {
		return nil, err
	}
	return s.Handler(), nil
}

type loader struct {
	handler         http.Handler
	std             streams
	workers         int
	fold            *fold
	mu              sync.Mutex // of all below
	bar             *progressLine
	later           []document // refused so far
	final           bool       // what is refused now stays refused
	stored, refused atomic.Int64
}

// sizeOf is how many bytes files have, -1 where one does not tell.
func sizeOf(files []string) (total int64) {
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil || !info.Mode().IsRegular() {
			return -1
		}
		total += info.Size()
	}
	return total
}

// progress counts the bytes that are read, as they are in the files.
func (l *loader) progress(total int64) {
	if l.std.progress {
		l.bar = &progressLine{out: l.std.err, total: total}
	}
}

func (l *loader) step(bytes int) {
	if l.bar == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bar.add(bytes, l.resources())
}

func (l *loader) end() {
	if l.bar != nil {
		l.bar.draw(l.resources())
		fmt.Fprintln(l.std.err)
	}
}

func (l *loader) resources() string { return fmt.Sprintf("%d resources", l.stored.Load()) }

func (l *loader) refuse(name, why string) {
	l.refused.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.std.err, "%s: %s\n", name, why)
}

// again tries what was refused until that helps no more: one file may refer to
// what another one brings.
func (l *loader) again(ctx context.Context) {
	for before := -1; len(l.later) > 0; {
		waiting := l.later
		l.later, l.final, before = nil, len(waiting) == before, len(waiting)
		for _, d := range waiting {
			l.document(ctx, d)
		}
		l.fold.wait()
	}
}

// postpone keeps a refused document for another try, if there will be one.
func (l *loader) postpone(d document) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.final {
		l.later = append(l.later, d)
	}
	return !l.final
}

// document gives one document to the server's own handler, as a client would
// send it: a transaction or batch by itself, anything else together with others.
func (l *loader) document(ctx context.Context, d document) {
	if d.err != nil {
		l.refuse(d.place(), d.err.Error())
		return
	}
	r, err := decode(d)
	if err != nil {
		l.refuse(d.place(), describe(err))
		return
	}
	kind := r.Get("type").Text()
	if r.Type() == "Bundle" && (kind == "transaction" || kind == "batch") {
		l.count(d, true, l.request(ctx, http.MethodPost, server.Bases[0], r.JSON()))
		return
	}
	l.fold.add(foldedOf(d, r))
}

// request sends JSON and returns the answer.
func (l *loader) request(ctx context.Context, method, target string, body []byte) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	request, err := http.NewRequestWithContext(ctx, method, (&url.URL{Path: target}).String(), bytes.NewReader(body))
	if err != nil {
		answer.Code = http.StatusBadRequest
		answer.Body.Write(fhir.Outcome([]fhir.Issue{{Severity: fhir.Err, Code: fhir.Invalid, Message: err.Error()}}).JSON())
		return answer
	}
	request.Header.Set("Content-Type", "application/fhir+json")
	request.Header.Set("Prefer", "return=minimal")
	l.handler.ServeHTTP(answer, request)
	return answer
}

// count reads what became of a document off the answer. One that is refused may
// be tried again.
func (l *loader) count(d document, bundle bool, answer *httptest.ResponseRecorder) {
	if answer.Code >= http.StatusBadRequest && l.postpone(d) {
		return
	}
	name := d.place()
	ok := answer.Code < http.StatusBadRequest
	if ok && !bundle {
		l.stored.Add(1)
		return
	}
	body, err := fhir.Parse(answer.Body.Bytes())
	if err != nil {
		l.refuse(name, fmt.Sprintf("status %d", answer.Code))
		return
	}
	if !ok {
		l.refuse(name, outcomeText(body.Root()))
		return
	}
	for entry := range body.Get("entry").Items() {
		if response := entry.Get("response"); response.Get("status").Text() < "4" {
			l.stored.Add(1)
		} else {
			l.refuse(name, outcomeText(response.Get("outcome")))
		}
	}
}

// outcomeText is an OperationOutcome's errors, a line each.
func outcomeText(outcome fhir.Node) string {
	var lines []string
	for issue := range outcome.Get("issue").Items() {
		if s := issue.Get("severity").Text(); s == "error" || s == "fatal" {
			lines = append(lines, strings.TrimSpace(issue.Get("expression").Item(0).Text()+" "+issue.Get("diagnostics").Text()))
		}
	}
	return strings.Join(lines, "\n  ")
}
