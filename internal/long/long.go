// Package long runs the long proofs: tests that repeat something a number of
// times, or for a long time, and state how many tries passed. Each is a test
// whose name begins with TestLong, in the package that it is about; `make long
// kills` runs TestLongKills in its long form, `make short` runs every long
// proof in its short form of less than two minutes.
//
//	func TestLongKills(t *testing.T) {
//		p := long.Start(t, 12, 200) // tries of the short and of the long form
//		for i := range p.Tries {
//			p.Try(fmt.Sprint("kill ", i), killed(t, p.Rand(i)))
//		}
//		p.Report("%d writes acknowledged", n)
//	}
package long

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

// The environment variables that choose the form and the seed.
const (
	form     = "PESTLE_PROOF" // short or long; without it, long proofs are skipped
	seedFrom = "PESTLE_SEED"  // a number; 1 in the short form and the time in the long one unless set
)

// Proof is a long proof that runs.
type Proof struct {
	Name  string // of the target: that of the test in lower case, without TestLong
	Long  bool   // the long form
	Tries int    // how many the form has
	Seed  uint64

	t      testing.TB
	commit string // of the sources, with "+" where they have changed since
	tried  int
	misses []string
	begun  time.Time
}

// Start begins the proof of a test with the tries of its short and its long form.
// The test is skipped where no form is asked for.
func Start(t testing.TB, short, long int) *Proof {
	t.Helper()
	p := &Proof{Name: strings.ToLower(strings.TrimPrefix(t.Name(), "TestLong")), Tries: short, Seed: 1, t: t, commit: commit(t), begun: time.Now()}
	switch os.Getenv(form) {
	case "short":
	case "long":
		p.Long, p.Tries, p.Seed = true, long, uint64(time.Now().UnixNano())
	default:
		t.Skipf("a long proof: make long %s, or make short", p.Name)
	}
	if text := os.Getenv(seedFrom); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s: expected a number, found %q", seedFrom, text)
		}
		p.Seed = seed
	}
	t.Logf("%s=%d repeats it", seedFrom, p.Seed)
	return p
}

// Rand returns the random numbers of a try: the same for the same seed.
func (p *Proof) Rand(try int) *rand.Rand { return rand.New(rand.NewPCG(p.Seed, uint64(try))) }

// Try counts a try, which has passed where err is nil. It serves one goroutine.
func (p *Proof) Try(what string, err error) {
	p.tried++
	if err != nil {
		p.misses = append(p.misses, what)
		p.t.Logf("%s: %v", what, err)
	}
}

// Report states the figure as that of the suite "long-" and its name, see
// [oracle.Report]; what was measured besides is text for the table. The long form
// adds a row to docs/figures.md.
func (p *Proof) Report(measured string, args ...any) {
	p.t.Helper()
	passed := p.tried - len(p.misses)
	row := fmt.Sprintf("| %s | %s | %s | %d of %d | %s; %s | %d cores, %s/%s |\n", p.Name, time.Now().UTC().Format(time.DateOnly), p.commit, passed, p.tried,
		fmt.Sprintf(measured, args...), time.Since(p.begun).Round(time.Second), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	fmt.Print("figure ", row)
	if p.Long {
		p.record(row)
	}
	slices.Sort(p.misses)
	oracle.Report(p.t, "long-"+p.Name, passed, p.tried, slices.Compact(p.misses))
}

func (p *Proof) record(row string) {
	f, err := os.OpenFile(filepath.Join(oracle.Root(p.t), "docs", "figures.md"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err = f.WriteString(row); err != nil {
		p.t.Error(err)
	}
	if err = f.Close(); err != nil {
		p.t.Error(err)
	}
}

func commit(t testing.TB) string {
	out, err := exec.Command("git", "-C", oracle.Root(t), "describe", "--always", "--exclude=*", "--dirty=+").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
