// Package oracle lets tests run the suites of data that the project did not
// write, and holds their figures against the committed floors.
package oracle

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Dir is the folder that holds the shared data: PESTLE_SHARED, else ../shared
// beside the project. The test is skipped where there is none.
func Dir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("PESTLE_SHARED")
	if dir == "" {
		dir = filepath.Join(filepath.Dir(Root(t)), "shared")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no shared data: set PESTLE_SHARED or put it at %s", dir)
	}
	return dir
}

// Root is the folder of go.mod.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}

// Report states a suite's figure in one line, "oracle NAME: P of T", and fails
// the test when P is under the suite's floor in conformance/floors.txt or when
// a miss has no reason in conformance/known.txt.
//
// floors.txt has lines "NAME P"; known.txt has lines "NAME<tab>CASE<tab>REASON".
func Report(t testing.TB, suite string, passed, total int, misses []string) {
	t.Helper()
	fmt.Printf("oracle %s: %d of %d\n", suite, passed, total)
	root := Root(t)
	floor := -1
	for _, f := range lines(t, filepath.Join(root, "conformance", "floors.txt")) {
		if name, value, ok := strings.Cut(f, " "); ok && name == suite {
			if _, err := fmt.Sscan(value, &floor); err != nil {
				t.Fatalf("floors.txt: %q: %v", f, err)
			}
		}
	}
	if floor < 0 {
		t.Errorf("conformance/floors.txt has no floor for %s", suite)
	}
	if passed < floor {
		t.Errorf("%s: %d of %d, the floor is %d", suite, passed, total, floor)
	}
	known := map[string]bool{}
	for _, l := range lines(t, filepath.Join(root, "conformance", "known.txt")) {
		f := strings.SplitN(l, "\t", 3)
		if len(f) == 3 && f[0] == suite {
			known[f[1]] = true
		}
	}
	slices.Sort(misses)
	for _, m := range misses {
		if !known[m] {
			t.Errorf("%s: the miss %q has no reason in conformance/known.txt", suite, m)
		}
		delete(known, m)
	}
	for stale := range known {
		t.Errorf("%s: conformance/known.txt lists %q, which is no miss", suite, stale)
	}
}

func lines(t testing.TB, file string) []string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out []string
	for s := bufio.NewScanner(f); s.Scan(); {
		if l := strings.TrimRight(s.Text(), " \r"); l != "" && !strings.HasPrefix(l, "#") {
			out = append(out, l)
		}
	}
	return out
}
