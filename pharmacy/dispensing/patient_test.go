package dispensing

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

func person(number, family string) *fhir.Resource {
	return fhir.Obj("resourceType", "Patient", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDNHS, number)),
		"name", fhir.List(fhir.Obj("family", family)), "gender", "female", "birthDate", "1980-02-03").Resource()
}

// write commits changes on behalf of an organisation.
func (w *world) write(organisation string, changes ...fhir.Change) (*fhir.Commit, error) {
	return w.db.Commit(w.ctx, &fhir.Transaction{Changes: changes, Time: w.now, Requester: fhir.Principal{Agent: "a", OnBehalf: organisation, Unbound: true}})
}

func posted(p *fhir.Resource) fhir.Change {
	return fhir.Change{Method: fhir.Create, Type: "Patient", Resource: p}
}

func put(id string, p *fhir.Resource) fhir.Change {
	return fhir.Change{Method: fhir.Update, Type: "Patient", ID: id, Resource: fhir.Revise(p, "id", id)}
}

// TestOnePatientInAnOrganisation: by every door a second record under one NHS
// number is refused within an organisation, and taken in another alike whether
// there is one or not.
func TestOnePatientInAnOrganisation(t *testing.T) {
	const quill, other = "9449304130", "9449305552"
	conditional := posted(person(quill, "Quill"))
	conditional.Condition = nhs.Query("identifier", nhs.IDNHS, quill)
	elsewhere := posted(person(quill, "Quill"))
	elsewhere.Condition = "family=nobody"
	for name, c := range map[string]struct {
		changes []fhir.Change
		matched bool
	}{
		"create":                         {[]fhir.Change{posted(person(quill, "Quill"))}, false},
		"update that creates":            {[]fhir.Change{put("second", person(quill, "Quill"))}, false},
		"create under another condition": {[]fhir.Change{elsewhere}, false},
		"number given to another":        {[]fhir.Change{put("other", person(quill, "Other"))}, false},
		"create with condition":          {[]fhir.Change{conditional}, true},
	} {
		w := newWorld(t, today, Options{})
		_, err := w.write("A83008", put("first", person(quill, "Quill")), put("other", person(other, "Other")))
		require.NoError(t, err)
		_, err = w.write("A83008", c.changes...)
		if c.matched {
			require.NoError(t, err, name)
		} else {
			require.Equal(t, []string{"patient-once"}, epstest.RulesOf(err), "%s: %v", name, err)
			require.Contains(t, err.Error(), "If-None-Exist")
		}
		require.Len(t, w.find("Patient", nhs.Query("identifier", nhs.IDNHS, quill)), 1, name)

		if name == "number given to another" {
			continue
		}
		done, err := w.write("B00001", c.changes...)
		require.NoError(t, err, "%s of another organisation", name)
		require.Equal(t, fhir.Created, done.Results[0].Applied, "%s of another organisation", name)
	}
	w := newWorld(t, today, Options{})
	_, err := w.write("A83008", posted(person(quill, "Quill")), posted(person(quill, "Quill")))
	require.Contains(t, epstest.RulesOf(err), "patient-once", "two in one transaction: %v", err)
}

// TestOrdersFindTheirOrganisationsPatient: orders of two clinics for one person
// refer to the record of each, by message and by transaction.
func TestOrdersFindTheirOrganisationsPatient(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1)
	for _, clinic := range []string{"A83008", "B00001"} {
		_, err := w.write(clinic, put("of-"+clinic, person(s.NHSNumber, "Quill")))
		require.NoError(t, err)
	}
	for i, clinic := range []string{"A83008", "B00001", "C00001"} {
		s := epstest.Acute(i + 1)
		call := w.call(s.Message())
		call.Requester.OnBehalf = clinic
		_, err := w.s.processMessage(w.ctx, call)
		require.NoError(t, err)
		w.settle()
		ref := w.task(s.Order, 1).Root().Path("for", "reference").Text()
		if clinic != "C00001" {
			require.Equal(t, "Patient/of-"+clinic, ref)
			continue
		}
		require.NotContains(t, []string{"Patient/of-A83008", "Patient/of-B00001"}, ref, "a clinic without a record has one made")
		first, err := w.db.State(w.ctx).First("Patient", localID(ref, "Patient"))
		require.NoError(t, err)
		require.Equal(t, clinic, first.Requester.OnBehalf)
	}
	// A supply is of the prescription's patient, whoever notifies it.
	_, err := w.on(s.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	_, err = w.on(s.Order, 1, w.s.dispenseTask, "all:Boolean", true)
	require.NoError(t, err)
	require.Len(t, w.find("Patient", nhs.Query("identifier", nhs.IDNHS, s.NHSNumber)), 3)
}

// TestOneOfManyPatientsAtOnce: of many that arrive together one is stored, and
// an update that keeps a number passes at any size.
func TestOneOfManyPatientsAtOnce(t *testing.T) {
	w := newWorld(t, today, Options{})
	var group sync.WaitGroup
	var stored atomic.Int32
	for range 8 {
		group.Go(func() {
			if _, err := w.write("A83008", posted(person("9449304130", "Quill"))); err == nil {
				stored.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, stored.Load())

	for i := range 200 {
		_, err := w.write(fmt.Sprintf("ORG%d", i), posted(person("9449305552", "Hill")))
		require.NoError(t, err)
	}
	done, err := w.write("ORG7", fhir.Change{Method: fhir.Create, Type: "Patient", Resource: person("9449305552", "Hill"), Condition: nhs.Query("identifier", nhs.IDNHS, "9449305552")})
	require.NoError(t, err)
	require.Equal(t, fhir.Matched, done.Results[0].Applied)
}

// TestMergedPatientGivesWay: a record out of use bars no other and is not found
// where there is another; it cannot come back beside it.
func TestMergedPatientGivesWay(t *testing.T) {
	w := newWorld(t, today, Options{})
	p := person("9449304130", "Quill")
	_, err := w.write("A83008", put("old", fhir.Revise(p, "active", false)))
	require.NoError(t, err)
	_, err = w.write("A83008", put("new", p))
	require.NoError(t, err)
	_, err = w.write("A83008", put("old", fhir.Revise(p, "active", true)))
	require.Equal(t, []string{"patient-once"}, epstest.RulesOf(err))
	_, err = w.write("A83008", put("new", fhir.Revise(p, "birthDate", "1980-02-04")))
	require.NoError(t, err)
	found, err := patientOf(w.db.State(w.ctx), "", fhir.Principal{OnBehalf: "A83008"}, "9449304130")
	require.NoError(t, err)
	require.Equal(t, "new", found.ID())
}
