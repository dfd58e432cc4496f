package server

import (
	"context"
	"encoding/binary"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/fhir/spelling"
	"github.com/pestle-fhir/pestle/server/auth"
)

// typesSearch is a search of several types at once: a query for each, all of one
// state of the database.
type typesSearch struct {
	s       *Server
	x       *exchange
	queries []*search.Query // in the order of their types
	size    int             // of a page
	asOf    fhir.Seq        // 0 for now
	address string
	self    url.Values // the parameters that were understood
	only    []string   // types that what is included is of; nil for all
	since   time.Time  // when what is included was written at the earliest
	notes   []fhir.Issue
}

// searchSystem finds resources of several types, by GET or by POST of a form: those
// that _type names, else all that the caller may search.
// https://hl7.org/fhir/R4/search.html#all
func (s *Server) searchSystem(c *gin.Context) error {
	return s.searchAll(c, r4.ResourceTypes(), nil)
}

// searchCompartment finds resources of a type, or with * of all types, that belong to a
// resource: https://hl7.org/fhir/R4/search.html#2.21.1.2
func (s *Server) searchCompartment(c *gin.Context) error {
	x := exchangeOf(c)
	in := &search.Compartment{Type: c.Param("type"), ID: c.Param("id")}
	members, member := search.Members(in.Type), c.Param("member")
	if member == "*" {
		return s.searchAll(c, members, in)
	}
	x.resourceType = member
	if err := x.permitSome(member, auth.Search); err != nil {
		return err
	}
	return s.searchType(c, in)
}

// member checks the type of a compartment's resources that a path names.
func member(compartment, name string) error {
	members := search.Members(compartment)
	if name == "*" && members != nil || slices.Contains(members, name) {
		return nil
	}
	if name != "*" && !r4.IsResource(name) {
		return unknownType(name, "")
	}
	if members == nil {
		return fhir.E("search", fhir.NotFound, fhir.Issue{Message: "R4 defines no compartment of a " + compartment + ".", Expected: strings.Join(search.Compartments(), ", "), Found: compartment,
			Fix: "Search by a reference, such as " + name + "?subject=" + compartment + "/[id]."})
	}
	return fhir.E("search", fhir.NotFound, fhir.Issue{Message: "A " + name + " is in no compartment of a " + compartment + ".", Expected: strings.Join(members, ", "), Found: name})
}

func (s *Server) searchAll(c *gin.Context, types []string, in *search.Compartment) error {
	x := exchangeOf(c)
	params, err := s.searchParams(c)
	if err != nil {
		return err
	}
	types, err = x.searched(params["_type"], types)
	if err != nil {
		return err
	}
	own := cloned(params)
	delete(own, "_type")
	delete(own, pageParam)
	t := &typesSearch{s: s, x: x, address: x.base + strings.TrimPrefix(c.Request.URL.Path, x.prefix)}
	for _, typ := range types {
		if narrowed, err := s.narrowed(x, typ, params, own); narrowed || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		q, notes, err := search.Parse(typ, own, search.Options{
			Lenient: s.lenient(c.Request.Header), Own: x.own, Now: s.now(), Within: in, Codes: s.codes(c.Request.Context()),
			DefaultCount: s.config.PageSize, MaxCount: s.config.MaxPageSize,
		})
		if err != nil {
			return err
		}
		if err := x.permitReached(q); err != nil {
			return err
		}
		t.note(notes)
		t.queries = append(t.queries, q)
	}
	if err := t.sortable(); err != nil {
		return err
	}
	t.self = url.Values{}
	if len(t.queries) > 0 {
		t.size, t.self = t.queries[0].Count, t.queries[0].Self()
	}
	if list := params["_type"]; len(list) > 0 {
		t.self["_type"] = list
	}
	return t.send(c, params)
}

// narrowed reports whether a part of the business answers searches of a type alone,
// more narrowly than this one; it is an error where the type is asked for by its name.
func (s *Server) narrowed(x *exchange, typ string, params, own url.Values) (bool, error) {
	for _, n := range s.config.Narrowings {
		if n.Base != x.prefix || n.Type != typ {
			continue
		}
		if err := n.Check(own); err != nil {
			if params.Has("_type") {
				return true, err
			}
			return true, nil
		}
	}
	return false, nil
}

// searched are the types of a search that the caller may search: those that _type
// names, which it has to be allowed, else all of them. The audit log is not of a state
// of the database, and is searched by itself.
func (x *exchange) searched(lists, types []string) ([]string, error) {
	var named, out []string
	for _, list := range lists {
		for _, typ := range strings.Split(list, ",") {
			switch {
			case typ == "":
			case !r4.IsResource(typ):
				issue := fhir.Issue{Severity: fhir.Err, Code: fhir.ValueCode, Expression: "_type", Message: "R4 has no resource type of this name.", Expected: "resource types, separated by commas", Found: typ}
				if near := spelling.One(typ, r4.ResourceTypes()); near != "" {
					issue.Fix = "Did you mean " + near + "?"
				}
				return nil, fhir.E("search", fhir.Invalid, issue)
			default:
				if err := x.permitSome(typ, auth.Search); err != nil {
					return nil, err
				}
				named = append(named, typ)
			}
		}
	}
	for _, typ := range types {
		if slices.Contains(named, typ) || named == nil && typ != "AuditEvent" && x.maySome(typ, auth.Search) {
			out = append(out, typ)
		}
	}
	if len(out) == 0 && named == nil {
		return nil, x.lacks("*", auth.Search)
	}
	if len(out) > 1 && slices.Contains(out, "AuditEvent") {
		return nil, fhir.E("search", fhir.NotSupported, fhir.Issue{Expression: "_type", Message: "AuditEvents are not searched together with other types.", Expected: "_type=AuditEvent", Found: strings.Join(named, ","), Fix: "Search AuditEvent by itself."})
	}
	return out, nil
}

// note keeps a remark of several queries once.
func (t *typesSearch) note(notes []fhir.Issue) {
	for _, n := range notes {
		if !slices.ContainsFunc(t.notes, func(known fhir.Issue) bool { return known.Expression == n.Expression && known.Code == n.Code }) {
			t.notes = append(t.notes, n)
		}
	}
}

// sortable refuses sort keys that mean something else in each type.
func (t *typesSearch) sortable() error {
	for _, q := range t.queries {
		for _, by := range q.Sort {
			if by.Param != search.ID && by.Param != search.LastUpdated {
				return fhir.E("search", fhir.NotSupported, fhir.Issue{Expression: "_sort", Message: "Resources of several types are not sorted by " + by.Param + ".", Expected: "_lastUpdated or _id", Found: by.Param,
					Fix: "Search each type by itself to sort by its parameters."})
			}
		}
	}
	return nil
}

// cursor is how far the matches of one query were shown.
type cursor struct {
	query int
	after []byte // nil at the start
}

// typesPage is where a page begins: of which state, with the total of the first page,
// -1 where it is not known, and which queries have matches left. Of a search without
// an order, the queries behind the last cursor were not begun.
type typesPage struct {
	asOf    fhir.Seq
	total   int
	cursors []cursor
	fresh   int // the first query that was not begun
}

func (p typesPage) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(p.asOf))
	b = binary.AppendVarint(b, int64(p.total))
	b = binary.AppendUvarint(b, uint64(p.fresh))
	for _, at := range p.cursors {
		b = binary.AppendUvarint(b, uint64(at.query))
		b = binary.AppendUvarint(b, uint64(len(at.after)))
		b = append(b, at.after...)
	}
	return b
}

// decodeTypesPage reads a page of a search of n queries.
func decodeTypesPage(b []byte, n int) (p typesPage, ok bool) {
	number := func() (v int) {
		u, k := binary.Uvarint(b)
		if ok = ok && k > 0 && u < 1<<48; ok {
			v, b = int(u), b[k:]
		}
		return v
	}
	ok = true
	p.asOf = fhir.Seq(number())
	total, k := binary.Varint(b)
	if !ok || k <= 0 {
		return p, false
	}
	p.total, b = int(total), b[k:]
	p.fresh = number()
	for ok && len(b) > 0 {
		at, length := number(), number()
		if !ok || at >= n || length > len(b) {
			return p, false
		}
		p.cursors, b = append(p.cursors, cursor{at, slices.Clone(b[:length])}), b[length:]
	}
	return p, ok && p.fresh <= n
}

// left are the queries that may have matches on a page and behind it.
func (t *typesSearch) left(p typesPage) []cursor {
	left := slices.Clone(p.cursors)
	for i := p.fresh; i < len(t.queries); i++ {
		left = append(left, cursor{query: i})
	}
	return left
}

// found is a page of several types.
type foundTypes struct {
	matches, included []*fhir.Version
	total             int // -1 where it is not known
	next              *typesPage
}

// send finds the page that the parameters ask for and answers with it.
func (t *typesSearch) send(c *gin.Context, params url.Values) error {
	ctx := c.Request.Context()
	subject := []byte(strings.TrimPrefix(c.Request.URL.Path, t.x.prefix) + "?" + t.self.Encode())
	page := typesPage{total: -1}
	if token := params.Get(pageParam); token != "" {
		sealed, ok := t.s.sealOf(t.x).Open(subject, token)
		if ok {
			page, ok = decodeTypesPage(sealed, len(t.queries))
		}
		if !ok {
			return fhir.E("search", fhir.Invalid, fhir.Issue{Message: "The page token is not one of this query.", Expression: pageParam, Expected: "the next link of a search result, unchanged", Found: token})
		}
	}
	if err := t.x.toil(ctx); err != nil {
		return err
	}
	found, err := t.page(ctx, page)
	if err != nil {
		return overtime(searching, err)
	}
	if err := t.x.hold(ctx, size(found.matches, found.included)*t.x.weight()); err != nil {
		return err
	}
	self := t.self
	if token := params.Get(pageParam); token != "" {
		self = paged(t.self, token)
	}
	links := []fhir.Value{link("self", withQuery(t.address, self)), link("first", withQuery(t.address, t.self))}
	if found.next != nil {
		links = append(links, link("next", withQuery(t.address, paged(t.self, t.s.sealOf(t.x).Seal(subject, found.next.encode())))))
	}
	b := newBundle(t.s.bundleHead("searchset", found.total, links...))
	if err := t.add(b, found); err != nil {
		return err
	}
	if len(t.notes) > 0 {
		b.entry("", fhir.Outcome(t.notes).JSON(), fhir.Obj("search", fhir.Obj("mode", "outcome")))
	}
	return t.s.sendBundle(c, b)
}

func paged(self url.Values, token string) url.Values {
	out := cloned(self)
	out.Set(pageParam, token)
	return out
}

// add adds what was found, each in the form that its query asks for.
func (t *typesSearch) add(b *bundleText, found *foundTypes) error {
	if len(t.queries) == 0 {
		return nil
	}
	q := *t.queries[0]
	for _, v := range found.matches {
		if i := slices.IndexFunc(t.queries, func(q *search.Query) bool { return q.Type == v.Type }); i >= 0 {
			q = *t.queries[i]
		}
		if err := addMatches(b, t.x, &q, &search.Result{Matches: []*fhir.Version{v}}); err != nil {
			return err
		}
	}
	return addMatches(b, t.x, &q, &search.Result{Included: found.included})
}

// page finds a page, or the total alone.
func (t *typesSearch) page(ctx context.Context, at typesPage) (*foundTypes, error) {
	t.asOf = at.asOf
	found := &foundTypes{total: at.total}
	if len(t.queries) == 0 {
		found.total = 0
		return found, nil
	}
	first := at.cursors == nil && at.fresh == 0
	only := t.size == 0 || t.queries[0].Summary == search.SummaryCount
	if first && (only || t.queries[0].Total == search.TotalAccurate) {
		if err := t.count(ctx, found); err != nil || only {
			return found, err
		}
	}
	var err error
	if len(t.queries[0].Sort) > 0 {
		err = t.merged(ctx, t.left(at), found)
	} else {
		err = t.listed(ctx, t.left(at), found)
	}
	if first && found.next == nil && t.queries[0].Total != search.TotalNone {
		found.total = len(found.matches)
	}
	found.distinct(t.brings)
	if found.next != nil {
		found.next.asOf, found.next.total = t.asOf, found.total
	}
	return found, err
}

// ask asks one query for some matches, of the state of the page.
func (t *typesSearch) ask(ctx context.Context, at cursor, count int, includes bool) (*search.Result, error) {
	q := *t.queries[at.query]
	q.Count, q.Page, q.Total, q.Summary = count, search.Page{AsOf: t.asOf, After: at.after}, search.TotalNone, ""
	if !includes {
		q.Include, q.RevInclude = nil, nil
	}
	res, err := t.s.config.Repository.Search(ctx, &q)
	if err == nil && t.asOf == 0 {
		t.asOf = res.AsOf
	}
	return res, err
}

// count adds up the totals. What the caller sees a part of is not counted.
func (t *typesSearch) count(ctx context.Context, found *foundTypes) error {
	found.total = 0
	for i := range t.queries {
		q := *t.queries[i]
		q.Count, q.Page, q.Total, q.Include, q.RevInclude = 0, search.Page{AsOf: t.asOf}, search.TotalAccurate, nil, nil
		res, err := t.s.config.Repository.Search(ctx, &q)
		if err != nil {
			return err
		}
		if t.asOf == 0 {
			t.asOf = res.AsOf
		}
		if found.total >= 0 && res.Total >= 0 && !(q.Type == "Binary" && !t.x.may("*", auth.Read)) {
			found.total += res.Total
		} else {
			found.total = -1
		}
	}
	return nil
}

// take adds a page of one query.
func (f *foundTypes) take(res *search.Result) {
	f.matches = append(f.matches, res.Matches...)
	f.included = append(f.included, res.Included...)
}

// brings reports whether a page may include a resource.
func (t *typesSearch) brings(v *fhir.Version) bool {
	return (t.only == nil || slices.Contains(t.only, v.Type)) && !v.LastUpdated.Before(t.since)
}

// distinct leaves out of what is included what is there twice, or is a match, or is not
// asked for.
func (f *foundTypes) distinct(brings func(*fhir.Version) bool) {
	seen := map[string]bool{}
	for _, v := range f.matches {
		seen[v.Ref()] = true
	}
	f.included = slices.DeleteFunc(f.included, func(v *fhir.Version) bool {
		known := seen[v.Ref()]
		seen[v.Ref()] = true
		return known || !brings(v)
	})
}

// listed finds a page type by type.
func (t *typesSearch) listed(ctx context.Context, left []cursor, found *foundTypes) error {
	for len(left) > 0 {
		room := t.size - len(found.matches)
		res, err := t.ask(ctx, left[0], max(room, 1), room > 0)
		if err != nil {
			return err
		}
		if room == 0 { // it is asked only whether there is more
			if len(res.Matches) > 0 || res.Next != nil {
				break
			}
			left = left[1:]
			continue
		}
		found.take(res)
		if res.Next == nil {
			left = left[1:]
			continue
		}
		left[0].after = res.Next.After
		break
	}
	if len(left) > 0 {
		found.next = &typesPage{fresh: left[0].query}
		if left[0].after != nil {
			found.next.cursors, found.next.fresh = left[:1], left[0].query+1
		}
	}
	return nil
}

// merged finds a page in an order that all types share.
func (t *typesSearch) merged(ctx context.Context, left []cursor, found *foundTypes) error {
	type candidate struct {
		of int // place in left
		v  *fhir.Version
	}
	var all []candidate
	more := make([]bool, len(left))
	for i, at := range left {
		res, err := t.ask(ctx, at, t.size, false)
		if err != nil {
			return err
		}
		for _, v := range res.Matches {
			all = append(all, candidate{i, v})
		}
		more[i] = res.Next != nil
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return t.compare(a.v, b.v) })
	shown := make([]int, len(left))
	for _, one := range all[:min(t.size, len(all))] {
		shown[one.of]++
		found.matches = append(found.matches, one.v)
	}
	rest := make([]int, len(left))
	for _, one := range all[min(t.size, len(all)):] {
		rest[one.of]++
	}
	next := &typesPage{fresh: len(t.queries)}
	for i, at := range left {
		if shown[i] > 0 {
			res, err := t.ask(ctx, at, shown[i], true)
			if err != nil {
				return err
			}
			found.included = append(found.included, res.Included...)
			if res.Next != nil {
				at.after = res.Next.After
			}
		}
		if rest[i] > 0 || more[i] {
			next.cursors = append(next.cursors, at)
		}
	}
	if next.cursors != nil {
		found.next = next
	}
	return nil
}

// compare orders two resources by the sort keys.
func (t *typesSearch) compare(a, b *fhir.Version) int {
	for _, by := range t.queries[0].Sort {
		c := strings.Compare(a.ID, b.ID)
		if by.Param == search.LastUpdated {
			c = a.LastUpdated.Compare(b.LastUpdated)
		}
		if by.Descending {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}
