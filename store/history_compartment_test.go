package store_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// The history of a compartment is, of the history of everything, the versions that refer
// to its resource and the deletions of what did, whatever the page and the period.
func TestHistoryOfCompartment(t *testing.T) {
	now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	start := now
	db := openDB(t, mem.New(), store.Options{Clock: func() time.Time { return now }})
	defer func() { require.NoError(t, db.Close()) }()
	rnd := rand.New(rand.NewPCG(3, 9))
	subjects := []string{"p", "q", "pp"}
	for _, id := range subjects {
		commit(t, db, put(id, patient(t, id, "Ames")))
	}
	for range 200 {
		now = now.Add(time.Second)
		var changes []fhir.Change
		for _, n := range rnd.Perm(9)[:1+rnd.IntN(4)] {
			typ, id := []string{"Basic", "Flag"}[n%2], fmt.Sprint("r", n)
			if rnd.IntN(5) == 0 {
				changes = append(changes, fhir.Change{Method: fhir.Delete, Type: typ, ID: id})
				continue
			}
			r := parse(t, `{'resourceType':'%s','id':'%s','language':'x-%d','subject':{'reference':'Patient/%s'},'author':{'reference':'Patient/%s'}}`,
				typ, id, rnd.IntN(4), subjects[rnd.IntN(3)], subjects[rnd.IntN(3)])
			changes = append(changes, fhir.Change{Method: fhir.Update, Type: typ, ID: id, Resource: r})
		}
		if rnd.IntN(9) == 0 {
			changes = append(changes, put("p", patient(t, fmt.Sprint(rnd.IntN(99)), "Ames")))
		}
		commit(t, db, changes...)
	}
	all, err := db.History(ctx, fhir.HistoryQuery{Count: 10_000})
	require.NoError(t, err)
	params := map[string][]string{"Basic": {"patient", "author"}, "Flag": {"patient"}, "Patient": nil}
	for _, types := range [][]string{{"Basic", "Flag", "Patient"}, {"Basic", "Flag"}, {"Flag"}, {"Patient"}} {
		members := maps.Clone(params)
		maps.DeleteFunc(members, func(typ string, _ []string) bool { return !slices.Contains(types, typ) })
		for _, period := range [][3]int{{}, {90, 0, 0}, {0, 60, 0}, {0, 60, 130}} {
			at := func(second int) (t time.Time) {
				if second > 0 {
					t = start.Add(time.Duration(second) * time.Second)
				}
				return t
			}
			q := fhir.HistoryQuery{Type: "Patient", ID: "p", Members: members, Count: 7, Since: at(period[0]), At: at(period[1]), Until: at(period[2])}
			var want, got []string
			belonged := map[string]bool{}
			ended := map[string]time.Time{} // when the version behind one came
			for _, v := range all.Versions {
				ended[v.Ref()+"/"+v.VersionID] = v.LastUpdated
			}
			for _, v := range slices.Backward(all.Versions) {
				belongs := v.Type == "Patient" && v.ID == "p"
				if v.Deleted() {
					belongs = belonged[v.Ref()]
				} else if r, err := v.Resource(); v.Type != "Patient" {
					require.NoError(t, err)
					of := func(name string) bool { return r.Root().Path(name, "reference").Text() == "Patient/p" }
					belongs = of("subject") || v.Type == "Basic" && of("author")
				}
				belonged[v.Ref()] = belongs && !v.Deleted()
				number, err := strconv.Atoi(v.VersionID)
				require.NoError(t, err)
				next, over := ended[fmt.Sprintf("%s/%d", v.Ref(), number+1)]
				in := slices.Contains(types, v.Type) && belongs && !v.LastUpdated.Before(q.Since)
				if !q.At.IsZero() {
					end := q.Until
					if end.IsZero() {
						end = q.At.Add(time.Nanosecond)
					}
					in = in && v.LastUpdated.Before(end) && (!over || next.After(q.At))
				}
				if in {
					want = append(want, fmt.Sprintf("%s/%s %d", v.Ref(), v.VersionID, v.Seq))
				}
			}
			if q.Oldest = len(types) == 2 || period[0] > 0; !q.Oldest {
				slices.Reverse(want)
			}
			for {
				h, err := db.History(ctx, q)
				require.NoError(t, err)
				if h.Total >= 0 {
					require.Equal(t, len(want), h.Total)
				}
				for _, v := range h.Versions {
					got = append(got, fmt.Sprintf("%s/%s %d", v.Ref(), v.VersionID, v.Seq))
				}
				q.AsOf, q.Before = h.AsOf, h.Next
				if h.Next == (fhir.LogPlace{}) {
					break
				}
				now = now.Add(time.Second) // what comes meanwhile is on no page
				commit(t, db, fhir.Change{Method: fhir.Update, Type: "Flag", ID: "later", Resource: parse(t, `{'resourceType':'Flag','id':'later','language':'x-%d','subject':{'reference':'Patient/p'}}`, now.Unix())})
			}
			require.Equal(t, want, got, "%v %v", types, period)
			commit(t, db, fhir.Change{Method: fhir.Delete, Type: "Flag", ID: "later"})
			all, err = db.History(ctx, fhir.HistoryQuery{Count: 10_000})
			require.NoError(t, err)
		}
	}
	_, err = db.History(ctx, fhir.HistoryQuery{Type: "Patient", ID: "none", Members: map[string][]string{"Flag": {"patient"}}, Count: 1})
	require.Equal(t, fhir.NotFound, fhir.KindOf(err))
}
