package main

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// figure is one value that one run of a benchmark gave.
type figure struct {
	name  string // of the benchmark: "R4/parse", without the number of processors
	unit  string // "ns/op", "of-bare"
	value float64
}

// parse reads the output of go test -bench:
//
//	BenchmarkCreate-2   3   1634617897 ns/op   0.4769 of-bare
func parse(text string) (all []figure) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		name, ok := strings.CutPrefix(line, "Benchmark")
		if !ok || len(fields) < 4 || len(fields)%2 != 0 {
			continue
		}
		name, _, _ = strings.Cut(name, " ")
		name, _, _ = strings.Cut(name, "\t")
		if i := strings.LastIndexByte(name, '-'); i > 0 && isNumber(name[i+1:]) {
			name = name[:i]
		}
		for i := 2; i < len(fields); i += 2 {
			if value, err := strconv.ParseFloat(fields[i], 64); err == nil {
				all = append(all, figure{name, fields[i+1], value})
			}
		}
	}
	return all
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}

// figures are the values of a suite.
type figures struct {
	all     []figure
	missing string // what was asked for and is not there
}

// get gives the median of a benchmark's figure over its runs.
func (f *figures) get(name, unit string) float64 {
	var values []float64
	for _, v := range f.all {
		if v.name == name && v.unit == unit {
			values = append(values, v.value)
		}
	}
	if len(values) == 0 {
		f.missing = name + " " + unit
		return math.NaN()
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// names lists the benchmarks below a name.
func (f *figures) names(prefix string) (names []string) {
	for _, v := range f.all {
		if strings.HasPrefix(v.name, prefix) && !slices.Contains(names, v.name) {
			names = append(names, v.name)
		}
	}
	return names
}
