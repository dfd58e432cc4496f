package server_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server"
)

// readings counts the matches that a repository reads.
type readings struct {
	server.Repository
	n *atomic.Int64
}

func (r readings) Search(ctx context.Context, q *search.Query) (*search.Result, error) {
	res, err := r.Repository.Search(ctx, q)
	if err == nil {
		r.n.Add(int64(len(res.Matches)))
	}
	return res, err
}

// TestSearchOfAllTypesInOrder: the pages of several types are one order, and a page
// reads what it shows and a little of each type, however many a page of each would be.
func TestSearchOfAllTypesInOrder(t *testing.T) {
	var n atomic.Int64
	h := newHandler(t, func(c *server.Config) { c.Repository = readings{c.Repository, &n} })
	types := []string{"Device", "HealthcareService", "Location", "Medication", "MedicationKnowledge", "OrganizationAffiliation", "Patient", "Person", "Practitioner", "PractitionerRole"}
	var want []string
	for i := range 40 {
		var entries []string
		for k, typ := range types {
			id := fmt.Sprintf("%02d%s", (i*7+k*3)%40, strings.ToLower(typ))
			want = append(want, typ+"/"+id)
			entries = append(entries, fmt.Sprintf(`{"resource":{"resourceType":%q,"id":%q},"request":{"method":"PUT","url":"%s/%s"}}`, typ, id, typ, id))
		}
		w := call(h, "POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[`+strings.Join(entries, ",")+`]}`)
		require.Equal(t, len(entries), strings.Count(w.Body.String(), `"201`), w.Body)
	}
	read := func(target string) (refs []string, next string) {
		w := call(h, "GET", target, "")
		require.Equal(t, 200, w.Code, w.Body)
		b, err := fhir.Parse(w.Body.Bytes())
		require.NoError(t, err)
		for e := range b.Get("entry").Items() {
			refs = append(refs, e.Path("resource", "resourceType").Text()+"/"+e.Path("resource", "id").Text())
		}
		for l := range b.Get("link").Items() {
			if l.Get("relation").Text() == "next" {
				next = l.Get("url").Text()[strings.Index(l.Get("url").Text(), "/fhir"):]
			}
		}
		return refs, next
	}
	for _, size := range []int{1, 7, 50, 1000} {
		var got []string
		for next := fmt.Sprintf("/fhir?_sort=_id&_count=%d", size); next != ""; {
			n.Store(0)
			var page []string
			page, next = read(next)
			require.LessOrEqual(t, n.Load(), int64(2*len(page)+16*len(types)), "%d of a page", len(page))
			got = append(got, page...)
		}
		require.Len(t, got, len(want))
		require.ElementsMatch(t, want, got)
		for i := 1; i < len(got); i++ {
			_, a, _ := strings.Cut(got[i-1], "/")
			_, b, _ := strings.Cut(got[i], "/")
			require.LessOrEqual(t, a, b)
		}
	}
}
