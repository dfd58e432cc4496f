// Bench runs the project's benchmarks and prints one table of the figures that
// the project holds itself to (docs/adr/performance.md): the work, what it is
// held to, what was measured, and whether that holds.
//
//	go run ./internal/bench [-count N] [-long] [-only WORD]
//
// Ratios compare two ways of doing the same work in one run of one process, so
// they say something on any machine. Figures marked absolute do not: they are
// of this machine and of whatever else it was doing.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

func main() {
	count := flag.Int("count", 3, "runs of each benchmark; the median counts")
	long := flag.Bool("long", false, "a million resources where the default has fewer")
	only := flag.String("only", "", "only rows whose work contains this")
	flag.Parse()
	if err := bench(*count, *long, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench measures row by row and prints the table. A benchmark that cannot be
// run is an error; a figure that misses its hold is a verdict.
func bench(count int, long bool, only string) error {
	r := &runner{count: count, long: long, shared: shared(), progress: os.Stderr, ran: map[suite][]figure{}}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "work\thold\tmeasured\tverdict")
	failed := 0
	for _, row := range table {
		if !strings.Contains(row.work, only) {
			continue
		}
		measured, verdict, err := row.measure(r)
		if err != nil {
			measured, verdict = "-", "failed"
			fmt.Fprintf(os.Stderr, "%s: %v\n", row.work, err)
			failed++
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", row.work, row.hold, measured, verdict)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of the benchmarks could not be run", failed)
	}
	return nil
}

// shared reports whether the data of others is there, by the rule of
// internal/oracle: PESTLE_SHARED, else ../shared beside the project.
func shared() bool {
	dir := os.Getenv("PESTLE_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "shared")
	}
	_, err := os.Stat(dir)
	return err == nil
}
