package server

import (
	"net/http"
	"runtime"
	"strings"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/errgroup"

	"github.com/pestle-fhir/pestle/fhir"
)

// transaction carries out all entries together or none: one commit for what
// writes, and then the reads, which see it. One with patches is planned anew
// when a resource that it patches changes before the commit.
// https://hl7.org/fhir/R4/http.html#trules
func (s *Server) transaction(c *gin.Context, list []entry) error {
	receipt := s.receipt(c)
	if done, err := s.repeated(c, receipt); err != nil {
		return err
	} else if done != nil {
		return s.sendTransaction(c, list, repeatedPlan(list), done, make([][]fhir.Issue, len(done.Results)))
	}
	for try := 1; ; try++ {
		p, err := s.plan(c, list)
		if err != nil {
			return err
		}
		notes, err := s.checkAll(c, p.changes)
		if err != nil {
			return err
		}
		done := &fhir.Commit{}
		if len(p.changes) > 0 {
			x := exchangeOf(c)
			done, err = s.config.Repository.Commit(c.Request.Context(), &fhir.Transaction{
				Changes: p.changes, Requester: x.identity.Requester, RequestID: x.requestID, Base: x.learned, Receipt: receipt,
			})
		}
		if overtaken(err) && p.patches && try < patchTries {
			continue
		}
		if err != nil {
			return undecided(exchangeOf(c).blind(err, p.types()...))
		}
		return s.sendTransaction(c, list, p, done, notes)
	}
}

// plan is a transaction as changes of a commit.
type plan struct {
	changes []fhir.Change
	places  map[int]int // the change of an entry, by their places
	patches bool
}

// types are the types that a transaction writes.
func (p *plan) types() []string {
	var list []string
	for i := range p.changes {
		list = append(list, p.changes[i].Type)
	}
	return list
}

// plan reads the entries that write. All that is wrong with them comes together.
func (s *Server) plan(c *gin.Context, list []entry) (*plan, error) {
	p := &plan{places: map[int]int{}}
	var issues fhir.Tally
	for _, i := range inOrder(list) {
		e := &list[i]
		if !e.writes() {
			continue
		}
		change, wrong, err := s.change(c, e)
		if err != nil {
			return nil, err
		}
		issues.Add(wrong...)
		p.places[i] = len(p.changes)
		p.changes = append(p.changes, change)
		p.patches = p.patches || e.method == http.MethodPatch
	}
	issues.Add(overlaps(list)...)
	if issues.Errors() > 0 {
		return nil, &fhir.Error{Op: "transaction", Kind: fhir.Invalid, Issues: issues.Issues()}
	}
	return p, nil
}

// repeatedPlan is the plan of a transaction that was carried out before, as far as its
// answer needs it.
func repeatedPlan(list []entry) *plan {
	p := &plan{places: map[int]int{}}
	for _, i := range inOrder(list) {
		if e := &list[i]; e.writes() {
			p.places[i] = len(p.changes)
			change := fhir.Change{Method: fhir.Update}
			if e.method == http.MethodDelete {
				change.Method = fhir.Delete
			}
			p.changes = append(p.changes, change)
		}
	}
	return p
}

// sendTransaction answers in the order of the entries, and reads what is to be
// read now that everything is written.
func (s *Server) sendTransaction(c *gin.Context, list []entry, p *plan, done *fhir.Commit, notes [][]fhir.Issue) error {
	exchangeOf(c).accountFor(done.Results)
	b := newBundle(s.bundleHead("transaction-response", -1))
	for i := range list {
		if k, ok := p.places[i]; ok {
			writtenEntry(c, b, p.changes[k].Method, &done.Results[k], notes[k])
			continue
		}
		s.answerEntry(c, b, &list[i], s.request(c, &list[i]))
	}
	return s.sendBundle(c, b)
}

// checkAll holds every resource of the transaction to its rules, several at a
// time. The issues of all come together, placed within the Bundle.
func (s *Server) checkAll(c *gin.Context, changes []fhir.Change) ([][]fhir.Issue, error) {
	found := make([][]fhir.Issue, len(changes))
	links := map[string]bool{}
	for i := range changes {
		links[changes[i].FullURL] = true
	}
	g, ctx := errgroup.WithContext(fhir.WithLinks(c.Request.Context(), links))
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range changes {
		change := &changes[i]
		if change.Resource == nil {
			continue
		}
		g.Go(func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					err = panicked(p)
				}
			}()
			issues := s.config.Validator.Validate(ctx, change.Resource)
			found[i] = within(change, issues)
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, overtime(checking, err)
	}
	var all fhir.Tally
	for _, issues := range found {
		all.Add(issues...)
	}
	if all.Errors() > 0 {
		return nil, &fhir.Error{Op: "validate", Kind: fhir.Processing, Issues: all.Issues()}
	}
	return found, nil
}

// within moves issues about a resource to its place in the Bundle.
func within(change *fhir.Change, issues []fhir.Issue) []fhir.Issue {
	for i := range issues {
		if rest, ok := strings.CutPrefix(issues[i].Expression, change.Type); ok {
			issues[i].Expression = change.Expression + ".resource" + rest
		}
	}
	return issues
}

// appliedStatus is the status that each result would have had by itself.
var appliedStatus = map[fhir.Applied]string{
	fhir.Created: "201 Created", fhir.Updated: "200 OK", fhir.Matched: "200 OK", fhir.Kept: "200 OK",
	fhir.Removed: "200 OK", fhir.Unchanged: "200 OK",
}

// writtenEntry writes what came of a change.
func writtenEntry(c *gin.Context, b *bundleText, method fhir.Method, result *fhir.Result, notes []fhir.Issue) {
	pairs := []any{"status", appliedStatus[result.Applied]}
	back := prefer(c.Request.Header).back
	if method == fhir.Delete {
		if notes = removed(result.Applied); back == minimal {
			pairs[1] = "204 No Content"
		} else {
			back = outcomeOnly
		}
	}
	v := result.Version
	if v == nil && back == outcomeOnly {
		pairs = append(pairs, "outcome", fhir.Outcome(notes))
	}
	if v == nil {
		b.entry("", nil, fhir.Obj("response", fhir.Obj(pairs...)))
		return
	}
	base := exchangeOf(c).base
	if !v.Deleted() {
		pairs = append(pairs, "location", base+"/"+versionPath(v))
	}
	pairs = append(pairs, "etag", etag(v.VersionID), "lastModified", v.LastUpdated.UTC().Format(fhir.InstantLayout))
	var text []byte
	switch {
	case back == outcomeOnly:
		pairs = append(pairs, "outcome", fhir.Outcome(noted(notes)))
	case back == representation && exchangeOf(c).reads(v):
		text = v.JSON
	}
	b.entry(base+"/"+v.Ref(), text, fhir.Obj("response", fhir.Obj(pairs...)))
}
