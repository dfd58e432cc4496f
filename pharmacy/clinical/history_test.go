package clinical

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// counted counts what is read of a state.
type counted struct {
	fhir.State
	reads *int
}

func (c counted) Current(typ, id string) (*fhir.Version, error) {
	*c.reads++
	return c.State.Current(typ, id)
}

func (c counted) Bare(typ, id string) (*fhir.Version, error) {
	*c.reads++
	return c.State.Bare(typ, id)
}

func (c counted) First(typ, id string) (*fhir.Version, error) {
	*c.reads++
	return c.State.First(typ, id)
}

func (c counted) Find(typ, query string) ([]string, error) {
	ids, err := c.State.Find(typ, query)
	*c.reads += 1 + len(ids)
	return ids, err
}

func (c counted) Newest(typ, query string, n int) ([]string, error) {
	ids, err := c.State.Newest(typ, query, n)
	*c.reads += 1 + len(ids)
	return ids, err
}

// history is a patient with an open order, and so many supplies and measurements
// before: one of each a month in the last year, and all others in the years before.
func history(t *testing.T, n int) (*store.DB, *fhir.Version) {
	db, err := store.Open(mem.New(), store.Options{})
	require.NoError(t, err)
	on := date(day0).Add(9 * time.Hour)
	put := func(at time.Time, bodies ...string) {
		tx := &fhir.Transaction{Time: at}
		for _, body := range bodies {
			r, err := fhir.Parse([]byte(body))
			require.NoError(t, err)
			tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r})
		}
		_, err := db.Commit(t.Context(), tx)
		require.NoError(t, err)
	}
	medicine := `"medicationCodeableConcept":{"text":"Elvanse 30mg capsules"},"subject":{"reference":"Patient/p"},"dosageInstruction":[{"text":"One daily"}]`
	put(on.AddDate(-19, 0, 0), `{"resourceType":"Patient","id":"p","birthDate":"1989-03-14"}`)
	for i := n; i > 0; i-- {
		at := on.AddDate(0, -i, 0)
		if i > 12 {
			at = on.AddDate(-2, 0, -5*i/2)
		}
		day := at.Format(time.DateOnly)
		put(at, fmt.Sprintf(`{"resourceType":"MedicationDispense","id":"d%d","status":"completed",%s,"quantity":{"value":28,"unit":"capsule"},"whenHandedOver":"%s"}`, i, medicine, day),
			fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":"Patient/p"},"effectiveDateTime":"%s","valueQuantity":{"value":72}}`, i, day))
	}
	put(on, fmt.Sprintf(`{"resourceType":"MedicationRequest","id":"o","status":"active","intent":"order",%s,"groupIdentifier":{"system":"%s","value":"24F5DA-A83008-7EFE6Z"},"dispenseRequest":{"quantity":{"value":28,"unit":"capsule"}}}`, medicine, nhs.IDOrder))
	v, err := db.State(t.Context()).Current("MedicationRequest", "o")
	require.NoError(t, err)
	return db, v
}

// TestHistoryIsFlat: what is read of a patient with 2,000 supplies and as many
// measurements is what is read of one with 20.
func TestHistoryIsFlat(t *testing.T) {
	reads, found := map[int]int{}, map[int][]string{}
	for _, n := range []int{20, 2000} {
		db, v := history(t, n)
		count := 0
		state := counted{db.State(t.Context()), &count}
		p, err := personOf(state, "p")
		require.NoError(t, err)
		j, err := New(db, Options{Site: "VNE51"}).check(state, v, p, date(day0), everyRule, nil)
		require.NoError(t, err)
		for _, f := range j.findings {
			found[n] = append(found[n], f.Rule.ID)
		}
		reads[n] = count
		require.NoError(t, db.Close())
	}
	t.Log(reads, found)
	require.Equal(t, found[20], found[2000])
	require.LessOrEqual(t, reads[2000], reads[20]+reads[20]/2)
}

// TestTakenOnHistoryIsFlat: what another pharmacy supplied long ago and was taken on last
// month, before or after what it supplied lately, costs the checks nothing: 20 of such
// supplies or 2,000, and they find the same.
func TestTakenOnHistoryIsFlat(t *testing.T) {
	for _, order := range []string{"the old ones last", "the old ones first"} {
		reads, found := map[int]int{}, map[int][]string{}
		for _, n := range []int{20, 2000} {
			db, v := history(t, 20)
			on := date(day0).Add(9 * time.Hour)
			write := func(from, to int, days func(i int) int) {
				tx := &fhir.Transaction{Time: on.AddDate(0, -1, 0)}
				for i := from; i < to; i++ {
					r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"MedicationDispense","id":"e%d","meta":{"tag":[{"system":"%s","code":"%s"}]},"status":"completed","medicationCodeableConcept":{"text":"Elvanse 30mg capsules"},"subject":{"reference":"Patient/p"},"quantity":{"value":28,"unit":"capsule"},"whenHandedOver":"%s"}`,
						i, nhs.CSOwnOrigin, nhs.FromElsewhere, on.AddDate(0, 0, -days(i)).Format(time.DateOnly)))
					require.NoError(t, err)
					tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r})
				}
				_, err := db.Commit(t.Context(), tx)
				require.NoError(t, err)
			}
			old := func() { write(10, 10+n, func(i int) int { return 401 + i }) }
			if order == "the old ones first" {
				old()
			}
			write(0, 10, func(i int) int { return 40 + 30*i })
			if order != "the old ones first" {
				old()
			}
			count := 0
			state := counted{db.State(t.Context()), &count}
			p, err := personOf(state, "p")
			require.NoError(t, err)
			j, err := New(db, Options{Site: "VNE51"}).check(state, v, p, date(day0), everyRule, nil)
			require.NoError(t, err)
			for _, f := range j.findings {
				found[n] = append(found[n], f.Rule.ID)
			}
			reads[n] = count
			require.NoError(t, db.Close())
		}
		t.Log(order, reads, found)
		require.Equal(t, found[20], found[2000])
		require.LessOrEqual(t, reads[2000], reads[20]+reads[20]/2, order)
	}
}

// TestSubjectByNumber: an order may name its patient by the NHS number alone, or one
// of whom there is no record.
func TestSubjectByNumber(t *testing.T) {
	db, err := store.Open(mem.New(), store.Options{})
	require.NoError(t, err)
	tx := &fhir.Transaction{}
	for _, body := range []string{
		`{"resourceType":"Patient","id":"p","identifier":[{"system":"` + nhs.IDNHS + `","value":"9990001006"}],"birthDate":"1989-03-14"}`,
		`{"resourceType":"AllergyIntolerance","id":"a","code":{"text":"Morphine"},"patient":{"reference":"Patient/p"}}`,
		`{"resourceType":"MedicationRequest","id":"known","status":"active","intent":"order","medicationCodeableConcept":{"text":"Morphine 10mg tablets"},"groupIdentifier":{"system":"` + nhs.IDOrder + `","value":"1"},
		  "subject":{"identifier":{"system":"` + nhs.IDNHS + `","value":"9990001006"}}}`,
		`{"resourceType":"MedicationRequest","id":"nobody","status":"active","intent":"order","medicationCodeableConcept":{"text":"Elvanse 30mg capsules"},"groupIdentifier":{"system":"` + nhs.IDOrder + `","value":"2"},
		  "subject":{"identifier":{"system":"` + nhs.IDNHS + `","value":"9990001022"}}}`,
	} {
		r, err := fhir.Parse([]byte(body))
		require.NoError(t, err)
		tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r})
	}
	_, err = db.Commit(t.Context(), tx)
	require.NoError(t, err)
	state, s := db.State(t.Context()), New(db, Options{})
	rules := func(typ, id string) (list []string) {
		v, err := state.Current(typ, id)
		require.NoError(t, err)
		changes, err := s.Followers()[0].Step(t.Context(), state, v)
		require.NoError(t, err)
		for _, c := range changes {
			list = append(list, nhs.Coded(c.Resource.Get("code"), nhs.CSOwnClinicalRule))
		}
		return list
	}
	require.Equal(t, []string{"ALLERGY"}, rules("MedicationRequest", "known"))
	require.Equal(t, []string{"ALLERGY"}, rules("AllergyIntolerance", "a"), "what comes later is of the same person")
	require.Contains(t, rules("MedicationRequest", "nobody"), "AGE-UNKNOWN", "undecidable is not allowed")
	require.NoError(t, db.Close())
}
