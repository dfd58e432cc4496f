package main

import (
	"sync/atomic"
	"time"

	"github.com/pestle-fhir/pestle/internal/tracing"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/server"
)

// counters are the figures of everything but HTTP, for /metrics.
func (a *app) counters() []server.Counter {
	counters := []server.Counter{
		{Name: "pestle_commits_total", Help: "Commits in the log.", Value: func() float64 { return float64(a.db.Head()) }},
		{Name: "pestle_commit_group_size", Help: "Transactions that were made durable together.", Distribution: a.db.Groups().Read},
		{Name: "pestle_commit_write_seconds", Help: "Time until a group of transactions was durable, with the sync of the disk.", Distribution: a.db.Writes().Read},
		{Name: "pestle_store_sync_seconds", Help: "Time that the disk takes to make what was written durable.", Distribution: a.engine.Syncs},
		{Name: "pestle_store_cache_total", Label: "outcome", Help: "Versions that were read: those that were in memory, parsed (hit), and those that were not (miss).", Values: a.cached},
		{Name: "pestle_notices_total", Label: "outcome", Help: "Attempts to tell patients something since the start.", Values: a.notices.Deliveries},
		{Name: "pestle_audit_unsigned", Gauge: true, Help: "Events of the audit log that no signed checkpoint covers yet; -1 where none is signed.", Value: a.unsigned},
		{Name: "pestle_commit_queue", Help: "Transactions that wait to be committed; 1024 at most.", Gauge: true, Value: func() float64 { return float64(a.db.Queued()) }},
		{Name: "pestle_store_writable", Help: "1 while the store takes writes, 0 while it refuses them.", Gauge: true, Value: a.writable},
		{Name: "pestle_store_free_bytes", Help: "Bytes that the disk of the data folder has free.", Gauge: true, Value: func() float64 { return float64(a.engine.Free()) }},
		{Name: "pestle_store_bytes", Help: "Bytes of the files of the database.", Gauge: true, Value: a.size},
		{Name: "pestle_audit_events_total", Help: "Events in the audit log.", Value: func() float64 { return float64(a.audit.Head()) }},
		{Name: "pestle_audit_writable", Help: "1 while events can be recorded, 0 while nothing of patients is shown because they cannot.", Gauge: true, Value: func() float64 { return truth(a.audit.Takes() == nil) }},
		{Name: "pestle_backlog_limit_commits", Gauge: true, Help: "Commits that a follower may be behind before new prescriptions are refused; 0 for any number.",
			Value: func() float64 { return float64(a.backlog.Most) }},
		{Name: "pestle_index_parked", Gauge: true, Help: "Indexes of stored SearchParameters whose work is parked, since it failed; -1 where that cannot be read.", Value: a.parkedIndexes},
		{Name: "pestle_index_failed_total", Help: "Steps of the work for stored SearchParameters that failed since the start.", Value: func() float64 { return float64(a.db.FailedSteps()) }},
		{Name: "pestle_follower_lag_commits", Gauge: true, Label: "follower", Help: "Commits in the log that a follower has not taken yet.", Values: a.lags},
		{Name: "pestle_follower_parked_total", Label: "follower", Help: "Versions that a follower could not process since the start; each has a Task with the status failed.", Values: a.parked.read},
		{Name: "pestle_follower_versions_total", Label: "follower", Help: "Versions that a follower has processed since the start.", Values: a.stepped.read},
	}
	if a.subscriptions != nil {
		counters = append(counters, server.Counter{Name: "pestle_notifications_total", Label: "outcome", Help: "Notifications of Subscriptions since the start: those that arrived, and attempts that failed.", Values: a.subscriptions.Deliveries},
			server.Counter{Name: "pestle_subscriptions_failing", Gauge: true, Help: "Subscriptions whose notifications do not arrive.",
				Value: func() float64 { return float64(a.subscriptions.Failing()) }})
	}
	if a.nhs != nil {
		counters = append(counters, server.Counter{Name: "pestle_nhs_failing_seconds", Gauge: true, Help: "For how long no call to an API of the NHS has succeeded; 0 while they do, and where none is set.",
			Value: func() float64 { return a.nhs.Failing().Seconds() }})
	}
	if a.site != "" {
		counters = append(counters, server.Counter{Name: "pestle_month_open", Gauge: true, Help: "1 while claims of last month are not closed for the pharmacy; -1 where that cannot be read.", Value: a.monthOpen})
	}
	return counters
}

// cached tells how often versions were in memory.
func (a *app) cached() map[string]float64 {
	hits, misses := a.db.Cached()
	return map[string]float64{"hit": float64(hits), "miss": float64(misses)}
}

// unsigned is how far the signed checkpoints of the audit log are behind it.
func (a *app) unsigned() float64 {
	edge, _, err := a.audit.Tree().Committed()
	if err != nil || !a.accesses.Signed() {
		return -1
	}
	return max(0, float64(edge.Size())-float64(a.accesses.Newest().Size))
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func (a *app) writable() float64 { return truth(a.db.Writable() == nil) }

// size is that of the files of the database; -1 where it cannot be read.
func (a *app) size() float64 {
	size, err := a.engine.Size()
	if err != nil {
		return -1
	}
	return float64(size)
}

func (a *app) lags() map[string]float64 {
	all := map[string]float64{}
	for name, loop := range a.loops {
		all[name] = float64(loop.Lag(a.db.Head()))
	}
	return all
}

// monthOpen says whether claims of last month are not closed.
func (a *app) monthOpen() float64 {
	open, ok := a.figures.value("pestle_month_open")
	if !ok {
		return -1
	}
	return open
}

// tally counts by follower.
type tally map[string]*atomic.Uint64

func (t tally) read() map[string]float64 {
	all := map[string]float64{}
	for name, n := range t {
		all[name] = float64(n.Load())
	}
	return all
}

// count counts what becomes of the commits that a follower takes.
func (a *app) count(p pharmacy.Progress) {
	a.parked[p.Follower].Add(uint64(p.Parked))
	a.stepped[p.Follower].Add(uint64(p.Stepped))
	if p.Stepped > 0 && a.traces.Send != nil {
		a.traces.Followed(p.RequestID, "follower "+p.Follower, p.Begun, time.Now(), p.Parked > 0, tracing.Text("pestle.follower", p.Follower), tracing.Number("pestle.versions", p.Stepped), tracing.Number("pestle.changes", p.Changes))
	}
}
