package attack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pestle-fhir/pestle/conformance/process"
)

const jsonType = "application/fhir+json"

// normal is the traffic of well-behaved clients, and what became of it.
type normal struct {
	server *process.Server

	mu     sync.Mutex
	took   map[string][]time.Duration // by kind of request
	stored []string                   // addresses of what was acknowledged
	wrong  []string
}

// pause is what a client waits between two requests.
const pause = 20 * time.Millisecond

// client sends requests of all kinds until the end.
func (n *normal) client(random *rand.Rand, name string, end <-chan struct{}) {
	kinds := []struct {
		name string
		send func(random *rand.Rand, id string) (int, []byte, error)
	}{
		{"create", n.create}, {"read", n.read}, {"search", n.search}, {"transaction", n.transaction}, {"read", n.read}, {"message", n.message},
	}
	for i := 0; ; i++ {
		select {
		case <-end:
			return
		case <-time.After(pause/2 + rand.N(pause)):
		}
		kind := kinds[i%len(kinds)]
		began := time.Now()
		status, answer, err := kind.send(random, fmt.Sprintf("%s-%d", name, i))
		n.note(kind.name, time.Since(began), status, answer, err)
	}
}

func (n *normal) note(kind string, took time.Duration, status int, answer []byte, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.took[kind] = append(n.took[kind], took)
	if err != nil || status >= 300 {
		n.wrong = append(n.wrong, fmt.Sprintf("%s: %d %v %.300s", kind, status, err, answer))
	}
}

// acknowledged notes an address that must be there from now on.
func (n *normal) acknowledged(status int, addresses ...string) {
	if status < 300 {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.stored = append(n.stored, addresses...)
	}
}

func (n *normal) create(_ *rand.Rand, id string) (int, []byte, error) {
	body := fmt.Sprintf(`{"resourceType":"Patient","id":"%s","name":[{"family":"Normal","given":["%s"]}],"birthDate":"1970-01-01"}`, id, id)
	status, answer, err := n.server.Send(http.MethodPut, "/fhir/Patient/"+id, []byte(body), "Content-Type", jsonType)
	n.acknowledged(status, "Patient/"+id)
	return status, answer, err
}

func (n *normal) read(random *rand.Rand, _ string) (int, []byte, error) {
	return n.server.Send(http.MethodGet, fmt.Sprintf("/fhir/Patient/p%d", random.IntN(patients)), nil)
}

func (n *normal) search(random *rand.Rand, _ string) (int, []byte, error) {
	return n.server.Send(http.MethodGet, fmt.Sprintf("/fhir/Observation?subject=Patient/p%d&_sort=-date&_count=20", random.IntN(patients)), nil)
}

func (n *normal) transaction(_ *rand.Rand, id string) (int, []byte, error) {
	body := fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[
{"fullUrl":"urn:uuid:00000000-0000-4000-8000-000000000001","resource":{"resourceType":"Patient","id":"t%s"},"request":{"method":"PUT","url":"Patient/t%s"}},
{"resource":{"resourceType":"Observation","id":"t%s","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:00000000-0000-4000-8000-000000000001"}},"request":{"method":"PUT","url":"Observation/t%s"}}]}`, id, id, id, id)
	status, answer, err := n.server.Send(http.MethodPost, "/fhir", []byte(body), "Content-Type", jsonType)
	n.acknowledged(status, "Patient/t"+id, "Observation/t"+id)
	return status, answer, err
}

// message sends a new prescription, as a clinic does.
func (n *normal) message(_ *rand.Rand, _ string) (int, []byte, error) {
	status, order, err := n.server.Send(http.MethodGet, "/fhir/$demo-order", nil)
	if err != nil || status != http.StatusOK {
		return status, order, err
	}
	status, answer, err := n.server.Send(http.MethodPost, "/fhir/$process-message", order, "Content-Type", jsonType)
	var message struct {
		Entry []struct {
			Resource struct {
				ResourceType string
				Identifier   []struct{ Value string }
			}
		}
	}
	if status < 300 && err == nil {
		err = json.Unmarshal(order, &message)
	}
	for _, e := range message.Entry {
		if e.Resource.ResourceType == "MedicationRequest" {
			n.acknowledged(status, "MedicationRequest?identifier="+e.Resource.Identifier[0].Value)
		}
	}
	return status, answer, err
}

// run sends normal traffic of some clients for a time, and forgets the times of
// what was sent before.
func (n *normal) run(clients int, seed uint64, name string, long time.Duration) {
	n.took = map[string][]time.Duration{}
	end := make(chan struct{})
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() { n.client(rand.New(rand.NewPCG(seed, uint64(i))), fmt.Sprintf("%s%d", name, i), end) })
	}
	time.Sleep(long)
	close(end)
	all.Wait()
}

// p99 is the time within which 99 of 100 requests were answered, of a kind or,
// by "", of all.
func (n *normal) p99(kind string) time.Duration {
	var all []time.Duration
	for k, took := range n.took {
		if kind == "" || k == kind {
			all = append(all, took...)
		}
	}
	slices.Sort(all)
	return all[len(all)*99/100]
}

// lost are the addresses that were acknowledged and are not there.
func (n *normal) lost(t *testing.T, s *process.Server) (lost []string) {
	for _, address := range n.stored {
		status, answer, err := s.Send(http.MethodGet, "/fhir/"+address, nil)
		if err != nil || status != http.StatusOK || bytes.Contains(answer, []byte(`"total":0`)) {
			lost = append(lost, fmt.Sprintf("%s: %d %v", address, status, err))
		}
	}
	return lost
}

// fill stores what normal traffic reads.
func fill(t *testing.T, s *process.Server) {
	const each = 500
	for first := 0; first < patients; first += each {
		var b strings.Builder
		for i := first; i < first+each; i++ {
			fmt.Fprintf(&b, `,{"resource":{"resourceType":"Patient","id":"p%d","name":[{"family":"Family%d","given":["Ann"]}],"birthDate":"19%02d-01-01","generalPractitioner":[{"display":"x"}]},"request":{"method":"PUT","url":"Patient/p%d"}}`, i, i%97, i%90+10, i)
			fmt.Fprintf(&b, `,{"resource":{"resourceType":"Observation","id":"o%d","status":"final","code":{"coding":[{"system":"urn:c","code":"c%d"}]},"subject":{"reference":"Patient/p%d"},"effectiveDateTime":"20%02d-01-01","valueString":"%s"},"request":{"method":"PUT","url":"Observation/o%d"}}`, i, i%7, i, i%20+10, strings.Repeat("x", 500), i)
		}
		status, answer, err := s.Send(http.MethodPost, "/fhir", []byte(`{"resourceType":"Bundle","type":"transaction","entry":[`+b.String()[1:]+`]}`), "Content-Type", jsonType)
		if err != nil || status != http.StatusOK {
			t.Fatal(status, err, string(answer[:min(len(answer), 500)]))
		}
	}
}
