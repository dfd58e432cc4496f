//go:build unix

package store_test

import (
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/processor"
	"github.com/pestle-fhir/pestle/store"
)

// BenchmarkSustained writes from 16 clients, 40,000 times or with PESTLE_LONG
// 200,000 times, and then compares that database with new ones, in turns, because
// other work on the machine disturbs single rounds: rate, 99th percentile and
// time of a processor. The memory is what the process held during the load, with
// its garbage within 200 MB as the server keeps it.
func BenchmarkSustained(b *testing.B) {
	for name, transaction := range map[string]func(testing.TB, int64) *fhir.Transaction{
		"create of one type":    func(b testing.TB, n int64) *fhir.Transaction { return creates(benchPatient(b, n)) },
		"create of three types": func(b testing.TB, n int64) *fhir.Transaction { return creates(benchOf(b, n)) },
		"transaction of two":    func(b testing.TB, n int64) *fhir.Transaction { return creates(benchPatient(b, n), benchOf(b, n)) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				sustain(b, transaction)
			}
		})
	}
}

func sustain(b *testing.B, transaction func(testing.TB, int64) *fhir.Transaction) {
	total := 40_000
	if os.Getenv("PESTLE_LONG") != "" {
		total = 200_000
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(200 << 20))
	var n atomic.Int64
	open := func() (*store.DB, func(testing.TB) error) {
		db := openDB(b, durable(b), store.Options{})
		return db, func(b testing.TB) error {
			_, err := db.Commit(ctx, transaction(b, n.Add(1)))
			return err
		}
	}
	resetPeak(b)
	old, writeOld := open()
	timed(b, 16, total, writeOld)
	b.ReportMetric(status(b, "VmRSS:"), "MB-resident")
	b.ReportMetric(status(b, "VmHWM:"), "MB-peak")
	const rounds = 7
	var fresh, after [rounds]timing
	for i := range rounds {
		db, write := open()
		fresh[i] = timed(b, 16, total/20, write)
		require.NoError(b, db.Close())
		after[i] = timed(b, 16, total/20, writeOld)
	}
	require.NoError(b, old.Close())
	median := func(of func(i int) float64) float64 {
		all := make([]float64, rounds)
		for i := range all {
			all[i] = of(i)
		}
		slices.Sort(all)
		return all[rounds/2]
	}
	b.ReportMetric(median(func(i int) float64 { return fresh[i].rate }), "fresh/s")
	b.ReportMetric(median(func(i int) float64 { return after[i].rate }), "after/s")
	b.ReportMetric(median(func(i int) float64 { return after[i].rate / fresh[i].rate }), "of-fresh")
	b.ReportMetric(median(func(i int) float64 { return after[i].p99 / fresh[i].p99 }), "p99-ratio")
	b.ReportMetric(median(func(i int) float64 { return fresh[i].cpu }), "fresh-cpu-µs")
	b.ReportMetric(median(func(i int) float64 { return after[i].cpu }), "after-cpu-µs")
}

func creates(all ...*fhir.Resource) *fhir.Transaction {
	tx := &fhir.Transaction{}
	for _, r := range all {
		tx.Changes = append(tx.Changes, post(r))
	}
	return tx
}

// benchOf is a resource of one of three types.
func benchOf(b testing.TB, n int64) *fhir.Resource {
	switch n % 3 {
	case 0:
		return benchPatient(b, n)
	case 1:
		return parse(b, `{'resourceType':'Observation','status':'final','code':{'coding':[{'system':'http://loinc.org','code':'%d-4'}]},
			'category':[{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/observation-category','code':'vital-signs'}]}],
			'subject':{'reference':'Patient/p%d'},'effectiveDateTime':'2024-05-%02dT10:%02d:00Z','valueQuantity':{'value':%d,'unit':'mmHg','system':'http://unitsofmeasure.org','code':'mm[Hg]'}}`,
			8000+n%900, n%50_000, 1+n%28, n%60, n%200)
	}
	return parse(b, `{'resourceType':'MedicationRequest','status':'active','intent':'order','identifier':[{'system':'https://fhir.nhs.uk/Id/prescription-order-item-number','value':'%d'}],
		'medicationCodeableConcept':{'coding':[{'system':'https://dmd.nhs.uk','code':'%d'}]},'subject':{'reference':'Patient/p%d'},'authoredOn':'2024-05-%02dT09:%02d:00Z',
		'requester':{'reference':'Practitioner/d%d'},'groupIdentifier':{'system':'https://fhir.nhs.uk/Id/prescription-order-number','value':'%08X'},
		'dosageInstruction':[{'text':'One tablet to be taken each day'}]}`, n, 300_000_000+n%9000, n%50_000, 1+n%28, n%60, n%400, n)
}

// timing is how many a second there were, what the slowest of a hundred took in
// milliseconds, and what each took of a processor in microseconds.
type timing struct{ rate, p99, cpu float64 }

// timed runs f n times from so many clients.
func timed(b testing.TB, clients, n int, f func(testing.TB) error) timing {
	took := make([][]time.Duration, clients)
	var left atomic.Int64
	left.Store(int64(n))
	began, used := time.Now(), processor.Time()
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				start := time.Now()
				if err := f(b); err != nil {
					b.Error(err)
					return
				}
				took[i] = append(took[i], time.Since(start))
			}
		})
	}
	all.Wait()
	elapsed := time.Since(began)
	times := slices.Concat(took...)
	slices.Sort(times)
	return timing{float64(n) / elapsed.Seconds(), float64(times[len(times)*99/100].Microseconds()) / 1000, float64((processor.Time() - used).Microseconds()) / float64(n)}
}

// resetPeak begins the peak of the memory anew, where the system can.
func resetPeak(testing.TB) { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// status is a figure of the memory of this process in MB, 0 where the system
// does not tell.
func status(b testing.TB, figure string) (mb float64) {
	text, _ := os.ReadFile("/proc/self/status")
	if _, rest, ok := strings.Cut(string(text), figure); ok {
		_, err := fmt.Sscan(rest, &mb)
		require.NoError(b, err)
	}
	return mb / 1024
}
