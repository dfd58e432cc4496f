package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// full names a change by its fullUrl and the place of its entry.
func full(url string, place int, c fhir.Change) fhir.Change {
	c.FullURL, c.Expression = url, fmt.Sprintf("Bundle.entry[%d]", place)
	return c
}

const (
	urnA = "urn:uuid:0c3d3f44-5a8e-4d9a-9d2c-000000000001"
	urnB = "urn:uuid:0c3d3f44-5a8e-4d9a-9d2c-000000000002"
)

func TestReferencesWithinATransaction(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		observation := parse(t, `{'resourceType':'Observation',
			'text':{'status':'generated','div':'<div><p>%[1]s</p></div>'},
			'identifier':[{'system':'urn:ietf:rfc:3986','value':'%[1]s'}],
			'subject':{'reference':'%[1]s'},'performer':[{'reference':'%[1]s#part'},{'reference':'Patient/unknown'}],
			'extension':[{'url':'http://a.test/x','valueUuid':'%[1]s'},{'url':'http://a.test/x','valueUri':'%[1]s'},{'url':'http://a.test/x','valueUrl':'http://a.test'},
			{'url':'http://a.test/x','valueString':'%[1]s'},{'url':'http://a.test/x','valueOid':'urn:oid:1.2.3'},{'url':'http://a.test/x','valueCoding':{'system':'%[1]s'}}]}`, urnA)
		message := parse(t, `{'resourceType':'Bundle','type':'collection','entry':[{'fullUrl':'%[1]s','resource':{'resourceType':'Patient'}},{'resource':{'resourceType':'Observation','subject':{'reference':'%[1]s'}}}]}`, urnA)
		c := commit(t, db, full(urnB, 0, post(observation)), full(urnA, 1, post(patient(t, "1", "Ames"))), post(message))
		ref := c.Results[1].Version.Ref()
		stored := string(c.Results[0].Version.JSON)
		require.Contains(t, stored, `"subject":{"reference":"`+ref+`"}`)
		require.Contains(t, stored, `{"reference":"`+ref+`#part"},{"reference":"Patient/unknown"}`)
		require.Contains(t, stored, `"value":"`+urnA+`"`, "an identifier is no link")
		require.Contains(t, stored, `<p>`+urnA+`</p>`, "text is no link")
		require.Contains(t, stored, `"valueUri":"`+ref+`"`)
		for _, stays := range []string{`"valueUuid":"` + urnA, `"valueString":"` + urnA, `"system":"` + urnA, `"valueOid":"urn:oid:1.2.3"`, `"valueUrl":"http://a.test"`} {
			require.Contains(t, stored, stays)
		}
		require.Contains(t, string(c.Results[2].Version.JSON), `"reference":"`+urnA+`"`, "a Bundle keeps its own links")
	})
}

// TestLinksToVersions: a link to a version stays one, and names are compared
// without regard to the case of a UUID.
func TestLinksToVersions(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		commit(t, db, put("a", patient(t, "1", "Ames")))
		matched := post(patient(t, "1", "Ames"))
		matched.Condition = "identifier=https://fhir.nhs.uk/Id/nhs-number|1"
		observation := parse(t, `{'resourceType':'Observation','subject':{'reference':'%[1]s/_history/1#c'},'focus':[{'reference':'http://clinic.test/fhir/Patient/77/_history/1'}],
			'performer':[{'reference':'Patient/77/_history/3'},{'reference':'URN:OID:1.2.3'}],
			'text':{'status':'generated','div':'<div><a href=\"%[1]s/_history/1\">x</a></div>'}}`,
			"URN:UUID:0C3D3F44-5A8E-4D9A-9D2C-000000000001")
		c := commit(t, db,
			full("http://clinic.test/fhir/Observation/1", 0, post(observation)),
			full(urnA, 1, post(patient(t, "2", "Bell"))),
			full("http://clinic.test/fhir/Patient/77", 2, put("a", patient(t, "1", "Anew"))),
			full("urn:oid:1.2.3", 3, post(patient(t, "3", "Cole"))),
		)
		ref := c.Results[1].Version.Ref()
		stored := string(c.Results[0].Version.JSON)
		require.Contains(t, stored, `"subject":{"reference":"`+ref+`/_history/1#c"}`)
		require.Contains(t, stored, `"focus":[{"reference":"Patient/a/_history/2"}]`, "the version that this transaction makes")
		require.Contains(t, stored, `"performer":[{"reference":"Patient/a/_history/2"}`, "relative to the full URL around it")
		require.Contains(t, stored, `{"reference":"`+c.Results[3].Version.Ref()+`"}`)
		require.Contains(t, stored, `href=\"`+ref+`/_history/1\"`)
		c = commit(t, db, full(urnB, 0, post(parse(t, `{'resourceType':'Observation','subject':{'reference':'%s/_history/9'}}`, urnA))), full(urnA, 1, matched))
		require.Contains(t, string(c.Results[0].Version.JSON), `"Patient/a/_history/2"`, "the version that a conditional create found")
		_ = refused(t, db, full(urnA, 0, post(patient(t, "8", "Dean"))), full(strings.ToUpper(urnA), 1, post(patient(t, "9", "Earl"))))
	})
}

// TestPlaceholdersOfNoEntry: a reference by a fullUrl that no entry has is
// refused wherever it comes in, but for what a message copies from another.
func TestPlaceholdersOfNoEntry(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		for name, c := range map[string]fhir.Change{
			"create":       post(parse(t, `{'resourceType':'Observation','subject':{'reference':'%s'}}`, urnA)),
			"update":       put("o", parse(t, `{'resourceType':'Observation','id':'o','subject':{'reference':'Urn:Uuid:x'}}`)),
			"oid":          post(parse(t, `{'resourceType':'Observation','subject':{'reference':'urn:oid:1.2.3#a'}}`)),
			"version":      post(parse(t, `{'resourceType':'Observation','subject':{'reference':'%s/_history/1'}}`, urnA)),
			"in a list":    post(parse(t, `{'resourceType':'Observation','performer':[{'display':'x'},{'reference':'%s'}]}`, urnA)),
			"in contained": post(parse(t, `{'resourceType':'Observation','contained':[{'resourceType':'Observation','subject':{'reference':'%s'}}]}`, urnA)),
			"in extension": post(parse(t, `{'resourceType':'Patient','extension':[{'url':'http://a.test','valueReference':{'reference':'%s'}}]}`, urnA)),
			"in a Bundle":  post(parse(t, `{'resourceType':'Bundle','type':'collection','entry':[{'fullUrl':'%s','resource':{'resourceType':'Observation','subject':{'reference':'%s'}}}]}`, urnB, urnA)),
			"in a message": post(parse(t, `{'resourceType':'Bundle','type':'message','entry':[{'resource':{'resourceType':'Observation','subject':{'reference':'%s'}}}]}`, urnA)),
			"of its part":  {Method: fhir.Create, Type: "Observation", Message: true, Resource: parse(t, `{'resourceType':'Observation','subject':{'reference':'%s'}}`, urnA)},
		} {
			e := refused(t, db, c)
			require.Equal(t, fhir.Processing, e.Kind, name)
			require.Contains(t, e.Issues[0].Expression, "eference", name)
		}
		copied := parse(t, `{'resourceType':'MedicationDispense','status':'completed','contained':[{'resourceType':'MedicationRequest','id':'m','subject':{'reference':'%s'}}]}`, urnA)
		signed := parse(t, `{'resourceType':'Provenance','target':[{'reference':'%s'}]}`, urnA)
		c := commit(t, db, fhir.Change{Method: fhir.Update, Type: "MedicationDispense", ID: "d", Message: true, Resource: copied},
			fhir.Change{Method: fhir.Create, Type: "Provenance", Resource: signed},
			post(parse(t, `{'resourceType':'Bundle','type':'message','entry':[{'resource':{'resourceType':'Provenance','target':[{'reference':'%s'}]}},
				{'fullUrl':'%s','resource':{'resourceType':'Patient'}},{'resource':{'resourceType':'Observation','subject':{'reference':'%s'}}}]}`, urnA, strings.ToUpper(urnB), urnB)),
			post(parse(t, `{'resourceType':'Bundle','type':'searchset','entry':[{'resource':{'resourceType':'Observation','subject':{'reference':'%s'}}}]}`, urnA)))
		require.Len(t, c.Results, 4)
		changed := parse(t, `{'resourceType':'MedicationDispense','status':'entered-in-error','contained':[{'resourceType':'MedicationRequest','id':'m','subject':{'reference':'%s'}}]}`, urnA)
		commit(t, db, put("d", changed)) // what is stored already does not stop other changes
	})
}

func TestAbsoluteFullURLs(t *testing.T) {
	db := openDB(t, mem.New(), store.Options{})
	defer db.Close() //nolint:errcheck // a memory engine
	r, err := fhir.Parse([]byte(`{"resourceType":"Observation","text":{"status":"generated","div":"<div><a href='http://a.test/fhir/Patient/7'>x</a> <img src=\"http://a.test/fhir/Patient/7\"/></div>"},"subject":{"reference":"Patient/7"},"performer":[{"reference":"http://a.test/fhir/Patient/7"}]}`))
	require.NoError(t, err)
	c := commit(t, db, full("http://a.test/fhir/Observation/1", 0, post(r)), full("http://a.test/fhir/Patient/7", 1, post(patient(t, "1", "Ames"))),
		full("http://a.test/fhir/ValueSet/1", 2, post(parse(t, `{'resourceType':'ValueSet','url':'http://a.test/fhir/ValueSet/1','status':'active'}`))))
	ref := c.Results[1].Version.Ref()
	require.Contains(t, string(c.Results[2].Version.JSON), `"url":"http://a.test/fhir/ValueSet/1"`, "a canonical stays")
	require.Equal(t, 4, strings.Count(string(c.Results[0].Version.JSON), ref), string(c.Results[0].Version.JSON))
}

func TestConditionalReferences(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		about := func(value string) fhir.Change {
			return full("", 3, post(parse(t, `{'resourceType':'Observation','subject':{'reference':'Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|%s'}}`, value)))
		}
		e := refused(t, db, about("1"), about("2"))
		require.Len(t, e.Issues, 2, "all at once")
		require.Equal(t, fhir.NotFound, e.Issues[0].Code)
		require.Equal(t, "Bundle.entry[3].resource.subject.reference", e.Issues[0].Expression)

		commit(t, db, put("a", patient(t, "1", "Ames")))
		c := commit(t, db, about("1"))
		require.Contains(t, string(c.Results[0].Version.JSON), `"reference":"Patient/a"`)
		c = commit(t, db, about("2"), put("b", patient(t, "2", "Bell")))
		require.Contains(t, string(c.Results[0].Version.JSON), `"reference":"Patient/b"`, "what the transaction makes counts")
		c = commit(t, db, about("1"), put("a", patient(t, "5", "Ames")), put("c", patient(t, "1", "Cole")))
		require.Contains(t, string(c.Results[0].Version.JSON), `"reference":"Patient/c"`, "as the transaction leaves it")
		e = refused(t, db, about("1"), put("d", patient(t, "1", "Dean")))
		require.Equal(t, fhir.MultipleMatches, e.Kind)
		found, err := db.State(ctx).Find("Observation", "subject=Patient/c")
		require.NoError(t, err)
		require.Equal(t, []string{c.Results[0].Version.ID}, found, "the index has the resolved reference")
	})
}

func TestTransactionRules(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		commit(t, db, put("a", patient(t, "1", "Ames")))

		// Two changes of one resource, whichever way they name it.
		again := post(patient(t, "1", "Ames"))
		again.Condition = "identifier=https://fhir.nhs.uk/Id/nhs-number|1"
		byCondition := fhir.Change{Method: fhir.Update, Type: "Patient", Resource: patient(t, "1", "X"), Condition: again.Condition}
		gone := fhir.Change{Method: fhir.Delete, Type: "Patient", Condition: again.Condition}
		direct := fhir.Change{Method: fhir.Delete, Type: "Patient", ID: "a"}
		for _, pair := range [][2]fhir.Change{
			{put("a", patient(t, "1", "X")), gone}, {put("a", patient(t, "1", "X")), put("a", patient(t, "1", "Y"))},
			{byCondition, gone}, {byCondition, direct}, {byCondition, byCondition}, {gone, gone}, {gone, direct},
			{again, put("a", patient(t, "1", "X"))}, {again, byCondition}, {again, gone}, {again, direct},
			{put("a", patient(t, "1", "Ames")), direct}, // an update that changes nothing
		} {
			e := refused(t, db, full("", 0, pair[0]), full("", 1, pair[1]))
			require.Equal(t, fhir.Invalid, e.Kind)
			require.Contains(t, e.Issues[0].Found, "Bundle.entry[0]")
			require.Contains(t, e.Issues[0].Found, "Bundle.entry[1]")
		}
		c := commit(t, db, again, again)
		require.Equal(t, fhir.Matched, c.Results[1].Applied, "two that only read it")

		// What a condition did not find must not be made by another entry.
		unless := post(patient(t, "7", "Gray"))
		unless.Condition = "identifier=https://fhir.nhs.uk/Id/nhs-number|7"
		for _, other := range []fhir.Change{post(patient(t, "7", "Gray")), put("a", patient(t, "7", "Gray")), put("new", patient(t, "7", "Gray"))} {
			e := refused(t, db, full("", 0, unless), full("", 1, other))
			require.Equal(t, fhir.MultipleMatches, e.Kind)
			require.Contains(t, e.Issues[0].Found, "Bundle.entry[1]")
		}

		// Entries with one condition are about one resource, and links follow.
		twice := post(patient(t, "2", "Bell"))
		twice.Condition = "identifier=https://fhir.nhs.uk/Id/nhs-number|2"
		c = commit(t, db, full(urnA, 0, twice), full(urnB, 1, twice),
			post(parse(t, `{'resourceType':'Observation','subject':{'reference':'%s'}}`, urnB)))
		require.Equal(t, fhir.Matched, c.Results[1].Applied)
		require.Equal(t, c.Results[0].Version, c.Results[1].Version)
		require.Contains(t, string(c.Results[2].Version.JSON), c.Results[0].Version.Ref())

		// All that is wrong is said at once, and nothing is written.
		const id = "a"
		e := refused(t, db, full("", 0, fhir.Change{Method: fhir.Update, Type: "Patient", ID: id, Resource: patient(t, "1", "X"), IfMatch: "9"}),
			full("", 1, put("no such id!", patient(t, "3", "X"))), full("", 2, fhir.Change{Method: fhir.Create, Type: "Patient", ID: id, Resource: patient(t, "1", "X")}),
			full("", 3, fhir.Change{Method: fhir.Create, Type: "Task", Resource: patient(t, "1", "X")}))
		require.Len(t, e.Issues, 4)
		require.Equal(t, "Bundle.entry[3]", e.Issues[3].Expression)
	})
}

func TestIfMatch(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		change := put("a", patient(t, "1", "Ames"))
		change.IfMatch = "1"
		e := refused(t, db, change)
		require.True(t, e.Precondition)
		commit(t, db, put("a", patient(t, "1", "Anew")))
		commit(t, db, change)
		e = refused(t, db, change)
		require.Equal(t, fhir.Conflict, e.Kind)
		require.Equal(t, "version 2", e.Issues[0].Found)
		require.NotEmpty(t, e.Issues[0].Fix)
		gone := fhir.Change{Method: fhir.Delete, Type: "Patient", ID: "a", IfMatch: "1"}
		_ = refused(t, db, gone)
		gone.IfMatch = "2"
		commit(t, db, gone)
		change.IfMatch = "3"
		_ = refused(t, db, change)
	})
}

// TestUpdateThatChangesNothing: it makes no version, and is judged all the same.
func TestUpdateThatChangesNothing(t *testing.T) {
	var asked []string
	guard := func(_ context.Context, _ fhir.State, _ *fhir.Transaction, before, after *fhir.Version) error {
		if before != nil {
			asked = append(asked, before.VersionID+" "+after.VersionID+" "+after.Requester.Agent)
		}
		if after.Requester.Agent == "nobody" {
			return fhir.E("guard", fhir.Forbidden, fhir.Issue{Message: "No."})
		}
		return nil
	}
	db := openDB(t, mem.New(), store.Options{Guards: []fhir.Guard{guard}})
	defer db.Close() //nolint:errcheck // a memory engine
	first := commit(t, db, put("a", patient(t, "1", "Ames"))).Results[0].Version
	sent, err := fhir.Parse(first.JSON)
	require.NoError(t, err)
	again := &fhir.Transaction{Changes: []fhir.Change{put("a", sent)}, Requester: fhir.Principal{Agent: "x"}}
	c, err := db.Commit(ctx, again)
	require.NoError(t, err)
	require.Equal(t, fhir.Kept, c.Results[0].Applied)
	require.Equal(t, first, c.Results[0].Version)
	require.Equal(t, fhir.Seq(1), db.Head())
	require.Equal(t, []string{"1 1 x"}, asked)
	again.Requester.Agent = "nobody"
	_, err = db.Commit(ctx, again)
	require.Equal(t, fhir.Forbidden, fhir.KindOf(err))
	again.Changes[0].IfMatch, again.Requester.Agent = "2", "x"
	_, err = db.Commit(ctx, again)
	require.Equal(t, fhir.Conflict, fhir.KindOf(err))
	gone := commit(t, db, fhir.Change{Method: fhir.Delete, Type: "Patient", ID: "a"})
	require.Equal(t, fhir.Removed, gone.Results[0].Applied)
	require.Equal(t, fhir.Created, commit(t, db, put("a", patient(t, "1", "Ames"))).Results[0].Applied, "a deleted one comes back")
}

func TestConditionalUpdateAndDelete(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		update := fhir.Change{Method: fhir.Update, Type: "Patient", Resource: patient(t, "1", "Ames"), Condition: "identifier=https://fhir.nhs.uk/Id/nhs-number|1"}
		c := commit(t, db, update)
		require.Equal(t, fhir.Created, c.Results[0].Applied)
		id := c.Results[0].Version.ID
		c = commit(t, db, update)
		require.Equal(t, fhir.Kept, c.Results[0].Applied)
		require.Equal(t, id, c.Results[0].Version.ID)
		update.Resource = patient(t, "1", "Anew")
		c = commit(t, db, update)
		require.Equal(t, fhir.Updated, c.Results[0].Applied)
		require.Equal(t, id, c.Results[0].Version.ID)
		other := update
		other.ID = "other"
		require.Equal(t, fhir.Invalid, refused(t, db, other).Kind)
		commit(t, db, put("z", patient(t, "9", "Zeal")))
		other.ID, other.Condition = "z", "identifier=https://fhir.nhs.uk/Id/nhs-number|8"
		require.Equal(t, fhir.Conflict, refused(t, db, other).Kind)
		require.Equal(t, fhir.Invalid, fhir.KindOf(refused(t, db, update, update)))

		remove := fhir.Change{Method: fhir.Delete, Type: "Patient", Condition: update.Condition}
		require.Equal(t, fhir.Removed, commit(t, db, remove).Results[0].Applied)
		require.Equal(t, fhir.Unchanged, commit(t, db, remove).Results[0].Applied)
		remove.Condition = "no-such-parameter=1"
		require.NotEmpty(t, refused(t, db, remove).Issues)
	})
}

func TestIfAbsentReceiptAndCursor(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		derived := fhir.Change{Method: fhir.Create, Type: "Patient", ID: "derived", Resource: patient(t, "1", "Ames"), IfAbsent: true}
		tx := &fhir.Transaction{Changes: []fhir.Change{derived}, Cursor: fhir.Cursor{Name: "f", Seq: 1}}
		c, err := db.Commit(ctx, tx)
		require.NoError(t, err)
		require.Equal(t, fhir.Created, c.Results[0].Applied)
		_, err = db.Commit(ctx, tx)
		require.Equal(t, fhir.Conflict, fhir.KindOf(err), "another has moved the cursor")
		tx.Cursor = fhir.Cursor{Name: "f", Seq: 1, Was: 1}
		c, err = db.Commit(ctx, tx)
		require.NoError(t, err)
		require.Equal(t, fhir.Matched, c.Results[0].Applied)
		tx.Cursor = fhir.Cursor{Name: "f", Seq: 2, Was: 1}
		_, err = db.Commit(ctx, tx)
		require.Error(t, err, "a cursor cannot stand behind the log")
		at, err := db.CursorAt(ctx, "f")
		require.NoError(t, err)
		require.Equal(t, fhir.Seq(1), at)

		once := &fhir.Transaction{Changes: []fhir.Change{post(patient(t, "2", "Bell"))}, Receipt: fhir.Receipt{Key: "k", Body: []byte("answer")}}
		first, err := db.Commit(ctx, once)
		require.NoError(t, err)
		require.False(t, first.Repeated)
		once.Receipt.Body = []byte("other")
		again, err := db.Commit(ctx, once)
		require.NoError(t, err)
		require.True(t, again.Repeated)
		require.Equal(t, "answer", string(again.Receipt.Body))
		require.Equal(t, first.Seq, again.Seq)
		receipt, ok, err := db.ReceiptFor(ctx, "k")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, "answer", string(receipt.Body))
	})
}

func TestGuards(t *testing.T) {
	no := fhir.E("guard", fhir.BusinessRule, fhir.Issue{Message: "Not on a Monday.", Rule: "MON-1"})
	guard := func(_ context.Context, s fhir.State, _ *fhir.Transaction, before, after *fhir.Version) error {
		if after.Type != "Task" {
			return nil
		}
		p, err := s.Current("Patient", "a")
		if err != nil {
			return err
		}
		ids, err := s.Find("Patient", "identifier=https://fhir.nhs.uk/Id/nhs-number|1")
		if err != nil {
			return err
		}
		if p == nil || len(ids) != 1 || (before == nil) != (after.VersionID == "1") {
			return errors.New("the guard must see the transaction")
		}
		if strings.Contains(string(after.JSON), "monday") {
			return no
		}
		return nil
	}
	e := mem.New()
	db := openDB(t, e, store.Options{Guards: []fhir.Guard{guard}})
	defer func() { require.NoError(t, db.Close()) }()
	task := func(text string) fhir.Change {
		return full("", 7, put("t", parse(t, `{'resourceType':'Task','description':'%s','status':'ready','intent':'order'}`, text)))
	}
	size, err := db.Size()
	require.NoError(t, err)
	got := refused(t, db, put("a", patient(t, "1", "Ames")), task("monday"))
	require.Equal(t, "Bundle.entry[7]", got.Issues[0].Expression)
	require.Empty(t, no.Issues[0].Expression, "the guard's own error is left alone")
	after, err := db.Size()
	require.NoError(t, err)
	require.Equal(t, size, after, "a veto leaves nothing")
	commit(t, db, put("a", patient(t, "1", "Ames")), task("tuesday"))
	commit(t, db, task("wednesday"))
}

// TestGuardPanics: a guard that panics refuses the transaction it was asked about.
func TestGuardPanics(t *testing.T) {
	db := openDB(t, mem.New(), store.Options{Guards: []fhir.Guard{func(_ context.Context, _ fhir.State, _ *fhir.Transaction, _, after *fhir.Version) error {
		if after.ID == "bad" {
			panic("a mistake of the guard")
		}
		return nil
	}}})
	defer func() { require.NoError(t, db.Close()) }()
	e := refused(t, db, put("good", patient(t, "1", "Ames")), put("bad", patient(t, "2", "Bell")))
	require.Equal(t, fhir.Exception, e.Kind)
	require.ErrorContains(t, e.Err, "a mistake of the guard")
	commit(t, db, put("good", patient(t, "1", "Ames")))
}

// TestConditionalCreateIsExact has 64 writers create the same thing at once.
func TestConditionalCreateIsExact(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		var made, matched atomic.Int32
		for round := range 20 {
			var all sync.WaitGroup
			for range 64 {
				all.Go(func() {
					c := post(patient(t, fmt.Sprint(round), "Ames"))
					c.Condition = fmt.Sprintf("identifier=https://fhir.nhs.uk/Id/nhs-number|%d", round)
					got, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{c}})
					if err != nil {
						t.Error(err)
					} else if got.Results[0].Applied == fhir.Created {
						made.Add(1)
					} else {
						matched.Add(1)
					}
				})
			}
			all.Wait()
		}
		require.EqualValues(t, 20, made.Load())
		require.EqualValues(t, 20*63, matched.Load())
	})
}

// TestOneBadTransactionHarmsNoOther sends good and bad ones at the same time.
func TestOneBadTransactionHarmsNoOther(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		commit(t, db, put("a", patient(t, "1", "Ames")))
		var all sync.WaitGroup
		var won atomic.Int32
		for i := range 64 {
			all.Go(func() {
				change := put("a", patient(t, "1", fmt.Sprint(i)))
				change.IfMatch = "1"
				_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{change, post(patient(t, "2", fmt.Sprint(i)))}})
				if err == nil {
					won.Add(1)
				}
			})
			all.Go(func() {
				_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{put(fmt.Sprintf("p%d", i), patient(t, "3", "x"))}})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, won.Load())
		require.Equal(t, fhir.Seq(1+1+64), db.Head())
		ids, err := db.State(ctx).Find("Patient", "identifier=https://fhir.nhs.uk/Id/nhs-number|2")
		require.NoError(t, err)
		require.Len(t, ids, 1)
	})
}
