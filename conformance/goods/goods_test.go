// Package goods proves on the real binary what becomes of goods: prescriptions go
// through a simulated warehouse over HTTP while messages are lost, doubled and
// overtaken, and both sides are killed.
package goods

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
	"github.com/pestle-fhir/pestle/internal/long"
)

func TestMain(m *testing.M) { process.Main(m) }

// TestLongWarehouse: every prescription is supplied, none twice, nothing is lost, and
// the stock ledger, the controlled drugs register and the supplies agree.
func TestLongWarehouse(t *testing.T) {
	p := long.Start(t, 60, 10_000)
	y := newYard(t, p.Rand(0), p.Seed)
	y.open()
	y.receive(p.Tries)
	done, ended := make(chan struct{}), make(chan struct{})
	most, pace := 12, 100*time.Millisecond // few prescriptions are supplied within seconds
	if p.Long {
		most, pace = 400, 500*time.Millisecond
	}
	go func() { defer close(ended); y.chaos(done, p.Rand(1), most, pace) }()
	tasks := make([]string, p.Tries)
	failures := make([]error, p.Tries)
	var group sync.WaitGroup
	next := atomic.Int64{}
	for range 4 {
		group.Go(func() {
			for n := int(next.Add(1)) - 1; n < p.Tries; n = int(next.Add(1)) - 1 {
				tasks[n], failures[n] = y.prescribe(n)
			}
		})
	}
	group.Wait()
	y.wait(2*p.Tries, time.Duration(p.Tries)*2*time.Second+2*time.Minute)
	close(done)
	<-ended
	y.wait(2*p.Tries, 2*time.Minute)
	for n, task := range tasks {
		err := failures[n]
		if err == nil {
			err = y.supplied(task)
		}
		p.Try(fmt.Sprint("prescription ", n), err)
	}
	require.Equal(t, 2*p.Tries, y.ships(), "each order is sent once, by the journal of the warehouse")
	require.Equal(t, 2*p.Tries, y.count("MedicationDispense", ""), "each is supplied once")
	require.Zero(t, y.count("SupplyRequest", "identifier=https://pestle-fhir.github.io/Id/warehouse-trouble|pending"), "nothing waits for a person")
	y.balances(p.Tries)
	y.end()
	out, err := exec.Command(y.binary, "check", "--data", y.data).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), " 0 problems found")
	if y.kills[0] == 0 && y.kills[1] == 0 {
		t.Error("neither side was killed")
	}
	p.Report("%d orders sent, each once; %d kills of the server, %d of the warehouse; the ledger, the register and the supplies agree", 2*p.Tries, y.kills[0], y.kills[1])
}

// yard is a pharmacy and its warehouse.
type yard struct {
	t            testing.TB
	dir, data    string
	binary       string
	addr, hooked string // of the server and of the warehouse
	seed         uint64
	mu           sync.Mutex
	server       *process.Server
	simulator    *exec.Cmd
	client       *http.Client
	kills        [2]int
	ran          int
}

func newYard(t testing.TB, rnd *rand.Rand, seed uint64) *yard {
	binary, err := process.Binary()
	require.NoError(t, err)
	dir := t.TempDir()
	y := &yard{t: t, dir: dir, data: filepath.Join(dir, "data"), binary: binary, addr: free(t), hooked: free(t), seed: seed, client: &http.Client{Timeout: 30 * time.Second}}
	for _, name := range []string{"send", "receive"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(secret(rnd)), 0o600))
	}
	t.Cleanup(y.end)
	return y
}

func secret(rnd *rand.Rand) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	text := []byte("whsec_")
	for range 40 {
		text = append(text, digits[rnd.IntN(len(digits))])
	}
	return string(text)
}

// free is an address that nobody has now.
func free(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func (y *yard) open() { y.openServer(); y.openWarehouse() }

func (y *yard) openServer() {
	s := process.Start(y.t, y.data, "--addr", y.addr, "--stock", "--warehouse-url", "http://"+y.hooked+"/", "--warehouse-secret", filepath.Join(y.dir, "send"),
		"--warehouse-event-secret", filepath.Join(y.dir, "receive"), "--verify-hours", "0")
	y.mu.Lock()
	y.server = s
	y.mu.Unlock()
}

func (y *yard) openWarehouse() {
	y.ran++
	c := exec.Command(y.binary, "simulate-warehouse", "--addr", y.hooked, "--url", "http://"+y.addr+"/webhooks/warehouse", "--secret", filepath.Join(y.dir, "send"), "--event-secret", filepath.Join(y.dir, "receive"),
		"--journal", filepath.Join(y.dir, "journal"), "--seed", fmt.Sprint(y.seed+uint64(y.ran)), "--delay", "60ms", "--lose", "15", "--duplicate", "15", "--miscount", "10", "--fail", "10")
	c.Stderr = os.Stderr
	require.NoError(y.t, c.Start())
	y.mu.Lock()
	y.simulator = c
	y.mu.Unlock()
}

func (y *yard) end() {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.server != nil {
		y.server.Kill()
	}
	if y.simulator != nil && y.simulator.ProcessState == nil {
		_ = y.simulator.Process.Kill()
		_ = y.simulator.Wait()
	}
}

// chaos kills one side or the other, so many times, until it is told to end: after one to
// five times the pace.
func (y *yard) chaos(done chan struct{}, rnd *rand.Rand, most int, pace time.Duration) {
	for range most {
		pause := pace + time.Duration(rnd.Int64N(int64(4*pace)))
		select {
		case <-done:
			return
		case <-time.After(pause):
		}
		if side := rnd.IntN(2); side == 0 {
			y.server.Kill()
			y.kills[0]++
			y.openServer()
		} else {
			_ = y.simulator.Process.Kill()
			_ = y.simulator.Wait()
			y.kills[1]++
			y.openWarehouse()
		}
	}
}

// ask sends a request until it is answered: the same one, with the same id.
func (y *yard) ask(method, path, body string) (int, []byte) {
	id := uuid.NewString()
	for until := time.Now().Add(2 * time.Minute); ; {
		r, err := http.NewRequest(method, "http://"+y.addr+"/fhir/"+path, strings.NewReader(body))
		require.NoError(y.t, err)
		r.Header.Set("X-Request-ID", id)
		if body != "" {
			r.Header.Set("Content-Type", "application/fhir+json")
		}
		answer, err := y.client.Do(r)
		var text []byte
		if err == nil {
			text, err = io.ReadAll(answer.Body)
			_ = answer.Body.Close()
		}
		if err == nil && answer.StatusCode != 429 && answer.StatusCode != 503 {
			return answer.StatusCode, text
		}
		if time.Now().After(until) {
			require.NoError(y.t, err, "%s %s", method, path)
		}
		time.Sleep(30 * time.Millisecond)
	}
}

// made wants that a request is answered well.
func (y *yard) made(method, path, body string) ([]byte, error) {
	status, text := y.ask(method, path, body)
	if status >= 300 {
		return text, fmt.Errorf("%s %s: %d %.600s", method, path, status, text)
	}
	return text, nil
}

const (
	controlled = "36123511000001103" // methylphenidate, Schedule 2: 28 of each prescription
	plain      = "322237000"         // paracetamol: 100
)

// receive puts into the stock what the prescriptions need, and a little more, in several
// batches: the last of which come late.
func (y *yard) receive(prescriptions int) {
	for n, share := range []int{40, 40, 30} {
		_, err := y.made("POST", "Basic/$receive-stock", fmt.Sprintf(`{"resourceType":"Parameters","parameter":[{"name":"product","valueCoding":{"system":"https://dmd.nhs.uk","code":%q}},
			{"name":"quantity","valueQuantity":{"value":%d,"unit":"tablet"}},{"name":"from","part":[{"name":"name","valueString":"Wholesale Ltd"},{"name":"address","valueString":"Leeds"}]},
			{"name":"batch","valueString":"M%d"},{"name":"expiry","valueDate":"20%d-01-31"}]}`, controlled, received(prescriptions, 28, share), n, 30+n))
		require.NoError(y.t, err)
		_, err = y.made("POST", "Basic/$receive-goods", fmt.Sprintf(`{"resourceType":"Parameters","parameter":[{"name":"product","valueCoding":{"system":"https://dmd.nhs.uk","code":%q}},
			{"name":"quantity","valueQuantity":{"value":%d,"unit":"tablet"}},{"name":"from","valueString":"Wholesale Ltd"},{"name":"batch","valueString":"P%d"},{"name":"expiry","valueDate":"20%d-01-31"}]}`,
			plain, received(prescriptions, 100, share), n, 30+n))
		require.NoError(y.t, err)
	}
}

func received(prescriptions, each, percent int) int { return (prescriptions*each*percent + 99) / 100 }

var (
	ordered = regexp.MustCompile(`[0-9A-F]{6}-[0-9A-Z]{6}-[0-9A-F]{5}[0-9A-Z+]`)
	patient = regexp.MustCompile(`\b999\d{7}\b`)
)

// prescribe sends a prescription of a patient of its own, and takes it for the pharmacy;
// a pharmacist approves it.
func (y *yard) prescribe(n int) (task string, err error) {
	text, err := y.made("GET", "$demo-order", "")
	if err != nil {
		return "", err
	}
	message := patient.ReplaceAllString(string(text), nhsNumber(n))
	if _, err := y.made("POST", "$process-message", message); err != nil {
		return "", err
	}
	number := ordered.FindString(message)
	for until := time.Now().Add(time.Minute); task == ""; {
		found, err := y.made("GET", "Task?code=prescription-order&group-identifier=https://fhir.nhs.uk/Id/prescription-order-number|"+strings.ReplaceAll(number, "+", "%2B"), "")
		if err != nil {
			return "", err
		}
		var bundle struct {
			Entry []struct{ Resource struct{ ID string } }
		}
		if err := json.Unmarshal(found, &bundle); err != nil {
			return "", err
		}
		if len(bundle.Entry) > 0 {
			task = bundle.Entry[0].Resource.ID
		} else if time.Now().After(until) {
			return "", fmt.Errorf("no Task of %s", number)
		}
	}
	if _, err = y.made("POST", "Task/"+task+"/$accept", ""); err == nil {
		_, err = y.made("POST", "Task/"+task+"/$approve", "")
	}
	return task, err
}

// nhsNumber is the number of the n-th patient.
func nhsNumber(n int) string {
	for check := range 10 {
		if number := fmt.Sprintf("999%06d%d", first+n, check); checkdigit.NHSNumber(number) {
			return number
		}
	}
	return nhsNumber(n + 50_000)
}

// first is the first patient: those below are of the sandbox itself.
const first = 200_000

// wait waits until so many supplies are recorded and no order is open.
func (y *yard) wait(supplies int, most time.Duration) {
	last := -1
	for until := time.Now().Add(most); ; time.Sleep(300 * time.Millisecond) {
		open, made := y.count("SupplyRequest", "status=active"), y.count("MedicationDispense", "")
		if made >= supplies && open == 0 {
			return
		}
		if made != last {
			last, until = made, time.Now().Add(most)
		}
		if time.Now().After(until) {
			_, text := y.ask("GET", "SupplyRequest?status=active&_count=3", "")
			_, tasks := y.ask("GET", "Task?status=failed&_count=3", "")
			y.t.Fatalf("%d of %d supplies are recorded, and %d orders are open, such as %.6000s\n%.3000s\n%s", made, supplies, open, text, tasks, y.server.Log())
		}
	}
}

func (y *yard) count(typ, query string) int {
	_, text := y.ask("GET", typ+"?_summary=count&"+query, "")
	var bundle struct{ Total int }
	require.NoError(y.t, json.Unmarshal(text, &bundle), string(text))
	return bundle.Total
}

// supplied wants that a prescription is supplied in full.
func (y *yard) supplied(task string) error {
	text, err := y.made("GET", "Task/"+task, "")
	if err != nil {
		return err
	}
	var of struct{ Status string }
	if err := json.Unmarshal(text, &of); err != nil {
		return err
	}
	if of.Status != "completed" {
		return fmt.Errorf("the Task is %s", of.Status)
	}
	return nil
}

// ships counts what the warehouse has sent, by its journal, and wants that nothing was
// sent twice.
func (y *yard) ships() int {
	text, err := os.ReadFile(filepath.Join(y.dir, "journal"))
	require.NoError(y.t, err)
	sent := map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l struct {
			Step struct {
				Order string
				Ships bool
			}
		}
		if json.Unmarshal(lines.Bytes(), &l) == nil && l.Step.Ships {
			sent[l.Step.Order]++
		}
	}
	for order, n := range sent {
		require.Equal(y.t, 1, n, "the order %s was sent %d times", order, n)
	}
	return len(sent)
}

// balances wants that what is left is what was received less what was supplied.
func (y *yard) balances(prescriptions int) {
	for code, each := range map[string]int{controlled: 28, plain: 100} {
		want := -prescriptions * each
		for _, share := range []int{40, 40, 30} {
			want += received(prescriptions, each, share)
		}
		_, text := y.ask("GET", "Basic/$stock?product="+code, "")
		require.Regexp(y.t, fmt.Sprintf(`"name":"balance","valueQuantity":\{"value":%d,`, want), string(text))
	}
}
