package store

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestKeysSortAsTheirNumbers compares keys of random numbers.
func TestKeysSortAsTheirNumbers(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	number := func() uint64 { return rnd.Uint64() >> (24 + rnd.IntN(40)) }
	for range 10_000 {
		a, b := number(), number()
		order := 0
		if a < b {
			order = -1
		} else if a > b {
			order = 1
		}
		require.Equal(t, order, bytes.Compare(appendRid(nil, rid(a)), appendRid(nil, rid(b))))
		require.Equal(t, order, bytes.Compare(keyLog(fhir.Seq(a)), keyLog(fhir.Seq(b))))
		require.Equal(t, -order, bytes.Compare(appendDown(nil, fhir.Seq(a)), appendDown(nil, fhir.Seq(b))))
		row := keyRow("Patient", "name", []byte("key"), rid(a), fhir.Seq(b))
		entry, r, from := splitRow(row, len(keyParam("Patient", "name")))
		require.Equal(t, "key", string(entry))
		require.Equal(t, rid(a), r)
		require.Equal(t, fhir.Seq(b), from)
	}
	require.Equal(t, []byte{1, 3}, after([]byte{1, 2, 0xFF}))
	require.Nil(t, after([]byte{0xFF}))
	require.Equal(t, -1, bytes.Compare(keyVersion("Patient", 1, 2), keyVersion("Patient", 1, 1)), "the newest first")
}

// TestKeysDocument holds docs/keys.md to the tables of the code.
func TestKeysDocument(t *testing.T) {
	doc, err := os.ReadFile("../docs/keys.md")
	require.NoError(t, err)
	_, list, _ := bytes.Cut(doc, []byte("## Tables"))
	list, _, _ = bytes.Cut(list, []byte("| meta | value |"))
	var tables []byte
	for _, m := range regexp.MustCompile("(?m)^\\| [a-z]+ \\| `(.)`").FindAllSubmatch(list, -1) {
		tables = append(tables, m[1][0])
	}
	slices.Sort(tables)
	require.Equal(t, "ceghilmnoprstvwx", string(tables))
	for name, width := range map[string]int{"rid": ridLen, "seq": seqLen, "vno": vnoLen, "place": placeLen} {
		require.Regexp(t, regexp.MustCompile("(?m)^\\| "+name+" \\| "+string(rune('0'+width))+" \\|"), string(doc))
	}
}

func TestRecords(t *testing.T) {
	v := &fhir.Version{Type: "Patient", ID: "a", VersionID: "7", Seq: 1 << 40, LastUpdated: time.UnixMilli(1793610000123).UTC(),
		Method: fhir.Update, JSON: []byte(`{"resourceType":"Patient"}`), Requester: fhir.Principal{Agent: "x", Display: "Zoë", OnBehalf: "A1"}, RequestID: "r"}
	got, err := decodeVersion("Patient", 7, encodeVersion(v, make([]byte, saltsLen)))
	require.NoError(t, err)
	require.Equal(t, v, got)
	i := identity{1 << 39, 9, 77, true}
	gotI, err := decodeIdentity(i.encode())
	require.NoError(t, err)
	require.Equal(t, i, gotI)
	c := commitRecord{-5, 12, []place{{"Patient", 3, 4}, {"Task", 5, 6}}, bytes.Repeat([]byte{7}, 64), sum{1, 2, 3}}
	gotC, err := decodeCommit(c.encode())
	require.NoError(t, err)
	require.Equal(t, c, gotC)
}

// FuzzRecords: no bytes make a decoder panic, and what decodes is encoded again
// to something that decodes to the same.
func FuzzRecords(f *testing.F) {
	f.Add(encodeVersion(&fhir.Version{ID: "a", Method: fhir.Create, JSON: []byte("{}")}, nil))
	f.Add(commitRecord{1, 2, []place{{"Patient", 1, 1}}, nil, sum{}}.encode())
	f.Add(identity{1, 2, 3, false}.encode())
	f.Add([]byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F})
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := decodeVersion("Patient", 1, b); err == nil {
			again, err := decodeVersion("Patient", 1, encodeVersion(v, make([]byte, saltsLen)))
			require.NoError(t, err)
			require.Equal(t, v, again)
		}
		if c, err := decodeCommit(b); err == nil {
			again, err := decodeCommit(c.encode())
			require.NoError(t, err)
			require.Equal(t, c, again)
		}
		if i, err := decodeIdentity(b); err == nil {
			again, err := decodeIdentity(i.encode())
			require.NoError(t, err)
			require.Equal(t, i, again)
		}
		_, _ = decodeHistory(b)
		_, _ = decodeHead(b)
		_, _ = decodeSeq(b)
		_, _, _ = decodeReceipt(b)
	})
}

// TestRemains: what is left of a version is read back, and nothing else is taken for it.
func TestRemains(t *testing.T) {
	ver := &fhir.Version{Type: "Patient", ID: "a", VersionID: "3", Seq: 7, LastUpdated: instant(1_700_000_000_000), Method: fhir.Update, JSON: []byte(`{"a":1}`),
		Requester: fhir.Principal{Agent: "x", Roles: []string{"r", "s"}}, RequestID: "q"}
	salts := bytes.Repeat([]byte{1, 2}, saltLen)
	record := encodeVersion(ver, salts)
	said := fhir.Ownership{Writers: []string{"A"}, Named: []string{"B", "C"}, Through: []string{"Organization/1"}, Inherits: []string{"Task/1"}, Shares: []string{"Patient/1"}, Server: true}
	e, err := erase(3, record, ver, salts, said, func(salt, content []byte) sum { return sum{9} })
	require.NoError(t, err)
	purged := e.encode(12, 1_800_000_000_000, "y")
	require.NotContains(t, string(purged), `{"a":1}`)
	require.NotContains(t, string(purged), string(salts))
	got, left, err := decodeSalted("Patient", 3, purged)
	require.NoError(t, err)
	require.Equal(t, salts[:saltLen], left)
	want := *ver
	want.Method, want.JSON, want.Purged = fhir.Delete, nil, &fhir.Purged{Was: fhir.Update, Seq: 12, Time: instant(1_800_000_000_000), By: "y"}
	require.Equal(t, &want, got)
	all, err := remainsOf(purged)
	require.NoError(t, err)
	require.Equal(t, remains{commit: sum{9}, sum: sha256.Sum256(record), said: said, seq: 12, millis: 1_800_000_000_000, by: "y"}, all)
	for _, b := range [][]byte{record, purged} {
		s, err := recordSum(b)
		require.NoError(t, err)
		require.Equal(t, sum(sha256.Sum256(record)), s, "the chain goes on")
	}
	_, err = remainsOf(record)
	require.ErrorIs(t, err, errCorrupt)
	for n := range purged {
		_, _, err := decodeSalted("Patient", 3, purged[:n])
		require.ErrorIs(t, err, errCorrupt, n)
	}
	_, _, err = decodeSalted("Patient", 3, append(purged[:len(purged):len(purged)], 1))
	require.ErrorIs(t, err, errCorrupt)
	_, err = erase(3, record, ver, salts[:saltLen], said, nil)
	require.ErrorIs(t, err, errCorrupt, "of a version that was purged")
}

// FuzzVersion reads records of versions: no bytes make it panic, and what it takes for a
// version that was purged has no content.
func FuzzVersion(f *testing.F) {
	ver := &fhir.Version{Type: "Patient", ID: "a", VersionID: "1", Seq: 1, Method: fhir.Create, JSON: []byte(`{}`)}
	salts := make([]byte, saltsLen)
	record := encodeVersion(ver, salts)
	e, err := erase(1, record, ver, salts, fhir.Ownership{Writers: []string{""}}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(record)
	f.Add(e.encode(2, 3, "x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, _, err := decodeSalted("Patient", 1, b)
		_, sumErr := recordSum(b)
		if err == nil && (sumErr != nil || v.Purged != nil && (v.JSON != nil || v.Method != fhir.Delete)) {
			t.Fatal(v, sumErr)
		}
	})
}
