package duties_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/duties"
)

// TestFresh: only a person is asked, for controlled drugs of proof.tsv, and where the
// operator asks for it; what nobody knows is refused.
func TestFresh(t *testing.T) {
	table, err := duties.Builtin()
	require.NoError(t, err)
	now := time.Unix(1_790_000_000, 0)
	person := func(ago time.Duration) fhir.Principal {
		return fhir.Principal{Person: true, Verified: now.Add(-ago), Strength: 2}
	}
	weak := func(level int) fhir.Principal {
		return fhir.Principal{Person: true, Verified: now, Strength: level}
	}
	require.NoError(t, table.Fresh([]string{"CD2"}, person(time.Hour), now), "not asked for")
	table.Proof = 5 * time.Minute
	table.Strengths, err = duties.BuiltinStrengths()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		schedules []string
		who       fhir.Principal
		refused   bool
	}{
		"in time":         {[]string{"CD2"}, person(5 * time.Minute), false},
		"too late":        {[]string{"CD2"}, person(5*time.Minute + time.Second), true},
		"Schedule 1":      {[]string{"CD1"}, person(time.Hour), true},
		"Schedule 3":      {[]string{"CD3-2"}, person(time.Hour), true},
		"Schedule 4":      {[]string{"CD4-1"}, person(time.Hour), false},
		"one of several":  {[]string{"", "CD5", "CD2"}, person(time.Hour), true},
		"not controlled":  {[]string{""}, person(time.Hour), false},
		"no medicine":     {nil, person(time.Hour), false},
		"not named":       {[]string{"?"}, person(time.Hour), true},
		"nobody knows":    {[]string{"CD2"}, fhir.Principal{Person: true}, true},
		"a program":       {[]string{"CD2"}, fhir.Principal{}, false},
		"a fast clock":    {[]string{"CD2"}, person(-time.Minute), false},
		"the future":      {[]string{"CD2"}, person(-2 * time.Minute), true},
		"fresh and named": {[]string{"?", "CD1"}, person(time.Minute), false},
		"weakly":          {[]string{"CD2"}, weak(1), true},
		"who knows how":   {[]string{"CD3-1"}, weak(0), true},
		"strongly":        {[]string{"CD2"}, weak(3), false},
		"weakly, no CD":   {[]string{""}, weak(1), false},
		"a weak program":  {[]string{"CD2"}, fhir.Principal{Verified: now}, false},
	} {
		err := table.Fresh(c.schedules, c.who, now)
		assert.Equal(t, c.refused, err != nil, name)
		if err != nil {
			var old *fhir.ProofTooOld
			require.True(t, errors.As(err, &old), name)
			assert.Equal(t, 5*time.Minute, old.MaxAge)
			assert.Equal(t, fhir.Login, fhir.KindOf(err))
			if c.who.Strength == 2 || c.who.Verified.IsZero() {
				assert.ErrorContains(t, err, "max_age=300")
				assert.Empty(t, old.ACR, name)
				continue
			}
			assert.ErrorContains(t, err, "acr_values", name)
			assert.Equal(t, []string{"AAL2_ANY", "AAL2_OR_AAL3_ANY", "AAL3_ANY"}, old.ACR, name)
		}
	}
}
