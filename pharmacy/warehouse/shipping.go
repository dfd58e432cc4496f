package warehouse

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// stage is how far the warehouse is with an order: "" before it is told of it.
type stage string

// The stages, in their order.
const (
	stageReleased   stage = "released"
	stagePicked     stage = "picked"
	stagePacked     stage = "packed"
	stageDispatched stage = "dispatched"
	stageFailed     stage = "failed" // a courier could not deliver it, and still has it
	stageDelivered  stage = "delivered"
	stageReturned   stage = "returned" // it came back, or is not to be sent
)

// rank orders the stages by which an order goes.
var rank = map[stage]int{stageReleased: 1, stagePicked: 2, stagePacked: 3, stageDispatched: 4, stageFailed: 5, stageDelivered: 6, stageReturned: 7}

// shipping is what an order has of the warehouse and of the courier.
type shipping struct {
	ready    bool // it may be packed and sent, as far as the prescription goes
	stage    stage
	paused   bool // the warehouse is told to stop
	revision int  // of what the warehouse is told; 0 for nothing
	sent     int  // the revision that it has been told
	carrier  string
	tracking string
	scans    []string // what the courier told: "2026-11-02T09:00:00Z at-depot"
	packs    []Pack   // what was packed
	// acts are what is to be done with the prescription, in this order: acted were done
	// before.
	acts    []act
	acted   int
	trouble string  // why it waits for a person
	resumed string  // what a person decided last
	early   []Event // that came before those that they follow
	owed    bool    // the prescription says that it is owed
	address string  // a digest of the address to which it was released
	verify  bool    // a person is to verify the address before it is sent
}

// mostScans and mostEarly bound what an order remembers.
const (
	mostScans = 40
	mostEarly = 16
)

func (s *shipping) write(said *nhs.Parts) {
	if s.ready {
		said.Bool("ready", true)
	}
	said.Text("stage", "valueCode", string(s.stage))
	if s.paused {
		said.Bool("paused", true)
	}
	if s.revision > 0 {
		said.Int("revision", "valueInteger", s.revision)
		said.Int("sent", "valueInteger", s.sent)
	}
	said.Text("carrier", "valueString", s.carrier)
	said.Text("tracking", "valueString", s.tracking)
	for _, scan := range s.scans {
		said.Text("scan", "valueString", scan)
	}
	for _, p := range s.packs {
		said.Text("packed", "valueString", jsonOf(p))
	}
	for _, a := range s.acts {
		said.Text("act", "valueString", jsonOf(a))
	}
	if s.acted > 0 {
		said.Int("acted", "valueInteger", s.acted)
	}
	said.Text("trouble", "valueString", s.trouble)
	said.Text("resumed", "valueString", s.resumed)
	for _, e := range s.early {
		of := nhs.Parts{}
		of.Text("id", "valueString", e.ID)
		of.Text("event", "valueString", string(e.Text()))
		said.Within("early", of)
	}
	said.Text("address", "valueString", s.address)
	if s.verify {
		said.Bool("verify", true)
	}
	if s.owed {
		said.Bool("owed", true)
	}
}

func jsonOf(v any) string {
	text, _ := json.Marshal(v) // of plain members, which never fails
	return string(text)
}

func (s *shipping) read(said fhir.Node) error {
	part := func(name, kind string) fhir.Node { return nhs.Extension(said, name).Get(kind) }
	s.ready, s.stage, s.paused, s.owed = part("ready", "valueBoolean").Bool(), stage(part("stage", "valueCode").Text()), part("paused", "valueBoolean").Bool(), part("owed", "valueBoolean").Bool()
	s.revision, s.sent, s.acted = whole(part("revision", "valueInteger")), whole(part("sent", "valueInteger")), whole(part("acted", "valueInteger"))
	s.carrier, s.tracking, s.trouble = part("carrier", "valueString").Text(), part("tracking", "valueString").Text(), part("trouble", "valueString").Text()
	s.address, s.verify = part("address", "valueString").Text(), part("verify", "valueBoolean").Bool()
	s.resumed = part("resumed", "valueString").Text()
	for e := range said.Get("extension").Items() {
		text := e.Get("valueString").Text()
		switch e.Get("url").Text() {
		case "scan":
			s.scans = append(s.scans, text)
		case "packed":
			var p Pack
			if err := json.Unmarshal([]byte(text), &p); err != nil {
				return fhir.E("stock", fhir.Processing, fhir.Issue{Expression: "SupplyRequest.extension", Message: "What was packed cannot be read: " + err.Error() + "."})
			}
			s.packs = append(s.packs, p)
		case "act":
			var a act
			if err := json.Unmarshal([]byte(text), &a); err != nil {
				return fhir.E("stock", fhir.Processing, fhir.Issue{Expression: "SupplyRequest.extension", Message: "What is to be done cannot be read: " + err.Error() + "."})
			}
			s.acts = append(s.acts, a)
		case "early":
			e, err := ReadEvent(nhs.Extension(e, "id").Get("valueString").Text(), []byte(nhs.Extension(e, "event").Get("valueString").Text()))
			if err != nil {
				return err
			}
			s.early = append(s.early, e)
		}
	}
	return nil
}

// out reports whether the warehouse has the order and nothing of it is sent yet.
func (s *shipping) out() bool {
	return slices.Contains([]stage{stageReleased, stagePicked, stagePacked}, s.stage)
}

// tell decides what the warehouse is to be told of an order: that it is to be packed
// and sent, that it is to wait, or that it is not wanted.
func (b *book) tell(o *order) {
	may := o.status == orderActive && o.ready && !o.verify && o.short.IsZero() && o.has().IsPositive()
	switch {
	case o.out() && o.status != orderActive:
		o.stage = stageReturned
		b.raise(o)
	case o.stage == "" && may:
		o.stage, o.paused = stageReleased, false
		b.raise(o)
		patient, err := current(b.state, "Patient", o.patient)
		if err == nil {
			o.address = addressOf(patient)
		}
	case o.out() && !o.paused && !may:
		o.paused = true
		b.raise(o)
	case o.out() && o.paused && may:
		o.paused = false
		b.raise(o)
	}
}

// raise gives an order the next revision. None is given twice, also not after the database was
// restored from a backup, which has an older one: a revision is the second in which it is given,
// or that of before and 1 where more are given in a second.
func (b *book) raise(o *order) {
	o.revision = max(o.revision+1, revisionAt(b.now))
	b.wrote("SupplyRequest", o.id)
}

// revisionAt is the revision of a second: they are counted from 2026 on, so that they are a
// FHIR integer until 2094.
func revisionAt(at time.Time) int {
	return int(min(max(at.Unix()-revisionsFrom, 0), math.MaxInt32/2))
}

var revisionsFrom = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()

// owe has the prescription say that an order that is short is owed, once it is known
// when the rest is expected.
func (b *book) owe(o *order) {
	if o.status != orderActive || o.stage != "" || !o.short.IsPositive() || o.expected.IsZero() || o.owed {
		return
	}
	o.owed = true
	o.acts = append(o.acts, act{Kind: ActOwe, Expected: o.expected.String(), Reason: "Not in stock: " + o.short.String() + " " + o.unit + " missing."})
	b.wrote("SupplyRequest", o.id)
}

// stop has an order wait for a person.
func (b *book) stop(o *order, why string) {
	if len(why) > 1000 {
		why = strings.ToValidUTF8(why[:1000], "")
	}
	o.trouble = why
	b.wrote("SupplyRequest", o.id)
}
