package patch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// What RFC 7396 says of each kind of value, member by member.
func TestMergedAsTheRFCSays(t *testing.T) {
	for _, c := range []struct{ target, change, want string }{
		{`{"k":1}`, `{"k":2}`, `{"k":2}`},
		{`{"k":1}`, `{"l":2}`, `{"k":1,"l":2}`},
		{`{"k":1}`, `{"k":null}`, `{}`},
		{`{"k":1,"l":2}`, `{"k":null}`, `{"l":2}`},
		{`{"k":[1]}`, `{"k":2}`, `{"k":2}`},
		{`{"k":1}`, `{"k":[2]}`, `{"k":[2]}`},
		{`{"k":{"l":1}}`, `{"k":{"l":2,"m":null}}`, `{"k":{"l":2}}`},
		{`{"k":[{"l":1}]}`, `{"k":[3]}`, `{"k":[3]}`},
		{`[1,2]`, `[3,4]`, `[3,4]`},
		{`{"k":1}`, `[2]`, `[2]`},
		{`{"k":1}`, `null`, `null`},
		{`{"k":1}`, `"l"`, `"l"`},
		{`{"k":null}`, `{"l":1}`, `{"k":null,"l":1}`},
		{`[1,2]`, `{"k":1,"l":null}`, `{"k":1}`},
		{`{}`, `{"k":{"l":{"m":null}}}`, `{"k":{"l":{}}}`},
		{`{"k":1}`, `{"k":[null,{"l":null}]}`, `{"k":[null,{"l":null}]}`},
		{`{"k":1}`, `{"k":{}}`, `{"k":{}}`},
		{`{"k":1.00,"l":"\u0061"}`, `{"m":1e2}`, `{"k":1.00,"l":"\u0061","m":1e2}`},
	} {
		target, err := read([]byte(c.target))
		require.NoError(t, err)
		change, err := read([]byte(c.change))
		require.NoError(t, err)
		got := string(merged(valueOf(target), change).append(nil))
		require.Equal(t, c.want, got, "%s with %s", c.target, c.change)
	}
}

func TestMergeKeepsFHIR(t *testing.T) {
	r := fuzzed(t)
	got, err := Merge(r, []byte(`{"active":null,"name":[{"family":"G"}],"text":{"status":null,"div":null},"multipleBirthInteger":3}`))
	require.NoError(t, err)
	require.Equal(t, `{"resourceType":"Patient","id":"1","name":[{"family":"G"}],"multipleBirthInteger":3}`, string(got.JSON()))
	got, err = Merge(r, []byte(`{"active":{"x":null},"name":{"family":null}}`))
	require.NoError(t, err)
	require.Contains(t, string(got.JSON()), `"active":{"x":null}`, "of the wrong type, for the validator to say")
	require.Contains(t, string(got.JSON()), `"name":{"family":null}`)
	for _, bad := range []string{``, `[]`, `1`, `{"a":1`, `{"a":1},"b":{}`, `{"a":1,"a":2}`, `{}{}`} {
		_, err := Merge(r, []byte(bad))
		require.Equal(t, fhir.Invalid, fhir.KindOf(err), bad)
	}
}

func TestMergeIsLinear(t *testing.T) {
	var members, nulls strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&members, `,"m%d":1`, i)
		fmt.Fprintf(&nulls, `,"m%d":null`, i)
	}
	began := time.Now()
	r, err := Merge(fuzzed(t), []byte(`{"resourceType":"Patient"`+members.String()+`}`))
	require.NoError(t, err)
	r, err = Merge(r, []byte(`{"a":null`+nulls.String()+`}`))
	require.NoError(t, err)
	require.False(t, r.Get("m10").Exists())
	require.Less(t, time.Since(began), 10*time.Second)
}

func FuzzMerge(f *testing.F) {
	for _, seed := range []string{`{"active":null}`, `{"name":[{"given":[null]}],"text":{"div":null}}`, `{"a":{"b":{"c":null}},"id":"2"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		r := fuzzed(t)
		patched, err := Merge(r, doc)
		sound(t, r, patched, err)
	})
}
