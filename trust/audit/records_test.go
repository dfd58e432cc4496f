package audit_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/uk"
	"github.com/pestle-fhir/pestle/trust/audit"
)

var site = audit.Site{Name: "High Street", ODS: "FA565", Address: "https://pestle.example"}

// TestRenderedIsValid renders every kind of event, and validates it against R4
// and UK Core.
func TestRenderedIsValid(t *testing.T) {
	validator := profiles.New(profiles.WithLibrary(uk.Library()))
	for _, interaction := range []string{"read", "vread", "search-type", "history-instance", "history-type", "history-system", "create", "update", "update-conditional", "patch", "delete-conditional",
		"$accept", "$export", "$validate", "transaction", "batch", "intake", "metrics", "command", "delete-retained", "sign-in", "sign-out", "introspect", "revoke"} {
		for _, status := range []int{200, 304, 401, 403, 404, 503} {
			for _, agent := range []string{"", "anonymous", "sds-user-id|555", "https://fhir.nhs.uk/Id/sds-role-profile-id|1", "Practitioner/1", "https://id.example/Practitioner/1", "odd agent|", "urn:x"} {
				e := event(3)
				e.Number, e.Interaction, e.Status, e.By.Agent, e.Address = 7, interaction, status, agent, []string{"10.0.0.1", "::1", "local", ""}[status%4]
				e.Shown = append(e.Shown, fhir.Shown{Type: "Group", ID: "g", VersionID: "3", Patients: []string{"p3", "other"}}, fhir.Shown{Type: "Practitioner", ID: "d"})
				if status >= 400 {
					e.Shown = nil
				}
				for part := range max(1, len(e.Patients())) {
					r := site.Render(e, part)
					for _, issue := range validator.Validate(t.Context(), r, "https://fhir.hl7.org.uk/StructureDefinition/UKCore-AuditEvent") {
						require.False(t, issue.IsError(), "%s %d %s: %s: %s\n%s", interaction, status, agent, issue.Expression, issue.Text(), r.JSON())
					}
					text := string(r.JSON())
					require.Contains(t, text, "/StructureDefinition/")
					require.Equal(t, status < 400 && part == 0, strings.Contains(text, "Practitioner/d"), "what is of nobody is in the first: %s", text)
				}
			}
		}
	}
}

func parse(t *testing.T, text string) *search.Query {
	values, err := url.ParseQuery(text)
	require.NoError(t, err)
	q, _, err := search.Parse("AuditEvent", values, search.Options{DefaultCount: 20, MaxCount: 10_000})
	require.NoError(t, err, text)
	return q
}

// TestSearch compares searches, page by page, with every AuditEvent of the log
// held against the clauses.
func TestSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	l := open(t, t.TempDir(), audit.Options{SegmentSize: 32 << 10})
	start := time.UnixMilli(1_790_000_000_123).UTC()
	var everything []*fhir.Version
	records := audit.Records{Log: l, Site: site}
	for i := range 250 {
		e := chance(r, start.Add(time.Duration(i)*time.Minute))
		e.By.Agent = []string{"Practitioner/1", "sds-user-id|555", "x:y|z"}[r.IntN(3)]
		require.NoError(t, l.Append(t.Context(), e))
		for part := range max(1, len(e.Patients())) {
			everything = append(everything, &fhir.Version{ID: site.Render(e, part).ID(), LastUpdated: e.Time, JSON: site.Render(e, part).JSON()})
		}
	}
	dates := []string{"date=ge" + start.Add(3*time.Hour).Format("2006-01-02T15:04:05Z"), "date=lt" + start.Add(7*time.Hour).Format("2006-01-02T15:04:05.000Z"), "date=" + start.Format("2006-01-02"),
		"date=gt" + start.Format("2006-01-02"), "date=le" + start.Format("2006-01"), "date=ne" + start.Format("2006-01-02"), "_lastUpdated=ge" + start.Add(5*time.Hour).Format(time.RFC3339)}
	others := []string{"patient=p1", "patient=Patient/p2,p3", "patient=nobody", "agent=Practitioner/1", "agent:identifier=https://fhir.nhs.uk/Id/sds-user-id|555", "agent:Practitioner=1", "entity=Task/t1", "entity=Patient/p2",
		"action=R", "action=E,U", "action=http://hl7.org/fhir/audit-event-action|R", "type=rest", "subtype=read", "outcome=0", "patient:missing=true", "_id=5,17-2,90", "action:not=R", "address=unknown", "site=FA565"}
	for range 30 {
		var terms []string
		for range r.IntN(3) {
			terms = append(terms, others[r.IntN(len(others))])
		}
		if r.IntN(2) == 0 {
			terms = append(terms, dates[r.IntN(len(dates))])
		}
		ascending := r.IntN(2) == 0
		if ascending {
			terms = append(terms, "_sort=date")
		}
		count := 1 + r.IntN(400)
		q := parse(t, strings.Join(append(terms, "_total=accurate", fmt.Sprint("_count=", count)), "&"))
		var want []string
		for _, v := range everything {
			resource, err := v.Resource()
			require.NoError(t, err)
			keys, err := search.Extract(t.Context(), resource)
			require.NoError(t, err)
			keys = append(keys, search.Entry{Param: search.LastUpdated, Key: search.InstantKey(v.LastUpdated)}, search.Entry{Param: search.Every, Key: search.EveryKey})
			if !slices.ContainsFunc(q.Clauses, func(c search.Clause) bool { return !c.Holds(v.ID, keys) }) {
				want = append(want, v.ID)
			}
		}
		var got []string
		for pages := 0; ; pages++ {
			require.Less(t, pages, 2000)
			found, err := records.Search(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, len(want), found.Total, terms)
			require.LessOrEqual(t, len(found.Matches), count)
			for _, v := range found.Matches {
				got = append(got, v.ID)
				read, err := records.Read(t.Context(), v.ID)
				require.NoError(t, err)
				require.Equal(t, read, v)
			}
			if found.Next == nil {
				break
			}
			require.Len(t, found.Matches, count, "a page but the last is full")
			q.Page = *found.Next
			if pages == 0 { // what comes later is in no page
				require.NoError(t, l.Append(t.Context(), &audit.Event{Access: fhir.Access{Time: start.Add(time.Hour), Interaction: "metrics"}}))
			}
		}
		for _, id := range got { // the order of the log
			require.Contains(t, want, id)
		}
		require.Len(t, got, len(want), "%v: each once", terms)
		slices.Sort(got)
		slices.Sort(want)
		require.Equal(t, want, got)
		// what was appended meanwhile counts from now on
		everything = everything[:0]
		require.NoError(t, l.Read(1, func(e *audit.Event) error {
			for part := range max(1, len(e.Patients())) {
				v := site.Render(e, part)
				everything = append(everything, &fhir.Version{ID: v.ID(), LastUpdated: e.Time, JSON: v.JSON()})
			}
			return nil
		}))
	}
	for _, refused := range []string{"patient.name=x", "_include=AuditEvent:patient", "_revinclude=Provenance:target", "_sort=agent"} {
		_, err := records.Search(t.Context(), parse(t, refused))
		require.Equal(t, fhir.NotSupported, fhir.KindOf(err), refused)
	}
	// A clinic sees what was done for it, the pharmacy and who sees all see everything.
	clinic := &audit.Event{Access: fhir.Access{Time: start, Interaction: "read", Status: 200, By: fhir.Principal{Agent: "Practitioner/7", OnBehalf: "A83008"}}}
	require.NoError(t, l.Append(t.Context(), clinic))
	total := func(p fhir.Principal) int {
		found, err := records.Search(fhir.WithPrincipal(t.Context(), &p), parse(t, "_summary=count"))
		require.NoError(t, err)
		return found.Total
	}
	everybody := total(fhir.Principal{})
	require.Greater(t, everybody, 250)
	require.Equal(t, 1, total(fhir.Principal{Agent: "a", OnBehalf: "A83008"}))
	require.Equal(t, 0, total(fhir.Principal{Agent: "a", OnBehalf: "X99CL"}))
	require.Equal(t, everybody, total(fhir.Principal{Agent: "a", OnBehalf: "FA565"}))
	require.Equal(t, everybody, total(fhir.Principal{Agent: "a", OnBehalf: "X99CL", SeesAll: true}))
	_, err := records.Read(fhir.WithPrincipal(t.Context(), &fhir.Principal{Agent: "a", OnBehalf: "A83008"}), "1")
	require.Equal(t, fhir.NotFound, fhir.KindOf(err))
	for _, id := range []string{"0", "701000", "1-1", "01", "5-9", "-1", "x", "18446744073709551616"} {
		_, err := records.Read(t.Context(), id)
		require.Equal(t, fhir.NotFound, fhir.KindOf(err), id)
	}
}
