package prescription

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadPack(t *testing.T) {
	whole := Pack{GTIN: "05012345678900", Batch: "A1-23", Serial: "9F7", Expiry: day("2027-02-28")}
	for scan, want := range map[string]Pack{
		"]d20105012345678900172702281" + "0A1-23\x1d219F7": whole,
		"010501234567890017270200" + "10A1-23\x1d219F7":    whole, // no day: the last of the month
		"(01)05012345678900(10)A1-23(17)270228(21)9F7":     whole,
		"219F7\x1d10A1-23\x1d17270228\x1d0105012345678900": whole,
		"5012345678900":  {GTIN: "05012345678900"},
		"05012345678900": {GTIN: "05012345678900"},
		"17280229":       {Expiry: day("2028-02-29")},
	} {
		got, err := ReadPack(scan)
		require.NoError(t, err, "%q", scan)
		require.Equal(t, want, got, "%q", scan)
	}
	for scan, want := range map[string]string{
		"":                        "is empty",
		"5012345678901":           "check digit",
		"0105012345678901":        "check digit",
		"010501234567890":         "cut off",
		"17270231":                "a day as YYMMDD",
		"17271300":                "a day as YYMMDD",
		"10":                      "1 to 20 printable characters",
		"10123456789012345678901": "1 to 20 printable characters",
		"10A1\x1d10A2":            "twice",
		"3103000123":              "not one of",
		"(01)0501234567890":       "has 14 digits",
		"(1)x":                    "expected (01)",
		"(17)27022A":              "has 6 digits",
		"0":                       "cut off",
	} {
		_, err := ReadPack(scan)
		require.ErrorContains(t, err, want, "%q", scan)
	}
	require.Equal(t, "Batch A1-23, expires 2027-02-28, GTIN 05012345678900, serial 9F7", whole.Text())
}

// FuzzReadPack wants of every text that it is refused, or read as a pack that is read
// alike from what it tells.
func FuzzReadPack(f *testing.F) {
	for _, seed := range []string{"]d2010501234567890017270228" + "10A1-23\x1d219F7", "(01)05012345678900(10)A1", "5012345678900", "17270200", "10\x1d\x1d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, scan string) {
		p, err := ReadPack(scan)
		if err != nil {
			require.Zero(t, p)
			return
		}
		again := ""
		if p.GTIN != "" {
			again += "01" + p.GTIN
		}
		if !p.Expiry.IsZero() {
			again += "17" + p.Expiry.Format("060102")
		}
		if p.Batch != "" {
			again += "10" + p.Batch + "\x1d"
		}
		if p.Serial != "" {
			again += "21" + p.Serial
		}
		q, err := ReadPack(again)
		require.NoError(t, err, "%q of %q", again, scan)
		require.Equal(t, p, q)
	})
}
