// Package simulator is a warehouse with a courier that exist nowhere: for a sandbox, and
// for tests of what happens when messages are lost, come twice or in another order, when
// something is miscounted, and when either side stops at any time.
//
// What it has been told and has done is in a journal, a file of JSON lines that is
// written before anything follows from it, so that it goes on where it was ended. An
// order is sent once, whatever it is told.
package simulator

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
)

// Options say how the simulated world goes. The zero value is one in which everything
// works at once.
type Options struct {
	Seed    uint64
	Delay   time.Duration // the longest time that a step takes, or a message is under way
	Journal string        // the file; "" for none
	Clock   func() time.Time

	// The share of what goes wrong, from 0 to 1.
	Lose      float64 // attempts to tell something that are lost
	Duplicate float64 // what is told once more after it was taken
	Miscount  float64 // orders of which another quantity is packed first
	Fail      float64 // deliveries of which the first attempt fails
}

// Tell tells the pharmacy an event, and returns the status of the answer, 0 for none.
type Tell func(ctx context.Context, id string, body []byte) (status int)

// Simulator is a simulated warehouse. Its methods may be called at any time.
type Simulator struct {
	options Options

	mu      sync.Mutex
	random  *rand.Rand
	orders  map[string]*order
	out     []*event // that are to be told
	journal *os.File
	shipped int
}

// order is an order as the warehouse has it.
type order struct {
	warehouse.Order
	Kind    warehouse.MessageKind
	Next    time.Time // when the next step is made
	Step    int       // 0 received, 1 picked, 2 packed and not answered yet, 3 packed, 4 sent
	Shipped bool
	Wrong   bool // it was miscounted once
}

// event is something to tell.
type event struct {
	ID    string          `json:"id"`
	Order string          `json:"order"`
	Kind  string          `json:"kind"`
	Body  json.RawMessage `json:"body"`

	at    time.Time // of the next attempt
	again bool      // it was taken, and is told once more
	busy  bool
}

// line is a line of the journal: one of its members.
type line struct {
	Told    *warehouse.Message `json:"told,omitempty"`    // by the pharmacy
	Step    *stepped           `json:"step,omitempty"`    // made by the warehouse
	Taken   string             `json:"taken,omitempty"`   // the id of an event that was taken
	Refused string             `json:"refused,omitempty"` // the id of an event that was refused
}

// stepped is a step with what is told of it.
type stepped struct {
	Order  string   `json:"order"`
	Step   int      `json:"step"`
	Ships  bool     `json:"ships,omitempty"`
	Wrong  bool     `json:"wrong,omitempty"`
	Events []*event `json:"events"`
}

// Open opens a simulator, with what its journal has.
func Open(o Options) (*Simulator, error) {
	s := &Simulator{options: o, random: rand.New(rand.NewPCG(o.Seed, uint64(os.Getpid()))), orders: map[string]*order{}}
	if o.Journal == "" {
		return s, nil
	}
	text, err := os.ReadFile(o.Journal)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if end := bytes.LastIndexByte(text, '\n') + 1; end < len(text) { // a line that was not written to its end
		text = text[:end]
		if err := os.Truncate(o.Journal, int64(end)); err != nil {
			return nil, err
		}
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("the journal of the simulator: %w", err)
		}
		s.apply(&l)
	}
	if s.journal, err = os.OpenFile(o.Journal, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	return s, lines.Err()
}

// write writes a line to the journal, and then does what it says.
func (s *Simulator) write(l line) error {
	if s.journal != nil {
		text, err := json.Marshal(l)
		if err != nil {
			return err
		}
		if _, err := s.journal.Write(append(text, '\n')); err != nil {
			return err
		}
	}
	s.apply(&l)
	return nil
}

// apply does what a line says.
func (s *Simulator) apply(l *line) {
	now := s.options.Clock()
	switch {
	case l.Told != nil:
		m := l.Told
		o := s.orders[m.Data.ID]
		if o == nil {
			o = &order{}
			s.orders[m.Data.ID] = o
		}
		if m.Data.Revision <= o.Revision || o.Shipped {
			return
		}
		o.Order, o.Kind, o.Step, o.Next = m.Data, m.Kind, 0, now.Add(s.delay())
	case l.Step != nil:
		o := s.orders[l.Step.Order]
		o.Step, o.Next, o.Wrong = l.Step.Step, now.Add(s.delay()), o.Wrong || l.Step.Wrong
		if l.Step.Ships {
			o.Shipped = true
			s.shipped++
		}
		for _, e := range l.Step.Events {
			e.at = now.Add(s.delay())
			s.out = append(s.out, e)
		}
	case l.Taken != "" || l.Refused != "":
		i := slices.IndexFunc(s.out, func(e *event) bool { return e.ID == l.Taken || e.ID == l.Refused })
		if i < 0 {
			return
		}
		e := s.out[i]
		s.out = slices.Delete(s.out, i, i+1)
		o := s.orders[e.Order]
		switch {
		case e.Kind != string(warehouse.PackedEvent) || o.Step != 2:
		case l.Taken != "":
			o.Step = 3
		default:
			o.Step = 1 // it is packed again, as the pharmacy wants it
		}
	}
}

// delay is some time up to the longest.
func (s *Simulator) delay() time.Duration {
	if s.options.Delay <= 0 {
		return 0
	}
	return time.Duration(s.random.Int64N(int64(s.options.Delay)))
}

func (s *Simulator) happens(share float64) bool { return share > 0 && s.random.Float64() < share }

// Receive takes a message of the pharmacy: one that came before changes nothing.
func (s *Simulator) Receive(m warehouse.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(line{Told: &m})
}

// Run works, and tells of it, until ctx ends.
func (s *Simulator) Run(ctx context.Context, tell Tell) error {
	var group sync.WaitGroup
	defer group.Wait()
	slots := make(chan struct{}, 8)
	for ctx.Err() == nil {
		if err := s.work(s.options.Clock()); err != nil {
			return err
		}
		for _, e := range s.due(s.options.Clock()) {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return nil
			}
			group.Go(func() {
				defer func() { <-slots }()
				s.tell(ctx, e, tell)
			})
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// due are the events that are to be told now, but for those that are lost on the way.
func (s *Simulator) due(now time.Time) (list []*event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.out {
		if e.busy || now.Before(e.at) {
			continue
		}
		if s.happens(s.options.Lose) {
			e.at = now.Add(s.delay())
			continue
		}
		e.busy = true
		list = append(list, e)
	}
	return list
}

// tell tells an event, and notes what came of it.
func (s *Simulator) tell(ctx context.Context, e *event, tell Tell) {
	status := tell(ctx, e.ID, e.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	e.busy = false
	switch {
	case status >= 200 && status < 300:
		if !e.again && s.happens(s.options.Duplicate) {
			e.again, e.at = true, s.options.Clock().Add(s.delay())
			return
		}
		_ = s.write(line{Taken: e.ID})
	case status == 409 || status == 422:
		_ = s.write(line{Refused: e.ID})
	default: // nobody was there, or could take it now
		e.at = s.options.Clock().Add(10*time.Millisecond + s.delay())
	}
}

// work makes the steps that are due.
func (s *Simulator) work(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orders {
		if o.Kind != warehouse.Released || o.Shipped || now.Before(o.Next) {
			continue
		}
		var l *stepped
		switch o.Step {
		case 0:
			l = s.step(o, 1, s.event(o, warehouse.PickedEvent, now, nil))
		case 1:
			wrong := !o.Wrong && s.happens(s.options.Miscount)
			l = s.step(o, 2, s.event(o, warehouse.PackedEvent, now, func(e *warehouse.Told) {
				e.Lots, e.By, e.Checked = slices.Clone(o.Lots), "packer 7", "checker 3"
				if wrong && len(e.Lots) > 0 {
					e.Lots[0].Quantity = e.Lots[0].Quantity.Add(decimal.NewFromInt(1))
				}
			}))
			l.Wrong = wrong
		case 3:
			l = s.ship(o, now)
		default:
			continue
		}
		if err := s.write(line{Step: l}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Simulator) step(o *order, step int, events ...*event) *stepped {
	return &stepped{Order: o.ID, Step: step, Events: events}
}

// ship gives an order to the courier, who delivers it at the first or the second
// attempt.
func (s *Simulator) ship(o *order, now time.Time) *stepped {
	sent := func(e *warehouse.Told) { e.Carrier, e.Tracking = "Simulated Mail", "SM"+o.ID[:13] }
	events := []*event{s.event(o, warehouse.DispatchedEvent, now, sent), s.event(o, warehouse.TrackedEvent, now, func(e *warehouse.Told) { e.Outcome = "at-depot" })}
	if s.happens(s.options.Fail) {
		again := s.event(o, warehouse.DispatchedEvent, now, sent)
		again.ID += "-2"
		events = append(events, s.event(o, warehouse.FailedEvent, now, func(e *warehouse.Told) { e.Reason = "Nobody was there." }), again)
	}
	shown := true
	events = append(events, s.event(o, warehouse.DeliveredEvent, now, func(e *warehouse.Told) {
		e.Outcome, e.Recipient, e.Identity = "delivered-signed", "the addressee", &shown
	}))
	l := s.step(o, 4, events...)
	l.Ships = true
	return l
}

// event is something that is to be told of an order.
func (s *Simulator) event(o *order, kind warehouse.EventKind, now time.Time, fill func(e *warehouse.Told)) *event {
	e := warehouse.Event{Kind: kind, When: now.UTC().Truncate(time.Millisecond), Told: warehouse.Told{Order: o.ID, Revision: o.Revision}}
	if fill != nil {
		fill(&e.Told)
	}
	id := fmt.Sprintf("sim-%s-%d-%s", o.ID, o.Revision, string(kind)[len("order."):])
	if o.Wrong && kind == warehouse.PackedEvent {
		id += "-again"
	}
	return &event{ID: id, Order: o.ID, Kind: string(kind), Body: e.Text()}
}

// Figures are what a simulator has done.
type Figures struct {
	Orders, Shipped, Waiting int // orders that it was told of, that it sent, events that are not taken yet
}

// Figures returns what was done so far.
func (s *Simulator) Figures() Figures {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Figures{len(s.orders), s.shipped, len(s.out)}
}

// Close ends the journal.
func (s *Simulator) Close() error {
	if s.journal == nil {
		return nil
	}
	return s.journal.Close()
}
