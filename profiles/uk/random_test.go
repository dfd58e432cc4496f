package uk

import (
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestRandomMutations: resources of which some parts were replaced by others are
// validated without a panic, in little time and the same each time.
func TestRandomMutations(t *testing.T) {
	var pool []any
	all := examples(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, r := range all[name] {
			pool = append(pool, r)
		}
	}
	parts := []any{nil, "x", json.Number("1"), true, map[string]any{}, []any{}, map[string]any{"reference": "#x"}, []any{nil, "y"},
		map[string]any{"resourceType": "Patient"}, []any{map[string]any{"url": controlledDrug}}}
	random := rand.New(rand.NewPCG(1, 2))
	v := validator()
	for range 3000 {
		r := clone(pool[random.IntN(len(pool))])
		for range 1 + random.IntN(4) {
			setters := replacers(r)
			if len(setters) == 0 {
				break
			}
			part := parts[random.IntN(len(parts))]
			if random.IntN(3) == 0 {
				part = pool[random.IntN(len(pool))]
			}
			setters[random.IntN(len(setters))](clone(part))
		}
		data, err := json.Marshal(r)
		require.NoError(t, err)
		resource, err := fhir.Parse(data)
		if err != nil {
			continue
		}
		start := time.Now()
		issues := v.Validate(context.Background(), resource)
		require.Less(t, time.Since(start), 3*time.Second, "%s", data)
		require.Equal(t, issues, v.Validate(context.Background(), resource), "%s", data)
	}
}

// replacers gives, for every part of a value, a function that puts another in its
// place.
func replacers(v any) (out []func(any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range keys(v) {
			out = append(append(out, func(x any) { v[k] = x }), replacers(v[k])...)
		}
	case []any:
		for i := range v {
			out = append(append(out, func(x any) { v[i] = x }), replacers(v[i])...)
		}
	}
	return out
}
