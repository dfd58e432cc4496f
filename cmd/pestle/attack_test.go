package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

// drawing is a source of salts that is the same each time.
type drawing struct{ n byte }

// Read fills b.
func (d *drawing) Read(b []byte) (int, error) {
	for i := range b {
		d.n++
		b[i] = d.n*7 + byte(i)
	}
	return len(b), nil
}

// past is a history of so many commits of three versions, as edit has it.
func past(n int, edit func(i int, tx *fhir.Transaction) *fhir.Transaction) (list []*fhir.Transaction) {
	for i := range n {
		tx := &fhir.Transaction{Time: time.UnixMilli(1_793_610_000_000 + int64(i)*1000), Requester: fhir.Principal{Agent: "Practitioner/1", OnBehalf: "A83008", Roles: []string{"prescriber", "pharmacist"}}}
		for k := range 3 {
			id := fmt.Sprintf("p%d", (3*i+k)%150)
			r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","id":"%s","name":[{"text":"name %d %d"}]}`, id, i, k))
			if err != nil {
				panic(err)
			}
			tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Update, Type: "Patient", ID: id, Resource: r})
		}
		if i >= 50 && i%9 == 8 {
			tx.Changes[0].Method, tx.Changes[0].Resource = fhir.Delete, nil
		}
		if edit != nil {
			tx = edit(i, tx)
		}
		if tx != nil {
			list = append(list, tx)
		}
	}
	return list
}

// lived is a folder with a history, and what was signed of it with a key: the
// checkpoint is in the file that is returned.
func lived(t *testing.T, key *ledger.Key, list []*fhir.Transaction) (dir, checkpoint string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	engine, err := badger.Open(dir, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	l := &ledger.Log{}
	ids := 0
	db, err := store.Open(engine, store.Options{Leaf: leafOf, Commitment: ledger.Commitment, Checkpoint: checkpoints(l), Random: &drawing{}, NewID: func() string { ids++; return fmt.Sprint("new", ids) }})
	require.NoError(t, err)
	require.NoError(t, l.Start(t.Context(), logged{db}))
	for _, tx := range list {
		_, err := db.Commit(context.Background(), tx)
		require.NoError(t, err)
	}
	checkpoint = filepath.Join(filepath.Dir(dir), "lock")
	lock, err := ledger.OpenLock(checkpoint)
	require.NoError(t, err)
	require.NoError(t, l.Sign(key, lock, slog.New(slog.DiscardHandler)))
	require.NoError(t, l.Close())
	require.NoError(t, db.Close())
	return dir, checkpoint
}

// rows are the keys and values of a table of a database, in order.
func rows(t *testing.T, e kv.Engine, table string) (list []kv.Op) {
	snap, err := e.Snapshot()
	require.NoError(t, err)
	defer snap.Close()
	it := snap.Iterate([]byte(table), append([]byte(table), 0xff, 0xff), false)
	for it.Next() {
		list = append(list, kv.Op{Key: bytes.Clone(it.Key()), Value: bytes.Clone(it.Value())})
	}
	require.NoError(t, it.Close())
	return list
}

// rehashed puts the right hash of a leaf in the place of the wrong one.
func rehashed(t *testing.T, e *badger.Engine, dir string, index uint64) {
	db, err := store.Open(e, store.Options{ReadOnly: true})
	require.NoError(t, err)
	var found store.LeafRow
	require.NoError(t, db.Leaves(t.Context(), 0, func(r store.LeafRow) error {
		if r.Index == index {
			found = r
			found.Leaf = bytes.Clone(r.Leaf)
		}
		return nil
	}))
	require.NoError(t, db.Close())
	right := leafOf(found.LeafRecord)
	e, err = badger.Open(dir, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	row := rows(t, e, "l")[found.Seq-1]
	require.True(t, bytes.Contains(row.Value, found.Leaf))
	row.Value = bytes.Replace(row.Value, found.Leaf, right[:], 1)
	require.NoError(t, e.Write([]kv.Op{row}))
}

// TestAttacks makes the attacks of docs/proof.md on the files of a database, and
// wants each found under its name, by both verifiers alike. The second one is asked about
// each kind of finding, with PESTLE_LONG about each attack.
func TestAttacks(t *testing.T) {
	compared := map[string]bool{}
	const commits = 200 // 600 versions: two complete tiles and a part
	key, err := ledger.LoadKey(filepath.Join(t.TempDir(), "key"), "pestle.example/log")
	require.NoError(t, err)
	dir, signed := lived(t, key, past(commits, nil))
	original, err := os.ReadFile(signed)
	require.NoError(t, err)

	// raw changes a copy of the files.
	raw := func(t *testing.T, do func(dir string, e *badger.Engine)) string {
		copied := filepath.Join(t.TempDir(), "data")
		require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
		e, err := badger.Open(copied, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		do(copied, e)
		_ = e.Close()
		return copied
	}
	versions := func(e *badger.Engine) []kv.Op { return rows(t, e, "vPatient\x00") } // by resource, the newest first
	reword := func(e *badger.Engine, text string) {
		for _, v := range versions(e) {
			if bytes.Contains(v.Value, []byte(text)) {
				v.Value = bytes.Replace(v.Value, []byte(text), []byte(strings.Replace(text, "name", "nome", 1)), 1)
				require.NoError(t, e.Write([]kv.Op{v}))
				return
			}
		}
		t.Fatal("no version has " + text)
	}
	replayed := func(t *testing.T, list []*fhir.Transaction) string {
		d, _ := lived(t, key, list)
		return d
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T) string
		want []string // kinds that must be among the findings
		own  bool     // verified with the checkpoint of the attacker, as if there were no witness
	}{
		{"nothing", func(t *testing.T) string { return dir }, nil, false},
		{"byte", func(t *testing.T) string {
			return raw(t, func(_ string, e *badger.Engine) { reword(e, "name 20 1") })
		}, []string{"changed 61"}, false},
		{"byte and hash", func(t *testing.T) string {
			return raw(t, func(d string, e *badger.Engine) { reword(e, "name 20 1"); rehashed(t, e, d, 61) })
		}, []string{"changed 61", "forked 600"}, false},
		{"byte and hash behind the tiles", func(t *testing.T) string {
			return raw(t, func(d string, e *badger.Engine) { reword(e, "name 190 1"); rehashed(t, e, d, 571) })
		}, []string{"forked 600"}, false},
		{"time", func(t *testing.T) string {
			return raw(t, func(_ string, e *badger.Engine) {
				row := rows(t, e, "l")[20]
				millis, n := binary.Varint(row.Value)
				row.Value = append(binary.AppendVarint(nil, millis+1), row.Value[n:]...)
				require.NoError(t, e.Write([]kv.Op{row}))
			})
		}, []string{"changed 60", "changed 61", "changed 62"}, false},
		{"who", func(t *testing.T) string {
			return raw(t, func(_ string, e *badger.Engine) {
				v := versions(e)[9]
				v.Value = bytes.Replace(v.Value, []byte("Practitioner/1"), []byte("Practitioner/2"), 1)
				require.NoError(t, e.Write([]kv.Op{v}))
			})
		}, []string{"changed"}, false},
		{"swap", func(t *testing.T) string {
			return raw(t, func(_ string, e *badger.Engine) {
				v := versions(e)
				v[3].Value, v[7].Value = v[7].Value, v[3].Value
				require.NoError(t, e.Write([]kv.Op{v[3], v[7]}))
			})
		}, []string{"reordered"}, false},
		{"swap over commits", func(t *testing.T) string {
			return raw(t, func(_ string, e *badger.Engine) {
				v := versions(e)
				v[3].Value, v[6].Value = v[6].Value, v[3].Value
				require.NoError(t, e.Write([]kv.Op{v[3], v[6]}))
			})
		}, []string{"changed"}, false},
		{"version removed", func(t *testing.T) string {
			return raw(t, func(_ string, e *badger.Engine) {
				require.NoError(t, e.Write([]kv.Op{{Key: versions(e)[40].Key}}))
			})
		}, []string{"missing"}, false},
		{"commit removed", func(t *testing.T) string {
			return raw(t, func(_ string, e *badger.Engine) {
				require.NoError(t, e.Write([]kv.Op{{Key: rows(t, e, "l")[50].Key}}))
			})
		}, []string{"missing 150", "missing 151", "missing 152"}, false},
		{"tile changed", func(t *testing.T) string {
			return raw(t, func(_ string, e *badger.Engine) {
				row := rows(t, e, "t")[0]
				row.Value[5*32] ^= 1
				require.NoError(t, e.Write([]kv.Op{row}))
			})
		}, []string{"changed 5"}, false},
		{"tile removed", func(t *testing.T) string {
			return raw(t, func(_ string, e *badger.Engine) {
				require.NoError(t, e.Write([]kv.Op{{Key: rows(t, e, "t")[1].Key}}))
			})
		}, []string{"missing 256"}, false},
		{"the last removed", func(t *testing.T) string { return replayed(t, past(commits-10, nil)) }, []string{"truncated 600"}, false},
		{"removed from the middle, all made anew", func(t *testing.T) string {
			return replayed(t, past(commits+5, func(i int, tx *fhir.Transaction) *fhir.Transaction {
				if i == 100 {
					return nil
				}
				return tx
			}))
		}, []string{"forked 600"}, false},
		{"put in between, all made anew", func(t *testing.T) string {
			list := past(commits, nil)
			return replayed(t, slices.Insert(list, 60, past(61, nil)[30]))
		}, []string{"forked 600"}, false},
		{"rewritten, signed with the stolen key", func(t *testing.T) string { return replayed(t, past(commits, forged)) }, []string{"forked 600"}, false},
		{"the same, nobody else has a checkpoint", func(t *testing.T) string { return replayed(t, past(commits, forged)) }, nil, true},
		{"two servers from one copy", func(t *testing.T) string {
			return replayed(t, past(commits+20, func(i int, tx *fhir.Transaction) *fhir.Transaction {
				if i < commits-20 {
					return tx
				}
				return forged(20, tx)
			}))
		}, []string{"forked 600"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := c.make(t)
			export := filepath.Join(t.TempDir(), "export.ndjson")
			s := signing{LogKey: filepath.Join(t.TempDir(), "none"), CheckpointLock: filepath.Join(filepath.Dir(folder), "lock")}
			require.NoError(t, (&proofExport{Data: folder, To: export, signing: s}).Run(streams{}))
			args := []string{export, "--key", key.Public()}
			if !c.own {
				args = append(args, "--checkpoint", signed)
			}
			got := verifyBoth(t, compared, args)
			if c.want == nil {
				require.Empty(t, got)
				return
			}
			for _, want := range c.want {
				assert.True(t, slices.ContainsFunc(got, func(f string) bool { return f == want || strings.HasPrefix(f, want+" ") }), "%s in %v", want, got)
			}
		})
	}

	t.Run("an older copy is not signed", func(t *testing.T) {
		older, _ := lived(t, key, past(commits-10, nil))
		lockFile := filepath.Join(t.TempDir(), "lock")
		require.NoError(t, os.WriteFile(lockFile, original, 0o600))
		app, err := openApp(appConfig{Data: older}, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		defer func() { require.NoError(t, app.close()) }()
		lock, err := ledger.OpenLock(lockFile)
		require.NoError(t, err)
		require.ErrorIs(t, app.ledger.Sign(key, lock, slog.New(slog.DiscardHandler)), ledger.ErrBehind)
	})
	t.Run("content removed without a record", func(t *testing.T) {
		export := filepath.Join(t.TempDir(), "export.ndjson")
		require.NoError(t, (&proofExport{Data: dir, To: export, signing: signing{CheckpointLock: signed}}).Run(streams{}))
		text, err := os.ReadFile(export)
		require.NoError(t, err)
		lines := strings.Split(string(text), "\n")
		e := map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(lines[8]), &e))
		e["contentCommit"] = strings.Repeat("A", 43) + "="
		delete(e, "content")
		delete(e, "contentSalt")
		line, err := json.Marshal(e)
		require.NoError(t, err)
		lines[8] = string(line)
		require.NoError(t, os.WriteFile(export, []byte(strings.Join(lines, "\n")), 0o600))
		require.Equal(t, []string{"changed 7", "missing 7"}, verifyBoth(t, compared, []string{export, "--key", key.Public()}))
	})
}

// forged changes what was prescribed.
func forged(i int, tx *fhir.Transaction) *fhir.Transaction {
	if i == 20 {
		tx.Requester.Agent = "Practitioner/2"
	}
	return tx
}

var findingKind = regexp.MustCompile(`"kind":"[a-z]+"`)

// verifyBoth are the findings of pestle verify, "changed 5", after comparing them
// with those of conformance/proof/verify.py, unless such findings were compared before.
func verifyBoth(t *testing.T, compared map[string]bool, args []string) (found []string) {
	var out, said bytes.Buffer
	code := run(append([]string{"verify", "--json"}, args...), streams{out: &out, err: &said})
	require.Empty(t, said.String())
	kinds := fmt.Sprint(code) + strings.Join(slices.Compact(findingKind.FindAllString(out.String(), -1)), " ")
	fresh := !compared[kinds] || os.Getenv("PESTLE_LONG") != ""
	compared[kinds] = true
	if python, err := exec.LookPath("python3"); err == nil && fresh {
		second := exec.CommandContext(t.Context(), python, append([]string{filepath.Join(oracle.Root(t), "conformance", "proof", "verify.py")}, args...)...)
		second.Stderr = &said
		answer, _ := second.Output()
		require.Empty(t, said.String())
		require.Equal(t, out.String(), string(answer), "pestle verify and verify.py")
		require.Equal(t, code, second.ProcessState.ExitCode())
	}
	for line := range strings.Lines(out.String()) {
		var f ledger.Finding
		require.NoError(t, json.Unmarshal([]byte(line), &f))
		found = append(found, fmt.Sprintf("%s %d", f.Kind, f.Index))
	}
	return found
}
