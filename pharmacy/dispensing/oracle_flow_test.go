package dispensing

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// today is long after every example, as a sandbox finds them.
var today = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)

// TestOracleOrdersEndToEnd takes every order that the NHS accepted from its
// message to the notification of its supply.
func TestOracleOrdersEndToEnd(t *testing.T) {
	passed, total := 0, 0
	var misses []string
	for _, e := range examples(t) {
		if !isRequest(e) || e.event() != "prescription-order" || !e.accepted() {
			continue
		}
		total++
		w := newWorld(t, today, Options{FromReceipt: true})
		if err := w.dispenseAll(e); err != nil {
			misses = append(misses, e.path+": "+err.Error())
			continue
		}
		passed++
		t.Logf("%s: order, Task, accept, dispense, notification: %s", e.path, w.state(e.order(), 1))
	}
	oracle.Report(t, "eps-orders", passed, total, misses)
}

// dispenseAll sends an order, accepts its Task and supplies it in full.
func (w *world) dispenseAll(e example) error {
	if reply, err := w.send(e.resource); err != nil || reply.Refused {
		return fmt.Errorf("send: %v: %w", reply, err)
	}
	w.settle()
	order := e.order()
	if s := w.state(order, 1); !s.Open() {
		return fmt.Errorf("after the message: %v", s)
	}
	if _, err := w.on(order, 1, w.s.acceptTask); err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	if s := w.state(order, 1); s != prescription.Accepted {
		return fmt.Errorf("after accept: %v", s)
	}
	if err := w.decide(e); err != nil {
		return err
	}
	reply, err := w.on(order, 1, w.s.dispenseTask, "all:Boolean", true)
	if err != nil {
		return fmt.Errorf("dispense: %w", err)
	}
	if s := w.state(order, 1); s != prescription.Dispensed {
		return fmt.Errorf("after dispense: %v", s)
	}
	n := len(message.Read(e.resource, prescription.Law{}).List("MedicationRequest"))
	if got := len(w.find("MedicationDispense", "status=completed")); got != n {
		return fmt.Errorf("%d MedicationDispenses for %d items", got, n)
	}
	m := message.Read(reply.Resource.Sub(message.Parameter(reply.Resource, "notification").Get("resource")), w.s.rules().Law)
	if issues := append(message.Examine(m, message.EnvelopeRules), message.Examine(m, append(append([]message.Rule[*message.Message]{}, message.CommonRules...), message.NotifyRules...))...); fhir.HasErrors(issues) {
		return &fhir.Error{Op: "notification", Issues: issues}
	}
	return nil
}

// heldExamples are the examples that the NHS accepts and that no pharmacy may
// supply as they are, with how many of their items are held and why.
var heldExamples = map[string]int{
	// MDR 15(1)(f): morphine 15mg and fentanyl, Schedule 2, without their quantity in words.
	"secondary-care/community/acute/nominated-pharmacy/clinical-practitioner/multiple-drugs/1-Process-Request-Send-200_OK.json": 2,
	// Methotrexate as Schedule 2, which it is not, and morphine 10mg as not controlled.
	"secondary-care/community/acute/nominated-pharmacy/nurse/prescribing-and-professional-codes/controlled-drugs/additional-instructions/1-Process-Request-Send-200_OK.json": 3,
}

// decide releases the holds of an example's prescription, of those that have any.
func (w *world) decide(e example) error {
	x := w.execution(e.order())
	n := 0
	for i := range x.Lines {
		for _, h := range x.Standing(&x.Lines[i]) {
			if n++; heldExamples[e.path] == 0 {
				return fmt.Errorf("held: %s", h.Text)
			}
			if _, err := w.on(e.order(), 1, w.s.releaseHold, "hold:Code", h.Code, "item", h.Item, "reason", "Asked the prescriber."); err != nil {
				return err
			}
		}
	}
	if n != heldExamples[e.path] {
		return fmt.Errorf("%d items are held", n)
	}
	return nil
}

// TestOracleChains follows the folders that hold a prescription's whole life:
// order, release, dispense notification, amendment, withdrawal.
func TestOracleChains(t *testing.T) {
	byFolder := map[string][]example{}
	var folders []string
	for _, e := range examples(t) {
		dir, name := filepath.Split(e.path)
		key := dir + strings.SplitN(name, "-", 2)[0]
		if byFolder[key] == nil {
			folders = append(folders, key)
		}
		byFolder[key] = append(byFolder[key], e)
	}
	passed, total := 0, 0
	var misses []string
	for _, key := range folders {
		steps := chain(byFolder[key])
		if len(steps) < 2 {
			continue
		}
		w := newWorld(t, today, Options{FromReceipt: true})
		for _, e := range steps {
			total++
			if err := w.step(e); err != nil {
				misses = append(misses, e.path+": "+err.Error())
				break
			}
			passed++
			t.Logf("%s: accepted, %s", e.path, w.state(steps[0].order(), 1))
		}
	}
	oracle.Report(t, "eps-chains", passed, total, misses)
}

// chain picks a folder's requests in the order in which they happen.
func chain(all []example) []example {
	var steps []example
	for _, kind := range []string{"Process-Request-Send", "Task-Request-Release", "Process-Request-Dispense-", "Process-Request-DispenseAmend", "Task-Request-Withdraw"} {
		for _, e := range all {
			if strings.Contains(e.path, kind) && e.accepted() {
				steps = append(steps, e)
			}
		}
	}
	if len(steps) > 0 && !strings.Contains(steps[0].path, "Request-Send") {
		return nil
	}
	return steps
}

func (w *world) step(e example) error {
	defer w.settle()
	call := w.call(e.resource)
	var reply *fhir.Reply
	var err error
	switch {
	case e.resource.Type() == "Parameters":
		reply, err = w.s.release(w.ctx, call)
	case e.resource.Type() == "Task":
		if !isEPSTask(e.resource) {
			return fmt.Errorf("not recognised")
		}
		reply, err = w.s.takeTask(w.ctx, call)
	default:
		reply, err = w.s.processMessage(w.ctx, call)
	}
	if err == nil && reply.Refused {
		err = fmt.Errorf("refused: %s", reply.Resource.JSON())
	}
	return err
}

// TestOracleSpecification follows the examples of the specification, whose
// messages belong to one prescription: order, release, notification,
// withdrawal; and order, release, return.
func TestOracleSpecification(t *testing.T) {
	byPath := map[string]example{}
	for _, e := range examples(t) {
		byPath[e.path] = e
	}
	passed, total := 0, 0
	var misses []string
	for _, kind := range []string{"eRD", "repeat"} {
		order, release := "prescribing/prescription-order/"+kind+"-primary-example-req", "dispensing/release/repeat-primary-example-req"
		for _, chain := range [][]string{
			{order, release, "dispensing/dispense-notification/" + kind + "-primary-example-req", "dispensing/withdraw/" + kind + "-primary-example-req"},
			{order, release, "dispensing/return/" + kind + "-primary-example-req", release},
		} {
			w := newWorld(t, today, Options{FromReceipt: true})
			for _, name := range chain {
				total++
				if err := w.step(byPath["spec/"+name+".json"]); err != nil {
					misses = append(misses, name+": "+err.Error())
					break
				}
				passed++
			}
		}
	}
	oracle.Report(t, "eps-specification", passed, total, misses)
}

// TestOracleCancellations sends, for every cancellation that the NHS accepted,
// the order that it cancels, and the cancellation.
func TestOracleCancellations(t *testing.T) {
	all := examples(t)
	passed, total := 0, 0
	var misses []string
	for _, e := range all {
		if !isRequest(e) || e.event() != "prescription-order-update" || !e.accepted() {
			continue
		}
		total++
		if err := cancelPair(t, all, e); err != nil {
			misses = append(misses, e.path+": "+err.Error())
			continue
		}
		passed++
		t.Logf("%s: R-0001, cancelled", e.path)
	}
	oracle.Report(t, "eps-cancellations", passed, total, misses)
}

func cancelPair(t *testing.T, all []example, e example) error {
	item := nhs.Identifier(message.Read(e.resource, prescription.Law{}).List("MedicationRequest")[0], nhs.IDItem).Text()
	for _, o := range all {
		if !isRequest(o) || o.event() != "prescription-order" || !o.accepted() || o.order() != e.order() || !strings.Contains(string(o.resource.JSON()), item) {
			continue
		}
		w := newWorld(t, today, Options{FromReceipt: true})
		if err := w.step(o); err != nil {
			return err
		}
		reply, err := w.send(e.resource)
		if err != nil {
			return err
		}
		if code := answerOf(reply.Resource); code != "R-0001" || reply.Refused {
			return fmt.Errorf("answered %s", code)
		}
		mr, err := read(w.db.State(w.ctx), "MedicationRequest/"+message.OrderID(e.order(), item), "MedicationRequest")
		if err != nil {
			return err
		}
		if mr.Get("status").Text() != "cancelled" {
			return fmt.Errorf("the order is not cancelled")
		}
		if x := w.execution(e.order()); len(x.Lines) == 1 && x.State != prescription.Cancelled {
			return fmt.Errorf("the Task is %v", x.State)
		}
		return nil
	}
	return fmt.Errorf("no order for it")
}

// answerOf is the R-code of a prescription-order-response.
func answerOf(r *fhir.Resource) string {
	for mr := range message.Read(r, prescription.Law{}).All("MedicationRequest") {
		return nhs.Extension(nhs.Extension(mr, nhs.ExtHistory), "status").Path("valueCoding", "code").Text()
	}
	return ""
}

// TestOracleRefusals sends what the NHS refuses; nothing of it may be stored.
func TestOracleRefusals(t *testing.T) {
	cases := map[string]string{ // path, details code that must be named
		"secondary-care/community/acute/nominated-pharmacy/clinical-practitioner/multiple-drugs/bulk-translation/1-Process-Request-Send-400_Bad_Request.json": "INVALID_NUMBER_MEDICATIONREQUESTS",
		"spec/errors/example-b-spine-error-patient-deceased/SendRequest-FhirMessageSigned.json":                                                               "PATIENT_DECEASED",
	}
	seen := 0
	for _, e := range examples(t) {
		want, ok := cases[e.path]
		if !ok {
			continue
		}
		seen++
		w := newWorld(t, today, Options{FromReceipt: true})
		_, err := w.send(e.resource)
		require.Error(t, err, e.path)
		require.Equal(t, want, epstest.DetailsOf(err)[0], "%v", err)
		require.Zero(t, w.db.Head(), "%s left something behind", e.path)
		t.Logf("%s: refused, %s", e.path, want)
	}
	require.Equal(t, len(cases), seen)
}
