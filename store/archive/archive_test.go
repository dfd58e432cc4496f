package archive_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/archive"
)

var header = archive.Header{Layout: 1, Seq: 7, Time: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)}

// written is an archive of so many records and two files.
func written(t testing.TB, records int, to ...age.Recipient) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := archive.NewWriter(&b, header, to...)
	require.NoError(t, err)
	for i := range records {
		require.NoError(t, w.Record(fmt.Appendf(nil, "key %d", i), bytes.Repeat([]byte{byte(i)}, i%5000)))
	}
	require.NoError(t, w.File("definitions/a.fsh", []byte("Profile: A")))
	require.NoError(t, w.File("empty", nil))
	seal, err := w.Close()
	require.NoError(t, err)
	require.EqualValues(t, records, seal.Records)
	require.EqualValues(t, 2, seal.Files)
	return b.Bytes()
}

func read(data []byte, who ...age.Identity) (lines []string, err error) {
	r, err := archive.NewReader(bytes.NewReader(data), who...)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	_, err = r.Each(
		func(key, value []byte) error {
			lines = append(lines, fmt.Sprintf("%s %d", key, len(value)))
			return nil
		},
		func(name string, data []byte) error {
			lines = append(lines, fmt.Sprintf("%s %q", name, data))
			return nil
		})
	return lines, err
}

func TestArchive(t *testing.T) {
	for _, n := range []int{0, 1, 3000} { // 3000: several chunks
		lines, err := read(written(t, n))
		require.NoError(t, err)
		require.Len(t, lines, n+2)
		require.Equal(t, `definitions/a.fsh "Profile: A"`, lines[n])
		require.Equal(t, `empty ""`, lines[n+1])
		if n > 0 {
			require.Equal(t, fmt.Sprintf("key %d %d", n-1, (n-1)%5000), lines[n-1])
		}
	}
	require.Equal(t, written(t, 100), written(t, 100), "the same content has the same bytes")
}

func TestEncrypted(t *testing.T) {
	mine, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	other, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	data := written(t, 10, mine.Recipient())
	require.NotContains(t, string(data), "Profile")
	_, err = read(data)
	require.ErrorIs(t, err, archive.ErrEncrypted)
	_, err = read(data, other)
	require.ErrorContains(t, err, "cannot be decrypted")
	lines, err := read(data, other, mine)
	require.NoError(t, err)
	require.Len(t, lines, 12)
}

// TestDamage: whatever happens to an archive, reading it ends with an error, or
// it says the same (a bit may be flipped that the compression does not use).
func TestDamage(t *testing.T) {
	data := written(t, 2500)
	want, err := read(data)
	require.NoError(t, err)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		bad := bytes.Clone(data)
		at := rnd.IntN(len(bad))
		switch i % 4 {
		case 0:
			bad = bad[:at]
		case 1:
			bad[at] ^= 1 << rnd.IntN(8)
		case 2:
			bad = append(bad[:at], bad[min(len(bad), at+1+rnd.IntN(1000)):]...)
		case 3:
			other := rnd.IntN(len(bad))
			bad[at], bad[other] = bad[other], bad[at]
		}
		if bytes.Equal(bad, data) {
			continue
		}
		if got, err := read(bad); err == nil {
			require.Equal(t, want, got, "%d at %d of %d", i%4, at, len(data))
			require.Equal(t, 1, i%4, "only a flipped bit may be without effect")
		}
	}
	_, err = read([]byte("something else"))
	require.ErrorContains(t, err, "not a backup")
	_, err = read(append(bytes.Clone(data), data...))
	require.Error(t, err, "two in one file")
}

func FuzzReader(f *testing.F) {
	f.Add(written(f, 3))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) { _, _ = read(data) })
}
