package search

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestNear compares searches by place with the distances between them, by the chord
// through the Earth, at the poles and across the date line too.
func TestNear(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	place := func() (float64, float64) {
		lat, lon := rnd.Float64()*180-90, rnd.Float64()*360-180
		switch rnd.IntN(4) {
		case 0:
			lat, lon = 53.8+rnd.Float64()/5, -1.5+rnd.Float64()/5
		case 1:
			lon = math.Copysign(180-rnd.Float64()/10, lon)
		case 2:
			lat = math.Copysign(90-rnd.Float64()/10, lat)
		}
		return math.Round(lat*1e7) / 1e7, math.Round(lon*1e7) / 1e7
	}
	vector := func(lat, lon float64) [3]float64 {
		a, b := lat*math.Pi/180, lon*math.Pi/180
		return [3]float64{math.Cos(a) * math.Cos(b), math.Cos(a) * math.Sin(b), math.Sin(a)}
	}
	met, missed := 0, 0
	for range 5000 {
		alat, alon := place()
		blat, blon := place()
		if rnd.IntN(2) == 0 {
			blat, blon = math.Max(-90, math.Min(90, alat+rnd.Float64()/100)), alon
		}
		var chord float64
		for i, x := range vector(alat, alon) {
			chord += math.Pow(x-vector(blat, blon)[i], 2)
		}
		apart := 2 * 6371.0088 * math.Asin(math.Min(1, math.Sqrt(chord)/2))
		within := apart * (0.5 + rnd.Float64())
		if math.Abs(within-apart) < 0.001 {
			continue
		}
		r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Location","position":{"latitude":%.7f,"longitude":%.7f}}`, blat, blon))
		require.NoError(t, err)
		q, _, err := Parse("Location", url.Values{"near": {fmt.Sprintf("%.7f|%.7f|%.6f|km", alat, alon, within)}}, Options{})
		require.NoError(t, err)
		entries, err := Extract(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, apart <= within, q.Clauses[0].Holds("a", entries), "%v %v to %v %v: %v within %v", alat, alon, blat, blon, apart, within)
		if apart <= within {
			met++
		} else {
			missed++
		}
	}
	require.Greater(t, met, 1000)
	require.Greater(t, missed, 1000)
	for value, ok := range map[string]bool{"1|2": true, "1|2||": true, "1|2|3": true, "1|2|3|[mi_i]": true, "1": false, "91|2": false, "1|2|3|furlong": false, "1|2|-3": false, "a|b": false, "1|2|3|km|4": false} {
		_, _, err := Parse("Location", url.Values{"near": {value}}, Options{})
		require.Equal(t, ok, err == nil, value)
	}
	for _, sort := range []string{"near", "-near"} {
		_, _, err := Parse("Location", url.Values{"_sort": {sort}}, Options{})
		require.ErrorContains(t, err, "The sort key is none of Location")
	}
}
