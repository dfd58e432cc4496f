package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/pestle-fhir/pestle/fhir"
)

// reference is the tree as package tlog stores it.
type reference []tlog.Hash

func (r *reference) add(t testing.TB, n int64, h tlog.Hash) {
	hashes, err := tlog.StoredHashesForRecordHash(n, h, r)
	require.NoError(t, err)
	*r = append(*r, hashes...)
}

func (r *reference) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		list[i] = (*r)[index]
	}
	return list, nil
}

// TestTree compares roots and tiles with package tlog's, at every size around the
// ends of tiles of two levels, and what a restart reads with what was.
func TestTree(t *testing.T) {
	const last = 65536 + 600
	var want reference
	m, l := &memory{tiles: map[string][]byte{}}, &Log{}
	require.NoError(t, l.Start(t.Context(), m))
	for n := range last {
		m.grow(l, 1, 1)
		want.add(t, int64(n), tlog.Hash(m.rows[n].Leaf))
		if size := int64(n + 1); size < 520 || size%4099 == 0 || size%256 < 2 && size%1024 < 300 || size > 65530 && size < 65540 {
			root, err := tlog.TreeHash(size, &want)
			require.NoError(t, err)
			require.Equal(t, root, l.growing.Root(), size)
		}
	}
	for _, tile := range tlog.NewTiles(levelBits, 0, last) {
		data, err := tlog.ReadTileData(tile, &want)
		require.NoError(t, err)
		got, err := l.growing.in(m).tile(tile.L, uint64(tile.N))
		require.NoError(t, err)
		require.Equal(t, data, got, tile.Path())
	}
	again := &Log{}
	require.NoError(t, again.Start(t.Context(), m))
	require.Equal(t, l.growing, again.growing)
	for _, old := range []uint64{0, 1, 255, 256, 257, 65535, 65536, 65537, last} {
		root, err := again.growing.in(m).rootAt(old)
		require.NoError(t, err)
		want, err := tlog.TreeHash(int64(old), &want)
		require.NoError(t, err)
		if old > 0 {
			require.Equal(t, want, root, old)
		}
	}
}

// TestStartAddsTiles wants the tiles of versions that a program without the tree
// has written, all or the last ones.
func TestStartAddsTiles(t *testing.T) {
	l, m, _ := started(t, 1000, 7)
	for _, lost := range [][]string{{"0/000", "0/001", "0/002"}, {"0/002"}} {
		for _, name := range lost {
			delete(m.tiles, name)
		}
		for i := range m.rows[700:] {
			m.rows[700+i].Leaf = nil
		}
		again := &Log{}
		require.NoError(t, again.Start(t.Context(), m))
		require.Equal(t, l.growing.Root(), again.growing.Root())
		require.Len(t, m.tiles, 3)
	}
}

// TestProofs verifies inclusion and consistency, and refuses what was changed.
func TestProofs(t *testing.T) {
	l, _, key := started(t, 700, 300)
	answer, err := l.Proof(t.Context(), "Patient", "p513", "1")
	require.NoError(t, err)
	e, c, err := VerifyProof(answer.JSON(), key.Verifier())
	require.NoError(t, err)
	require.Equal(t, uint64(700), c.Size)
	require.Equal(t, `{"resourceType":"Patient","id":"p513"}`, string(e.Content))
	for _, change := range []string{`\"op\":1`, `\"id\":\"p513`, `\"seq\":514`, "index 513", "\\n700\\n", `\"agent\":\"a`} {
		require.Contains(t, string(answer.JSON()), change)
		bad := strings.Replace(string(answer.JSON()), change, strings.NewReplacer("1", "2", "7", "8", "a\\", "b\\", `\"a`, `\"c`).Replace(change), 1)
		require.NotEqual(t, string(answer.JSON()), bad)
		_, _, err := VerifyProof([]byte(bad), key.Verifier())
		require.Error(t, err, change)
	}
	for _, c := range [][3]string{{"1", "700", ""}, {"256", "512", ""}, {"0", "", ""}, {"700", "700", ""}, {"701", "", "up to 700"}, {"5", "4", "at most 4"}, {"x", "", "number"}, {"", "", "number"}, {"-1", "", "number"}, {"01", "", "number"}} {
		_, err := l.Consistency(t.Context(), c[0], c[1])
		if c[2] == "" {
			require.NoError(t, err, c)
		} else {
			require.ErrorContains(t, err, c[2])
		}
	}
}

// TestReceipts wants that a receipt tells nothing by itself, and is opened with
// the key of the log alone.
func TestReceipts(t *testing.T) {
	l, _, _ := started(t, 20, 3)
	one, two := l.Receipt(7), l.Receipt(7)
	require.NotEqual(t, one, two)
	opened, err := l.OpenReceipt(t.Context(), one)
	require.NoError(t, err)
	require.Contains(t, string(opened.JSON()), "Patient/p6/_history/1")
	other, _, _ := started(t, 20, 3)
	for _, bad := range []string{"", "x", one[1:], strings.ToUpper(one)} {
		_, err := l.OpenReceipt(t.Context(), bad)
		require.Equal(t, fhir.Invalid, fhir.KindOf(err), bad)
	}
	_, err = other.OpenReceipt(t.Context(), one)
	require.Error(t, err)
}

// TestLock wants that nothing signs what does not continue the lock, and that no
// second process signs with it.
func TestLock(t *testing.T) {
	l, m, key := started(t, 300, 10)
	path := l.signer.lock.path
	_, err := OpenLock(path)
	require.ErrorContains(t, err, "another server signs with it")
	require.NoError(t, l.Close())
	sign := func(m *memory) error {
		lock, err := OpenLock(path)
		require.NoError(t, err)
		defer func() { _ = lock.Close() }()
		other := &Log{}
		require.NoError(t, other.Start(t.Context(), m))
		return other.Sign(key, lock, nil)
	}
	require.NoError(t, sign(m))
	older := &memory{rows: m.rows[:299], tiles: m.tiles}
	require.ErrorIs(t, sign(older), ErrBehind)
	other := &memory{tiles: map[string][]byte{}}
	forked := &Log{}
	require.NoError(t, forked.Start(t.Context(), other))
	other.grow(forked, 310, 5)
	other.rows[3].Version.ID = "another"
	for i := range other.rows {
		h := other.rows[i].Hash()
		other.rows[i].Leaf = h[:]
	}
	other.tiles = map[string][]byte{}
	require.ErrorIs(t, sign(other), ErrBehind)
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	require.ErrorContains(t, sign(m), "not signed by pestle.example/log")
}

// TestForeignLock wants that a log whose lock another process has written is not
// signed again, and says so.
func TestForeignLock(t *testing.T) {
	l, m, _ := started(t, 3, 1)
	require.Empty(t, l.Trouble())
	path := l.signer.lock.path
	was, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	m.grow(l, 1, 1)
	require.ErrorIs(t, l.sign(), errForeign)
	require.NoError(t, os.WriteFile(path, was, 0o600))
	require.ErrorIs(t, l.sign(), errForeign)
	require.Contains(t, l.Trouble(), "two servers")
	require.Equal(t, uint64(3), l.Newest().Size)
}

// TestKeyFile wants a key that its owner alone may read, and the same one again.
func TestKeyFile(t *testing.T) {
	path := t.TempDir() + "/key"
	one, err := LoadKey(path, "a.example/log")
	require.NoError(t, err)
	two, err := LoadKey(path, "b.example/log")
	require.NoError(t, err)
	require.Equal(t, one.Public(), two.Public())
	require.NoError(t, os.Chmod(path, 0o644))
	_, err = LoadKey(path, "")
	require.ErrorContains(t, err, "can be read by others")
	_, err = LoadKey(t.TempDir()+"/key", "not a name")
	require.ErrorContains(t, err, "cannot name a key")
}

// TestTilePaths reads the paths of tiles as they have to be written, and no
// others.
func TestTilePaths(t *testing.T) {
	l, _, _ := started(t, 600, 100)
	for path, size := range map[string]int{
		"tile/0/000": 8192, "tile/0/001": 8192, "tile/0/002.p/88": 88 * 32, "tile/0/002.p/87": 87 * 32, "tile/1/000.p/2": 64,
		"tile/entries/000": 256 * 55, "tile/entries/002.p/88": 88 * 55,
	} {
		data, fixed, ok, err := l.File(t.Context(), path)
		require.NoError(t, err, path)
		require.True(t, ok, path)
		require.Len(t, data, size, path)
		require.Equal(t, !strings.Contains(path, ".p"), fixed, path)
	}
	for _, path := range []string{"tile/0/002", "tile/0/003", "tile/0/002.p/89", "tile/0/0", "tile/0/0000", "tile/0/x000/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
		"tile/-1/000", "tile/7/000", "tile/00/000", "tile/1/000", "tile/entries/003", "tile/entries/002.p/89", "tile/0/..", "tile/", "x", "", "tile/0/18446744073709551616"} {
		_, _, ok, err := l.File(t.Context(), path)
		require.NoError(t, err, path)
		require.False(t, ok, path)
	}
	require.Equal(t, "0/x123/x456/789", TileName(0, 123456789))
}

// TestEntries wants leaves that hash to what the tile of hashes holds.
func TestEntries(t *testing.T) {
	l, _, _ := started(t, 300, 100)
	entries, _, _, err := l.File(t.Context(), "tile/entries/000")
	require.NoError(t, err)
	hashes, _, _, err := l.File(t.Context(), "tile/0/000")
	require.NoError(t, err)
	for i := range 256 {
		leaf := entries[i*55+2 : (i+1)*55]
		require.True(t, bytes.HasPrefix(leaf, []byte("PL1\x00")))
		require.Equal(t, tlog.RecordHash(leaf), parted(hashes)[i])
		require.NotContains(t, string(leaf), "Patient")
	}
}

// export is an export of a log as text.
func export(t testing.TB, l *Log, m *memory) string {
	var b bytes.Buffer
	require.NoError(t, Export(t.Context(), &b, Header{Key: l.Public(), Checkpoints: []string{string(l.Newest().Note)}}, m))
	return b.String()
}

// busy is a database that commits before and after its versions are visited.
type busy struct {
	*memory
	log *Log
}

func (b busy) Rows(ctx context.Context, from uint64, visit func(Row) error) error {
	b.grow(b.log, 300, 3)
	err := b.memory.Rows(ctx, from, visit)
	b.grow(b.log, 300, 3)
	return err
}

// TestExportBesideCommits wants that an export of a database that is written to
// claims no more than it has, and is sound.
func TestExportBesideCommits(t *testing.T) {
	l, m, key := started(t, 300, 100)
	var b bytes.Buffer
	require.NoError(t, Export(t.Context(), &b, Header{Checkpoints: []string{string(l.Newest().Note)}}, busy{m, l}))
	r, err := Verify(&b, Trust{Key: key.Verifier()})
	require.NoError(t, err)
	require.Empty(t, r.Findings)
	require.Equal(t, uint64(300), r.Size)
}

// TestVerify wants each fault under its name and place.
func TestVerify(t *testing.T) {
	l, m, key := started(t, 300, 100)
	whole := strings.Split(strings.TrimSuffix(export(t, l, m), "\n"), "\n")
	change := func(line string, f func(e map[string]any)) string {
		e := map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		f(e)
		b, err := json.Marshal(e)
		require.NoError(t, err)
		return string(b)
	}
	for name, c := range map[string]struct {
		edit func(lines []string) []string // line i+1 is version i
		want []Finding
	}{
		"whole": {func(l []string) []string { return l }, nil},
		"content": {func(l []string) []string {
			l[6] = change(l[6], func(e map[string]any) { e["content"] = "AAAA" })
			return l
		}, []Finding{{Kind: Changed, Index: 5}}},
		"time": {func(l []string) []string {
			l[6] = change(l[6], func(e map[string]any) { e["time"] = 1_793_610_000_004 })
			return l
		}, []Finding{{Kind: Changed, Index: 5}}},
		"who": {func(l []string) []string {
			l[6] = change(l[6], func(e map[string]any) { e["roles"] = []string{"x"} })
			return l
		}, []Finding{{Kind: Changed, Index: 5}}},
		"hash": {func(l []string) []string {
			l[6] = change(l[6], func(e map[string]any) { e["hash"] = whole[9][len(whole[9])-46 : len(whole[9])-2] })
			return l
		}, []Finding{{Kind: Changed, Index: 5}, {Kind: Reordered, Index: 5}, {Kind: Forked, Index: 300}}},
		"gone": {func(l []string) []string { return append(l[:6], l[7:]...) }, []Finding{{Kind: Missing, Index: 5}, {Kind: Truncated, Index: 300}}},
		"cut":  {func(l []string) []string { return append(l[:299], l[301:]...) }, []Finding{{Kind: Truncated, Index: 300}}},
		"tile": {func(l []string) []string { return l[:301] }, []Finding{{Kind: Missing, Index: 0}}},
		"purged": {func(l []string) []string {
			l[6] = change(l[6], func(e map[string]any) {
				delete(e, "content")
				delete(e, "contentSalt")
				e["contentCommit"] = commitOf(5)
			})
			return l
		}, []Finding{{Kind: Missing, Index: 5}}},
		"unsigned":   {func(l []string) []string { l[0] = `{"format":"pestle-log/1"}`; return l }, []Finding{{Kind: Unsigned}}},
		"wrong sign": {func(l []string) []string { l[0] = strings.Replace(l[0], "300", "200", 1); return l }, []Finding{{Kind: Unsigned}}},
	} {
		var trust Trust
		if name != "unsigned" {
			trust.Key = key.Verifier()
		}
		lines := c.edit(append([]string{}, whole...))
		r, err := Verify(strings.NewReader(strings.Join(lines, "\n")), trust)
		require.NoError(t, err, name)
		for i := range r.Findings {
			r.Findings[i].Text = ""
		}
		require.Equal(t, c.want, r.Findings, name)
		require.Equal(t, c.want == nil, r.Sound(), name)
	}
	_, err := Verify(strings.NewReader("x"), Trust{})
	require.ErrorContains(t, err, "not an export")
}

// commitOf is the commitment to the content of a version, as a purge leaves it.
func commitOf(i int) []byte { return entryOf(record(i)).contentCommit() }
