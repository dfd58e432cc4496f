package server

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/inputs"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/auth"
)

// everythingInputs are the parameters of $everything.
var everythingInputs = []fhir.Parameter{
	{Name: "start", Kinds: []string{"valueDate", "valueDateTime"}, Doc: "The first day of the care that is asked for. What has no date is always of it."},
	{Name: "end", Kinds: []string{"valueDate", "valueDateTime"}, Doc: "The last day of it."},
	{Name: "_since", Kinds: []string{"valueInstant", "valueDateTime"}, Doc: "Only what was written since then."},
	{Name: "_type", Kinds: []string{"valueCode", "valueString"}, Repeated: true, Doc: "The types of resources that are asked for, separated by commas."},
	{Name: "_count", Kinds: []string{"valueInteger"}, Doc: "How many resources a page has."},
}

// everythingOf are the types of resources whose record is one request.
var everythingOf = []string{"Patient", "Encounter", "Practitioner"}

// everythingMembers is how many members of a Group are one request.
const everythingMembers = 200

// everythings are the operations $everything, as they are described.
func everythings() (list []fhir.Operation) {
	for _, typ := range everythingOf {
		list = append(list, fhir.Operation{Name: "everything", Type: typ, Instance: true, Idempotent: true, Parameters: everythingInputs,
			Doc: "Returns the " + typ + ", what belongs to it, and what that refers to, page by page."})
	}
	return append(list,
		fhir.Operation{Name: "everything", Type: "Group", Instance: true, Idempotent: true, Parameters: everythingInputs,
			Doc: "Returns the records of the patients who are members of the Group, and what they refer to, page by page."},
		fhir.Operation{Name: "everything", Type: "Patient", Idempotent: true, Parameters: everythingInputs,
			Doc: "Returns the record of the one patient whom the token of the caller is about, and what it refers to, page by page."})
}

// everything answers with a resource, all in its compartment, and what that refers to:
// https://hl7.org/fhir/R4/patient-operation-everything.html
// Each page has what its own resources refer to.
func (s *Server) everything(c *gin.Context) error {
	x := exchangeOf(c)
	in := &search.Compartment{Type: c.Param("type"), ID: c.Param("id")}
	x.interaction = "$everything"
	params, err := s.operationParams(c, everythingInputs)
	if err != nil {
		return err
	}
	if s.operations.find("everything", in.Type, in.ID != "") == nil {
		return s.operations.unknown(c)
	}
	if in.ID == "" {
		if in.ID = x.identity.Scopes.Patient(); in.ID == "" {
			return fhir.E("everything", fhir.NotSupported, fhir.Issue{Message: "The caller's token is not about one patient, so the patient has to be named.", Fix: "Ask for Patient/[id]/$everything, or for the records of many with Patient/$export."})
		}
	}
	focus, err := s.config.Repository.Read(c.Request.Context(), in.Type, in.ID)
	if err != nil {
		return err
	}
	if focus.Deleted() {
		return s.gone(c.Request.Context(), focus)
	}
	var members []string
	if in.Type == "Group" {
		if members, err = patientsOf(x, focus); err != nil {
			return err
		}
		if len(members) > everythingMembers {
			return fhir.E("everything", fhir.TooCostly, fhir.Issue{Message: "The Group has more patients than are one request.", Expected: fmt.Sprintf("at most %d", everythingMembers), Found: fmt.Sprint(len(members)), Fix: "Ask for Group/[id]/$export."})
		}
	}
	types := append([]string{in.Type}, slices.DeleteFunc(search.Members(in.Type), func(typ string) bool { return typ == in.Type })...)
	if in.Type == "Group" {
		types = ofRecords()
	}
	named := params["_type"] != nil
	wanted, err := x.searched(params["_type"], types)
	if err != nil {
		return err
	}
	care, err := newCare(params)
	if err != nil {
		return err
	}
	t := &typesSearch{s: s, x: x, address: x.base + strings.TrimPrefix(c.Request.URL.Path, x.prefix), self: url.Values{}}
	if named {
		t.only = wanted
	}
	if value := strings.ReplaceAll(params.Get("_since"), " ", "+"); value != "" {
		var ok bool
		if t.since, _, ok = search.Period(value); !ok {
			return fhir.E("everything", fhir.Invalid, fhir.Issue{Expression: "_since", Message: "The time is malformed.", Expected: instantExample, Found: value})
		}
	}
	for _, typ := range wanted {
		q, err := t.everything(typ, in, members, params, care, named)
		if err != nil {
			return err
		}
		if q != nil {
			t.queries = append(t.queries, q)
			t.size = q.Count
		}
	}
	maps.Copy(t.self, params)
	delete(t.self, pageParam)
	return t.send(c, params)
}

// everything is the query for what of a type belongs to a resource; nil where the
// caller is not shown by what it would be found.
func (t *typesSearch) everything(typ string, in *search.Compartment, members []string, params url.Values, care *care, named bool) (*search.Query, error) {
	own := url.Values{}
	if params.Has("_count") {
		own["_count"] = params["_count"]
	}
	options := search.Options{Own: t.x.own, Now: t.s.now(), Within: in, DefaultCount: t.s.config.PageSize, MaxCount: t.s.config.MaxPageSize}
	of := in.Type == typ
	if in.Type == "Group" {
		options.Within, of = nil, typ == "Patient"
		if of && len(members) > 0 {
			own[search.ID] = []string{strings.Join(members, ",")}
		}
	} else if of { // what refers to another of the same type is a record of its own
		options.Within, own[search.ID] = nil, []string{in.ID}
	}
	if !t.since.IsZero() {
		own[search.LastUpdated] = []string{"ge" + t.since.Format(time.RFC3339Nano)}
	}
	q, _, err := search.Parse(typ, own, options)
	if err != nil {
		return nil, err
	}
	if in.Type == "Group" && (!of || len(members) == 0) {
		any, err := ofPatients(typ, members, options)
		if err != nil {
			return nil, err
		}
		q.Clauses = append(q.Clauses, any)
	}
	if !of {
		clauses, err := care.clauses(typ, options)
		if err != nil {
			return nil, err
		}
		q.Clauses = append(q.Clauses, clauses...)
	}
	q.Include = []search.Include{{Param: "*"}}
	err = t.x.permitReached(q)
	if err != nil {
		q.Include = nil
		err = t.x.permitReached(q)
	}
	if err != nil && !named {
		return nil, nil
	}
	return q, err
}

// ofPatients is the clause that a resource is in the compartment of one of several patients.
func ofPatients(typ string, patients []string, o search.Options) (search.Clause, error) {
	any := [][]search.Clause{}
	for _, id := range patients {
		o.Within = &search.Compartment{Type: "Patient", ID: id}
		q, _, err := search.Parse(typ, url.Values{}, o)
		if err != nil {
			return search.Clause{}, err
		}
		any = append(any, q.Clauses)
	}
	return search.Clause{Any: any}, nil
}

// patientsOf are the ids of the patients who are members of a Group.
func patientsOf(x *exchange, group *fhir.Version) (list []string, err error) {
	r, err := group.Resource()
	if err != nil {
		return nil, err
	}
	for m := range r.Get("member").Items() {
		if typ, id := search.Local(m.Path("entity", "reference").Text(), x.own); typ == "Patient" && !m.Get("inactive").Bool() && !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list, nil
}

// care is the period of the care that is asked for.
type care struct{ values []string }

func newCare(params url.Values) (*care, error) {
	var care care
	for _, bound := range []struct{ name, prefix string }{{"start", "ge"}, {"end", "le"}} {
		value := params.Get(bound.name)
		if value == "" {
			continue
		}
		if _, _, ok := search.Period(value); !ok {
			return nil, fhir.E("everything", fhir.Invalid, fhir.Issue{Expression: bound.name, Message: "The date is malformed.", Expected: "a date such as 2026-05-31", Found: value})
		}
		care.values = append(care.values, bound.prefix+value)
	}
	return &care, nil
}

// careDates are the parameters that say when care was given or ordered; of those that a
// type has, the first counts.
var careDates = []string{"date", "authoredon", "whenhandedover", "effective-time", "effective", "onset-date", "created", "sent", "authored", "authored-on",
	"datetime", "start-date", "started", "collected", "recorded", "datewritten"}

// clauses hold the resources of a type to the period, and those without a date to
// nothing.
func (d *care) clauses(typ string, o search.Options) ([]search.Clause, error) {
	if len(d.values) == 0 {
		return nil, nil
	}
	for _, code := range careDates {
		if p := r4.SearchParameter(typ, code); p == nil || p.Type != "date" {
			continue
		}
		o.Within = nil
		dated, _, err := search.Parse(typ, url.Values{code: d.values}, o)
		if err != nil {
			return nil, err
		}
		undated, _, err := search.Parse(typ, url.Values{code + ":missing": {"true"}}, o)
		if err != nil {
			return nil, err
		}
		return []search.Clause{{Any: [][]search.Clause{dated.Clauses, undated.Clauses}}}, nil
	}
	return nil, nil
}

// operationParams are the parameters of an operation that is asked as a search is: of
// the query string or, on POST, of Parameters, whose values are primitive or references.
func (s *Server) operationParams(c *gin.Context, declared []fhir.Parameter) (url.Values, error) {
	x := exchangeOf(c)
	params := withoutFormat(search.Given(cloned(x.query)))
	page := params[pageParam]
	delete(params, pageParam)
	var body *fhir.Resource
	if c.Request.Method == http.MethodPost {
		var err error
		if body, err = s.body(c.Request); err != nil {
			return nil, err
		}
	}
	op := &fhir.Operation{Name: strings.TrimPrefix(x.interaction, "$"), Type: x.resourceType, Idempotent: true, Parameters: declared}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if search.Added(name) {
			delete(params, name)
		}
	}
	if err := inputs.Refuse(op, &fhir.Call{Body: body, Params: params}, false); err != nil {
		return nil, err
	}
	if body != nil {
		for p := range body.Get("parameter").Items() {
			for m := range p.Members() {
				if strings.HasPrefix(m.Name(), "value") {
					params.Add(p.Get("name").Text(), cmp.Or(m.Text(), m.Get("reference").Text()))
				}
			}
		}
	}
	if page != nil {
		params[pageParam] = page
	}
	return params, nil
}

// direct are the operations that the server answers itself, page by page, each with
// what a caller has to be allowed.
func (s *Server) direct() map[string]route {
	return map[string]route{
		"everything":  {permission: auth.Read, handle: s.everything},
		"timeline":    {permission: auth.Read, handle: s.timeline},
		"meta":        {handle: s.meta},
		"diff":        {handle: s.diff},
		"meta-add":    {permission: auth.Read, handle: s.metaAdd},
		"meta-delete": {permission: auth.Read, handle: s.metaDelete},
		"lastn":       {permission: auth.Search, handle: s.lastn},
		"document":    {permission: auth.Read, handle: s.document},
		"export":      {handle: s.export},
		viewRun:       {handle: s.runView},
		viewRunShort:  {handle: s.runView},
	}
}
