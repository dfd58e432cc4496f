package main

import (
	"fmt"
	"math"
)

// table is what the project holds itself to. The suites are run in this order,
// each once.
var table = []row{
	{
		work: "parse and check structure, one thread, against google/fhir's Unmarshal", hold: hold{least: 5, unit: "x"}, shared: true, suite: validation,
		figure: func(f *figures) (float64, string) { return speed(f, "R4/parse+structure", "R4/google/fhir") },
	},
	{
		work: "parse and validate fully, one thread, against google/fhir's Unmarshal", hold: hold{least: 5, unit: "x"}, shared: true, suite: validation,
		figure: func(f *figures) (float64, string) { return speed(f, "R4/parse+validate", "R4/google/fhir") },
	},
	{
		work: "durable create over HTTP, 64 clients, against a bare group committer", hold: hold{least: 0.40, unit: "x"},
		suite: suite{pkg: "./cmd/pestle", bench: "^BenchmarkCreate$", time: "16x"},
		figure: func(f *figures) (float64, string) {
			ratio := f.get("Create", "of-bare")
			return ratio, fmt.Sprintf("%.2f x (%.0f of %.0f/s; %.0f µs of a processor each, client included)", ratio, f.get("Create", "creates/s"), f.get("Create", "bare/s"), f.get("Create", "cpu-µs/create"))
		},
	},
	{
		work: "read over HTTP, against a bare gin handler of the same bytes", hold: hold{least: 0.70, unit: "x"},
		suite: suite{pkg: "./server", bench: "^BenchmarkRead$", time: "20x"},
		figure: func(f *figures) (float64, string) {
			ratio := f.get("Read", "of-bare")
			return ratio, fmt.Sprintf("%.2f x (%.0f/s)", ratio, f.get("Read", "reads/s"))
		},
	},
	{
		work: "read over HTTP by 64 clients, recorded in the audit log, against not", hold: hold{least: 0.85, unit: "x"},
		suite: suite{pkg: "./cmd/pestle", bench: "^BenchmarkAuditedRead$", time: "10x"},
		figure: func(f *figures) (float64, string) {
			ratio := f.get("AuditedRead", "of-plain")
			return ratio, fmt.Sprintf("%.2f x (%.0f/s; p99 %+.1f ms)", ratio, f.get("AuditedRead", "reads/s"), f.get("AuditedRead", "p99-added-ms"))
		},
	},
	{
		work: "tokens for 64 clients with private_key_jwt (ES384), on a disk that takes 5 ms for a write (absolute)", hold: hold{least: 500, unit: "tokens/s"},
		suite: suite{pkg: "./server/oauth", bench: "^BenchmarkToken$/^ES384$", time: "4000x"},
		figure: func(f *figures) (float64, string) {
			rate := f.get("Token/ES384", "tokens/s")
			return rate, fmt.Sprintf("%.0f/s (%.0f µs of a processor each, %.0f of them the signature)", rate, f.get("Token/ES384", "cpu-µs/token"), f.get("Token/ES384", "signature-µs"))
		},
	},
	{
		work: "notifications to one receiver of a Subscription, one event each, signed and recorded in the audit log (absolute)", hold: hold{least: 2000, unit: "calls/s"},
		suite: suite{pkg: "./cmd/pestle", bench: "^BenchmarkDeliveries$", time: "1x"},
		figure: func(f *figures) (float64, string) {
			rate := f.get("Deliveries/one-by-one", "calls/s")
			return rate, fmt.Sprintf("%.0f/s (%.0f events/s with up to 20 in each, %.0f with whole resources)", rate, f.get("Deliveries/together", "events/s"), f.get("Deliveries/whole", "events/s"))
		},
	},
	{
		work: "from the commit of an event to its receiver, 200 a second, beside 5 receivers that do not answer, p99 (absolute)", hold: hold{most: 2000, unit: "ms"},
		suite: suite{pkg: "./cmd/pestle", bench: "^BenchmarkDeliveries$", time: "1x"},
		figure: func(f *figures) (float64, string) {
			late := f.get("Deliveries/lag", "p99-ms")
			return late, fmt.Sprintf("%.0f ms (median %.0f ms)", late, f.get("Deliveries/lag", "p50-ms"))
		},
	},
	{
		work: "page of 20 AuditEvents of a patient, among 1 million events against 10 thousand", hold: hold{most: 4, unit: "x"},
		suite: suite{pkg: "./trust/audit", bench: "^BenchmarkFind$", time: "200x"},
		figure: func(f *figures) (float64, string) {
			small, large := f.get("Find/events=10000", "ns/op"), f.get("Find/events=1000000", "ns/op")
			return large / small, fmt.Sprintf("%.2f x (%.0f µs against %.0f µs)", large/small, large/1000, small/1000)
		},
	},
	{
		work: "token search, page of 20, among 1 million resources against 10 thousand", hold: hold{most: 2, unit: "x"},
		suite:  suite{pkg: "./store", bench: "^BenchmarkTokenPage$/^badger$", time: "200x", once: true},
		figure: func(f *figures) (float64, string) { return pages(f, "TokenPage/badger/") },
	},
	{
		work: "search by date range and sort, chain, _has, _include, count: page of 20, among 100 thousand resources against 10 thousand", hold: hold{most: 2, unit: "x"},
		suite:  suite{pkg: "./store", bench: "^BenchmarkFlatPage$", time: "50x", once: true},
		figure: func(f *figures) (float64, string) { return pages(f, "FlatPage/") },
	},
	{
		work: "load of transaction bundles, validated (absolute; wso2/fhir-server: about 990/s)", hold: hold{least: 3 * 990, unit: "resources/s"}, shared: true, suite: loading,
		figure: func(f *figures) (float64, string) {
			rate, cpu := f.get("Load", "resources/s"), f.get("Load", "resources/cpu-s")
			return rate, fmt.Sprintf("%.0f resources/s (%.0f in a second of one processor; %.0f documents refused)", rate, cpu, f.get("Load", "refused"))
		},
	},
	{
		work: "load of the same resources as NDJSON, a file a type, in the same run (absolute)", hold: hold{least: 5000, unit: "resources/s"}, shared: true, suite: loading,
		figure: func(f *figures) (float64, string) {
			rate, cpu := f.get("Load", "lines/s"), f.get("Load", "lines/cpu-s")
			return rate, fmt.Sprintf("%.0f resources/s, %.2f x the bundles (%.0f in a second of one processor; %.0f refused)", rate, rate/f.get("Load", "resources/s"), cpu, f.get("Load", "lines-refused"))
		},
	},
	{
		work: "disk after load, against the input", hold: hold{most: 1, unit: "x"}, shared: true, suite: loading,
		figure: func(f *figures) (float64, string) {
			ratio := f.get("Load", "disk/input")
			return ratio, fmt.Sprintf("%.2f x", ratio)
		},
	},
	{
		work: "start of the process to the first answer over HTTP (absolute)", hold: hold{most: 1000, unit: "ms"}, suite: starting,
		figure: func(f *figures) (float64, string) {
			ms := f.get("Start", "ms-to-answer")
			return ms, fmt.Sprintf("%.0f ms with %.0f resources", ms, f.get("Start", "resources"))
		},
	},
	{
		work: "resident memory in the seconds after it (absolute)", hold: hold{most: 300, unit: "MB"}, suite: starting,
		figure: func(f *figures) (float64, string) {
			mb := f.get("Start", "MB-peak")
			return mb, fmt.Sprintf("%.0f MB at most, %.0f MB at the first answer, with %.0f resources", mb, f.get("Start", "MB-resident"), f.get("Start", "resources"))
		},
	},
	{
		work: "resident memory while 64 clients create resources over HTTP (absolute)", hold: hold{most: 300, unit: "MB"},
		suite: suite{pkg: "./cmd/pestle", bench: "^BenchmarkWriteMemory$", time: "1x", once: true},
		figure: func(f *figures) (float64, string) {
			mb := f.get("WriteMemory", "MB-peak")
			return mb, fmt.Sprintf("%.0f MB at most, %.0f of them mapped files, with %.0f resources stored and %.0f creates/s", mb, f.get("WriteMemory", "MB-files"), f.get("WriteMemory", "resources"), f.get("WriteMemory", "creates/s"))
		},
	},
	{
		work: "flushes of the disk for a commit of one client", hold: hold{most: 1.1}, suite: flushing,
		figure: func(f *figures) (float64, string) {
			one, all := f.get("Flushes/1", "flushes/commit"), f.get("Flushes/16", "flushes/commit")
			return one, fmt.Sprintf("%.2f, and %.2f of 16 clients", one, all)
		},
	},
	sustainedRow("creates of one type", "Sustained/create_of_one_type"),
	sustainedRow("creates of three types", "Sustained/create_of_three_types"),
	sustainedRow("transactions of two", "Sustained/transaction_of_two"),
	{
		work: "EPS order, parsed and validated with the UK profiles (absolute)", hold: hold{most: 2, unit: "ms"}, shared: true,
		suite: suite{pkg: "./profiles/uk", bench: "^BenchmarkOrder$", time: "300ms"},
		figure: func(f *figures) (float64, string) {
			ms := f.get("Order", "ns/op") / 1e6
			return ms, fmt.Sprintf("%.2f ms, %.0f allocations", ms, f.get("Order", "allocs/op"))
		},
	},
	{
		work: "followers alone: prescriptions that wait, to their Tasks (absolute)", hold: hold{least: 1000, unit: "prescriptions/s"},
		suite: suite{pkg: "./pharmacy/dispensing", bench: "^BenchmarkFollow$", time: "2x"},
		figure: func(f *figures) (float64, string) {
			rate := f.get("Follow", "prescriptions/s")
			return rate, fmt.Sprintf("%.0f prescriptions/s (%.0f µs of a processor each)", rate, f.get("Follow", "cpu-µs/prescription"))
		},
	},
	{
		work: "order to claim over HTTP: prescriptions of two items, 16 clients (absolute)", hold: hold{least: 250, unit: "prescriptions/s"},
		suite: suite{pkg: "./cmd/pestle", bench: "^BenchmarkOrderToClaim$", time: "4x"},
		figure: func(f *figures) (float64, string) {
			const whole, stages = "OrderToClaim/sustained", "OrderToClaim/stages"
			rate := f.get(whole, "prescriptions/s")
			return rate, fmt.Sprintf("%.0f prescriptions/s (%.0f µs of a processor each, client included; one stage after the other %.0f to order, %.0f to accept, %.0f to dispense and claim)", rate,
				f.get(whole, "cpu-µs/prescription"), f.get(stages, "order-cpu-µs"), f.get(stages, "accept-cpu-µs"), f.get(stages, "dispense-cpu-µs"))
		},
	},
	{
		work: "index values of an R4 example (absolute)", shared: true,
		suite: suite{pkg: "./fhir/search", bench: "^BenchmarkExtract$", time: "300ms"},
		figure: func(f *figures) (float64, string) {
			us := f.get("Extract", "µs/resource")
			return us, fmt.Sprintf("%.1f µs for %.0f entries", us, f.get("Extract", "entries/resource"))
		},
	},
	{
		work:  "FHIRPath: one evaluation of a usual invariant (absolute)",
		suite: suite{pkg: "./fhir/fhirpath", bench: "^BenchmarkInvariants$", time: "50ms"},
		figure: func(f *figures) (float64, string) {
			ns, n := f.mean("Invariants/", "ns/op")
			return ns, fmt.Sprintf("%.0f ns, geometric mean of %d", ns, n)
		},
	},
}

// Suites that more than one row looks at.
var (
	validation = suite{pkg: "./profiles", bench: "^BenchmarkR4$/^(parse.structure|parse.validate|google)$", time: "3x"}
	loading    = suite{pkg: "./cmd/pestle", bench: "^BenchmarkLoad$", time: "1x", once: true}
	flushing   = suite{pkg: "./store/kv/badger", bench: "^BenchmarkFlushes$", time: "1x"}
	sustaining = suite{pkg: "./store", bench: "^BenchmarkSustained$", time: "1x", once: true}
	starting   = suite{pkg: "./cmd/pestle", bench: "^BenchmarkStart$", time: "3x", once: true}
)

// sustainedRow compares the last writes of a load by 16 clients with its first.
func sustainedRow(what, name string) row {
	return row{
		work: what + " by 16 clients into a database of many, in turns with new ones", hold: hold{least: 0.9, unit: "x"}, suite: sustaining,
		figure: func(f *figures) (float64, string) {
			ratio := f.get(name, "of-fresh")
			return ratio, fmt.Sprintf("%.2f x (%.0f of %.0f/s; p99 %.1f x; %.0f of %.0f µs of a processor; %.0f MB at most)", ratio, f.get(name, "after/s"), f.get(name, "fresh/s"),
				f.get(name, "p99-ratio"), f.get(name, "after-cpu-µs"), f.get(name, "fresh-cpu-µs"), f.get(name, "MB-peak"))
		},
	}
}

// speed compares two ways to go through the same bytes.
func speed(f *figures, ours, theirs string) (float64, string) {
	us, them := f.get(ours, "MB/s"), f.get(theirs, "MB/s")
	return us / them, fmt.Sprintf("%.1f x (%.0f of %.0f MB/s)", us/them, us, them)
}

// pages gives the worst ratio of the searches of a benchmark.
func pages(f *figures, prefix string) (float64, string) {
	worst, which := 0.0, ""
	for _, name := range f.names(prefix) {
		if ratio := f.get(name, "ratio"); ratio > worst {
			worst, which = ratio, name
		}
	}
	if which == "" {
		return f.get(prefix, "ratio"), ""
	}
	return worst, fmt.Sprintf("%.2f x at most (%.0f of %.0f µs: %s)", worst, f.get(which, "µs-large"), f.get(which, "µs-small"), which[len(prefix):])
}

// mean is the geometric mean of a figure over the benchmarks below a name.
func (f *figures) mean(prefix, unit string) (mean float64, n int) {
	sum := 0.0
	for _, name := range f.names(prefix) {
		sum += math.Log(f.get(name, unit))
		n++
	}
	if n == 0 {
		return f.get(prefix, unit), 0
	}
	return math.Exp(sum / float64(n)), n
}
