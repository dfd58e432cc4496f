package pharmacy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// finding is a database that searches.
type finding struct{ *fake }

func (f finding) State(context.Context) fhir.State { return f }

func (f finding) Find(typ, query string) (ids []string, err error) {
	q, err := search.ParseCondition(typ, query, search.Options{})
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, v := range f.now {
		r, err := v.Resource()
		if err != nil {
			return nil, err
		}
		entries, err := search.Extract(context.Background(), r)
		if err != nil {
			return nil, err
		}
		if v.Type == typ && !slices.ContainsFunc(q.Clauses, func(c search.Clause) bool { return !c.Holds(v.ID, entries) }) {
			ids = append(ids, v.ID)
		}
	}
	return ids, nil
}

// serial writes a List for each Basic, with how many there are of its code. One of
// the code "again" takes another code from all Lists that have it.
type serial struct{ echo }

func (serial) Step(_ context.Context, state fhir.State, v *fhir.Version) ([]fhir.Change, error) {
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	code := r.Root().Path("code", "text").Text()
	list := func(id, code, title string, absent bool, match string) fhir.Change {
		return fhir.Change{Method: fhir.Update, Type: "List", ID: id, IfAbsent: absent, IfMatch: match,
			Resource: fhir.Obj("resourceType", "List", "id", id, "identifier", fhir.List(fhir.Obj("system", "urn:codes", "value", code)), "title", title).Resource()}
	}
	had, err := state.Find("List", "identifier=urn:codes%7C"+code)
	if err != nil {
		return nil, err
	}
	changes := []fhir.Change{list(v.ID, code, fmt.Sprint(len(had)), true, "")}
	if len(had) == 3 {
		slices.Sort(had)
		changes = append(changes, list(had[0], "spent", "0", false, "1"))
	}
	return changes, nil
}

// TestFoldingByValue: commits whose searches find nothing of what is to be committed
// are committed together, and what comes of them is what comes of one after the other.
func TestFoldingByValue(t *testing.T) {
	for _, codes := range []int{1, 3, 40, 1000} {
		run := func(apart bool) (lists map[string]string, commits int) {
			db := finding{newFake()}
			random := rand.New(rand.NewPCG(7, uint64(codes)))
			for i := range 300 {
				body := fhir.Obj("resourceType", "Basic", "id", fmt.Sprint(i), "code", fhir.Obj("text", fmt.Sprint("c", random.IntN(codes)))).Resource()
				_, err := db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Basic", ID: body.ID(), Resource: body}}})
				require.NoError(t, err)
			}
			db.fail = func(tx *fhir.Transaction) error {
				if commits++; tx.Cursor.Name == "" {
					commits--
				}
				return nil
			}
			l := &Loop{DB: db, Follower: serial{}}
			if apart {
				l.apart = 1 << 20
			}
			stop := follow(t, l)
			require.Eventually(t, func() bool { at, _ := db.CursorAt(t.Context(), "echo"); return at >= 300 }, 20*time.Second, time.Millisecond)
			stop()
			lists = map[string]string{}
			for _, v := range db.now {
				if v.Type == "List" {
					list, err := v.Resource()
					require.NoError(t, err)
					lists[v.ID] = list.Get("identifier").Get("value").Text() + " " + list.Get("title").Text() + " " + v.VersionID
				}
			}
			return lists, commits
		}
		want, _ := run(true)
		got, commits := run(false)
		require.Equal(t, want, got, codes)
		if codes >= 40 {
			require.Less(t, commits, 150, codes)
		}
	}
}

// TestForeseen: which changes may change what a search finds.
func TestForeseen(t *testing.T) {
	change := func(id, value string) fhir.Change {
		return fhir.Change{Method: fhir.Update, Type: "ClaimResponse", ID: id,
			Resource: fhir.Obj("resourceType", "ClaimResponse", "id", id, "meta", fhir.Obj("tag", fhir.List(fhir.Obj("system", "urn:t", "code", value))),
				"request", fhir.Obj("reference", "Claim/1"), "status", "active").Resource()}
	}
	for _, c := range []struct {
		query  string
		found  []string
		change fhir.Change
		meets  bool
	}{
		{"_tag=urn:t%7Ca", nil, change("1", "a"), true},
		{"_tag=urn:t%7Ca", nil, change("1", "b"), false},
		{"_tag=urn:t%7Ca,urn:t%7Cb", nil, change("1", "b"), true},
		{"_tag=urn:t%7Ca&status=active", nil, change("1", "a"), true},
		{"_tag=urn:t%7Ca&status=cancelled", nil, change("1", "a"), false},
		{"_tag=urn:t%7Ca", []string{"1"}, change("1", "b"), true},
		{"_tag=urn:t%7Ca", []string{"2"}, fhir.Change{Method: fhir.Delete, Type: "ClaimResponse", ID: "1"}, false},
		{"_tag=urn:t%7Ca", []string{"1"}, fhir.Change{Method: fhir.Delete, Type: "ClaimResponse", ID: "1"}, true},
		{"_tag=urn:t%7Ca", nil, fhir.Change{Method: fhir.Create, Type: "ClaimResponse", Condition: "identifier=x"}, true},
		{"_tag:not=urn:t%7Ca", nil, change("1", "a"), true},
		{"request=Claim/2", nil, change("1", "b"), true},
		{"_id=2", nil, change("1", "b"), true},
		{"created=2026-01-01", nil, change("1", "b"), true},
		{"nonsense=1", nil, change("1", "b"), true},
	} {
		p := &pending{}
		p.add(c.change)
		for range 2 { // the second time by what is remembered
			require.Equal(t, c.meets, p.meets(lookup{"ClaimResponse", c.query, c.found}), c.query)
		}
	}
}
