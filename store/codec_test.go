package store

import (
	"bytes"
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
	require.Equal(t, "cehilmnoprstvwx", string(tables))
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
