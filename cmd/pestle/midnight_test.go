package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/long"
	"github.com/pestle-fhir/pestle/internal/processor"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// TestLongMidnight: an item of each of so many prescriptions expires at one midnight.
// All of them end, also when the timer is stopped on the way and another one goes on.
// Meanwhile requests are answered, the followers keep up, and memory is bounded.
func TestLongMidnight(t *testing.T) {
	p := long.Start(t, 150, 100_000)
	m := &midnight{claiming: startClaims(t), t: t}
	for made := 0; made < p.Tries; made += 1000 {
		m.all(m.orders(min(1000, p.Tries-made)), m.order)
	}
	require.Zero(t, m.due(time.Now()), "the last day is a whole day")
	found := time.Now()
	require.Equal(t, p.Tries, m.due(m.tomorrow()))
	finding := time.Since(found)
	quiet := m.visit(2 * time.Second)

	runtime.GC()
	before, begin, cpu := m.heap(), time.Now(), processor.Time()
	m.pass(p.Tries / 2)
	m.pass(0)
	took, spent := time.Since(begin), processor.Time()-cpu
	var err error
	if m.behind > 1000 {
		err = fmt.Errorf("%d commits", m.behind)
	}
	p.Try("the followers keep up", err)
	err = nil
	if m.most > before+256<<20 {
		err = fmt.Errorf("%d MB, %d before", m.most>>20, before>>20)
	}
	p.Try("memory", err)
	p.Try("all ended", m.ended())
	p.Report("%d items that expire at one midnight: found in %s, ended in %s with %s of the processor, %.0f/s; writes meanwhile %s, quiet %s; followers at most %d commits behind; %d MB of heap at most, %d before",
		p.Tries, finding.Round(time.Millisecond), took.Round(time.Millisecond), spent.Round(time.Millisecond), float64(p.Tries)/took.Seconds(), percentiles(m.meanwhile), percentiles(quiet), m.behind, m.most>>20, before>>20)
}

// midnight is a pharmacy in the night in which items expire.
type midnight struct {
	*claiming
	t         *testing.T
	visits    int
	meanwhile []time.Duration
	behind    fhir.Seq
	most      uint64
}

// tomorrow is a time on the day after the last one of what was ordered today.
func (m *midnight) tomorrow() time.Time { return time.Now().AddDate(0, 0, 29) }

// due is how many prescriptions have an item whose time is over.
func (m *midnight) due(now time.Time) int {
	ids, err := m.app.dispensing.Timed()[0].Due(m.app.db.State(m.t.Context()), now)
	require.NoError(m.t, err)
	return len(ids)
}

func (m *midnight) heap() uint64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

func (m *midnight) lag() fhir.Seq {
	_, lag := m.app.backlog.Lag()
	return lag
}

// pass runs a timer until so many are left at most.
func (m *midnight) pass(left int) {
	ctx, stop := context.WithCancel(m.t.Context())
	done := make(chan struct{})
	timer := pharmacy.Timer{DB: m.app.db, Head: m.app.db.Head, Timed: m.app.dispensing.Timed()[0], Clock: m.tomorrow, Behind: m.lag, Logger: slog.New(slog.DiscardHandler)}
	go func() {
		_ = timer.Run(ctx)
		close(done)
	}()
	for m.due(m.tomorrow()) > left {
		m.meanwhile = append(m.meanwhile, m.visit(500*time.Millisecond)...)
		m.most, m.behind = max(m.most, m.heap()), max(m.behind, m.lag())
	}
	stop()
	<-done
}

// visit writes for a while, one resource after the other, and returns how long each took.
func (m *midnight) visit(d time.Duration) (took []time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); m.visits++ {
		from := time.Now()
		body := fmt.Appendf(nil, `{"resourceType":"Observation","status":"final","code":{"text":"visit %d"}}`, m.visits)
		require.Equal(m.t, http.StatusCreated, m.ask(http.MethodPost, "/Observation", body))
		took = append(took, time.Since(from))
	}
	return took
}

// ended reports items that were to end and have not: of each prescription the
// controlled drug has ended, and the other item has not.
func (m *midnight) ended() error {
	state := m.app.db.State(m.t.Context())
	for status, want := range map[string]int64{"stopped": m.made, "active": m.made} {
		ids, err := state.Find("MedicationRequest", "status="+status)
		if err == nil && int64(len(ids)) != want {
			err = fmt.Errorf("%d orders are %s, and %d should be", len(ids), status, want)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// percentiles are the middle one, and the tenth and the hundredth largest.
func percentiles(all []time.Duration) string {
	if len(all) == 0 {
		return "none"
	}
	slices.Sort(all)
	at := func(n int) time.Duration { return all[len(all)*n/100].Round(time.Millisecond / 10) }
	return fmt.Sprintf("p50 %s, p90 %s, p99 %s", at(50), at(90), at(99))
}
