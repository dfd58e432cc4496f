package main

import (
	"time"

	"github.com/pestle-fhir/pestle/server"
)

// counters are the figures of the verification for /metrics.
func (v *verification) counters() []server.Counter {
	kept := func(f func() float64) func() float64 {
		return func() float64 {
			v.mu.Lock()
			defer v.mu.Unlock()
			return f()
		}
	}
	return []server.Counter{
		{Name: "pestle_store_verified_timestamp_seconds", Gauge: true, Help: "When the whole database was verified the last time, Unix time; 0 for not yet.",
			Value: kept(func() float64 { return seconds(v.passed) })},
		{Name: "pestle_store_verification_seconds", Gauge: true, Help: "How long the last verification of the whole database took.",
			Value: kept(func() float64 { return v.took.Seconds() })},
		{Name: "pestle_store_damaged_blocks", Gauge: true, Help: "Blocks and large values of the database that cannot be read, by the verification.",
			Value: kept(func() float64 { return float64(v.blocks) })},
		{Name: "pestle_store_findings", Gauge: true, Help: "Things that the verification has found wrong.",
			Value: kept(func() float64 { return float64(len(v.found) + v.more) })},
		{Name: "pestle_store_finding", Gauge: true, Label: "resource", Help: "Things that the verification has found wrong, by the resource or version that they are about; at most 100.",
			Values: v.byResource},
		{Name: "pestle_store_damaged_reads_total", Help: "Reads of resources that cannot be read because a part of the database is damaged.",
			Value: func() float64 { return float64(v.db.DamagedReads()) }},
	}
}

// seconds is a time as Unix time, 0 for none.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}

func (v *verification) byResource() map[string]float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	counts := map[string]float64{}
	for _, f := range v.found {
		counts[f.Resource]++
	}
	return counts
}
