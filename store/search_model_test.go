package store_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store"
)

// doc is a resource that stands, in the naive model of the database.
type doc struct {
	typ, id string
	created int            // place in the order of creation
	base    []search.Entry // without those of stored SearchParameters
	entries []search.Entry
	updated time.Time
	res     *fhir.Resource
}

func (d *doc) ref() string { return d.typ + "/" + d.id }

// world is all that stands at a sequence.
type world map[string]*doc

// list is the documents of a type in the order of creation.
func (w world) list(typ string) []*doc {
	var out []*doc
	for _, d := range w {
		if d.typ == typ {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b *doc) int { return a.created - b.created })
	return out
}

// holds answers a clause by looking at everything.
func (w world) holds(c *search.Clause, d *doc) bool {
	met := false
	switch {
	case c.Any != nil:
		met = slices.ContainsFunc(c.Any, func(all []search.Clause) bool {
			return !slices.ContainsFunc(all, func(inner search.Clause) bool { return !w.holds(&inner, d) })
		})
	case len(c.Chain) > 0:
		met = slices.ContainsFunc(c.Chain, func(chain search.Chain) bool {
			return w.contains(d, c.Param, &chain) || slices.ContainsFunc(w.list(chain.Type), func(to *doc) bool { return refers(d, c.Param, to) && w.holds(&chain.Clause, to) })
		})
	case len(c.Has) > 0:
		met = slices.ContainsFunc(c.Has, func(has search.Has) bool {
			return slices.ContainsFunc(w.list(has.Type), func(from *doc) bool { return refers(from, has.Ref, d) && w.holds(&has.Clause, from) })
		})
	default:
		return c.Holds(d.id, d.entries)
	}
	return met != c.Not
}

// contains looks into what a resource contains and refers to by the parameter.
func (w world) contains(d *doc, param string, chain *search.Chain) bool {
	if d.res == nil {
		return false
	}
	return slices.ContainsFunc(search.Contained(d.res, param, chain.Type), func(entries []search.Entry) bool {
		return w.holds(&chain.Clause, &doc{typ: chain.Type, entries: entries})
	})
}

// own is what the databases of these tests know of themselves.
var own = search.Own(nil).Or("https://pestle.example/fhir")

func refers(from *doc, param string, to *doc) bool {
	return slices.ContainsFunc(from.entries, func(e search.Entry) bool {
		typ, id, ok := search.LocalReference(e.Key, own)
		return e.Param == param && ok && typ == to.typ && id == to.id
	})
}

func (w world) search(q *search.Query) []*doc {
	var out []*doc
	for _, d := range w.list(q.Type) {
		if !slices.ContainsFunc(q.Clauses, func(c search.Clause) bool { return !w.holds(&c, d) }) {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b *doc) int {
		for _, by := range q.Sort {
			if c := w.compareDocs(a, b, by, len(q.Sort) == 1); c != 0 {
				return c
			}
		}
		return 0
	})
	return out
}

// compareDocs goes by a sort parameter. alone: it also decides between equal
// values, by the rest of their keys, what has them and the order of creation.
func (w world) compareDocs(a, b *doc, by search.Sort, alone bool) int {
	x, y := w.best(a, by), w.best(b, by)
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return 1
	case y == nil:
		return -1
	case alone:
		return compareValues(x, y, by)
	}
	c := bytes.Compare(x.sort, y.sort)
	if by.Descending {
		return -c
	}
	return c
}

// value is what a document is sorted by, with the places in the order of creation of what
// has it, of what refers to that, and so on; the last is that of the document.
type value struct {
	sort, key []byte
	way       []int
}

// compareValues puts values in order: by themselves and what has them in the direction,
// then by what leads there.
func compareValues(x, y *value, by search.Sort) int {
	c := cmp.Or(bytes.Compare(x.sort, y.sort), bytes.Compare(x.key, y.key), x.way[0]-y.way[0])
	if by.Descending {
		c = -c
	}
	return cmp.Or(c, slices.Compare(x.way[1:], y.way[1:]))
}

// best is the value that comes first in the order, nil for none.
func (w world) best(d *doc, by search.Sort) *value {
	all := w.values(d, by)
	if len(all) == 0 {
		return nil
	}
	return slices.MinFunc(all, func(x, y *value) int { return compareValues(x, y, by) })
}

func (w world) values(d *doc, by search.Sort) (out []*value) {
	if by.Chain != nil {
		var to []*doc
		for _, other := range w.list(by.Chain.Type) {
			if refers(d, by.Param, other) {
				to = append(to, other)
			}
		}
		if d.res != nil && by.Chain.Sort.Param != search.ID && by.Chain.Sort.Param != search.LastUpdated {
			for _, entries := range search.Contained(d.res, by.Param, by.Chain.Type) {
				to = append(to, &doc{typ: by.Chain.Type, entries: entries, created: d.created})
			}
		}
		for _, other := range to {
			for _, v := range w.values(other, by.Chain.Sort) {
				out = append(out, &value{v.sort, v.key, append(slices.Clip(v.way), d.created)})
			}
		}
		return out
	}
	if by.Param == search.ID {
		return []*value{{[]byte(d.id), []byte(d.id), []int{d.created}}}
	}
	for _, e := range d.entries {
		if e.Param == by.Param {
			out = append(out, &value{search.SortKey(d.typ, by, e.Key), e.Key, []int{d.created}})
		}
	}
	return out
}

// scene is a random history with all the worlds it went through.
type scene struct {
	t       *testing.T
	rnd     *rand.Rand
	db      *store.DB
	worlds  map[fhir.Seq]world
	created int
	clock   time.Time
	short   bool // pages may have fewer matches than were asked for
}

var vocabulary = map[string][]string{
	"Patient":            {"p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"},
	"Practitioner":       {"d1", "d2"},
	"MedicationRequest":  {"m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"},
	"MedicationDispense": {"x1", "x2", "x3", "x4"},
}

func (s *scene) pick(of ...string) string { return of[s.rnd.IntN(len(of))] }

// resource makes a random resource of few values, so that queries find some.
func (s *scene) resource(typ, id string) *fhir.Resource {
	pick := s.pick
	switch typ {
	case "Patient":
		return parse(s.t, `{'resourceType':'Patient','id':'%s','active':%s,'gender':'%s','birthDate':'%s','name':[{'family':'%s','given':['%s']}],
			'identifier':[{'system':'urn:%s','value':'%s'}]%s}`, id, pick("true", "false"), pick("male", "female", "other"), pick("1970-01-01", "1970-06", "1980", "2001-02-03"),
			pick("Adams", "Adamson", "Brown", "Müller", "Muller"), pick("Eve", "Evelyn", "Bob"), pick("a", "b"), pick("1", "2", "3"),
			pick("", `,'generalPractitioner':[{'reference':'Practitioner/d1'}]`, `,'generalPractitioner':[{'reference':'Practitioner/d2'},{'reference':'Practitioner/d1'}]`))
	case "Practitioner":
		return parse(s.t, `{'resourceType':'Practitioner','id':'%s','name':[{'family':'%s'}]}`, id, pick("Jones", "Shah"))
	case "MedicationRequest":
		return parse(s.t, `{'resourceType':'MedicationRequest','id':'%s','status':'%s','intent':'order','authoredOn':'%s','subject':{'reference':'%s'},'contained':[{'resourceType':'Patient','id':'c','gender':'%s','name':[{'family':'Adams'}],'generalPractitioner':[{'reference':'Practitioner/%s'}]}],
			'medicationCodeableConcept':{'coding':[{'system':'http://snomed.info/sct','code':'%s'},{'system':'urn:%s','code':'1'}]}}`, id, pick("active", "completed", "stopped"),
			pick("2026-01-01", "2026-01-01T10:00:00Z", "2026-02", "2026-03-05"), s.subject(), pick("male", "female"), pick("d1", "d2"), pick("1", "2", "3"), pick("a", "b"))
	}
	return parse(s.t, `{'resourceType':'MedicationDispense','id':'%s','status':'%s','authorizingPrescription':[{'reference':'MedicationRequest/%s'}],'whenHandedOver':'2026-0%s-01'}`,
		id, pick("completed", "in-progress"), pick(vocabulary["MedicationRequest"]...), pick("1", "2"))
}

// subject refers to a patient: of this server by several names, of another one,
// or to the one that is contained.
func (s *scene) subject() string {
	return s.pick("#c", s.pick("", "", "https://pestle.example/fhir/", "http://PESTLE.example/FHIR/R4/", "https://clinic.example/fhir/")+"Patient/"+s.pick(vocabulary["Patient"]...))
}

// commit makes a random transaction.
func (s *scene) commit() {
	now := world{}
	for k, v := range s.worlds[s.db.Head()] {
		now[k] = v
	}
	s.clock = s.clock.Add(time.Duration(s.rnd.IntN(3)) * time.Hour)
	tx := &fhir.Transaction{Time: s.clock}
	for _, typ := range []string{"Patient", "Practitioner", "MedicationRequest", "MedicationDispense"} {
		id := s.pick(vocabulary[typ]...)
		if s.rnd.IntN(5) == 0 {
			tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Delete, Type: typ, ID: id})
			delete(now, typ+"/"+id)
			continue
		}
		r := s.resource(typ, id)
		tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Update, Type: typ, ID: id, Resource: r})
		if d := now[typ+"/"+id]; d != nil && bytes.Equal(d.res.JSON(), r.JSON()) {
			continue // an update that changes nothing makes no version
		}
		entries, err := search.Extract(ctx, r)
		require.NoError(s.t, err)
		entries = append(entries, search.Entry{Param: search.Every, Key: search.EveryKey}, search.Entry{Param: search.LastUpdated, Key: search.InstantKey(s.clock)})
		now[typ+"/"+id] = &doc{typ: typ, id: id, base: entries, entries: append(slices.Clip(entries), s.db.Custom().Extract(r)...), res: r, updated: s.clock, created: s.born(typ + "/" + id)}
	}
	c, err := s.db.Commit(ctx, tx)
	require.NoError(s.t, err)
	if c.Seq > 0 {
		s.worlds[c.Seq] = now
	}
}

// define stores SearchParameters, and waits for their index; a second call changes one.
// Resources and earlier states are searched by them too.
func (s *scene) define(given string) {
	for _, p := range [][4]string{
		{"nick", "string", "Patient", "Patient.name." + given},
		{"born", "date", "Patient", "Patient.birthDate"},
		{"gp", "reference", "Patient", "Patient.generalPractitioner"},
		{"of", "reference", "MedicationRequest", "MedicationRequest.subject.where(resolve() is Patient) | MedicationRequest.subject"},
		{"rx", "token", "MedicationRequest", "(MedicationRequest.medication as CodeableConcept)"},
	} {
		r := parse(s.t, `{'resourceType':'SearchParameter','id':'%[1]s','url':'http://example.org/%[1]s','name':'a','status':'active','description':'d','code':'%[1]s','type':'%[2]s','base':['%[3]s'],'expression':"%[4]s",'target':['Patient','Practitioner']}`, p[0], p[1], p[2], p[3])
		before := s.db.Head()
		_, err := s.db.Commit(ctx, &fhir.Transaction{Time: s.clock, Changes: []fhir.Change{{Method: fhir.Update, Type: "SearchParameter", ID: p[0], Resource: r}}})
		require.NoError(s.t, err)
		s.worlds[s.db.Head()] = s.worlds[before]
		if s.rnd.IntN(2) == 0 {
			s.commit() // beside the work
		}
	}
	for s.db.Answering().Key() != s.db.Custom().Key() {
		runtime.Gosched()
	}
	for _, w := range s.worlds {
		for _, d := range w {
			d.entries = append(slices.Clip(d.base), s.db.Custom().Extract(d.res)...)
		}
	}
}

// born is the place of a resource in the order of creation, which a deletion
// does not end.
func (s *scene) born(ref string) int {
	for _, w := range s.worlds {
		if d := w[ref]; d != nil {
			return d.created
		}
	}
	s.created++
	return s.created
}

// query makes a random query.
func (s *scene) query() (typ, query string) {
	pick := s.pick
	patient := func() string {
		return pick("gender="+pick("male", "female,other", "none"), "active=true", "family="+pick("adam", "adams", "mu", "z"), "family:exact=Muller", "given:contains=ve",
			"birthdate="+pick("1970", "ge1980", "lt1980", "1970-01-01", "ne1970", "sa1970", "eb1980", "1980,2001"), "identifier=urn:a|"+pick("1", "2"), "family="+strings.Repeat("x,", 70)+"adams", "identifier="+pick("1", "1,2"), "identifier=urn:b|",
			"gender:not=male", "_filter=gender+eq+male+or+family+sw+adam", "_filter=not+(birthdate+po+1970)+and+active+eq+true", "_filter=general-practitioner.name+eq+jones+or+family+ne+brown", "general-practitioner=Practitioner/"+pick("d1", "d2"), "general-practitioner=d1", "general-practitioner:missing="+pick("true", "false"),
			"_id="+pick("p1", "p1,p2,p3", "nope"), "_id:not=p1", "general-practitioner.name=jones", "_has:MedicationRequest:patient:status="+pick("active", "stopped"),
			"_has:MedicationRequest:patient:_has:MedicationDispense:prescription:status=completed", "_lastUpdated="+pick("gt", "le", "ge")+s.clock.Add(-time.Duration(s.rnd.IntN(40))*time.Hour).Format("2006-01-02T15:04"))
	}
	medication := func() string {
		return pick("status="+pick("active", "completed,stopped"), "patient=Patient/"+pick("p1", "p2", "p3"), "subject="+pick("p1", "p2,p3"), "authoredon="+pick("2026-01-01", "ge2026-02", "lt2026-01-01T10:00", "2026"),
			"code=1", "code=http://snomed.info/sct|"+pick("1", "2"), "code=http://snomed.info/sct|", "code:not=2", "patient.gender=male", "_filter=patient.gender+eq+male+or+status+eq+stopped", "_filter=not+(subject.family+ew+son)+and+(status+ne+active+or+code+pr+false)", "patient.gender:not=male", "patient.birthdate:missing=true", "subject=https://pestle.example/FHIR/R4/Patient/p1", "subject=https://clinic.example/fhir/Patient/p2", "patient.general-practitioner.name=shah", "subject:Patient.family=adam", "status:not=active")
	}
	if s.db.Custom() != nil && s.rnd.IntN(2) == 0 {
		r4 := [2]func() string{patient, medication}
		patient = func() string {
			return pick(r4[0](), "nick="+pick("ev", "bo", "adam"), "born="+pick("1970", "ge1980", "lt1980"), "gp=Practitioner/d1", "gp.name=shah", "gp:missing=true", "nick:contains=v", "_has:MedicationRequest:of:rx=1", "_filter=nick+sw+ev+and+born+ge+1980", "nick:missing=true")
		}
		medication = func() string {
			return pick(r4[1](), "rx=http://snomed.info/sct|1", "rx:not=2", "of=Patient/p1", "of.nick=ev", "of.gender=male", "of:Patient.gp.name=jones", "patient.nick=b", "of.gender:not=male", "rx=3,1")
		}
	}
	typ, one := "Patient", patient
	if s.rnd.IntN(2) == 0 {
		typ, one = "MedicationRequest", medication
	}
	var parts []string
	for range s.rnd.IntN(4) {
		parts = append(parts, one())
	}
	sorts := map[string][]string{"Patient": {"birthdate", "-birthdate,family", "family", "-_id", "-general-practitioner", "-name", "gender,-birthdate", "-name,birthdate", "gender,-general-practitioner,family", "general-practitioner.family", "-general-practitioner:Practitioner.name", "-general-practitioner.family,birthdate", "gender,general-practitioner:Practitioner._id"}, "MedicationRequest": {"-authoredon", "status,_id", "code", "authoredon", "status,-authoredon", "-status,code,-authoredon", "-code,_lastUpdated", "patient.birthdate", "-patient.birthdate", "-subject:Patient.family", "subject.family", "patient.gender,-authoredon", "-patient._id", "patient._id,-status", "patient._lastUpdated", "patient.general-practitioner.family", "-patient.general-practitioner:Practitioner.name,code", "status,-patient.family", "-patient.gender,patient.general-practitioner.family"}}[typ]
	if s.db.Custom() != nil {
		sorts = append(sorts, map[string][]string{"Patient": {"nick", "-born", "gender,-nick", "gp.family,nick"}, "MedicationRequest": {"-of", "rx,-of", "of.nick", "-of.born", "-of.gp.family", "patient.nick,of.gender", "patient.gp:Practitioner.name"}}[typ]...)
	}
	if s.rnd.IntN(2) == 0 {
		parts = append(parts, "_sort="+pick(append(sorts, "_lastUpdated", "-_lastUpdated", "_id")...))
	}
	return typ, strings.Join(append(parts, fmt.Sprintf("_count=%d", 1+s.rnd.IntN(5)), pick("_total=accurate", "_total=accurate", "_pretty=false")), "&")
}

// check asks a query page by page, committing in between, and compares with
// the model as of the first page.
func (s *scene) check(meanwhile bool) {
	typ, query := s.query()
	options := search.Options{Now: s.clock, Own: s.db.Own, Custom: s.db.Custom()}
	if s.rnd.IntN(4) == 0 {
		options.Within = &search.Compartment{Type: "Patient", ID: s.pick(vocabulary["Patient"]...)}
	}
	parse := func(query string) *search.Query {
		values, err := url.ParseQuery(query)
		require.NoError(s.t, err)
		q, _, err := search.Parse(typ, values, options)
		require.NoError(s.t, err, query)
		return q
	}
	q := parse(query)
	for other, more := s.query(); s.rnd.IntN(4) == 0 && other == typ; other, more = s.query() { // any of several lists of conditions
		query += " or " + more
		q.Clauses = []search.Clause{{Any: [][]search.Clause{q.Clauses, parse(more).Clauses}, Not: s.rnd.IntN(3) == 0}}
	}
	asOf := s.db.Head()
	if s.rnd.IntN(3) == 0 {
		asOf = fhir.Seq(1 + s.rnd.IntN(int(asOf)))
		q.Page.AsOf = asOf
	}
	var want, got []string
	for _, d := range s.worlds[asOf].search(q) {
		want = append(want, d.ref())
	}
	for {
		r, err := s.db.Search(ctx, q)
		require.NoError(s.t, err, query)
		require.Equal(s.t, asOf, r.AsOf)
		for _, m := range r.Matches {
			got = append(got, m.Ref())
		}
		if q.Total == search.TotalAccurate {
			require.Equal(s.t, len(want), r.Total, "%s?%s at %d", typ, query, asOf)
		}
		if r.Next == nil {
			break
		}
		if !s.short {
			require.Len(s.t, r.Matches, q.Count)
		}
		require.LessOrEqual(s.t, len(r.Matches), q.Count)
		q.Page = *r.Next
		if meanwhile {
			s.commit()
		}
	}
	q.Page, q.Summary = search.Page{AsOf: asOf}, search.SummaryCount
	counted, err := s.db.Search(ctx, q)
	require.NoError(s.t, err, query)
	if q.Total != search.TotalNone {
		require.Equal(s.t, len(want), counted.Total, "%s?%s at %d, counted", typ, query, asOf)
	}
	require.Empty(s.t, counted.Matches)
	if len(q.Sort) == 0 { // then there is no order to keep to
		slices.Sort(want)
		slices.Sort(got)
	}
	require.Equal(s.t, want, got, "%s?%s at %d", typ, query, asOf)
}

// TestSearchAgreesWithModel runs random queries on a random history against
// a model that looks at every resource, with limits as they are and with
// limits so small that every way of answering is taken.
// Once with few seeds; with many where PESTLE_LONG is set.
func TestSearchAgreesWithModel(t *testing.T) {
	seeds := uint64(2)
	if os.Getenv("PESTLE_LONG") != "" {
		seeds = 100
	}
	for name, set := range map[string]func() func(){
		"usual":   func() func() { return func() {} },
		"broad":   func() func() { return store.SetSearchLimits(1, 2, 0, 1000, 1000) },
		"widened": func() func() { return store.SetSearchLimits(1, 1, 0, 0, 1) },
		"by keys": func() func() { return store.SetSearchLimits(3, 1, 2, 5, 2) },
		"walked":  func() func() { return store.SetSortLimits(1, 2) },
		"grouped": func() func() {
			limits, size := store.SetSortLimits(1, 2), store.SetGroupSize(1)
			return func() { limits(); size() }
		},
		"short": func() func() {
			limits, short := store.SetSortLimits(1, 2), store.SetChainWalk(1)
			return func() { limits(); short() }
		},
		"sorted": func() func() { return store.SetSortLimits(1, 1000) },
		"posted": func() func() {
			limits, posted := store.SetSearchLimits(20, 1, 2, 5, 2), store.SetPosted(10, 3)
			return func() { limits(); posted() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer set()()
			for seed := range seeds {
				both(t, func(t *testing.T, db *store.DB) {
					s := &scene{t: t, rnd: rand.New(rand.NewPCG(seed, uint64(len(name)))), db: db, worlds: map[fhir.Seq]world{}, clock: epoch, short: name == "short"}
					for range 25 {
						s.commit()
					}
					for i := range 100 {
						switch i {
						case 50:
							s.define("given")
						case 75:
							s.define("family")
						}
						s.check(i%10 == 0)
					}
				})
			}
		})
	}
}
