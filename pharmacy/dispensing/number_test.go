package dispensing

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// renumbered is a prescription with numbers as edit writes them.
func renumbered(n int, edit func(s *epstest.Script)) epstest.Script {
	s := epstest.Acute(n)
	edit(&s)
	return s
}

// doors are the ways by which an order arrives; each gives the error of the
// whole prescription.
var doors = map[string]func(w *world, s epstest.Script) error{
	"message": func(w *world, s epstest.Script) error { _, err := w.send(s.Message()); return err },
	"transaction": func(w *world, s epstest.Script) error {
		tx := &fhir.Transaction{Time: w.now}
		for i := range s.Items {
			tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Create, Type: "MedicationRequest", Resource: s.MedicationRequest(i, "Patient/1", "PractitionerRole/1").Resource()})
		}
		_, err := w.db.Commit(w.ctx, tx)
		return err
	},
	"create": func(w *world, s epstest.Script) error {
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Time: w.now, Changes: []fhir.Change{
			{Method: fhir.Create, Type: "MedicationRequest", Resource: s.MedicationRequest(0, "Patient/1", "PractitionerRole/1").Resource()}}})
		return err
	},
	"update of a draft": func(w *world, s epstest.Script) error {
		r := s.MedicationRequest(0, "Patient/1", "PractitionerRole/1").Resource()
		if _, err := w.db.Commit(w.ctx, &fhir.Transaction{Time: w.now, Changes: []fhir.Change{
			{Method: fhir.Update, Type: "MedicationRequest", ID: "draft", Resource: fhir.Revise(r, "id", "draft", "groupIdentifier", "")}}}); err != nil {
			return err
		}
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Time: w.now, Changes: []fhir.Change{
			{Method: fhir.Update, Type: "MedicationRequest", ID: "draft", Resource: fhir.Revise(r, "id", "draft")}}})
		return err
	},
}

// TestOnePrescriptionStaysOne: what has a number of a prescription that is here
// is refused by every door, in whatever case the number is written.
func TestOnePrescriptionStaysOne(t *testing.T) {
	first := epstest.Acute(1)
	upper := func(s *epstest.Script) {
		for i := range s.Items {
			s.Items[i].Number = strings.ToUpper(first.Items[i].Number)
		}
	}
	for name, c := range map[string]struct {
		s    epstest.Script
		code string
	}{
		"item number":               {renumbered(2, func(s *epstest.Script) { s.Items = first.Items }), "DUPLICATE_MEDICATIONREQUEST_ID"},
		"item number in capitals":   {renumbered(2, upper), "DUPLICATE_MEDICATIONREQUEST_ID"},
		"long id":                   {renumbered(2, func(s *epstest.Script) { s.Long = first.UUID() }), "DUPLICATE_PRESCRIPTION_ID"},
		"long id in capitals":       {renumbered(2, func(s *epstest.Script) { s.Long = strings.ToUpper(first.UUID()) }), "DUPLICATE_PRESCRIPTION_ID"},
		"short id in small letters": {renumbered(2, func(s *epstest.Script) { s.Order = strings.ToLower(first.Order) }), "INVALID_VALUE"},
		"mixed case":                {renumbered(2, func(s *epstest.Script) { s.Items[0].Number = "A54219b8-f741-4c47-b662-e4f8dfa49ab6" }), "INVALID_VALUE"},
	} {
		for door, send := range doors {
			w := newWorld(t, today, Options{})
			_, err := w.send(first.Message())
			require.NoError(t, err)
			w.settle()
			err = send(w, c.s)
			require.Error(t, err, "%s by %s", name, door)
			require.Contains(t, epstest.DetailsOf(err), c.code, "%s by %s: %v", name, door, err)
			require.Len(t, w.find("Task", "status=requested"), 1, "%s by %s", name, door)
			require.Len(t, w.find("MedicationRequest", "status=active&group-identifier="+nhs.IDOrder+"|"), len(first.Items))
		}
	}
}

// TestOneOfTwoAtOnce: of many prescriptions under one item number, or with one
// long id, that arrive together, one is taken.
func TestOneOfTwoAtOnce(t *testing.T) {
	number := uuid.NewString()
	inTurn := func(n int) string {
		if n%2 == 0 {
			return strings.ToUpper(number)
		}
		return number
	}
	for name, edit := range map[string]func(n int, s *epstest.Script){
		"item number": func(n int, s *epstest.Script) { s.Items[0].Number = inTurn(n) },
		"long id":     func(n int, s *epstest.Script) { s.Long = inTurn(n) },
	} {
		w := newWorld(t, today, Options{})
		var group sync.WaitGroup
		var taken sync.Map
		for n := range 8 {
			group.Go(func() {
				s := renumbered(n+1, func(s *epstest.Script) {
					s.Items = s.Items[:1]
					edit(n, s)
				})
				if _, err := w.send(s.Message()); err == nil {
					taken.Store(n, true)
				}
			})
		}
		group.Wait()
		count := 0
		taken.Range(func(any, any) bool { count++; return true })
		require.Equal(t, 1, count, name)
		require.Len(t, w.find("MedicationRequest", "status=active"), 1, name)
	}
}

// TestNumbersInAnyCase: what follows a prescription finds it by its numbers in
// another case, or is told that they are malformed.
func TestNumbersInAnyCase(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()

	small := renumbered(1, func(s *epstest.Script) { s.Order = strings.ToLower(s.Order) })
	st := &stage{world: w}
	for name, send := range map[string]func() error{
		"cancellation": func() error { _, err := w.send(small.Cancellation(0)); return err },
		"return": func() error {
			_, err := w.s.takeTask(w.ctx, w.call(st.taskOf(small, "rejected", nhs.CSReturn, "0003", "")))
			return err
		},
		"release": func() error {
			_, err := w.s.release(w.ctx, w.call(epstest.Parameters("owner", fhir.Obj("resourceType", "Organization", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, "VNE51"))).Resource(),
				"agent", epstest.AgentRole(), "status:Code", "accepted", "group-identifier:Identifier", nhs.IdentifierValue(nhs.IDOrder, small.Order))))
			return err
		},
		"notification": func() error {
			st := &stage{world: w, scripts: map[int]epstest.Script{1: s}}
			_, err := st.notify(small, "", []string{"0:0001:100"})
			return err
		},
	} {
		err := send()
		require.Contains(t, epstest.RulesOf(err), "5009", name)
		require.Contains(t, err.Error(), s.Order, "%s: the capitals are shown", name)
	}

	capitals := renumbered(1, func(s *epstest.Script) { s.Items[0].Number = strings.ToUpper(s.Items[0].Number) })
	reply, err := w.send(capitals.Cancellation(0))
	require.NoError(t, err)
	require.False(t, reply.Refused)
	_, err = w.on(s.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	_, err = w.on(s.Order, 1, w.s.dispenseTask, "item", fhir.List(epstest.Part("number", "String", strings.ToUpper(s.Items[1].Number))))
	require.NoError(t, err)
	require.Equal(t, prescription.Dispensed, w.state(s.Order, 1))
}
