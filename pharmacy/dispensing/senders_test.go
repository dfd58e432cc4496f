package dispensing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestEveryNameOfTheSender: a message names who sends it in several ways, and
// each must be the caller's.
func TestEveryNameOfTheSender(t *testing.T) {
	const clinic, evil = "A83008", "EVIL99"
	named := func(system, code string) obj { return obj{"identifier": obj{"system": system, "value": code}} }
	organization := func(id, code string) obj {
		return obj{"resourceType": "Organization", "id": id, "name": "x", "identifier": []any{obj{"system": nhs.IDODS, "value": code}}}
	}
	for name, c := range map[string]struct {
		edit func(m, header obj)
		want map[string]fhir.Code // by caller; "" for done
	}{
		"identifier": {func(_, h obj) { h["sender"] = named(nhs.IDODS, clinic) }, map[string]fhir.Code{clinic: "", "a83008": "", evil: fhir.Forbidden}},
		"identifier of another, reference to the clinic's role": {func(_, h obj) {
			h["sender"] = obj{"identifier": named(nhs.IDODS, evil)["identifier"], "reference": epstest.RoleURL}
		}, map[string]fhir.Code{clinic: fhir.Forbidden, evil: fhir.Forbidden}},
		"identifier of the clinic, reference to another": {func(_, h obj) {
			h["contained"] = []any{organization("o", evil)}
			h["sender"] = obj{"identifier": named(nhs.IDODS, clinic)["identifier"], "reference": "#o"}
		}, map[string]fhir.Code{clinic: fhir.Forbidden, evil: fhir.Forbidden}},
		"identifier of another system": {func(_, h obj) { h["sender"] = named("urn:x", clinic) }, map[string]fhir.Code{clinic: fhir.Forbidden, evil: fhir.Forbidden}},
		"role":                         {func(_, h obj) { h["sender"] = obj{"reference": epstest.RoleURL} }, map[string]fhir.Code{clinic: "", evil: fhir.Forbidden}},
		"organisation":                 {func(_, h obj) { h["sender"] = obj{"reference": epstest.OrgURL} }, map[string]fhir.Code{clinic: "", evil: fhir.Forbidden}},
		"contained": {func(_, h obj) {
			h["contained"], h["sender"] = []any{organization("o", clinic)}, obj{"reference": "#o"}
		}, map[string]fhir.Code{clinic: "", evil: fhir.Forbidden}},
		"nobody":                      {func(_, h obj) { delete(h, "sender") }, map[string]fhir.Code{clinic: fhir.Forbidden, evil: fhir.Forbidden}},
		"the prescriber is another's": {func(_, h obj) { h["sender"] = named(nhs.IDODS, evil) }, map[string]fhir.Code{evil: fhir.Forbidden}},
		"two headers": {func(m, h obj) {
			second := obj{"resourceType": "MessageHeader", "eventCoding": h["eventCoding"], "source": h["source"], "sender": named(nhs.IDODS, evil)}
			m["entry"] = append(m["entry"].([]any), obj{"fullUrl": "urn:uuid:0c2a9e0e-2c64-4b59-9f63-4f5a0b7c1dff", "resource": second})
		}, map[string]fhir.Code{clinic: fhir.BusinessRule, evil: fhir.BusinessRule}},
	} {
		for who, want := range c.want {
			w := newWorld(t, today, Options{})
			w.who = callerOf(who)
			_, err := w.send(epstest.Change(t, epstest.Acute(1).Message(), func(m obj) { c.edit(m, epstest.Nth(m, "MessageHeader", 0)) }))
			if want == "" {
				require.NoError(t, err, "%s by %s", name, who)
				continue
			}
			require.Equal(t, want, fhir.KindOf(err), "%s by %s: %v", name, who, err)
		}
	}
}

// TestMessagesBringTheirOwn: a message brings no resource that has a door of its
// own, and none of the server's marks.
func TestMessagesBringTheirOwn(t *testing.T) {
	for name, extra := range map[string]obj{
		"task":     {"resourceType": "Task", "status": "requested", "intent": "order"},
		"claim":    {"resourceType": "Claim", "status": "active"},
		"response": {"resourceType": "ClaimResponse", "status": "active"},
		"invoice":  {"resourceType": "Invoice", "status": "issued"},
		"supply":   {"resourceType": "MedicationDispense", "status": "completed"},
		"bundle":   {"resourceType": "Bundle", "type": "message"},
		"binary":   {"resourceType": "Binary", "contentType": "text/plain"},
		"mark":     {"resourceType": "List", "status": "current", "mode": "working", "meta": obj{"tag": []any{obj{"system": "https://pestle-fhir.github.io/CodeSystem/month-export", "code": "x"}}}},
		"":         {"resourceType": "List", "status": "current", "mode": "working"},
	} {
		w := newWorld(t, today, Options{})
		_, err := w.send(epstest.Change(t, epstest.Acute(1).Message(), func(m obj) {
			m["entry"] = append(m["entry"].([]any), obj{"fullUrl": "urn:uuid:0c2a9e0e-2c64-4b59-9f63-4f5a0b7c1dff", "resource": extra})
		}))
		if name == "" {
			require.NoError(t, err)
			continue
		}
		require.Contains(t, epstest.RulesOf(err), "B11", name)
	}
}

// TestIdentityStays: nobody becomes the prescriber of another's prescription by
// what they write about the prescriber.
func TestIdentityStays(t *testing.T) {
	write := func(w *world, typ, id string, r obj) error {
		r["resourceType"], r["id"] = typ, id
		whole := epstest.Change(t, fhir.Obj("resourceType", typ).Resource(), func(m obj) {
			clear(m)
			for k, v := range r {
				m[k] = v
			}
		})
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Requester: w.who, Changes: []fhir.Change{{Method: fhir.Update, Type: typ, ID: id, Resource: whole}}})
		return err
	}
	organization := func(code string) obj { return obj{"identifier": []any{obj{"system": nhs.IDODS, "value": code}}} }
	role := func(org string) obj { return obj{"organization": obj{"reference": "Organization/" + org}} }
	remove := func(w *world, typ, id string) error {
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Requester: w.who, Changes: []fhir.Change{{Method: fhir.Delete, Type: typ, ID: id}}})
		return err
	}
	prepared := func() *world {
		w := newWorld(t, today, Options{})
		w.who = callerOf("A83008")
		require.NoError(t, write(w, "Organization", "clinic", organization("A83008")))
		require.NoError(t, write(w, "Organization", "bare", obj{"name": "x"}))
		require.NoError(t, write(w, "PractitionerRole", "gp", role("clinic")))
		require.NoError(t, write(w, "PractitionerRole", "bare", obj{"active": true}))
		w.who = callerOf("EVIL99")
		require.NoError(t, write(w, "Organization", "evil", organization("EVIL99")))
		return w
	}
	for name, c := range map[string]struct {
		do   func(w *world) error
		want fhir.Code
	}{
		"the code of an organisation": {func(w *world) error { return write(w, "Organization", "clinic", organization("EVIL99")) }, fhir.Forbidden},
		"taken away":                  {func(w *world) error { return write(w, "Organization", "clinic", obj{"name": "x"}) }, fhir.Forbidden},
		"given to one without":        {func(w *world) error { return write(w, "Organization", "bare", organization("EVIL99")) }, fhir.Forbidden},
		"the own made another's":      {func(w *world) error { return write(w, "Organization", "evil", organization("A83008")) }, fhir.Forbidden},
		"the organisation of a role":  {func(w *world) error { return write(w, "PractitionerRole", "gp", role("evil")) }, fhir.Forbidden},
		"given to a role without":     {func(w *world) error { return write(w, "PractitionerRole", "bare", role("evil")) }, fhir.Forbidden},
		"named in the role": {func(w *world) error {
			return write(w, "PractitionerRole", "gp", obj{"organization": obj{"identifier": obj{"system": nhs.IDODS, "value": "EVIL99"}}})
		}, fhir.Forbidden},
		"what else is said of a role": {func(w *world) error {
			r := role("clinic")
			r["active"] = true
			return write(w, "PractitionerRole", "gp", r)
		}, ""},
		"what else is said of one": {func(w *world) error {
			r := organization("A83008")
			r["name"] = "x"
			return write(w, "Organization", "clinic", r)
		}, ""},
		"the code by both": {func(w *world) error {
			w.who = callerOf("A83008", "B00001")
			return write(w, "Organization", "clinic", organization("B00001"))
		}, ""},
		"made anew under the id of the dead": {func(w *world) error {
			require.NoError(t, remove(w, "PractitionerRole", "gp"))
			return write(w, "PractitionerRole", "gp", role("evil"))
		}, fhir.Forbidden},
	} {
		err := c.do(prepared())
		if c.want == "" {
			require.NoError(t, err, name)
			continue
		}
		require.Equal(t, c.want, fhir.KindOf(err), "%s: %v", name, err)
	}
}

// TestTheMessageTellsThePrescriber: whoever had a role stored under the
// prescriber's SDS profile before does not get the prescription with it.
func TestTheMessageTellsThePrescriber(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{1: epstest.Acute(1, epstest.Item{Name: "Aspirin", Quantity: "28"})}}
	st.sendAs("order", 1)
	stored := st.find("PractitionerRole", "_lastUpdated=ge2000")
	require.NotEmpty(t, stored)
	for _, r := range stored {
		moved := fhir.Revise(r, "organization", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, "EVIL99")))
		require.NoError(t, st.commit(fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: moved})) // by the operator
	}
	st.who = callerOf("EVIL99")
	_, err := st.act("cancelop", 1, map[string]string{}, []string{"1"})
	require.Equal(t, fhir.NotFound, fhir.KindOf(err), "%v", err)
	st.who = callerOf("A83008")
	_, err = st.act("cancelop", 1, map[string]string{}, []string{"1"})
	require.NoError(t, err)
}
