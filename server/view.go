package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/fhir/view"
)

// The names of the operation that runs a view of SQL on FHIR v2: that of its definition,
// and the one of the specification's text.
const (
	viewRun      = "viewdefinition-run"
	viewRunShort = "run"
)

var viewInputs = []fhir.Parameter{
	{Name: "viewResource", Kinds: []string{"Resource"}, Required: true, Doc: "The ViewDefinition of SQL on FHIR v2."},
	{Name: "_format", Kinds: []string{"valueCode", "valueString"}, Doc: "How the rows are written: ndjson, json or csv. It may be in the query string, or in Accept as a media type; ndjson without either."},
	{Name: "header", Kinds: []string{"valueBoolean"}, Doc: "Whether CSV begins with the names of the columns; true unless set."},
	{Name: "resource", Kinds: []string{"Resource"}, Repeated: true, Doc: "Resources of which the rows are, in the place of those of the server."},
	{Name: "patient", Kinds: []string{"valueReference", "valueString"}, Repeated: true, Doc: "Only of the records of these patients, by references Patient/[id]."},
	{Name: "_since", Kinds: []string{"valueInstant", "valueDateTime"}, Doc: "Only of what was written since then."},
	{Name: "_limit", Kinds: []string{"valueInteger", "valuePositiveInt", "valueUnsignedInt"}, Doc: "How many rows there are at most."},
	{Name: "viewReference", Kinds: []string{"valueReference", "valueString"}, Unsupported: "a ViewDefinition is not a resource of R4, and none are stored here: send it as viewResource."},
	{Name: "group", Kinds: []string{"valueReference", "valueString"}, Repeated: true, Unsupported: "name the patients."},
	{Name: "source", Kinds: []string{"valueString", "valueUri"}, Unsupported: "the rows are of the resources of this server, or of those that are sent."},
}

// views are the operations that run a view, as they are described.
func views() (list []fhir.Operation) {
	for _, name := range []string{viewRun, viewRunShort} {
		op := fhir.Operation{Name: name, Idempotent: true, Parameters: viewInputs,
			Doc: "Makes rows of resources by a ViewDefinition of SQL on FHIR v2, and sends them as they are made. The rows are of what the caller's searches find and are shown."}
		for _, f := range view.Formats {
			op.Files = append(op.Files, f.Type)
		}
		list = append(list, op)
	}
	return list
}

// wantsRows reports whether a request runs a view, whose formats are not FHIR's.
func wantsRows(c *gin.Context) bool {
	_, name, _ := strings.Cut(c.FullPath(), "$")
	return c.Param("type") == "" && (name == viewRun || name == viewRunShort)
}

// viewed is what a view is run with.
type viewed struct {
	view      *view.View
	format    view.Format
	header    bool
	limit     int // -1 for none
	resources []*fhir.Resource
	of        *export // the resources of the server; nil for those that were sent
}

// runView runs a view: http://sql-on-fhir.org/OperationDefinition/$viewdefinition-run
func (s *Server) runView(c *gin.Context) error {
	x := exchangeOf(c)
	x.interaction = "$" + viewRun
	switch {
	case c.Request.Method != http.MethodPost:
		return s.methodNotAllowed(c, "POST") // a view does not fit in an address
	case x.nested:
		return fhir.E("view", fhir.NotSupported, fhir.Issue{Message: "A view is not run as an entry of a Bundle.", Fix: "Ask for it by itself."})
	}
	params, err := s.operationParams(c, viewInputs)
	if err != nil {
		return err
	}
	ask, err := s.viewAsked(c, params)
	if err != nil {
		return err
	}
	if err := x.toil(c.Request.Context()); err != nil {
		return err
	}
	out := &rowsOut{s: s, c: c, x: x, ask: ask, runner: ask.view.Runner(s.now())}
	out.to = bufio.NewWriterSize(out, 64<<10)
	if ask.of == nil {
		err = out.sent(c.Request.Context())
	} else {
		err = out.stored(c.Request.Context())
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err == nil {
		err = out.finish()
	}
	switch {
	case err == nil || errors.Is(err, errGone):
		return nil
	case !out.begun:
		return err
	}
	return s.brokenOff(c, err)
}

// viewAsked reads what a view is run with, and judges whether the caller may.
func (s *Server) viewAsked(c *gin.Context, params url.Values) (*viewed, error) {
	x := exchangeOf(c)
	body, err := s.body(c.Request)
	if err != nil {
		return nil, err
	}
	ask := &viewed{header: params.Get("header") != "false", limit: -1}
	var definition fhir.Node
	given := false
	if body != nil {
		for p := range body.Get("parameter").Items() {
			switch n := p.Get("resource"); p.Get("name").Text() {
			case "viewResource":
				definition = n
			case "resource":
				given = true
				ask.resources = append(ask.resources, body.Sub(n))
			}
		}
	}
	if !definition.Exists() {
		return nil, fhir.E("view", fhir.Required, fhir.Issue{Expression: "viewResource", Message: "The view is missing.", Expected: "Parameters with a ViewDefinition as the resource of viewResource"})
	}
	if ask.view, err = view.Compile(definition); err != nil {
		return nil, placed(err, "viewResource")
	}
	if ask.format, err = s.rowFormat(c, params.Get("_format")); err != nil {
		return nil, err
	}
	if ask.format.Fits != nil {
		if err := ask.format.Fits(ask.view.Columns); err != nil {
			return nil, err
		}
	}
	if text := params.Get("_limit"); text != "" {
		if ask.limit, err = strconv.Atoi(text); err != nil || ask.limit < 0 {
			return nil, fhir.E("view", fhir.Invalid, fhir.Issue{Expression: "_limit", Message: "The limit is malformed.", Expected: "a number of rows", Found: text})
		}
	}
	if given {
		return ask, nil
	}
	ask.of, err = s.viewOf(c, x, ask.view.Resource, params)
	return ask, err
}

// viewOf is what of the server the rows are of: an export of one type.
func (s *Server) viewOf(c *gin.Context, x *exchange, typ string, params url.Values) (e *export, err error) {
	if x.identity.Roles != nil && !x.identity.Roles.AllowOperation("$export", "") {
		return nil, beyondRole("$export")
	}
	e = &export{Level: "system", Params: url.Values{}}
	if e.Types, err = x.exported([]string{typ}, r4.ResourceTypes(), false, nil); err != nil {
		return nil, err
	}
	if value := strings.ReplaceAll(params.Get("_since"), " ", "+"); value != "" {
		var ok bool
		if e.Since, _, ok = search.Period(value); !ok {
			return nil, fhir.E("view", fhir.Invalid, fhir.Issue{Expression: "_since", Message: "The time is malformed.", Expected: instantExample, Found: value})
		}
	}
	if params.Has("patient") {
		if !slices.Contains(ofRecords(), typ) {
			return nil, fhir.E("view", fhir.Invalid, fhir.Issue{Expression: "patient", Message: "A " + typ + " is not part of the record of a patient.", Found: typ})
		}
		e.Level, e.Params["patient"] = "members", params["patient"]
		if err := s.members(c, e, false); err != nil {
			return nil, err
		}
	}
	h, err := s.config.Repository.History(c.Request.Context(), fhir.HistoryQuery{Count: 1})
	if err != nil {
		return nil, err
	}
	e.AsOf = h.AsOf
	return e, nil
}

// rowFormat is how rows are to be written: by _format, else by Accept.
func (s *Server) rowFormat(c *gin.Context, inBody string) (view.Format, error) {
	name := inBody
	if name == "" {
		name = exchangeOf(c).query.Get("_format")
	}
	var names []string
	for _, f := range view.Formats {
		if name == f.Name || name == f.Type {
			return f, nil
		}
		names = append(names, f.Name)
	}
	if name != "" {
		return view.Format{}, fhir.E("view", fhir.NotSupported, fhir.Issue{Expression: "_format", Message: "The rows cannot be written in this format.", Expected: strings.Join(names, ", "), Found: name})
	}
	accept := strings.Join(c.Request.Header.Values("Accept"), ",")
	for _, f := range view.Formats {
		if accept != "" && takes(accept, f.Type) {
			return f, nil
		}
	}
	return view.Formats[0], nil
}

var (
	errEnough = errors.New("server: as many rows as were asked for")
	errGone   = errors.New("server: the client went away")
)

// rowsOut sends rows as they are made. What fails before the first of them are sent is
// answered; later it breaks the connection off.
type rowsOut struct {
	s      *Server
	c      *gin.Context
	x      *exchange
	ask    *viewed
	runner *view.Runner
	to     *bufio.Writer
	one    bytes.Buffer // a row
	rows   int
	pages  int
	opened bool // the head is written
	begun  bool // the answer has begun
	set    time.Time
}

// Write sends what was gathered.
func (o *rowsOut) Write(b []byte) (int, error) {
	if !o.begun {
		o.begun = true
		o.c.Header("Content-Type", o.ask.format.Type)
		o.c.Writer.WriteHeader(http.StatusOK)
	}
	if now := time.Now(); now.Sub(o.set) > time.Second {
		o.set = now
		o.x.answerBy(2 * o.s.config.Timeout)
	}
	if _, err := o.c.Writer.Write(b); err != nil {
		return 0, errGone
	}
	return len(b), nil
}

// open writes what comes before the rows.
func (o *rowsOut) open() error {
	if o.opened {
		return nil
	}
	o.opened = true
	o.one.Reset()
	o.one.WriteString(o.ask.format.Head)
	if names := o.ask.format.Names; names != nil && o.ask.header {
		if err := o.ask.format.Row(&o.one, o.ask.view.Columns, names(o.ask.view.Columns)); err != nil {
			return err
		}
	}
	_, err := o.to.Write(o.one.Bytes())
	return err
}

func (o *rowsOut) row(row view.Row) error {
	if o.rows == o.ask.limit {
		return errEnough
	}
	if err := o.open(); err != nil {
		return err
	}
	o.one.Reset()
	if o.rows > 0 {
		o.one.WriteString(o.ask.format.Between)
	}
	if err := o.ask.format.Row(&o.one, o.ask.view.Columns, row); err != nil {
		return err
	}
	o.rows++
	_, err := o.to.Write(o.one.Bytes())
	return err
}

// begin sends what there is, and the head of the answer where there is nothing.
func (o *rowsOut) begin() error {
	err := o.open()
	if err == nil {
		err = o.to.Flush()
	}
	if err == nil && !o.begun {
		_, err = o.Write(nil)
	}
	return err
}

func (o *rowsOut) finish() error {
	if err := o.open(); err != nil {
		return err
	}
	if _, err := o.to.WriteString(o.ask.format.Tail); err != nil {
		return err
	}
	return o.begin()
}

// sent makes rows of the resources that came with the request.
func (o *rowsOut) sent(ctx context.Context) error {
	for _, r := range o.ask.resources {
		if err := o.runner.Rows(ctx, r, o.row); err != nil {
			return overtime(computing, err)
		}
	}
	return nil
}

// stored makes rows of the resources of the server, page by page, each with its own time.
// What a page tells of is in the audit log before any row of it is sent.
func (o *rowsOut) stored(ctx context.Context) error {
	e := o.ask.of
	r, err := o.s.exporting(ctx, o.x, e)
	if err != nil {
		return err
	}
	held := int64(0)
	for at := (exportPlace{}); at.Segment < len(e.Types)*r.each(); {
		if errors.Is(ctx.Err(), context.Canceled) {
			return errGone
		}
		page, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.s.config.Timeout)
		found, next, err := r.page(page, at)
		if n := size(found); err == nil && n > held {
			err = o.x.hold(page, n-held)
			held = n
		}
		if err == nil && len(found) > 0 {
			err = o.page(page, r, found)
		}
		cancel()
		if err != nil {
			return err
		}
		at = next
	}
	return nil
}

func (o *rowsOut) page(ctx context.Context, r *exporter, found []*fhir.Version) error {
	if o.pages++; o.pages > 1 {
		if err := o.begin(); err != nil { // what was shown is recorded page by page
			return err
		}
		o.x.shown = nil
	}
	for _, v := range found {
		if v.Damage != "" {
			e := fhir.E("view", fhir.Exception, fhir.Issue{Message: fmt.Sprintf("%s cannot be read: a part of the database is damaged. The rows would lack it.", v.Ref()), Fix: "Ask the operator of the server to restore it from a backup: `pestle check` names all that is damaged."})
			e.Damaged = true
			return e
		}
		o.x.show(v)
	}
	if o.pages > 1 && o.x.trail != nil { // the first answer is recorded as every other is
		if a, needed := o.s.access(o.c.Request, o.x, http.StatusOK); a != nil {
			if err := o.s.config.Audit.Record(ctx, a); err != nil && needed {
				return unrecorded(err)
			}
		}
	}
	for _, v := range found {
		text, err := r.line(exportFile{Type: v.Type}, v)
		if err != nil {
			return err
		}
		resource, err := fhir.Parse(text)
		if err != nil {
			return err
		}
		if err := o.runner.Rows(ctx, resource, o.row); err != nil {
			return overtime(computing, err)
		}
	}
	return nil
}
