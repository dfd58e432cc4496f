package store_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// names lists versions, with ! behind those that cannot be read.
func names(versions []*fhir.Version) (out []string) {
	for _, v := range versions {
		name := v.Ref() + "/" + v.VersionID
		if v.Damage != "" {
			name += "!"
		}
		out = append(out, name)
	}
	return out
}

func unmarked(list []string) (out []string) {
	for _, n := range list {
		out = append(out, string([]byte(n)[:len(n)-count(n[len(n)-1] == '!')]))
	}
	return out
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// hospital is a database with patients, of which some have two versions, and
// prescriptions for them; and the engine to damage it.
func hospital(t *testing.T) (*store.DB, *kvtest.Damaged) {
	e := &kvtest.Damaged{Engine: mem.New()}
	db := openDB(t, e, store.Options{})
	at := epoch
	write := func(typ, id, text string) {
		at = at.Add(time.Hour)
		_, err := db.Commit(ctx, &fhir.Transaction{Time: at, Changes: []fhir.Change{{Method: fhir.Update, Type: typ, ID: id, Resource: parse(t, "%s", text)}}})
		require.NoError(t, err)
	}
	for i := range 9 {
		id := fmt.Sprintf("p%d", i)
		write("Patient", id, fmt.Sprintf(`{'resourceType':'Patient','id':'%s','gender':'%s','name':[{'family':'F%d','given':['G%d','A']}]}`, id, []string{"male", "female"}[i%2], 8-i, i%3))
	}
	for i := range 9 {
		id := fmt.Sprintf("m%d", i)
		write("MedicationRequest", id, fmt.Sprintf(`{'resourceType':'MedicationRequest','id':'%s','status':'active','intent':'order','subject':{'reference':'Patient/p%d'}}`, id, (i+5)%9))
	}
	for _, i := range []int{3, 4, 6} {
		id := fmt.Sprintf("p%d", i)
		write("Patient", id, fmt.Sprintf(`{'resourceType':'Patient','id':'%s','gender':'male','name':[{'family':'F%d','given':['G%d','B']}]}`, id, 8-i, i%3))
	}
	db = openDB(t, e, store.Options{}) // one that has not read or written anything yet
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db, e
}

// block is the keys of all versions of the resources with some numbers.
func block(typ string, first, last byte) kv.Damage {
	return kv.Damage{Where: "block 7", Low: []byte("v" + typ + "\x00\x00\x00\x00\x00" + string(first)), High: []byte("v" + typ + "\x00\x00\x00\x00\x00" + string(last+1))}
}

// pagesOf goes through the pages of a search.
func pagesOf(t *testing.T, db *store.DB, typ, query string, count int) (matches, included []string, total int) {
	values, err := url.ParseQuery(query)
	require.NoError(t, err)
	q, _, err := search.Parse(typ, values, search.Options{Now: epoch, DefaultCount: count})
	require.NoError(t, err, query)
	total = -1
	for {
		r, err := db.Search(ctx, q)
		require.NoError(t, err, query)
		matches, included = append(matches, names(r.Matches)...), append(included, names(r.Included)...)
		if r.Total >= 0 {
			total = r.Total
		}
		if r.Next == nil {
			return matches, included, total
		}
		require.Len(t, r.Matches, count, "a page is not shorter for what cannot be read")
		q.Page = *r.Next
	}
}

// TestSearchOverDamage asks the same of a database before and after a part of it
// is damaged: the same resources in the same order, with the same total, and those
// in the part are marked; in every way of filling a page.
func TestSearchOverDamage(t *testing.T) {
	for name, set := range map[string]func() func(){
		"usual": func() func() { return func() {} },
		"broad": func() func() { return store.SetSearchLimits(1, 2, 0, 1000, 1000) },
		"keys":  func() func() { return store.SetSearchLimits(3, 1, 2, 5, 2) },
		"walk":  func() func() { return store.SetSortLimits(1, 2) },
		"sort":  func() func() { return store.SetSortLimits(1, 1000) },
	} {
		for _, c := range []struct {
			typ, query string
			part       kv.Damage
			marked     []string
		}{
			{"Patient", "", block("Patient", 4, 6), []string{"Patient/p3/2", "Patient/p4/2", "Patient/p5/1"}},
			{"Patient", "", block("Patient", 1, 9), nil},
			{"Patient", "_id=p4,p5,p8", block("Patient", 4, 6), []string{"Patient/p4/2", "Patient/p5/1"}},
			{"Patient", "gender=male", block("Patient", 4, 6), []string{"Patient/p3/2", "Patient/p4/2"}},
			{"Patient", "gender=male&family=F4,F5,F6", block("Patient", 4, 6), []string{"Patient/p3/2", "Patient/p4/2"}},
			{"Patient", "family:contains=F&given:contains=G", block("Patient", 4, 6), []string{"Patient/p3/2", "Patient/p4/2", "Patient/p5/1"}},
			{"Patient", "gender:not=female", block("Patient", 4, 6), []string{"Patient/p3/2", "Patient/p4/2"}},
			{"Patient", "_sort=family", block("Patient", 4, 6), []string{"Patient/p3/2", "Patient/p4/2", "Patient/p5/1"}},
			{"Patient", "_sort=-given", block("Patient", 4, 6), []string{"Patient/p3/2", "Patient/p4/2", "Patient/p5/1"}},
			{"Patient", "_sort=given", block("Patient", 4, 6), []string{"Patient/p3/2", "Patient/p4/2", "Patient/p5/1"}},
			{"Patient", "_sort=-_id", block("Patient", 4, 6), []string{"Patient/p3/2", "Patient/p4/2", "Patient/p5/1"}},
			{"Patient", "_sort=-_lastUpdated", block("Patient", 4, 6), []string{"Patient/p3/2", "Patient/p4/2", "Patient/p5/1"}},
			{"Patient", "gender=male&_sort=given,-family", block("Patient", 4, 6), []string{"Patient/p3/2", "Patient/p4/2"}},
			{"Patient", "_has:MedicationRequest:patient:status=active", block("Patient", 4, 6), []string{"Patient/p3/2", "Patient/p4/2", "Patient/p5/1"}},
			{"MedicationRequest", "patient.gender=male", block("MedicationRequest", 11, 13), nil},
			{"MedicationRequest", "patient.family=F4", block("MedicationRequest", 10, 18), []string{"MedicationRequest/m8/1"}},
			{"MedicationRequest", "status=active&patient=Patient/p4", block("MedicationRequest", 10, 18), []string{"MedicationRequest/m8/1"}},
			{"MedicationRequest", "_include=MedicationRequest:subject", block("Patient", 4, 6), []string{"Patient/p3/2", "Patient/p4/2", "Patient/p5/1"}},
			{"Patient", "_revinclude=MedicationRequest:subject", block("MedicationRequest", 11, 12), []string{"MedicationRequest/m1/1", "MedicationRequest/m2/1"}},
			{"Patient", "_revinclude=MedicationRequest:subject", block("Patient", 4, 6), []string{"Patient/p3/2", "Patient/p4/2", "Patient/p5/1"}},
		} {
			t.Run(name+" "+c.typ+"?"+c.query, func(t *testing.T) {
				if name == "walk" && strings.Contains(c.query, "given,-family") {
					t.Skip("too many to sort by two parameters")
				}
				defer set()()
				db, e := hospital(t)
				for _, count := range []int{2, 3, 50} {
					e.Parts = nil
					matches, included, total := pagesOf(t, db, c.typ, c.query+"&_total=accurate", count)
					require.Equal(t, len(matches), total)
					require.NotEmpty(t, matches)
					e.Parts = []kv.Damage{c.part}
					before := db.DamagedReads()
					now, more, now2 := pagesOf(t, db, c.typ, c.query+"&_total=accurate", count)
					if strings.Contains(c.query, "_sort") {
						require.Equal(t, matches, unmarked(now))
					}
					require.ElementsMatch(t, matches, unmarked(now))
					require.ElementsMatch(t, included, unmarked(more))
					require.Equal(t, total, now2)
					var marked []string
					for _, n := range append(now, more...) {
						if n[len(n)-1] == '!' {
							marked = append(marked, n[:len(n)-1])
						}
					}
					require.NotEmpty(t, marked)
					require.Equal(t, uint64(len(marked)), db.DamagedReads()-before)
					if slices.Sort(marked); c.marked != nil {
						require.Equal(t, c.marked, slices.Compact(marked))
					}
				}
			})
		}
	}
}

// TestHistoryOverDamage does the same with histories.
func TestHistoryOverDamage(t *testing.T) {
	for name, c := range map[string]struct {
		query  fhir.HistoryQuery
		part   kv.Damage
		marked int
	}{
		"all":      {fhir.HistoryQuery{}, block("Patient", 4, 6), 5},
		"type":     {fhir.HistoryQuery{Type: "Patient"}, block("Patient", 4, 6), 5},
		"resource": {fhir.HistoryQuery{Type: "Patient", ID: "p4"}, block("Patient", 5, 5), 2},
		"newest":   {fhir.HistoryQuery{Type: "Patient", ID: "p4"}, kv.Damage{Where: "x", Low: []byte("vPatient\x00\x00\x00\x00\x00\x05\xff\xff\xff\xfd"), High: []byte("vPatient\x00\x00\x00\x00\x00\x05\xff\xff\xff\xfe")}, 1},
		"since":    {fhir.HistoryQuery{Type: "Patient", Since: epoch.Add(5 * time.Hour)}, block("Patient", 4, 6), 4},
		"at":       {fhir.HistoryQuery{Type: "Patient", At: epoch.Add(12 * time.Hour)}, block("Patient", 4, 6), 3},
		"at one":   {fhir.HistoryQuery{Type: "Patient", ID: "p3", At: epoch.Add(12 * time.Hour)}, block("Patient", 4, 6), 1},
		"past":     {fhir.HistoryQuery{Type: "Patient", ID: "p3", AsOf: 15}, block("Patient", 4, 6), 1},
	} {
		t.Run(name, func(t *testing.T) {
			db, e := hospital(t)
			pages := func(count int) (out []string, totals []int) {
				q := c.query
				for q.Count = count; ; q.AsOf = db.Head() {
					if c.query.AsOf != 0 {
						q.AsOf = c.query.AsOf
					}
					h, err := db.History(ctx, q)
					require.NoError(t, err)
					out, totals = append(out, names(h.Versions)...), append(totals, h.Total)
					if q.Before = h.Next; h.Next == (fhir.LogPlace{}) {
						return out, totals
					}
					require.Len(t, h.Versions, count)
				}
			}
			for _, count := range []int{1, 2, 50} {
				e.Parts = nil
				want, totals := pages(count)
				e.Parts = []kv.Damage{c.part}
				got, now := pages(count)
				require.Equal(t, want, unmarked(got))
				require.Equal(t, totals, now)
				marked := 0
				for _, n := range got {
					marked += count1(n)
				}
				require.Equal(t, c.marked, marked, got)
			}
		})
	}
}

func count1(name string) int { return count(name[len(name)-1] == '!') }

// TestReadOfDamage: a read of a resource that cannot be read names it and what to
// do, in each way of reading; conditions still find what the index knows.
func TestReadOfDamage(t *testing.T) {
	db, e := hospital(t)
	e.Parts = []kv.Damage{block("Patient", 4, 6)}
	_, err := db.Read(ctx, "Patient", "p3")
	_, err2 := db.VRead(ctx, "Patient", "p3", "1")
	_, err3 := db.State(ctx).Current("Patient", "p3")
	_, err4 := db.State(ctx).First("Patient", "p3")
	_, err5 := db.ReadBefore(ctx, "Patient", "p3", epoch.Add(12*time.Hour))
	_, err6 := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{put("p3", patient(t, "1", "x"))}})
	for _, err := range []error{err, err2, err3, err4, err5, err6} {
		require.ErrorIs(t, err, kv.ErrDamaged)
		require.Equal(t, fhir.Exception, fhir.KindOf(err))
		require.ErrorContains(t, err, "Patient/p3")
		require.ErrorContains(t, err, "cannot be read: a part of the database is damaged: block 7.")
		require.ErrorContains(t, err, "backup")
	}
	require.Equal(t, uint64(6), db.DamagedReads())
	ids, err := db.State(ctx).Find("Patient", "family=F5&gender=male")
	require.NoError(t, err)
	require.Equal(t, []string{"p3"}, ids)
	v, err := db.Read(ctx, "Patient", "p2")
	require.NoError(t, err)
	require.Empty(t, v.Damage)

	// as of a commit before what is damaged, the others are as they were
	old := kv.Damage{Where: "x", Low: []byte("vPatient\x00\x00\x00\x00\x00\x04\xff\xff\xff\xfd"), High: []byte("vPatient\x00\x00\x00\x00\x00\x04\xff\xff\xff\xfe")}
	e.Parts = []kv.Damage{old}
	v, err = db.ReadAt(ctx, "Patient", "p3", 15)
	require.NoError(t, err)
	require.Equal(t, "1", v.VersionID)

	// what is not even known by its id is named by its number
	e.Parts = []kv.Damage{block("Patient", 4, 6), {Where: "ids", Low: []byte("iPatient"), High: []byte("iPatiens")}, {Where: "ids", Low: []byte("iPatient\x00p0"), High: []byte("iPatient\x00p9")}}
	matches, _, total := pagesOf(t, db, "Patient", "family=F5,F6&_total=accurate", 50)
	require.Equal(t, []string{"Patient/p2/1", "Patient/(number 4)/0!"}, matches)
	require.Equal(t, 2, total)
	_, err = db.State(ctx).Find("Patient", "family=F5")
	require.ErrorContains(t, err, "number 4")
}
