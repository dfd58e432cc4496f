//go:build unix

package badger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/long"
)

// ward is a folder of which files are damaged.
type ward struct {
	what         string
	dir          string
	other, older string
	key          Option
	whole        map[string]string // what the database holds
}

// wards are a folder as it was closed and as a killed process leaves it, plain
// and encrypted.
func wards(t *testing.T) (list []ward) {
	for what, key := range map[string][]byte{"plain": nil, "encrypted": noise(KeySize)} {
		closed, killed, older := pair(t, 1, WithKey(key))
		other, otherKilled, _ := pair(t, 2, WithKey(key))
		whole := everything(t, closed, WithKey(key))
		require.Equal(t, whole, everything(t, killed, WithKey(key)))
		list = append(list,
			ward{what + ", closed", closed, other, older, WithKey(key), whole},
			ward{what + ", killed", killed, otherKilled, older, WithKey(key), whole})
	}
	slices.SortFunc(list, func(a, b ward) int { return strings.Compare(a.what, b.what) })
	return list
}

// TestLongDamage damages each file of a folder in each way. The folder is refused
// and left as it is, with a sentence that names a file and what to do; or the
// verification or a read finds the damage; or nothing is missing. The short form
// takes some of them, by the seed; the long form takes all.
func TestLongDamage(t *testing.T) {
	p := long.Start(t, 200, 0) // the long form has each file and each kind of damage
	if _, err := os.Stat("/dev/shm"); err == nil {
		t.Setenv("TMPDIR", "/dev/shm") // thousands of copies, of which none has to last
	}
	type damaging struct {
		ward
		file string
		kind int
	}
	var all []damaging
	for _, w := range wards(t) {
		for _, file := range slices.Sorted(maps.Keys(state(t, w.dir))) {
			for kind := range damages {
				all = append(all, damaging{w, file, kind})
			}
		}
	}
	if p.Long {
		p.Tries = len(all)
	}
	p.Rand(-1).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	outcomes := map[string]int{}
	for try := range p.Tries {
		d := all[try%len(all)]
		outcome, err := d.suffer(t, d.file, d.kind, p.Rand(try))
		outcomes[outcome]++
		p.Try(fmt.Sprintf("%s: %s, %s", damages[d.kind].name, d.file, d.what), err)
	}
	for _, outcome := range []string{"refused", "found", "harmless"} {
		require.Positive(t, outcomes[outcome], outcome)
	}
	p.Report("%d kinds of damage to %d files: %v", len(damages), len(all)/len(damages), outcomes)
}

// suffer damages a file of a copy of the folder, and says what came of it.
func (w ward) suffer(t *testing.T, file string, kind int, rnd *rand.Rand) (outcome string, err error) {
	dir, err := os.MkdirTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer func() { _ = os.RemoveAll(dir) }()
	copyInto(t, w.dir, dir)
	damages[kind].do(&patient{t, rnd, dir, file, readFile(t, filepath.Join(w.dir, file)), w.other, w.older})
	if whole := bytesOf(t, w.older); maps.Equal(whole, bytesOf(t, dir)) {
		return "an older copy of all, which is a database", nil
	}
	before := look(t, dir)
	done := make(chan struct{})
	go func() {
		defer close(done)
		outcome, err = w.judge(t, dir, w.touched(t, dir, file), before)
	}()
	select {
	case <-done:
		return outcome, err
	case <-time.After(time.Minute):
		return "hung", errors.New("the folder is neither opened nor refused")
	}
}

// touched are the damaged file and others that the damage has changed.
func (w ward) touched(t *testing.T, dir, file string) []string {
	names := []string{file}
	before, now := bytesOf(t, w.dir), bytesOf(t, dir)
	for name := range now {
		if before[name] != now[name] {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, there := now[name]; !there {
			names = append(names, name)
		}
	}
	return names
}

// bytesOf is what the files hold that have data.
func bytesOf(t *testing.T, dir string) map[string]string {
	held := map[string]string{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		if e.Type().IsRegular() && !slices.Contains(beside, e.Name()) {
			held[e.Name()] = sum(readFile(t, filepath.Join(dir, e.Name())))
		}
	}
	return held
}

func (w ward) judge(t *testing.T, dir string, touched []string, before map[string]string) (string, error) {
	unchanged := func(err error, refusal error) error {
		if now := look(t, dir); !maps.Equal(before, now) {
			return errors.Join(err, fmt.Errorf("the folder was changed by: %w", refusal))
		}
		return err
	}
	e, err := OpenReadOnly(dir, nil, w.key)
	if err != nil {
		again, e := Open(dir, nil, w.key)
		if e == nil {
			return "refused", fmt.Errorf("it is opened for writing and not for reading: %w", errors.Join(err, again.Close()))
		}
		return "refused", errors.Join(unchanged(words(err, touched), err), unchanged(words(e, touched), e))
	}
	damaged, err := e.Verify(context.Background(), nil)
	held, e2 := contents(e)
	if err := errors.Join(e.Close(), unchanged(nil, errors.New("reading"))); err != nil {
		return "read", err
	}
	switch {
	case err != nil || e2 != nil:
		return "found", nil
	case len(damaged) > 0:
		return "found", fmt.Errorf("%v is damaged, and reads pass over it", damaged)
	case !maps.Equal(held, w.whole):
		return "lost", fmt.Errorf("%d of %d keys are held, without a word", len(held), len(w.whole))
	}
	return "harmless", w.writable(t, dir)
}

// words looks at the sentence of a refusal.
func words(err error, touched []string) error {
	text := err.Error()
	for _, engine := range []string{"panic", "runtime error", "goroutine", "== "} {
		if strings.Contains(text, engine) {
			return fmt.Errorf("not for the operator: %w", err)
		}
	}
	names := func(file string) bool { return strings.Contains(text, file) }
	if !slices.ContainsFunc(touched, names) && !strings.Contains(text, "transactions are missing") {
		return fmt.Errorf("it names none of %s: %w", touched, err)
	}
	if !errors.Is(err, ErrKey) && !strings.Contains(text, "restore a backup") {
		return fmt.Errorf("it does not say what to do: %w", err)
	}
	return nil
}

// writable opens a folder that has nothing missing for writing, twice.
func (w ward) writable(t *testing.T, dir string) error {
	for range 2 {
		e, err := Open(dir, nil, w.key)
		if err != nil {
			return fmt.Errorf("it is opened for reading and not for writing: %w", err)
		}
		held, err := contents(e)
		if err == nil && !maps.Equal(held, w.whole) {
			err = errors.New("opened for writing, it holds something else")
		}
		if err := errors.Join(err, e.Close()); err != nil {
			return err
		}
	}
	return nil
}

// look is every file of a folder, whatever it is.
func look(t *testing.T, dir string) map[string]string {
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := fmt.Sprint(info.Mode(), info.ModTime(), info.Size())
		switch {
		case d.Type().IsRegular():
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += sum(b)
		case d.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			text += to
		}
		all[path] = text
		return nil
	}))
	return all
}
