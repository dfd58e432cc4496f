package audit_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/audit"
)

// TestCopy restores copies, whole and in parts, under another key.
func TestCopy(t *testing.T) {
	other := []byte("fedcba9876543210fedcba9876543210")
	l := open(t, t.TempDir(), audit.Options{SegmentSize: 2 << 10, Key: key})
	files := map[string][]byte{}
	keep := func(name string, segment []byte) error { files[name] = bytes.Clone(segment); return nil }
	more := func(n int) {
		for range n {
			require.NoError(t, l.Append(t.Context(), event(int(l.Head()))))
		}
	}
	more(30)
	head, err := l.Copy(0, keep)
	require.NoError(t, err)
	require.Equal(t, uint64(30), head)
	whole := len(files)
	more(25)
	second := 0
	_, err = l.Copy(head, func(name string, segment []byte) error { second++; return keep(name, segment) })
	require.NoError(t, err)
	require.Less(t, second, len(files))
	require.Greater(t, len(files), whole)
	for _, k := range [][]byte{nil, other} {
		dir := t.TempDir()
		r, err := audit.Restore(dir, audit.Options{Key: k})
		require.NoError(t, err)
		for name, segment := range files {
			require.NoError(t, r.File(name, segment))
		}
		require.NoError(t, r.Close())
		require.NoError(t, verified(dir, audit.Options{Key: k}))
		restored := open(t, dir, audit.Options{Key: k, SegmentSize: 2 << 10})
		require.Equal(t, all(t, l), all(t, restored))
		require.NoError(t, restored.Append(t.Context(), event(55)))
	}
	r, err := audit.Restore(t.TempDir(), audit.Options{})
	require.NoError(t, err)
	require.Error(t, r.File("../00000000000000000001.audit", files["00000000000000000001.audit"]))
	damaged := bytes.Clone(files["00000000000000000001.audit"])
	damaged[100] ^= 1
	require.Error(t, r.File("00000000000000000001.audit", damaged))
}

func TestAbandon(t *testing.T) {
	dir := written(t, 60, small)
	found := files(t, dir)
	require.NoError(t, os.WriteFile(found[1], []byte("damaged"), 0o600))
	require.Error(t, verified(dir, small))
	moved, err := audit.Abandon(dir)
	require.NoError(t, err)
	require.Len(t, files(t, moved), len(found), "nothing is lost")
	l := open(t, dir, small)
	require.NoError(t, l.Append(t.Context(), event(1)))
	require.Greater(t, l.Head(), uint64(60), "no number is used twice")
	require.NoError(t, l.Close())
	require.NoError(t, verified(dir, small))
}

// TestRetain deletes whole segments alone, of which nothing must be kept, records
// it, and numbers go on; after an interruption too.
func TestRetain(t *testing.T) {
	r, err := audit.ParseRetention("general\t*\t2000-01-01\t8\tx\ncd\tMedicationRequest\t2000-01-01\t10\tx\ncd\tMedicationRequest\t2020-01-01\t9\tx\n")
	require.NoError(t, err)
	dir := t.TempDir()
	l := open(t, dir, small)
	begin := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 60 {
		e := event(i)
		e.Time = begin.AddDate(0, i, 0)
		if i == 20 {
			e.Shown[0].Type = "MedicationRequest" // kept for 10 years, and all of its segment
		}
		require.NoError(t, l.Append(t.Context(), e))
	}
	segments := len(files(t, dir))
	deleted, err := l.Retain(t.Context(), r, begin.AddDate(8, 0, -1))
	require.NoError(t, err)
	require.Zero(t, deleted)
	deleted, err = l.Retain(t.Context(), r, begin.AddDate(8, 30, 0))
	require.NoError(t, err)
	require.Positive(t, deleted)
	kept := all(t, l)
	require.Equal(t, l.Begin(), kept[0].Number)
	require.LessOrEqual(t, kept[0].Number, uint64(21))
	require.Greater(t, kept[0].Number, uint64(10))
	last := kept[len(kept)-1]
	require.Equal(t, "delete-retained", last.Interaction)
	require.Contains(t, last.Target, fmt.Sprint("to ", kept[0].Number-1))
	require.Less(t, len(files(t, dir)), segments)
	_, err = l.Event(1)
	require.ErrorIs(t, err, audit.ErrNoEvent)
	require.NoError(t, l.Close())
	require.NoError(t, verified(dir, small))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "00000000000000000001.audit"), []byte("left"), 0o600))
	require.Equal(t, kept, all(t, open(t, dir, small)), "a removal that was interrupted ends")
	require.NoFileExists(t, filepath.Join(dir, "00000000000000000001.audit"))
	require.NoError(t, os.Remove(files(t, dir)[0]))
	require.Error(t, verified(dir, small), "what is missing and was not deleted by the retention")

	_, err = audit.BuiltinRetention()
	require.NoError(t, err)
	for text, want := range map[string]string{"": "no line for the types *", "a\t*\t2000-01-01\t6\tx": "at least 7 years", "a\t*\tsoon\t8\tx": "not a date", "a\t*\t8": "fields"} {
		_, err := audit.ParseRetention(text)
		require.ErrorContains(t, err, want)
	}
}

func TestExport(t *testing.T) {
	l := open(t, t.TempDir(), small)
	e := event(1)
	e.Target, e.By.Agent = "/fhir/Patient?name=a|b\nc", `x\y`
	e.Shown = append(e.Shown, fhir.Shown{Type: "Group", ID: "g", Patients: []string{"p9"}})
	require.NoError(t, l.Append(t.Context(), event(0)))
	require.NoError(t, l.Append(t.Context(), e))
	write := func(format string, from time.Time) string {
		var b strings.Builder
		require.NoError(t, audit.Records{Log: l, Site: site}.Export(t.Context(), &b, format, from, time.Time{}))
		return b.String()
	}
	require.Equal(t, 3, strings.Count(write(audit.NDJSON, time.Time{}), "\n"))
	require.Equal(t, 2, strings.Count(write(audit.NDJSON, e.Time), "\n"))
	require.Equal(t, `CEF:0|Pestle|Pestle|1|read|read|3|externalId=2 rt=1790000000001 outcome=200 suser=x\\y sourceServiceName=dispensary requestMethod=GET request=/fhir/Patient?name\=a|b\nc`+
		" cs1Label=organisation cs1=FA565 cs2Label=roles cs2=pharmacist cs3Label=purpose cs3=TREAT cs4Label=patients cs4=p1 p9 cs5Label=requestId cs5=0a2cc3a1-1d4e-4f7c-9f77-0c4e8b8f9a10\n", write(audit.CEF, e.Time))
	require.Contains(t, write(audit.Compact, e.Time), `"Shown":["Patient/p1/_history/1","Task/t/_history/2","Group/g/_history/"]`)
	var b strings.Builder // of another organisation
	other := fhir.WithPrincipal(t.Context(), &fhir.Principal{Agent: "ann", OnBehalf: "A83008"})
	require.NoError(t, audit.Records{Log: l, Site: site}.Export(other, &b, audit.Compact, time.Time{}, time.Time{}))
	require.Empty(t, b.String())
	require.Error(t, audit.Records{Log: l}.Export(t.Context(), &strings.Builder{}, "xml", time.Time{}, time.Time{}))
}
