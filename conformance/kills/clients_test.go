package kills

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
)

// serial makes marks distinct.
var serial atomic.Int64

func newMark(kind string) string { return fmt.Sprintf("mark-%s-%d", kind, serial.Add(1)) }

const writers = 8

// crowd is clients that write until the server is gone.
type crowd struct {
	group sync.WaitGroup
	stop  atomic.Bool
}

// write lets clients write to a server. Each updates and deletes only what it has
// created itself, and forgets it with the server.
func write(s *site, l *ledger, rnd *rand.Rand) *crowd {
	c := &crowd{}
	for range writers {
		own := rand.New(rand.NewPCG(rnd.Uint64(), 0))
		c.group.Go(func() {
			w := &writer{site: s, ledger: l, rnd: own}
			for !c.stop.Load() && w.step() {
			}
		})
	}
	return c
}

func (c *crowd) end() {
	c.stop.Store(true)
	c.group.Wait()
}

// writer is one client.
type writer struct {
	site   *site
	ledger *ledger
	rnd    *rand.Rand
	ids    []string // of its patients
}

// step makes one write; false when the server is gone.
func (w *writer) step() bool {
	switch n := w.rnd.IntN(40); {
	case n == 0:
		return w.transaction(8, 400_000)
	case n == 1 && len(w.ids) > 0:
		return w.remove()
	case n < 4:
		return w.message()
	case n < 14:
		return w.transaction(2+w.rnd.IntN(4), 10)
	case n < 26 && len(w.ids) > 0:
		return w.update()
	}
	return w.create()
}

func patient(id, mark string) string {
	if id != "" {
		id = fmt.Sprintf(`"id":%q,`, id)
	}
	return fmt.Sprintf(`{"resourceType":"Patient",%s"name":[{"text":%q}]}`, id, mark)
}

func (w *writer) create() bool {
	mark := newMark("create")
	status, answer, h, err := w.site.send("POST", "/fhir/Patient", patient("", mark))
	if !w.took(status, answer, err) {
		return err == nil
	}
	version := w.version(h.Get("Location"))
	w.ledger.acknowledged(mark, false, version)
	id, _, _ := strings.Cut(strings.TrimPrefix(version, "Patient/"), "/")
	w.ids = append(w.ids, id)
	return true
}

// version is what a location says without the server's address.
func (w *writer) version(location string) string {
	_, v, _ := strings.Cut(location, "/fhir/")
	return v
}

// took reports whether a write was acknowledged.
func (w *writer) took(status int, answer string, err error) bool {
	if err == nil && status >= 300 {
		w.ledger.refusal(status, answer)
	}
	return err == nil && status < 300
}

func (w *writer) update() bool {
	id, mark := w.ids[w.rnd.IntN(len(w.ids))], newMark("update")
	status, answer, h, err := w.site.send("PUT", "/fhir/Patient/"+id, patient(id, mark))
	if w.took(status, answer, err) {
		w.ledger.acknowledged(mark, false, fmt.Sprintf("Patient/%s/_history/%s", id, strings.Trim(h.Get("ETag"), `W/"`)))
	}
	return err == nil
}

func (w *writer) remove() bool {
	id := w.ids[0]
	status, answer, h, err := w.site.send("DELETE", "/fhir/Patient/"+id, "")
	if w.took(status, answer, err) {
		w.ids = w.ids[1:]
		w.ledger.acknowledged("", false, fmt.Sprintf("Patient/%s/_history/%s", id, strings.Trim(h.Get("ETag"), `W/"`)))
	}
	return err == nil
}

// transaction creates so many resources with so much text that does not compress.
func (w *writer) transaction(parts, size int) bool {
	mark := newMark("transaction")
	entries := make([]string, parts)
	for i := range entries {
		entries[i] = fmt.Sprintf(`{"request":{"method":"POST","url":"Observation"},"resource":{"resourceType":"Observation","status":"final","code":{"text":%q},"valueString":%q}}`,
			mark, w.noise(size))
	}
	w.ledger.begin(mark, parts)
	status, answer, _, err := w.site.send("POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(entries, ",")+`]}`)
	if !w.took(status, answer, err) {
		return err == nil
	}
	var reply struct {
		Entry []struct{ Response struct{ Location string } }
	}
	err = json.Unmarshal([]byte(answer), &reply)
	versions := []string{}
	for _, e := range reply.Entry {
		versions = append(versions, w.version(e.Response.Location))
	}
	if err != nil || len(versions) != parts {
		w.ledger.refusal(status, "not the answer of a transaction: "+answer)
		return true
	}
	w.ledger.acknowledged(mark, true, versions...)
	return true
}

func (w *writer) noise(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'A' + byte(w.rnd.UintN(26)) | byte(w.rnd.UintN(2))<<5
	}
	return string(b)
}

var (
	prescription = regexp.MustCompile(`[0-9A-F]{6}-X99CL0-[0-9A-F]{5}[0-9A-Z+]`)
	line         = regexp.MustCompile(`"resourceType":\s*"MedicationRequest"`)
)

// message sends a prescription, and sends it once more under the same request id
// now and then, which has no further effect.
func (w *writer) message() bool {
	status, order, _, err := w.site.send("GET", "/fhir/$demo-order", "")
	if err != nil || status != 200 {
		return err == nil
	}
	mark := prescription.FindString(order)
	w.ledger.begin(mark, len(line.FindAllString(order, -1)))
	request := uuid.NewString()
	for range 1 + w.rnd.IntN(2) {
		status, answer, _, err := w.site.send("POST", "/fhir/$process-message", order, "X-Request-ID", request)
		if !w.took(status, answer, err) {
			return err == nil
		}
		w.ledger.acknowledged(mark, true)
	}
	return true
}
