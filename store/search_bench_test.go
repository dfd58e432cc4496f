package store

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// fill writes n MedicationRequests straight into an engine, as one commit for
// every hundred: each with a status, one of a thousand codes, one of n/10
// patients, a date and an identifier of its own.
func fill(b *testing.B, e kv.Engine, n int) *DB {
	var batch []kv.Op
	put := func(key, value []byte) {
		if value == nil {
			value = []byte{}
		}
		batch = append(batch, kv.Op{Key: key, Value: value})
		if len(batch) == 5000 {
			if err := e.Write(batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	epoch := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	seq := fhir.Seq(0)
	for i := range n {
		seq = fhir.Seq(1 + i/100)
		r := rid(i + 1)
		id := fmt.Sprintf("m%09d", i*7919%n)
		at := epoch.Add(time.Duration(i) * time.Minute)
		json := fmt.Sprintf(`{"resourceType":"MedicationRequest","id":"%s","meta":{"versionId":"1","lastUpdated":"%s"},"identifier":[{"system":"https://fhir.nhs.uk/Id/prescription-order-item-number","value":"%d"}],
"status":"%s","intent":"order","medicationCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"%d","display":"A product"}]},
"subject":{"reference":"Patient/p%d"},"authoredOn":"%s"}`, id, at.Format(fhir.InstantLayout), i, []string{"active", "completed", "stopped"}[i%3], i%1000, i%max(n/10, 1), at.Format("2006-01-02"))
		res, err := fhir.Parse([]byte(json))
		if err != nil {
			b.Fatal(err)
		}
		v := &fhir.Version{Type: "MedicationRequest", ID: id, VersionID: "1", Seq: seq, LastUpdated: at, Method: fhir.Create, JSON: []byte(json)}
		put(keyIdentity(v.Type, id), identity{r, 1, seq, false}.encode())
		put(keyVersion(v.Type, r, 1), encodeVersion(v, nil))
		entries, err := entriesOf(context.Background(), nil, res)
		if err != nil {
			b.Fatal(err)
		}
		for _, en := range append(entries, updatedEntry(v)) {
			put(keyRow(v.Type, en.Param, en.Key, r, seq), nil)
		}
	}
	put(keyHead, head{seq, epoch.UnixMilli(), rid(n)}.encode())
	put(keyFormat, encodeSeq(formatVersion))
	put(keyIndex, encodeSeq(indexVersion))
	if err := e.Write(batch); err != nil {
		b.Fatal(err)
	}
	db, err := Open(e, Options{})
	if err != nil {
		b.Fatal(err)
	}
	return db
}

// BenchmarkSearch measures a page of 20 in databases of 10 thousand and of 1
// million resources: go test ./store -run xxx -bench Search/badger
func BenchmarkSearch(b *testing.B) {
	for _, engine := range []string{"mem", "badger"} {
		for _, n := range []int{10_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/%d", engine, n), func(b *testing.B) {
				var e kv.Engine = mem.New()
				if engine == "badger" {
					var err error
					if e, err = badger.Open(b.TempDir(), nil); err != nil {
						b.Fatal(err)
					}
				}
				db := fill(b, e, n)
				if engine == "badger" && n > 10_000 {
					time.Sleep(20 * time.Second) // let the tree settle behind the writes
				}
				defer func() { _ = db.Close() }()
				benchQueries(b, db, n)
			})
		}
	}
}

func benchQueries(b *testing.B, db *DB, n int) {
	for _, query := range []string{
		"code=http://snomed.info/sct|7", "code=7", "status=active", "status=active&code=http://snomed.info/sct|7",
		fmt.Sprintf("identifier=https://fhir.nhs.uk/Id/prescription-order-item-number|%d", n/2),
		fmt.Sprintf("patient=Patient/p%d", n/20), fmt.Sprintf("patient=Patient/p%d&status=active&authoredon=ge2020-01-01", n/20),
		"authoredon=ge2020-01-03", "status:not=active&authoredon=2020-01-02", "", "_sort=-_lastUpdated", "status=active&_sort=-_lastUpdated",
		"status=active&_total=none", "code:text=a%20prod&_total=none",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(query, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				q, _, err := search.Parse("MedicationRequest", values, search.Options{})
				if err != nil {
					b.Fatal(err)
				}
				r, err := db.Search(context.Background(), q)
				if err != nil {
					b.Fatal(err)
				}
				if len(r.Matches) == 0 {
					b.Fatal("nothing found")
				}
			}
		})
	}
}

// BenchmarkTokenPage compares a page of 20 of a token search in a database of
// 10 thousand resources with the same in one of 1 million: medians of searches
// in turn, and their ratio. Durable databases have been closed and opened again,
// so that neither has its data in the write buffer.
// go test ./store -run xxx -bench TokenPage
func BenchmarkTokenPage(b *testing.B) {
	sizes := [2]int{10_000, 1_000_000}
	for _, name := range []string{"mem", "badger"} {
		b.Run(name, func(b *testing.B) {
			var dbs [2]*DB
			for i, n := range sizes {
				dbs[i] = filled(b, name, n)
				defer func() { _ = dbs[i].Close() }()
			}
			if name == "badger" {
				time.Sleep(5 * time.Second) // let the tree settle behind the writes
			}
			for _, query := range []string{"status=active", "status=active&_total=none", "status=http://hl7.org/fhir/CodeSystem/medicationrequest-status|active", "patient=Patient/p77",
				"identifier=https://fhir.nhs.uk/Id/prescription-order-item-number|4711", "status:not=active", "patient=Patient/p77&status=active"} {
				b.Run(query, func(b *testing.B) { comparePages(b, dbs, "MedicationRequest?"+query) })
			}
		})
	}
}

// filled gives a database of n resources in memory, or a durable one as it is
// after a restart.
func filled(b *testing.B, engine string, n int) *DB {
	if engine == "mem" {
		return fill(b, mem.New(), n)
	}
	dir := b.TempDir()
	open := func() kv.Engine {
		e, err := badger.Open(dir, nil)
		if err != nil {
			b.Fatal(err)
		}
		return e
	}
	if err := fill(b, open(), n).Close(); err != nil {
		b.Fatal(err)
	}
	db, err := Open(open(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	return db
}

func comparePages(b *testing.B, dbs [2]*DB, query string) {
	typ, params, _ := strings.Cut(query, "?")
	values, err := url.ParseQuery(params)
	if err != nil {
		b.Fatal(err)
	}
	q, _, err := search.Parse(typ, values, search.Options{})
	if err != nil {
		b.Fatal(err)
	}
	var took [2][]time.Duration
	for b.Loop() {
		for i, db := range dbs {
			start := time.Now()
			if _, err := db.Search(context.Background(), q); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(start))
		}
	}
	median := func(d []time.Duration) float64 {
		slices.Sort(d)
		return float64(d[len(d)/2].Nanoseconds()) / 1000
	}
	small, large := median(took[0]), median(took[1])
	b.ReportMetric(small, "µs-small")
	b.ReportMetric(large, "µs-large")
	b.ReportMetric(large/small, "ratio")
}
