package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/errgroup"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
)

// batch carries out each entry by itself, whatever becomes of the others:
// https://hl7.org/fhir/R4/http.html#batch
// Deletes come first, then creates, updates and reads; the answers are in the
// order of the entries.
func (s *Server) batch(c *gin.Context, list []entry, issues []fhir.Issue) error {
	if issues != nil {
		return refused("batch", list, issues)
	}
	answers := s.carryOut(c, list)
	if err := c.Request.Context().Err(); errors.Is(err, context.Canceled) {
		return err // nobody is left to tell
	}
	b := newBundle(s.bundleHead("batch-response", -1))
	for i := range list {
		s.answerEntry(c, b, &list[i], answers[i])
		answers[i] = nil // what is in the Bundle is not needed twice
	}
	return s.sendBundle(c, b)
}

// atOnce is how many independent writes of a batch are carried out at a time:
// those that wait for the disk share a sync. Reads need a processor each, and
// memory for what they find.
const atOnce = 16

// carryOut makes the requests of the entries, as long as there is time. Creates go side by side, and so
// do reads; what may be about one resource goes one after the other.
func (s *Server) carryOut(c *gin.Context, list []entry) []*recorder {
	answers := make([]*recorder, len(list))
	var group errgroup.Group
	last := 0
	for _, i := range inOrder(list) {
		e := &list[i]
		if e.issues != nil {
			answers[i] = &recorder{status: http.StatusBadRequest}
			answers[i].body.Write(fhir.Outcome(e.issues).JSON())
			continue
		}
		if t := turn(e.method); t != last || !e.independent() {
			_ = group.Wait() // no function of the group fails
			last = t
			group.SetLimit(e.atOnce())
		}
		if !e.independent() {
			answers[i] = s.request(c, e)
			continue
		}
		group.Go(func() error {
			answers[i] = s.request(c, e)
			return nil
		})
	}
	_ = group.Wait()
	return answers
}

// independent reports whether the order among the entries of its turn does not
// matter.
func (e *entry) independent() bool {
	return !e.writes() || e.method == http.MethodPost && !strings.Contains(e.path, "$")
}

// atOnce is how many requests such as the entry's are carried out at a time.
func (e *entry) atOnce() int {
	if e.writes() {
		return atOnce
	}
	return runtime.GOMAXPROCS(0)
}

// inOrder gives the places of the entries in the order in which R4 has them
// carried out: DELETE, POST, PUT and PATCH, GET and HEAD.
func inOrder(list []entry) []int {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	sorting.Stably(order, func(a, b int) int { return cmp.Compare(turn(list[a].method), turn(list[b].method)) })
	return order
}

func turn(method string) int {
	switch method {
	case http.MethodDelete:
		return 0
	case http.MethodPost:
		return 1
	case http.MethodGet, http.MethodHead:
		return 3
	}
	return 2
}

// answerEntry writes what came of an entry. A resource is in it when it was
// asked for: by reading, or by Prefer: return=representation.
func (s *Server) answerEntry(c *gin.Context, b *bundleText, e *entry, a *recorder) {
	body := a.body.Bytes()
	location := a.header.Get("Location")
	if e.writes() {
		location = cmp.Or(location, a.header.Get("Content-Location"))
	}
	pairs := []any{
		"status", fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)),
		"location", location, "etag", a.header.Get(headerETag),
	}
	if !a.modified.IsZero() {
		pairs = append(pairs, "lastModified", a.modified.UTC().Format(fhir.InstantLayout))
	}
	failed := a.status >= 400
	asked := prefer(c.Request.Header).back
	if failed || e.writes() && (asked == outcomeOnly || e.method == http.MethodDelete) && len(body) > 0 {
		b.entry("", nil, fhir.Obj("response", fhir.Obj(append(pairs, "outcome", fhir.Raw(body))...)))
		return
	}
	if e.writes() && asked != representation && !strings.Contains(e.path, "$") {
		body = nil
	}
	fullURL := ""
	if location != "" {
		fullURL, _, _ = strings.Cut(location, "/_history/")
	} else if len(body) > 0 && e.id != "" && !strings.ContainsAny(e.path, "$_") {
		fullURL = exchangeOf(c).base + "/" + e.path
	}
	if a.nobody && len(body) > 0 {
		b.aside(body)
		body = nil
	}
	b.entry(fullURL, body, fhir.Obj("response", fhir.Obj(pairs...)))
}
