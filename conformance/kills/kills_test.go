package kills

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"filippo.io/age"

	"github.com/pestle-fhir/pestle/internal/long"
)

// TestLongKills kills a server in the middle of its work, in every way that the
// scenarios have. After each kill all that was acknowledged is there with its
// version, every transaction is there whole or not at all, versions are numbered
// without holes, and `pestle check` finds no problem.
func TestLongKills(t *testing.T) {
	p := long.Start(t, 10, 200)
	var h *home
	var l *ledger
	answers, lost, refused, by := 0, 0, map[int]int{}, map[string]int{}
	sum := func() {
		if l == nil {
			return
		}
		answers += l.answers
		for status, n := range l.refused {
			refused[status] += n
		}
	}
	for try := range p.Tries {
		rnd := p.Rand(try)
		if try%6 == 0 || h == nil { // a new database now and then, for they grow
			sum()
			h, l = newHome(t, rnd, try/6), newLedger()
		}
		r := &round{home: h, ledger: l, rnd: rnd, lost: &lost}
		fit := slices.DeleteFunc(slices.Clone(scenarios), func(s scenario) bool { return s.fits != nil && !s.fits(h) })
		s := fit[rnd.IntN(len(fit))]
		if !p.Long && try < len(scenarios) && (scenarios[try].fits == nil || scenarios[try].fits(h)) {
			s = scenarios[try] // few tries have one of each
		}
		by[s.name]++
		err := s.happy(r)
		if err == nil {
			err = errors.Join(r.sound(), l.wrong)
		}
		p.Try(fmt.Sprintf("%d %s", try, s.name), err)
		if err != nil {
			h = nil // it is not what it should be
		}
	}
	sum()
	p.Report("%d acknowledged answers; refused by status: %v; %v; %d ended by SIGBUS when others took the disk", answers, refused, by, lost)
}

// newHome makes a place for a database: by turns on a small disk of its own, where
// one can be mounted, encrypted, both and neither.
func newHome(t *testing.T, rnd *rand.Rand, turn int) *home {
	h := &home{t: t, dir: t.TempDir()}
	if turn%2 == 0 {
		h.small = mount(t, h.dir)
	}
	if turn%4 < 2 {
		h.key = filepath.Join(t.TempDir(), "key")
		if err := writeKey(h.key, rnd); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// mount puts a small disk at a folder, where the test may.
func mount(t *testing.T, dir string) bool {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=300m"); err != nil {
		t.Logf("no small disk: a file system cannot be mounted here: %v", err)
		return false
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return true
}

func writeKey(path string, rnd *rand.Rand) error {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(rnd.Uint32())
	}
	return os.WriteFile(path, []byte(hex.EncodeToString(key)), 0o600)
}

var (
	private, _ = age.GenerateX25519Identity()
	recipient  = private.Recipient().String()
)

func identity(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "identity")
	if err := os.WriteFile(path, []byte(private.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var commits = regexp.MustCompile(`as of commit (\d+): .* 0 problems found`)

// sound checks a folder that nobody has open, opens it and compares it with what
// was acknowledged.
func (r *round) sound() error {
	out, err := r.output(append([]string{"check"}, r.flags()...)...)
	found := commits.FindStringSubmatch(out)
	if err != nil || found == nil {
		return fmt.Errorf("check: %w: %s", err, out)
	}
	if n, err := strconv.Atoi(found[1]); err != nil || n < r.ledger.distinct() {
		return fmt.Errorf("the log has %d commits, and %d were acknowledged: %w", n, r.ledger.distinct(), err)
	}
	return r.holds(r.ledger)
}

// distinct is how many commits have been acknowledged at least.
func (l *ledger) distinct() int {
	marks := map[string]bool{}
	deletions := 0
	for _, mark := range l.versions {
		if marks[mark] = true; mark == "" {
			deletions++
		}
	}
	return max(0, len(marks)+deletions-1)
}

// holds starts a server, which holds what was acknowledged and takes another
// write, and kills it.
func (h *home) holds(l *ledger) error {
	s, err := h.start()
	if err != nil {
		return err
	}
	got, err := s.history()
	if err == nil {
		err = l.audit(got)
	}
	if status, answer, _, e := s.send("POST", "/fhir/Patient", patient("", newMark("after"))); e != nil || status != 201 {
		err = errors.Join(err, e, fmt.Errorf("a write after it: status %d: %s", status, answer))
	}
	if err != nil {
		err = fmt.Errorf("%w: %s", err, strings.Join(warnings(s.log.String()), "\n"))
	}
	return errors.Join(err, s.kill())
}

func warnings(log string) (lines []string) {
	for line := range strings.Lines(log) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "level=WARN") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines[max(0, len(lines)-5):]
}
