package server

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/auth"
)

// foundTypes is a page of several types.
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
	around := func(relation string, at *typesPage) {
		if at != nil {
			links = append(links, link(relation, withQuery(t.address, paged(t.self, t.s.sealOf(t.x).Seal(subject, at.encode())))))
		}
	}
	around("previous", t.before(page, found))
	around("next", found.next)
	around("last", t.last(page, found))
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
	first := at.cursors == nil && at.fresh == 0 && at.skip == 0
	only := t.size == 0 || t.queries[0].Summary == search.SummaryCount
	if first && (only || t.queries[0].Total == search.TotalAccurate) {
		if err := t.count(ctx, found); err != nil || only {
			return found, err
		}
	}
	at, err := t.passed(ctx, at)
	if err != nil {
		return nil, err
	}
	err = t.fill(ctx, at, found)
	if first && found.next == nil && t.queries[0].Total != search.TotalNone {
		found.total = len(found.matches)
	}
	found.distinct(t.brings)
	if found.next != nil {
		found.next.asOf, found.next.total, found.next.shown = t.asOf, found.total, at.shown+len(found.matches)
	}
	return found, err
}

// fill finds the matches of a page.
func (t *typesSearch) fill(ctx context.Context, at typesPage, found *foundTypes) error {
	if len(t.queries[0].Sort) > 0 {
		return t.merged(ctx, t.left(at), found)
	}
	return t.listed(ctx, t.left(at), found)
}

// passed is the place after the matches that a page passes over.
func (t *typesSearch) passed(ctx context.Context, at typesPage) (typesPage, error) {
	size := t.size
	t.passing = true
	defer func() { t.size, t.passing = size, false }()
	for at.skip > 0 {
		t.size = min(at.skip, t.s.config.MaxPageSize)
		over := &foundTypes{}
		if err := t.fill(ctx, at, over); err != nil {
			return at, err
		}
		next := typesPage{fresh: len(t.queries)}
		if over.next != nil {
			next = *over.next
		}
		next.asOf, next.total, next.shown, next.skip = at.asOf, at.total, at.shown, at.skip-len(over.matches)
		if over.next == nil {
			next.skip = 0
		}
		at = next
	}
	return at, nil
}

// before is the page before a page, nil of the first.
func (t *typesSearch) before(at typesPage, found *foundTypes) *typesPage {
	if at.shown == 0 || t.size == 0 {
		return nil
	}
	n := max(at.shown-t.size, 0)
	return &typesPage{asOf: t.asOf, total: found.total, shown: n, skip: n}
}

// last is the last page where the total is known and there are several.
func (t *typesSearch) last(at typesPage, found *foundTypes) *typesPage {
	if found.total <= t.size || t.size == 0 {
		return nil
	}
	n := (found.total - 1) / t.size * t.size
	return &typesPage{asOf: t.asOf, total: found.total, shown: n, skip: n}
}

// ask asks one query for some matches, of the state of the page.
func (t *typesSearch) ask(ctx context.Context, at cursor, count int, includes bool) (*search.Result, error) {
	q := *t.queries[at.query]
	q.Count, q.Page, q.Total, q.Summary = count, search.Page{AsOf: t.asOf, After: at.after}, search.TotalNone, ""
	if !includes || t.passing {
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
