package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/audit"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

// access is a read, each of the same length.
func access(i int) *fhir.Access {
	patient := fmt.Sprintf("p%03d", i%1000)
	return &fhir.Access{Time: time.UnixMilli(1_600_000_000_000 + int64(i)*60_000), Interaction: "read", Status: 200, By: fhir.Principal{Agent: "Practitioner/1", OnBehalf: "A83008"}, Method: "GET", Target: "/fhir/Patient/" + patient,
		Shown: []fhir.Shown{{Type: "Patient", ID: patient, VersionID: "1", Patients: []string{patient}}}}
}

// readOften is a folder with an audit log of so many events in small files, and the
// checkpoint that was signed of it in the file that is returned.
func readOften(t *testing.T, key *ledger.Key, n int, more func(l *audit.Log)) (dir, checkpoint string) {
	dir, lock := lived(t, key, past(1, nil))
	return dir, accessed(t, key, dir, lock, n, more)
}

// accessed records events in a folder, and signs its audit log.
func accessed(t *testing.T, key *ledger.Key, dir, lock string, n int, more func(l *audit.Log)) (checkpoint string) {
	l, err := audit.Open(auditFolder(dir), audit.Options{SegmentSize: 16 << 10})
	require.NoError(t, err)
	var list []*fhir.Access
	for i := range n {
		list = append(list, access(i))
	}
	require.NoError(t, l.Record(context.Background(), list...))
	if more != nil {
		more(l)
	}
	require.NoError(t, errOf(signAudit(key, l, lock+".audit")))
	require.NoError(t, l.Close())
	return lock + ".audit"
}

func errOf(n *ledger.Notary, err error) error {
	if err != nil {
		return err
	}
	return n.Close()
}

// signAudit signs the audit log of a folder, once all that was recorded is in its tree.
func signAudit(key *ledger.Key, l *audit.Log, path string) (*ledger.Notary, error) {
	of, err := key.Of(audit.LogName)
	if err != nil {
		return nil, err
	}
	lock, err := ledger.OpenLock(path)
	if err != nil {
		return nil, err
	}
	for {
		if e, _, _ := l.Tree().Committed(); l.Head() == 0 || e.Size() > l.Tree().Index(l.Head()) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	n := ledger.NewNotary("the audit log", l.Tree())
	if err := n.Sign(of, lock, slog.New(slog.DiscardHandler)); err != nil {
		return nil, fmt.Errorf("%w, %w", err, lock.Close())
	}
	return n, nil
}

// frames are the contents of the frames of a segment, as parts of its bytes.
func frames(text []byte) (list [][]byte) {
	for at := 128; at+12 < len(text); {
		n := int(binary.BigEndian.Uint32(text[at:]))
		if n == 0 {
			break
		}
		list = append(list, text[at:at+12+n])
		at += 12 + n
	}
	return list
}

// checked makes the checksum of a frame anew.
func checked(frame []byte) {
	table := crc32.MakeTable(crc32.Castagnoli)
	binary.BigEndian.PutUint32(frame[8:], crc32.Update(crc32.Checksum(frame[:8], table), table, frame[12:]))
}

// TestAttacksOnAudit makes the attacks of docs/proof.md on the audit log, and wants
// each found under its name, by both verifiers alike: as [TestAttacks] does.
func TestAttacksOnAudit(t *testing.T) {
	const events = 700
	compared := map[string]bool{}
	key, err := ledger.LoadKey(filepath.Join(t.TempDir(), "key"), "pestle.example/log")
	require.NoError(t, err)
	dir, signed := readOften(t, key, events, nil)
	segments := func(dir string) []string {
		list, err := filepath.Glob(filepath.Join(auditFolder(dir), "*.audit"))
		require.NoError(t, err)
		slices.Sort(list)
		return list
	}
	require.Greater(t, len(segments(dir)), 3)
	copied := func(t *testing.T) string {
		to := filepath.Join(t.TempDir(), "data")
		require.NoError(t, os.CopyFS(to, os.DirFS(dir)))
		return to
	}
	edit := func(t *testing.T, file string, do func(list [][]byte)) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		do(frames(text))
		require.NoError(t, os.WriteFile(file, text, 0o600))
	}
	// reworded changes what was read by the event 80.
	reworded := func(t *testing.T) string {
		to := copied(t)
		edit(t, segments(to)[0], func(list [][]byte) {
			f := list[79]
			require.Contains(t, string(f), "p079")
			copy(f, bytes.Replace(f, []byte("p079"), []byte("p666"), 1))
			checked(f)
		})
		return to
	}
	hashless := func(t *testing.T, dir string) string {
		require.NoError(t, os.Remove(filepath.Join(auditFolder(dir), "0.hashes")))
		return dir
	}
	begun := func(t *testing.T, dir string) string {
		list := segments(dir)
		require.NoError(t, os.Remove(list[0]))
		first := strings.TrimLeft(strings.TrimSuffix(filepath.Base(list[1]), ".audit"), "0")
		require.NoError(t, os.WriteFile(filepath.Join(auditFolder(dir), "begin"), []byte(first+"\n"), 0o600))
		return dir
	}
	edited := func(do func(lines []string) []string) func(t *testing.T, export string) {
		return func(t *testing.T, export string) {
			text, err := os.ReadFile(export)
			require.NoError(t, err)
			lines := do(strings.SplitAfter(string(text), "\n"))
			require.NoError(t, os.WriteFile(export, []byte(strings.Join(lines, "")), 0o600))
		}
	}
	rules, err := audit.BuiltinRetention()
	require.NoError(t, err)
	for _, c := range []struct {
		name   string
		make   func(t *testing.T) string
		export func(t *testing.T, export string) // edits it
		want   []string                          // kinds that must be among the findings
		own    bool                              // verified with the checkpoint of the attacker
		refuse bool                              // a server does not start with it
		args   string                            // of the export
	}{
		{name: "nothing", make: copied},
		{name: "byte", make: reworded, want: []string{"changed 79"}},
		{name: "byte and hash", make: func(t *testing.T) string { return hashless(t, reworded(t)) }, want: []string{"forked 700"}, refuse: true},
		{name: "byte of the newest segment", make: func(t *testing.T) string {
			to := copied(t)
			edit(t, segments(to)[len(segments(to))-1], func(list [][]byte) { list[0][30] ^= 1; checked(list[0]) })
			return to
		}, want: []string{"forked 700"}, refuse: true},
		{name: "swap", make: func(t *testing.T) string {
			to := copied(t)
			edit(t, segments(to)[0], func(list [][]byte) {
				a, b := list[20][12:], list[30][12:]
				require.Len(t, a, len(b))
				kept := bytes.Clone(a)
				copy(a, b)
				copy(b, kept)
				checked(list[20])
				checked(list[30])
			})
			return to
		}, want: []string{"changed 20", "changed 30"}},
		{name: "the last removed", make: func(t *testing.T) string {
			to := copied(t)
			edit(t, segments(to)[len(segments(to))-1], func(list [][]byte) { clear(list[len(list)-1]) })
			return to
		}, want: []string{"truncated 700"}, refuse: true},
		{name: "removed from the middle of the export", make: copied, export: edited(func(l []string) []string { return slices.Delete(l, 100, 105) }), want: []string{"missing 99"}},
		{name: "a hash in the place of an event", make: copied, export: edited(func(l []string) []string {
			e := map[string]any{}
			_ = json.Unmarshal([]byte(l[100]), &e)
			l[100] = fmt.Sprintf("{\"index\":99,\"level\":0,\"root\":%q}\n", e["hash"])
			return l
		}), want: []string{"missing 99"}},
		{name: "renumbered", make: copied, export: edited(func(l []string) []string {
			l[100] = strings.Replace(l[101], `"index":100,"number":101`, `"index":99,"number":100`, 1)
			return l
		}), want: []string{"changed 99", "forked 700"}},
		{name: "swapped lines", make: copied, export: edited(func(l []string) []string { l[100], l[101] = l[101], l[100]; return l }), want: []string{"missing 99", "extra 99"}},
		{name: "a part that nobody asked for", make: copied, export: edited(func(l []string) []string {
			l[0] = strings.Replace(l[0], `"size":700`, `"size":700,"part":true,"from":10,"to":700`, 1)
			return slices.Delete(l, 1, 11)
		}), want: []string{"missing 0"}},
		{name: "the oldest removed", make: func(t *testing.T) string { return begun(t, copied(t)) }, want: []string{"missing 0"}},
		{name: "the oldest removed by the retention", make: func(t *testing.T) string {
			to, _ := readOften(t, key, events, func(l *audit.Log) {
				n, err := l.Retain(t.Context(), rules, time.UnixMilli(1_600_000_000_000).AddDate(8, 0, 1))
				require.NoError(t, err)
				require.Positive(t, n)
			})
			return to
		}, want: []string{"expired 0"}, own: true},
		{name: "an older copy", make: func(t *testing.T) string {
			to, _ := readOften(t, key, events-50, nil)
			return to
		}, want: []string{"truncated 700"}},
		{name: "rewritten, signed with the stolen key", make: func(t *testing.T) string {
			to, _ := readOften(t, key, events, nil) // its salts are others
			return to
		}, want: []string{"forked 700"}, refuse: true},
		{name: "the same, nobody else has a checkpoint", make: func(t *testing.T) string {
			to, _ := readOften(t, key, events, nil)
			return to
		}, own: true},
		{name: "two servers from one copy", make: func(t *testing.T) string {
			to, _ := readOften(t, key, events+20, nil)
			return to
		}, want: []string{"forked 700"}, refuse: true},
		{name: "a part", make: copied, want: []string{"outside 0", "outside"}, args: "--from 2020-09-13T14:00:00Z --to 2020-09-13T18:00:00Z"},
		{name: "a part, and no checkpoint", make: copied, want: []string{"unsigned 0"}, args: "--from 2020-09-13T14:00:00Z --to 2020-09-13T18:00:00Z", export: edited(func(l []string) []string {
			i := strings.Index(l[0], `,"checkpoints"`)
			l[0] = l[0][:i] + "}\n"
			return l
		}), own: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := c.make(t)
			export := filepath.Join(t.TempDir(), "export.ndjson")
			lock := filepath.Join(filepath.Dir(folder), "lock")
			if _, err := os.Stat(lock + ".audit"); err != nil {
				text, err := os.ReadFile(signed)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(lock+".audit", text, 0o600))
			}
			command := &auditExport{Format: audit.Proof, Data: folder, Checkpoint: []string{signed}, signing: signing{LogKey: filepath.Join(t.TempDir(), "none"), CheckpointLock: lock}, quiet: true}
			if f := strings.Fields(c.args); len(f) > 0 {
				command.From, command.To = f[1], f[3]
			}
			from, until, err := spanOf(command.From, command.To)
			require.NoError(t, err)
			require.NoError(t, whole(export, func(w io.Writer) error { return command.write(w, from, until) }))
			if c.export != nil {
				c.export(t, export)
			}
			with := []string{export, "--key", key.Public()}
			if !c.own {
				with = append(with, "--checkpoint", signed)
			}
			got := verifyBoth(t, compared, with)
			if c.want == nil {
				require.Empty(t, got)
			}
			for _, want := range c.want {
				assert.True(t, slices.ContainsFunc(got, func(f string) bool { return f == want || strings.HasPrefix(f, want+" ") }), "%s in %v", want, got)
			}
			if c.refuse {
				l, err := audit.Open(auditFolder(folder), audit.Options{SegmentSize: 16 << 10})
				require.NoError(t, err)
				defer func() { require.NoError(t, l.Close()) }()
				held := filepath.Join(t.TempDir(), "lock")
				text, err := os.ReadFile(signed)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(held, text, 0o600))
				_, err = signAudit(key, l, held)
				require.ErrorIs(t, err, ledger.ErrBehind)
			}
		})
	}

	t.Run("a segment removed from the middle", func(t *testing.T) {
		to := copied(t)
		require.NoError(t, os.Remove(segments(to)[2]))
		_, err := readAudit(to, encryption{})
		require.ErrorAs(t, err, new(*audit.DamageError))
	})
	t.Run("two servers hold one lock", func(t *testing.T) {
		first, err := audit.Open(auditFolder(copied(t)), audit.Options{SegmentSize: 16 << 10})
		require.NoError(t, err)
		defer func() { require.NoError(t, first.Close()) }()
		held := filepath.Join(t.TempDir(), "lock")
		n, err := signAudit(key, first, held)
		require.NoError(t, err)
		second, err := audit.Open(auditFolder(copied(t)), audit.Options{SegmentSize: 16 << 10})
		require.NoError(t, err)
		defer func() { require.NoError(t, second.Close()) }()
		_, err = signAudit(key, second, held)
		require.ErrorContains(t, err, "another server signs with it")
		require.NoError(t, n.Close())
	})
}
