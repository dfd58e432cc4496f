package patch

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// TestDiff: what a difference is written as, worked out by hand.
func TestDiff(t *testing.T) {
	const before = `{"resourceType":"Patient","active":true,"name":[{"family":"Ode","given":["A","B"]},{"family":"Two"}],"multipleBirthBoolean":true,"birthDate":"1970-01-01"}`
	for _, c := range []struct{ after, want string }{
		{before, `{"resourceType":"Patient"}`},
		{`{"resourceType":"Patient","active":false,"name":[{"family":"Ode","given":["A","B"]},{"family":"Two"}],"multipleBirthBoolean":true,"birthDate":"1970-01-01"}`, "replace Patient.active"},
		{`{"resourceType":"Patient","active":true,"name":[{"family":"Ode","given":["A","B"]},{"family":"Two"}],"multipleBirthInteger":2,"birthDate":"1970-01-01"}`, "replace Patient.multipleBirth"},
		{`{"resourceType":"Patient","active":true,"name":[{"family":"Ode","given":["X","A","B"]},{"family":"Two"}],"multipleBirthBoolean":true,"birthDate":"1970-01-01"}`, "insert Patient.name[0].given"},
		{`{"resourceType":"Patient","active":true,"name":[{"family":"Two"}],"multipleBirthBoolean":true,"birthDate":"1970-01-01"}`, "delete Patient.name[0]"},
		{`{"resourceType":"Patient","active":true,"name":[{"family":"Ode","given":["A","B"]},{"family":"Two"}],"multipleBirthBoolean":true,"birthDate":"1970-01-01","gender":"male"}`, "add Patient gender"},
		{`{"resourceType":"Patient","active":true,"name":[{"family":"Ode","given":["A","B"]},{"family":"Two"}],"multipleBirthBoolean":true}`, "delete Patient.birthDate"},
		{`{"resourceType":"Patient","active":true,"name":[{"family":"Ode","given":["A","B"]},{"family":"Two"}],"multipleBirthBoolean":true,"birthDate":"1970-01-01","contact":[{"name":{"text":"C"}}]}`, "add Patient contact"},
	} {
		from, to := parsed(t, before), parsed(t, c.after)
		d, err := Diff(t.Context(), from, to)
		require.NoError(t, err, c.after)
		var said string
		for op := range d.Get("parameter").Items() {
			if said != "" {
				said += "; "
			}
			said += part(op, "type").Text() + " " + part(op, "path").Text()
			if name := part(op, "name"); name.Exists() {
				said += " " + name.Text()
			}
		}
		if said == "" {
			said = string(d.JSON())
			c.want = `{"resourceType":"Parameters"}`
		}
		assert.Equal(t, c.want, said)
	}
	_, err := Diff(t.Context(), parsed(t, before), parsed(t, `{"resourceType":"Patient","frog":1}`))
	require.Equal(t, fhir.NotSupported, fhir.KindOf(err), "an element that R4 does not have")
	_, err = Diff(t.Context(), parsed(t, before), parsed(t, `{"resourceType":"Task"}`))
	require.Equal(t, fhir.Invalid, fhir.KindOf(err))
}

func parsed(t testing.TB, text string) *fhir.Resource {
	r, err := fhir.Parse([]byte(text))
	require.NoError(t, err, text)
	return r
}

// TestDiffOfExamples: a difference applied to the first yields the second, of real
// resources as they are, changed at random, and made of one another.
func TestDiffOfExamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(oracle.Dir(t), "examples", "r4", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	random := rand.New(rand.NewPCG(1, 2))
	last := map[string]*fhir.Resource{}
	tried, written := 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		r, err := fhir.Parse(text)
		if err != nil || len(text) > 100_000 {
			continue
		}
		others := []*fhir.Resource{changed(t, random, r), changed(t, random, r)}
		if other := last[r.Type()]; other != nil {
			others = append(others, other)
		}
		last[r.Type()] = r
		for _, other := range others {
			for _, pair := range [][2]*fhir.Resource{{r, other}, {other, r}} {
				tried++
				d, err := Diff(t.Context(), pair[0], pair[1])
				var e *fhir.Error
				if errors.As(err, &e) && e.Kind == fhir.TooCostly {
					continue
				}
				if !assert.NoError(t, err, "%s", file) {
					continue
				}
				written++
				if d.Get("parameter").Exists() {
					patched, err := FHIRPath(t.Context(), pair[0], d)
					require.NoError(t, err, file)
					require.True(t, same(valueOf(patched.Root()), valueOf(pair[1].Root())), file)
				}
			}
		}
	}
	t.Logf("%d of %d differences written", written, tried)
	require.Greater(t, written*100, tried*98)
}

// changed is a resource with some members and items taken out, twice there or swapped.
func changed(t testing.TB, random *rand.Rand, r *fhir.Resource) *fhir.Resource {
	v := valueOf(r.Root())
	for range 1 + random.IntN(4) {
		change(random, v, true)
	}
	v.prune()
	out, err := v.resource()
	require.NoError(t, err)
	return out
}

func change(random *rand.Rand, v *value, root bool) {
	v.open()
	switch {
	case v.kind == fhir.Array && len(v.items) > 0:
		i := random.IntN(len(v.items))
		switch {
		case v.items[i].kind == fhir.Null: // it goes with the extension beside it
		case random.IntN(3) > 0:
			change(random, v.items[i], false)
		case v.items[i].kind == fhir.Object && random.IntN(2) == 0:
			v.items = append(v.items, v.items[i].clone())
		case v.items[i].kind == fhir.Object && len(v.items) > 1:
			v.items = append(v.items[:i:i], v.items[i+1:]...)
		}
	case v.kind == fhir.Object && len(v.members) > 1:
		m := v.members[random.IntN(len(v.members))]
		if m.name == "resourceType" || m.name[0] == '_' || v.get("_"+m.name) != nil {
			return
		}
		if random.IntN(4) > 0 && (m.kind == fhir.Object || m.kind == fhir.Array) {
			change(random, m.value, false)
		} else if !root || random.IntN(2) == 0 {
			v.remove(m.name)
		}
	}
}
