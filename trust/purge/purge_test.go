package purge_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
	"github.com/pestle-fhir/pestle/trust/duties"
	"github.com/pestle-fhir/pestle/trust/ownership"
	"github.com/pestle-fhir/pestle/trust/purge"
)

// old is the time of what is no longer kept, and now that of the calls.
var (
	old = time.Date(2017, 3, 1, 9, 0, 0, 0, time.UTC)
	now = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
)

var (
	first  = fhir.Principal{Agent: "sds-user-id|1", Display: "Ada First", OnBehalf: "FA565", Person: true, Roles: []string{"superintendent"}}
	second = fhir.Principal{Agent: "sds-user-id|2", Display: "Bo Second", OnBehalf: "FA565", Person: true, Roles: []string{"responsible-pharmacist"}}
	clinic = fhir.Principal{Agent: "client-1", OnBehalf: "X99CL"}
)

type world struct {
	t     *testing.T
	db    *store.DB
	rules *purge.Rules
	op    fhir.Operation
}

func newWorld(t *testing.T) *world {
	retention, err := purge.BuiltinRetention()
	require.NoError(t, err)
	overrides, err := purge.BuiltinOverrides(retention)
	require.NoError(t, err)
	separate, err := duties.Builtin()
	require.NoError(t, err)
	owners := ownership.New("FA565")
	w := &world{t: t, rules: &purge.Rules{Retention: retention, Overrides: overrides, Separate: separate.Separate, Public: owners.Public}}
	n := 0
	w.db, err = store.Open(mem.New(), store.Options{Owners: owners, References: true, NewID: func() string { n++; return fmt.Sprint("new", n) },
		Guards: []fhir.Guard{owners.Guard, w.rules.Guard}, Purge: w.rules.May,
		Leaf:       func(store.LeafRecord) [sha256.Size]byte { return [sha256.Size]byte{} },
		Commitment: func(salt, content []byte) [sha256.Size]byte { return sha256.Sum256(append(salt, content...)) }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.db.Close()) })
	w.op = w.rules.Operation(w.db)
	return w
}

func as(p fhir.Principal) context.Context { return fhir.WithPrincipal(context.Background(), &p) }

// put stores resources, one after the other, at a time.
func (w *world) put(at time.Time, who fhir.Principal, texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		r, err := fhir.Parse([]byte(strings.ReplaceAll(text, "'", `"`)))
		require.NoError(w.t, err, text)
		_, err = w.db.Commit(as(who), &fhir.Transaction{Time: at, Requester: who, Derived: true, Changes: []fhir.Change{{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r}}})
		require.NoError(w.t, err, text)
	}
}

// filled is a record that no law keeps any more, beside one of another patient.
func filled(t *testing.T) *world {
	w := newWorld(t)
	w.put(old, first,
		`{'resourceType':'Patient','id':'p','birthDate':'1950-02-03','name':[{'family':'Plantagenet'}],'identifier':[{'system':'https://fhir.nhs.uk/Id/nhs-number','value':'9990001006'}]}`,
		`{'resourceType':'Patient','id':'q','birthDate':'1951'}`,
		`{'resourceType':'MedicationRequest','id':'m','status':'active','intent':'order','subject':{'reference':'Patient/p'}}`,
		`{'resourceType':'MedicationRequest','id':'m','status':'completed','intent':'order','subject':{'reference':'Patient/p'}}`,
		`{'resourceType':'MedicationRequest','id':'n','status':'active','intent':'order','subject':{'reference':'Patient/q'}}`,
		`{'resourceType':'Bundle','id':'message','type':'message','entry':[{'fullUrl':'urn:uuid:0c3d3f44-5a8e-4d9a-9d2c-000000000001','resource':{'resourceType':'Patient','name':[{'family':'Plantagenet'}]}}]}`,
		`{'resourceType':'Bundle','id':'shared','type':'message'}`,
		`{'resourceType':'Task','id':'t','status':'completed','intent':'order','focus':{'reference':'Bundle/message'},'for':{'reference':'Patient/p'},'input':[{'valueReference':{'reference':'Bundle/shared'}}]}`,
		`{'resourceType':'Task','id':'u','status':'completed','intent':'order','focus':{'reference':'Bundle/shared'},'for':{'reference':'Patient/q'}}`,
		`{'resourceType':'Provenance','id':'signature','target':[{'reference':'MedicationRequest/m'}]}`,
		`{'resourceType':'Provenance','id':'both','target':[{'reference':'MedicationRequest/m'},{'reference':'MedicationRequest/n'}]}`,
		`{'resourceType':'Claim','id':'c','patient':{'identifier':{'system':'https://fhir.nhs.uk/Id/nhs-number','value':'9990001006'}}}`,
		`{'resourceType':'Claim','id':'d','patient':{'identifier':{'system':'https://fhir.nhs.uk/Id/nhs-number','value':'9990001014'}},'identifier':[{'system':'http://a.test','value':'9990001006'}]}`,
		`{'resourceType':'Invoice','id':'month','status':'issued','lineItem':[{'chargeItemReference':{'reference':'Claim/c'}}]}`,
		`{'resourceType':'Observation','id':'was','status':'final','subject':{'reference':'Patient/p'}}`,
		`{'resourceType':'Observation','id':'deleted','status':'final','subject':{'reference':'Patient/p'}}`,
		`{'resourceType':'Practitioner','id':'dr','extension':[{'url':'http://a.test/x','valueReference':{'reference':'Patient/p'}}]}`,
	)
	_, err := w.db.Commit(as(first), &fhir.Transaction{Time: old, Requester: first, Changes: []fhir.Change{{Method: fhir.Delete, Type: "Observation", ID: "deleted"}}})
	require.NoError(t, err)
	return w
}

// members are those of the record of Patient/p.
var members = []string{"Bundle/message", "Claim/c", "MedicationRequest/m", "Observation/deleted", "Observation/was", "Patient/p", "Provenance/signature", "Task/t"}

func (w *world) call(who fhir.Principal, at time.Time, pairs ...string) (*fhir.Resource, error) {
	var parameters []any
	for i := 0; i < len(pairs); i += 2 {
		parameters = append(parameters, fhir.Obj("name", pairs[i], "valueString", pairs[i+1]))
	}
	body, err := fhir.Parse(fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(parameters...)).JSON())
	require.NoError(w.t, err)
	reply, err := w.op.Handle(as(who), &fhir.Call{ID: "p", Body: body, Requester: who, Time: at})
	if err != nil {
		return nil, err
	}
	return reply.Resource, nil
}

func (w *world) proposed(at time.Time) string {
	w.t.Helper()
	task, err := w.call(first, at, "reason", "asked for under Article 17")
	require.NoError(w.t, err)
	return "Task/" + task.ID()
}

// purged lists the resources of which a version is purged.
func (w *world) purged() (list []string) {
	seen := map[string]bool{}
	require.NoError(w.t, w.db.Leaves(context.Background(), 0, func(r store.LeafRow) error {
		if r.Version.Purged != nil && !seen[r.Version.Ref()] {
			seen[r.Version.Ref()] = true
			list = append(list, r.Version.Ref())
		}
		return nil
	}))
	return list
}

// TestTwoPeople: one proposes, another confirms, and then the whole record is gone:
// what was deleted, what brought it and what follows from it, and nothing of others.
func TestTwoPeople(t *testing.T) {
	w := filled(t)
	task, err := w.call(first, now, "reason", "asked for under Article 17")
	require.NoError(t, err)
	require.Equal(t, "requested", task.Get("status").Text())
	require.Equal(t, "Erase the record of Patient/p: 8 resources with 9 versions.", task.Get("description").Text())
	require.Empty(t, w.purged(), "nothing is erased yet")
	done, err := w.call(second, now.Add(time.Hour), "proposal", "Task/"+task.ID())
	require.NoError(t, err)
	require.Equal(t, "completed", done.Get("status").Text())
	require.Equal(t, "sds-user-id|2", done.Root().Path("owner", "identifier", "value").Text())
	require.ElementsMatch(t, members, w.purged())
	for _, ref := range append(members, "Practitioner/dr", "Provenance/both", "Bundle/shared", "Patient/q", "Task/u", "Claim/d", "Invoice/month") {
		typ, id, _ := strings.Cut(ref, "/")
		v, err := w.db.Read(context.Background(), typ, id)
		require.NoError(t, err)
		require.Equal(t, len(w.purged()) > 0 && contains(members, ref), v.Deleted(), ref)
	}
	ids, err := w.db.State(context.Background()).Find("AuditEvent", "subtype="+purge.LogSystem+"|purge")
	require.NoError(t, err)
	require.Len(t, ids, 1)
	v, err := w.db.Read(context.Background(), "AuditEvent", ids[0])
	require.NoError(t, err)
	for _, text := range []string{`"Patient/p/_history/1"`, `"MedicationRequest/m/_history/2"`, `"Observation/deleted/_history/2"`, "asked for under Article 17", "sds-user-id|1", "sds-user-id|2"} {
		require.Contains(t, string(v.JSON), text)
	}
	f, err := w.db.Check(context.Background())
	require.NoError(t, err)
	require.Empty(t, f.Wrong)

	_, err = w.call(second, now.Add(2*time.Hour), "proposal", "Task/"+task.ID())
	require.Equal(t, fhir.Conflict, fhir.KindOf(err), "%v", err)
	_, err = w.call(first, now.Add(2*time.Hour), "reason", "again")
	require.Equal(t, fhir.Deleted, fhir.KindOf(err), "%v", err)
}

func contains(list []string, s string) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}

// TestRefusals: who may not, what is not proposed, has changed, expired or is kept is
// not erased.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(w *world) error
		kind fhir.Code
		says string
	}{
		"the same person": {func(w *world) error { return errOf(w.call(first, now, "proposal", w.proposed(now))) }, fhir.Forbidden, "another person"},
		"the same by another name": {func(w *world) error {
			w.put(now.Add(-time.Hour), fhir.Principal{}, `{'resourceType':'Practitioner','id':'ada','identifier':[{'system':'https://fhir.nhs.uk/Id/sds-user-id','value':'1'}]}`)
			who := second
			who.Agent = "https://fhir.nhs.uk/Id/sds-user-id|1"
			return errOf(w.call(who, now, "proposal", w.proposed(now)))
		}, fhir.Forbidden, "another person"},
		"a program": {func(w *world) error {
			who := second
			who.Roles = nil
			return errOf(w.call(who, now, "proposal", w.proposed(now)))
		}, fhir.Forbidden, "as a person with a role"},
		"a program with a role": {func(w *world) error {
			who := second
			who.Person = false
			return errOf(w.call(who, now, "proposal", w.proposed(now)))
		}, fhir.Forbidden, "as a person with a role"},
		"a program proposes": {func(w *world) error {
			return errOf(w.call(fhir.Principal{Agent: "client-2", OnBehalf: "FA565"}, now, "reason", "x"))
		}, fhir.Forbidden, "as a person with a role"},
		"the user of a sandbox": {func(w *world) error {
			return errOf(w.call(fhir.Principal{Agent: "me", Unbound: true, Roles: first.Roles}, now, "reason", "x"))
		}, fhir.Forbidden, "as a person with a role"},
		"nobody asks": {func(w *world) error { return errOf(w.call(fhir.Principal{}, now, "reason", "x")) }, fhir.Forbidden, "as a person with a role"},
		"another organisation": {func(w *world) error {
			who := second
			who.OnBehalf = "X99CL"
			return errOf(w.call(who, now, "reason", "x"))
		}, fhir.NotFound, "There is no Patient/p"},
		"expired": {func(w *world) error {
			return errOf(w.call(second, now.AddDate(0, 0, 14), "proposal", w.proposed(now)))
		}, fhir.Conflict, "expired at 2026-12-14"},
		"no proposal": {func(w *world) error { return errOf(w.call(second, now, "proposal", "Task/t")) }, fhir.NotFound, "no such proposal"},
		"none at all": {func(w *world) error { return errOf(w.call(second, now, "proposal", "https://x/Task/1")) }, fhir.NotFound, "no such proposal"},
		"neither":     {func(w *world) error { return errOf(w.call(second, now)) }, fhir.Required, "either reason or proposal"},
		"both":        {func(w *world) error { return errOf(w.call(second, now, "reason", "x", "proposal", "y")) }, fhir.Required, "either reason or proposal"},
		"blank":       {func(w *world) error { return errOf(w.call(second, now, "reason", " ")) }, fhir.Required, "either reason or proposal"},
		"changed since": {func(w *world) error {
			ref := w.proposed(now)
			w.put(old, first, `{'resourceType':'Observation','id':'late','status':'final','subject':{'reference':'Patient/p'}}`)
			return errOf(w.call(second, now.AddDate(9, 0, 0), "proposal", ref))
		}, fhir.Conflict, "expired"},
		"kept, an adult": {func(w *world) error { return errOf(w.call(first, old.AddDate(8, 0, -1), "reason", "x")) }, fhir.BusinessRule, "MedicationRequest/m is kept until 2025-03-01: adult, 8 years."},
		"kept since": {func(w *world) error {
			w.put(now, first, `{'resourceType':'Observation','id':'late','status':'final','subject':{'reference':'Patient/p'}}`)
			return errOf(w.call(first, now, "reason", "x"))
		}, fhir.BusinessRule, "Patient/p is kept until 2034-11-30: adult"},
		"kept, a child": {func(w *world) error {
			w.put(old, first, `{'resourceType':'Patient','id':'p','birthDate':'2010-06'}`)
			return errOf(w.call(first, now, "reason", "x"))
		}, fhir.BusinessRule, "Patient/p is kept until 2035-07-01: child, 25 years."},
		"kept, of unknown age": {func(w *world) error {
			fresh := newWorld(w.t)
			fresh.put(old, first, `{'resourceType':'Patient','id':'p'}`)
			return errOf(fresh.call(first, now, "reason", "x"))
		}, fhir.BusinessRule, "kept until 2042-03-01: child, 25 years from the birth, which the record does not tell"},
		"of two patients": {func(w *world) error {
			w.put(old, first, `{'resourceType':'Appointment','id':'a','status':'booked','participant':[{'actor':{'reference':'Patient/p'},'status':'accepted'},{'actor':{'reference':'Patient/q'},'status':'accepted'}]}`)
			return errOf(w.call(first, now, "reason", "x"))
		}, fhir.BusinessRule, "Appointment/a is a part of the record of another patient too"},
		"of two by their numbers": {func(w *world) error {
			w.put(old, first, `{'resourceType':'Bundle','id':'month','type':'collection','entry':[{'resource':{'resourceType':'Claim','patient':{'identifier':{'system':'https://fhir.nhs.uk/Id/nhs-number','value':'9990001006'}}}},{'resource':{'resourceType':'Claim','patient':{'identifier':{'system':'https://fhir.nhs.uk/Id/nhs-number','value':'9990001014'}}}}]}`)
			return errOf(w.call(first, now, "reason", "x"))
		}, fhir.BusinessRule, "Bundle/month is a part of the record of another patient too"},
		"parts of others": {func(w *world) error {
			w.put(old, clinic, `{'resourceType':'Observation','id':'theirs','status':'final','subject':{'reference':'Patient/p'}}`)
			return errOf(w.call(first, now, "reason", "x"))
		}, fhir.Forbidden, "organisations that the caller does not act for"},
	} {
		t.Run(name, func(t *testing.T) {
			w := filled(t)
			err := c.do(w)
			require.Equal(t, c.kind, fhir.KindOf(err), "%v", err)
			require.ErrorContains(t, err, c.says)
			require.Empty(t, w.purged())
		})
	}
}

func errOf(_ *fhir.Resource, err error) error { return err }

// TestChanged: a record that was written to since it was proposed is proposed again.
func TestChanged(t *testing.T) {
	w := filled(t)
	at := old.AddDate(9, 0, 0)
	ref := w.proposed(at)
	w.put(at, first, `{'resourceType':'Provenance','id':'more','target':[{'reference':'Observation/was'}]}`)
	_, err := w.call(second, at.AddDate(0, 0, 1), "proposal", ref)
	require.Equal(t, fhir.BusinessRule, fhir.KindOf(err), "what is new is kept: %v", err)
	require.Empty(t, w.purged())
}

// TestTheCommitDecides: a transaction that purges without the operation is refused,
// whatever it holds.
func TestTheCommitDecides(t *testing.T) {
	w := filled(t)
	ref := w.proposed(now)
	id := strings.TrimPrefix(ref, "Task/")
	task, err := w.db.Read(context.Background(), "Task", id)
	require.NoError(t, err)
	content, err := task.Resource()
	require.NoError(t, err)
	completed := fhir.Change{Method: fhir.Update, Type: "Task", ID: id, IfMatch: "1", Resource: fhir.Revise(content, "status", "completed")}
	var all []fhir.Change
	var versions []any
	for _, m := range members {
		typ, id, _ := strings.Cut(m, "/")
		newest, err := w.db.Read(context.Background(), typ, id)
		require.NoError(t, err)
		all = append(all, fhir.Change{Method: fhir.Delete, Type: typ, ID: id, IfMatch: newest.VersionID, Purge: true})
		for n := 1; fmt.Sprint(n-1) != newest.VersionID; n++ {
			versions = append(versions, fhir.Obj("what", fhir.Obj("reference", fmt.Sprintf("%s/_history/%d", m, n))))
		}
	}
	event := func(entities []any, code string) fhir.Change {
		r, err := fhir.Parse(fhir.Obj("resourceType", "AuditEvent", "subtype", fhir.List(fhir.Obj("system", purge.LogSystem, "code", code)), "entity", fhir.List(entities...)).JSON())
		require.NoError(t, err)
		return fhir.Change{Method: fhir.Create, Type: "AuditEvent", Resource: r}
	}
	named := event(versions, "purge")
	tx := func(who fhir.Principal, at time.Time, derived bool, changes ...fhir.Change) *fhir.Transaction {
		return &fhir.Transaction{Derived: derived, Requester: who, Time: at, Changes: changes}
	}
	with := func(more ...fhir.Change) []fhir.Change { return append(append([]fhir.Change{}, all...), more...) }
	for name, tx := range map[string]*fhir.Transaction{
		"no proposal":          tx(second, now, true, with(named)...),
		"not completed":        tx(second, now, true, with(named, fhir.Change{Method: fhir.Update, Type: "Task", ID: id, IfMatch: "1", Resource: content})...),
		"the same person":      tx(first, now, true, with(named, completed)...),
		"nobody":               tx(fhir.Principal{}, now, true, with(named, completed)...),
		"a write by REST":      tx(second, now, false, with(named, completed)...),
		"expired":              tx(second, now.AddDate(0, 0, 15), true, with(named, completed)...),
		"without a time":       tx(second, time.Time{}, true, with(named, completed)...),
		"a part of the record": tx(second, now, true, append(append([]fhir.Change{}, all[1:]...), named, completed)...),
		"versions not named":   tx(second, now, true, with(event(versions[1:], "purge"), completed)...),
		"no record of it":      tx(second, now, true, with(completed)...),
		"another record":       tx(second, now, true, with(event(versions, "recovery"), completed)...),
		"named twice":          tx(second, now, true, with(named, named, completed)...),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.db.Commit(context.Background(), tx)
			require.Error(t, err)
			require.NotEqual(t, fhir.Exception, fhir.KindOf(err), "%v", err)
			require.Empty(t, w.purged())
		})
	}
	_, err = w.db.Commit(context.Background(), tx(second, now, true, with(named, completed)...))
	require.NoError(t, err, "and this is what is not refused")
	require.ElementsMatch(t, members, w.purged())
}

// TestSince: what comes into the record between its reading and the commit stops it,
// whether it names the patient by the id or by an identifier.
func TestSince(t *testing.T) {
	for name, text := range map[string]string{
		"by the id":        `{'resourceType':'Observation','id':'late','status':'final','subject':{'reference':'Patient/p'}}`,
		"by an identifier": `{'resourceType':'Claim','id':'late','patient':{'identifier':{'system':'https://fhir.nhs.uk/Id/nhs-number','value':'9990001006'}}}`,
		"by a strange one": `{'resourceType':'Claim','id':'late','patient':{'identifier':{'system':'http://a.test','value':'1,2|$3 4'}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := filled(t)
			w.put(old, first, `{'resourceType':'Patient','id':'p','birthDate':'1950-02-03','identifier':[{'system':'https://fhir.nhs.uk/Id/nhs-number','value':'9990001006'},{'system':'http://a.test','value':'1,2|$3 4'},{'value':'x'}]}`)
			ref := w.proposed(now)
			w.op = w.rules.Operation(&lateWriter{DB: w.db, write: func() { w.put(old, first, text) }})
			_, err := w.call(second, now, "proposal", ref)
			require.Equal(t, fhir.Conflict, fhir.KindOf(err), "%v", err)
			require.ErrorContains(t, err, "come since it was read")
			require.Empty(t, w.purged())
		})
	}
}

// lateWriter writes something before the commit of another.
type lateWriter struct {
	*store.DB
	write func()
}

func (l *lateWriter) Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error) {
	l.write()
	return l.DB.Commit(ctx, tx)
}

// TestProposalsAreNotWritten: by nobody but the operation, in any way.
func TestProposalsAreNotWritten(t *testing.T) {
	w := filled(t)
	ref := strings.TrimPrefix(w.proposed(now), "Task/")
	forged := func(status string) *fhir.Resource {
		r, err := fhir.Parse([]byte(`{"resourceType":"Task","status":"` + status + `","intent":"proposal","code":{"coding":[{"system":"` + purge.LogSystem + `","code":"purge"}]}}`))
		require.NoError(t, err)
		return r
	}
	plain, err := fhir.Parse([]byte(`{"resourceType":"Task","status":"requested","intent":"order"}`))
	require.NoError(t, err)
	for name, tx := range map[string]*fhir.Transaction{
		"create":  {Changes: []fhir.Change{{Method: fhir.Create, Type: "Task", Resource: forged("requested")}}},
		"update":  {Changes: []fhir.Change{{Method: fhir.Update, Type: "Task", ID: ref, Resource: forged("requested")}}},
		"replace": {Changes: []fhir.Change{{Method: fhir.Update, Type: "Task", ID: ref, Resource: plain}}},
		"delete":  {Changes: []fhir.Change{{Method: fhir.Delete, Type: "Task", ID: ref}}},
		"message": {Derived: true, Changes: []fhir.Change{{Method: fhir.Create, Type: "Task", Resource: forged("requested"), Message: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			tx.Requester, tx.Time = first, now
			_, err := w.db.Commit(as(first), tx)
			require.Equal(t, fhir.Forbidden, fhir.KindOf(err), "%v", err)
			require.ErrorContains(t, err, "alone")
		})
	}
}

// TestTables reads the tables of the program, and names what is wrong with others.
func TestTables(t *testing.T) {
	r, err := purge.BuiltinRetention()
	require.NoError(t, err)
	k := r.Until("MedicationDispense", now, old, old.AddDate(-40, 0, 0), now)
	require.Equal(t, "controlled-drugs 2033-11-30", k.Class+" "+k.Until.Format(time.DateOnly), "the longest counts")
	for text, want := range map[string]string{
		"a\t*\t2000-01-01\trecord\t8\tx\nb\t*\tyesterday\trecord\t8\tx": "line 2: \"yesterday\" is not a date",
		"a\t*\t2000-01-01\trecord\t0\tx":                                "not a number of years",
		"a\t*\t2000-01-01\tsometime\t8\tx":                              "expected record, resource or birth",
		"a\tTask\t2000-01-01\trecord\t8\tx":                             "no line keeps all types",
		"a\t*\t2000-01-01\trecord\t8":                                   "expected class, types",
		"a\t*\t2000-01-01\trecord\t8\t":                                 "expected class, types",
		"":                                                              "no line keeps all types",
	} {
		_, err := purge.ParseRetention(text)
		require.ErrorContains(t, err, want, text)
	}
	r, err = purge.ParseRetention("a\t*\t2000-01-01\trecord\t20\tx\na\t*\t2020-01-01\trecord\t8\tx\na\t*\t2030-01-01\trecord\t1\tx\n")
	require.NoError(t, err)
	require.Equal(t, 8, r.Until("Task", old, old, old, now).Years, "the newest line that has begun")
	require.Equal(t, 20, r.Until("Task", old, old, old, old).Years)
}
