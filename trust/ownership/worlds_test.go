package ownership_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
	"github.com/pestle-fhir/pestle/trust/ownership"
)

// observed fills a database: 1500 Observations of 150 patients of X99CL and, beside
// each fifth of them, some of EVIL99 that are like it.
func observed(t testing.TB, others int) *store.DB {
	n := 0
	newID := func() string { n++; return fmt.Sprint("n", n) }
	db, err := store.Open(mem.New(), store.Options{Owners: ownership.New(""), NewID: newID})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	create := func(org string, texts ...string) {
		tx := &fhir.Transaction{Requester: principal(org)}
		for _, text := range texts {
			r, err := fhir.Parse([]byte(text))
			require.NoError(t, err)
			tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r})
		}
		_, err := db.Commit(sees(org), tx)
		require.NoError(t, err)
	}
	make := func(org string, i, k int) (texts []string) {
		if i%10 == 0 {
			texts = append(texts, fmt.Sprintf(`{"resourceType":"Patient","id":"%s-p%d-%d","name":[{"family":"Name%d"}],"birthDate":"%04d-01-01","gender":"%s"}`, org, i/10, k, i/10%7, 1900+i/10+k, []string{"male", "female"}[i/10%2]))
		}
		return append(texts, fmt.Sprintf(`{"resourceType":"Observation","id":"%s-o%d-%d","identifier":[{"value":"%d"}],"status":"%s","code":{"coding":[{"system":"http://loinc.org","code":"%d"}]},
"subject":{"reference":"Patient/%s-p%d-%d"},"effectiveDateTime":"20%02d-%02d-01","valueQuantity":{"value":%d}}`, org, i, k, i, []string{"final", "amended"}[i%2], i%5, org, i/10, k, i%30, 1+i%12, 1500-i))
	}
	for i := range 1500 {
		create("X99CL", make("X99CL", i, 0)...)
		var hidden []string
		for k := range others * (1 - min(i%5, 1)) { // many at once, so that streams leap over them
			hidden = append(hidden, make("EVIL99", i, k)...)
		}
		if hidden != nil {
			create("EVIL99", hidden...)
		}
	}
	return db
}

// pages answers a search with all its pages: the order, the totals and whether
// there are further pages.
func pages(t testing.TB, db *store.DB, typ, query string) string {
	values, err := url.ParseQuery(query)
	require.NoError(t, err)
	q, _, err := search.Parse(typ, values, search.Options{DefaultCount: 37})
	require.NoError(t, err)
	var out strings.Builder
	for page := 0; page < 30; page++ {
		r, err := db.Search(sees("X99CL"), q)
		if err != nil {
			return out.String() + err.Error()
		}
		fmt.Fprint(&out, r.Total, r.Previous != nil, r.Last != nil, " ")
		for _, v := range r.Matches {
			require.Contains(t, v.ID, "X99CL")
			fmt.Fprint(&out, v.ID, " ")
		}
		for _, v := range r.Included {
			require.Contains(t, v.ID, "X99CL")
			fmt.Fprint(&out, "+", v.ID, " ")
		}
		if r.Next == nil {
			break
		}
		q.Page = *r.Next
	}
	return out.String()
}

// What a search answers, in which order, with which total and on which pages, does
// not depend on what is not shown, however much that is: no plan, no bound and no
// estimate may tell.
func TestSearchesDoNotDependOnWhatIsNotShown(t *testing.T) {
	alone, beside := observed(t, 0), observed(t, 30)
	for _, query := range []string{
		"Observation?", "Observation?status=final", "Observation?code=http://loinc.org|3", "Observation?code=3&status=amended", "Observation?identifier=17",
		"Observation?date=ge2005", "Observation?date=ge2005&status=final", "Observation?value-quantity=gt100", "Observation?value-quantity=lt150", "Observation?value-quantity=lt20&date=ge2003",
		"Observation?status:not=final", "Observation?status:not=final&date=lt2020", "Observation?subject=Patient/X99CL-p3-0", "Observation?subject=Patient/EVIL99-p3-0",
		"Observation?subject:Patient.name=Name3", "Observation?subject:Patient.birthdate=gt1910", "Observation?subject:Patient.gender=male&status=final",
		"Observation?_sort=date", "Observation?_sort=-date", "Observation?_sort=-date&status=final", "Observation?_sort=value-quantity&date=ge2010", "Observation?_sort=status,-date",
		"Observation?_sort=_id", "Observation?_sort=-_lastUpdated&code=2", "Observation?_include=Observation:subject&code=1", "Observation?_total=accurate&date=ge2001", "Observation?_summary=count&date=ge2001",
		"Observation?_summary=count", "Observation?_id=X99CL-o1-0,EVIL99-o1-0", "Observation?subject:missing=false", "Observation?code:not=1&_sort=date",
		"Patient?", "Patient?name=Name", "Patient?name:contains=ame3", "Patient?birthdate=gt1905", "Patient?_has:Observation:subject:status=final", "Patient?_has:Observation:subject:value-quantity=gt280",
		"Patient?_has:Observation:subject:date=ge2028", "Patient?_revinclude=Observation:subject&name=Name2", "Patient?_revinclude=*", "Patient?gender=male&birthdate=lt1925", "Patient?_sort=birthdate", "Patient?_sort=-family",
	} {
		typ, params, _ := strings.Cut(query, "?")
		require.Equal(t, pages(t, alone, typ, params), pages(t, beside, typ, params), query)
	}
	h, err := beside.History(sees("X99CL"), fhir.HistoryQuery{Type: "Observation", Count: 1000})
	require.NoError(t, err)
	require.Len(t, h.Versions, 1000)
	all, err := beside.Search(context.Background(), &search.Query{Type: "Observation", Count: 1, Total: search.TotalAccurate})
	require.NoError(t, err)
	require.Equal(t, 1500+300*30, all.Total)
}
