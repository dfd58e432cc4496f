package job

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

// everything are the Parameters of a $dispense of all that is outstanding.
var everything = []byte(`{"resourceType":"Parameters","parameter":[{"name":"all","valueBoolean":true}]}`)

const shortForm = "https://fhir.nhs.uk/Id/prescription-order-number"

// TestOracleOrderToExport takes every order that the NHS accepted through the
// whole job: message, Task, accept, dispense, notification, Claim, month export.
func TestOracleOrderToExport(t *testing.T) {
	passed, total := 0, 0
	var misses []string
	for _, e := range examples(t) {
		if !e.request() || !e.accepted() || e.event() != "prescription-order" {
			continue
		}
		total++
		outcome, err := start(t, t.TempDir()).job(e)
		if err != nil {
			misses = append(misses, e.path)
			t.Errorf("%s: %v", e.path, err)
			continue
		}
		passed++
		fmt.Printf("  %s: %s\n", e.path, outcome)
	}
	oracle.Report(t, "job-orders", passed, total, misses)
}

func (s *site) job(e example) (string, error) {
	defer s.stop()
	a, err := s.ok(http.StatusOK, http.MethodPost, "/$process-message", e.data)
	if err != nil {
		return "", err
	}
	if issue := a.body.list("issue"); len(issue) == 0 || issue[0].text("severity") != "information" {
		return "", fmt.Errorf("answered %s", a.text)
	}
	task, err := s.task(e.order())
	if err != nil {
		return "", err
	}
	if _, err := s.ok(http.StatusOK, http.MethodPost, task+"/$accept", nil); err != nil {
		return "", err
	}
	if err := s.decide(e, task); err != nil {
		return "", err
	}
	if _, err := s.ok(http.StatusOK, http.MethodPost, task+"/$dispense", everything); err != nil {
		return "", err
	}
	claims, err := s.find(1, "/Claim", "patient:identifier", "https://fhir.nhs.uk/Id/nhs-number|"+e.patient())
	if err != nil {
		return "", err
	}
	responses, err := s.find(1, "/ClaimResponse", "request", "Claim/"+claims[0].text("id"))
	if err != nil {
		return "", err
	}
	lines := len(e.body.all("MedicationRequest"))
	if got := len(claims[0].list("item")[0].list("detail")); got != lines {
		return "", fmt.Errorf("the Claim has %d lines for %d items", got, lines)
	}
	dispensed, err := s.find(lines, "/MedicationDispense")
	if err != nil {
		return "", err
	}
	issues, err := s.ok(http.StatusOK, http.MethodGet, "/DetectedIssue?_count=100", nil)
	if err != nil {
		return "", err
	}
	if strings.Contains(issues.text, "StructureDefinition/stops-supply") {
		return "", fmt.Errorf("a clinical issue stops it: %.1000s", issues.text)
	}
	month := "/Claim/$export-month?month=" + time.Now().UTC().Format("2006-01")
	first, err := s.ok(http.StatusOK, http.MethodGet, month, nil)
	if err != nil {
		return "", err
	}
	if !strings.Contains(first.text, e.order()) {
		return "", fmt.Errorf("the month does not have the prescription")
	}
	again, err := s.ok(http.StatusOK, http.MethodGet, month, nil)
	if err != nil {
		return "", err
	}
	if first.text != again.text {
		return "", fmt.Errorf("the second export differs from the first")
	}
	return fmt.Sprintf("%d items, %d dispensed, %d clinical issues, none of which stops a supply, claim %s, %s", lines, len(dispensed), strings.Count(issues.text, `"DetectedIssue"`), responses[0].text("outcome"), responses[0].text("disposition")), nil
}

// heldExamples are the orders that the NHS accepts and that no pharmacy may
// supply as they are, with how many items are held: Schedule 2 without the
// quantity in words (MDR 15(1)(f)), or said of a medicine that is not controlled.
var heldExamples = map[string]int{
	"clinical-practitioner/multiple-drugs/1-Process-Request-Send-200_OK.json":                                        2,
	"prescribing-and-professional-codes/controlled-drugs/additional-instructions/1-Process-Request-Send-200_OK.json": 3,
}

// decide releases what is held of an example, of those of which it is known.
func (s *site) decide(e example, task string) error {
	want := 0
	for suffix, n := range heldExamples {
		if strings.HasSuffix(e.path, suffix) {
			want = n
		}
	}
	a, err := s.ok(http.StatusOK, http.MethodGet, task, nil)
	if err != nil {
		return err
	}
	n := 0
	for _, in := range a.body.list("input") {
		kind, _ := in["type"].(map[string]any)
		if kind["text"] != "Held" {
			continue
		}
		n++
		code := object(kind).list("coding")[0].text("code")
		item := in.list("extension")[0].list("extension")[0].text("valueString")
		body := fmt.Appendf(nil, `{"resourceType":"Parameters","parameter":[{"name":"hold","valueCode":%q},{"name":"item","valueString":%q},{"name":"reason","valueString":"Asked the prescriber."}]}`, code, item)
		if _, err := s.ok(http.StatusOK, http.MethodPost, task+"/$release-hold", body); err != nil {
			return err
		}
	}
	if n != want {
		return fmt.Errorf("%d items are held, not %d", n, want)
	}
	return nil
}

// task waits for the Task of a prescription.
func (s *site) task(order string) (string, error) {
	tasks, err := s.find(1, "/Task", "focus:identifier", shortForm+"|"+order)
	if err != nil {
		return "", err
	}
	return "/Task/" + tasks[0].text("id"), nil
}

// TestOracleCancel sends every cancellation that the NHS accepted behind the
// order it cancels.
func TestOracleCancel(t *testing.T) {
	all := examples(t)
	passed, total := 0, 0
	var misses []string
	for _, e := range all {
		if !e.request() || !e.accepted() || e.event() != "prescription-order-update" {
			continue
		}
		total++
		if err := start(t, t.TempDir()).cancel(all, e); err != nil {
			misses = append(misses, e.path)
			t.Errorf("%s: %v", e.path, err)
			continue
		}
		passed++
	}
	oracle.Report(t, "job-cancellations", passed, total, misses)
}

func (s *site) cancel(all []example, e example) error {
	defer s.stop()
	item := e.body.all("MedicationRequest")[0].list("identifier")[0].text("value")
	for _, o := range all {
		if !o.request() || o.event() != "prescription-order" || o.order() != e.order() || !bytes.Contains(o.data, []byte(item)) {
			continue
		}
		if _, err := s.ok(http.StatusOK, http.MethodPost, "/$process-message", o.data); err != nil {
			return err
		}
		if _, err := s.task(e.order()); err != nil {
			return err
		}
		a, err := s.ok(http.StatusOK, http.MethodPost, "/$process-message", e.data)
		if err != nil {
			return err
		}
		if !strings.Contains(a.text, `"R-0001"`) {
			return fmt.Errorf("answered %.400s", a.text)
		}
		found, err := s.find(1, "/MedicationRequest", "identifier", "https://fhir.nhs.uk/Id/prescription-order-item-number|"+item)
		if err != nil {
			return err
		}
		if status := found[0].text("status"); status != "cancelled" {
			return fmt.Errorf("the order is %s", status)
		}
		return nil
	}
	return fmt.Errorf("no order for %s", e.order())
}

// TestOracleRefuse sends what the NHS refuses: the code that its own answer
// names must come back, with nothing stored.
func TestOracleRefuse(t *testing.T) {
	want := map[string]string{
		"bulk-translation/1-Process-Request-Send-400_Bad_Request.json":              "INVALID_NUMBER_MEDICATIONREQUESTS",
		"example-b-spine-error-patient-deceased/SendRequest-FhirMessageSigned.json": "PATIENT_DECEASED",
	}
	passed, total := 0, 0
	var misses []string
	for _, e := range examples(t) {
		for suffix, code := range want {
			if !strings.HasSuffix(e.path, suffix) {
				continue
			}
			total++
			if err := start(t, t.TempDir()).refuse(e, code); err != nil {
				misses = append(misses, e.path)
				t.Errorf("%s: %v", e.path, err)
				continue
			}
			passed++
		}
	}
	oracle.Report(t, "job-refusals", passed, total, misses)
}

func (s *site) refuse(e example, code string) error {
	defer s.stop()
	before, err := s.ok(http.StatusOK, http.MethodGet, "/_history?_count=1", nil)
	if err != nil {
		return err
	}
	a, err := s.ok(http.StatusBadRequest, http.MethodPost, "/$process-message", e.data)
	if err != nil {
		return err
	}
	if !strings.Contains(a.text, `"`+code+`"`) {
		return fmt.Errorf("the answer does not name %s: %.800s", code, a.text)
	}
	time.Sleep(100 * time.Millisecond)
	after, err := s.ok(http.StatusOK, http.MethodGet, "/_history?_count=1", nil)
	if err != nil {
		return err
	}
	if b, a := fmt.Sprint(before.body["total"]), fmt.Sprint(after.body["total"]); a != b {
		return fmt.Errorf("history grew from %s to %s", b, a)
	}
	return nil
}

// TestOracleSameMessageOften posts one message 64 times at once, each under a
// request id of its own, and again all under one.
func TestOracleSameMessageOften(t *testing.T) {
	for _, e := range examples(t) {
		if !e.request() || !e.accepted() || e.event() != "prescription-order" {
			continue
		}
		for _, header := range [][]string{nil, {"X-Request-ID", "6f2b7d0e-1f0a-4a38-9b0e-5f3f6c1d2e4b"}} {
			s := start(t, t.TempDir())
			statuses := s.flood(e, header)
			task, err := s.task(e.order())
			require.NoError(t, err)
			_, err = s.ok(http.StatusOK, http.MethodPost, task+"/$accept", nil)
			require.NoError(t, err)
			_, err = s.ok(http.StatusOK, http.MethodPost, task+"/$dispense", everything)
			require.NoError(t, err)
			_, err = s.find(1, "/ClaimResponse")
			require.NoError(t, err)
			for path, want := range map[string]int{"/Task": 1, "/Claim": 1, "/ClaimResponse": 1, "/MedicationRequest": len(e.body.all("MedicationRequest"))} {
				found, err := s.find(want, path)
				require.NoError(t, err)
				require.Len(t, found, want, path)
			}
			if header != nil {
				require.Equal(t, map[int]int{http.StatusOK: 64}, statuses)
			} else {
				require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusBadRequest: 63}, statuses, "the others are told of the duplicate")
			}
			s.stop()
		}
		return
	}
}

func (s *site) flood(e example, header []string) map[int]int {
	var group sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for range 64 {
		group.Go(func() {
			a, err := s.do(http.MethodPost, "/$process-message", e.data, header...)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				statuses[0]++
				return
			}
			statuses[a.status]++
		})
	}
	group.Wait()
	return statuses
}

// TestOracleChain follows the folders that hold a prescription's whole life
// between EPS systems: order, release, dispense notification, amendment,
// withdrawal or Claim and its amendment, each sent as the NHS's example has it.
func TestOracleChain(t *testing.T) {
	type step struct{ kind, method, path string }
	steps := []step{
		{"Process-Request-Send", http.MethodPost, "/$process-message"},
		{"Task-Request-Release", http.MethodPost, "/Task/$release"},
		{"Process-Request-Dispense-", http.MethodPost, "/$process-message"},
		{"Process-Request-DispenseAmend", http.MethodPost, "/$process-message"},
		{"Task-Request-Withdraw", http.MethodPost, "/Task"},
		{"Claim-Request-200", http.MethodPost, "/Claim"},
		{"Claim-Request-Amend", http.MethodPost, "/Claim"},
	}
	chains := map[string]map[string]example{}
	for _, e := range examples(t) {
		dir, name := filepath.Split(e.path)
		number, _, _ := strings.Cut(name, "-")
		for _, s := range steps {
			if e.accepted() && strings.HasPrefix(name, number+"-"+s.kind) {
				if chains[dir+number] == nil {
					chains[dir+number] = map[string]example{}
				}
				chains[dir+number][s.kind] = e
			}
		}
	}
	passed, total := 0, 0
	var misses []string
	for _, key := range slices.Sorted(maps.Keys(chains)) {
		chain := chains[key]
		if _, ok := chain["Process-Request-Send"]; !ok || len(chain) < 2 {
			continue
		}
		s := start(t, t.TempDir())
		for _, step := range steps {
			e, ok := chain[step.kind]
			if !ok {
				continue
			}
			total++
			if err := s.eps(step.method, step.path, e); err != nil {
				misses = append(misses, e.path)
				t.Errorf("%s: %v", e.path, err)
				continue
			}
			passed++
		}
		s.stop()
	}
	oracle.Report(t, "job-chains", passed, total, misses)
}

// eps sends a request of the EPS API and waits until what follows from it is
// done.
func (s *site) eps(method, path string, e example) error {
	a, err := s.ok(http.StatusOK, method, path, e.data)
	if err != nil {
		return err
	}
	want := "OperationOutcome"
	if strings.HasSuffix(path, "$release") {
		want = "Parameters"
	}
	if got := a.body.text("resourceType"); got != want {
		return fmt.Errorf("answered with %s: %.300s", got, a.text)
	}
	if want == "Parameters" && !strings.Contains(a.text, "passedPrescriptions") {
		return fmt.Errorf("nothing was released: %.500s", a.text)
	}
	if e.event() == "prescription-order" {
		_, err = s.task(e.order())
	}
	return err
}
