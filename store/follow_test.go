package store

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
	"github.com/pestle-fhir/pestle/store/log"
	memlog "github.com/pestle-fhir/pestle/store/log/mem"
)

// logged is a log of three records: the beginning of a term and two commits.
func logged(t *testing.T) [][]byte {
	l := memlog.New()
	db := openLogged(t, mem.New(), l)
	_, err := db.Lead(t.Context(), 3)
	require.NoError(t, err)
	for _, family := range []string{"a", "b"} {
		_, err = db.Commit(t.Context(), updates(t, "p", family))
		require.NoError(t, err)
	}
	require.NoError(t, db.Close())
	var records [][]byte
	for place := range log.Place(3) {
		b, err := l.Next(t.Context(), place)
		require.NoError(t, err)
		records = append(records, b)
	}
	return records
}

// changed is a record with something in it changed, and the right checksum.
func changed(t *testing.T, b []byte, change func(*groupRecord)) []byte {
	r, err := decodeGroup(b)
	require.NoError(t, err)
	require.Equal(t, b, r.encode())
	change(&r)
	return r.encode()
}

// TestRecordsThatCannotBeApplied: a database stops before a record that does not
// belong there, says so, and answers reads as of what it holds. It does not lead.
func TestRecordsThatCannotBeApplied(t *testing.T) {
	brief(t)
	records := logged(t)
	flipped := bytes.Clone(records[2])
	flipped[len(flipped)/2] ^= 1
	for name, c := range map[string]struct {
		third []byte
		says  string
	}{
		"flipped":         {flipped, "does not add up"},
		"cut":             {records[2][:20], "does not add up"},
		"empty":           {nil, "does not add up"},
		"twice":           {records[1], "another one than the database holds"},
		"another chain":   {changed(t, records[2], func(r *groupRecord) { r.previous[0] ^= 1 }), "another one than the database holds"},
		"another head":    {changed(t, records[2], func(r *groupRecord) { r.before.rid++ }), "have diverged"},
		"no beginning":    {changed(t, records[2], func(r *groupRecord) { r.term++ }), "term 4, which has not begun"},
		"a later program": {later(records[2]), "format 2 and this program reads format 1"},
	} {
		t.Run(name, func(t *testing.T) {
			l := memlog.New()
			for i, b := range [][]byte{records[0], records[1], c.third} {
				require.NoError(t, l.Append(t.Context(), log.Place(i), b))
			}
			db := openLogged(t, mem.New(), l)
			defer func() { require.NoError(t, db.Close()) }()
			require.Eventually(t, func() bool { _, err := db.Applied(); return err != nil }, 5*time.Second, time.Millisecond)
			seq, err := db.Applied()
			require.Equal(t, fhir.Seq(1), seq)
			require.ErrorContains(t, err, "the record at place 3 of the log cannot be applied")
			require.ErrorContains(t, err, c.says)
			ver, err := db.Read(t.Context(), "Patient", "p")
			require.NoError(t, err)
			require.Contains(t, string(ver.JSON), `"a"`)
			_, err = db.Lead(t.Context(), 9)
			require.ErrorContains(t, err, "cannot be applied")
			_, err = db.Commit(t.Context(), updates(t, "p", "c"))
			require.ErrorIs(t, err, ErrNotLeading)
			require.Error(t, db.Writable())
		})
	}
}

// later is a record of the next format.
func later(b []byte) []byte {
	b = bytes.Clone(b)
	b[2]++
	n := len(b) - crc32.Size
	binary.BigEndian.PutUint32(b[n:], crc32.Checksum(b[:n], castagnoli))
	return b
}

// TestLateRecords: what a leader whose term is over gets into a log that lets it
// is passed over by all.
func TestLateRecords(t *testing.T) {
	brief(t)
	records := logged(t)
	l := memlog.New()
	late := changed(t, records[2], func(r *groupRecord) { r.term = 2 })
	again := changed(t, records[0], func(r *groupRecord) { r.leader = "other" })
	for i, b := range [][]byte{records[0], again, records[1], late, records[2]} {
		require.NoError(t, l.Append(t.Context(), log.Place(i), b))
	}
	db := openLogged(t, mem.New(), l)
	reaches(t, db, l)
	require.Equal(t, fhir.Seq(2), db.Head())
	require.NoError(t, db.Close())
}

// TestFollowersAreNotOpenedAlone: without its log a database that follows is not
// written to, since it could never follow again.
func TestFollowersAreNotOpenedAlone(t *testing.T) {
	e := kept{mem.New()}
	l := memlog.New()
	db := openLogged(t, e, l)
	_, err := db.Lead(t.Context(), 1)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = Open(e, Options{})
	require.ErrorContains(t, err, "follows a log")
	alone, err := Open(e, Options{ReadOnly: true})
	require.NoError(t, err)
	require.NoError(t, alone.Close())
}

// FuzzGroupRecord: what is read of a record is what was written, and nothing panics.
func FuzzGroupRecord(f *testing.F) {
	f.Add(groupRecord{term: 1, leader: "a", begins: true, group: group{ops: []kv.Op{{Key: []byte("k"), Value: []byte{}}, {Key: []byte("d")}}}}.encode())
	f.Add([]byte("PL\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = decodeGroup(b)
		r, err := decodeGroup(binary.BigEndian.AppendUint32(b[:len(b):len(b)], crc32.Checksum(b, castagnoli)))
		if err != nil {
			return
		}
		again, err := decodeGroup(r.encode())
		require.NoError(t, err)
		require.Equal(t, r, again)
	})
}
