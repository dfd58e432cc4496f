package fhirpath

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

func value(t *testing.T, src string) Item {
	t.Helper()
	c, err := MustCompile(src).Eval(context.Background(), Item{}, nil)
	require.NoError(t, err, src)
	require.Len(t, c, 1, src)
	return c[0]
}

func holds(t *testing.T, format string, args ...any) {
	t.Helper()
	src := fmt.Sprintf(format, args...)
	b, ok := value(t, src).Bool()
	require.True(t, ok && b, src)
}

func randomDecimal(r *rand.Rand) decimal.Decimal {
	return decimal.New(r.Int64N(2_000_000)-1_000_000, -int32(r.IntN(7)))
}

// TestDecimalProperties holds arithmetic against rational numbers.
func TestDecimalProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		a, b := randomDecimal(r), randomDecimal(r)
		x, y := a.Rat(), b.Rat()
		for op, want := range map[string]*big.Rat{
			"+": new(big.Rat).Add(x, y), "-": new(big.Rat).Sub(x, y), "*": new(big.Rat).Mul(x, y),
		} {
			got, ok := value(t, fmt.Sprintf("(%s).toDecimal() %s (%s).toDecimal()", decimalText(a), op, decimalText(b))).Decimal()
			require.True(t, ok)
			require.Zero(t, got.Rat().Cmp(want), "%s %s %s = %s", a, op, b, got)
		}
		if b.IsZero() {
			continue
		}
		// a = (a div b) * b + (a mod b), and a quotient times b is a to 27 digits.
		holds(t, "((%[1]s) div (%[2]s)) * (%[2]s) + ((%[1]s) mod (%[2]s)) = (%[1]s)", decimalText(a), decimalText(b))
		holds(t, "(((%[1]s) / (%[2]s)) * (%[2]s)).round(20) = (%[1]s)", decimalText(a), decimalText(b))
		holds(t, "((%[1]s) < (%[2]s)) = ((%[2]s) > (%[1]s))", decimalText(a), decimalText(b))
	}
}

// TestBoundaryProperties: a value lies between its boundaries, whatever their
// digits, as long as they are finer than its own.
func TestBoundaryProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		d := decimalText(randomDecimal(r))
		holds(t, "(%[1]s).lowBoundary() < (%[1]s) and (%[1]s) < (%[1]s).highBoundary()", d)
		holds(t, "(%[1]s).lowBoundary(12).precision() = 12", d)
		day := randomDay(r)
		for _, text := range []string{day[:4], day[:7], day} {
			holds(t, "@%[1]s.lowBoundary() <= @%[2]s and @%[2]s <= @%[1]s.highBoundary()", text, day)
		}
	}
}

func randomDay(r *rand.Rand) string {
	return time.Date(1900+r.IntN(200), time.Month(1+r.IntN(12)), 1+r.IntN(31), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// TestDateProperties holds date arithmetic against the calendar of Go.
func TestDateProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 1000 {
		day := randomDay(r)
		from, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		n := r.IntN(4000) - 2000
		require.Equal(t, from.AddDate(0, 0, n).Format(time.DateOnly), value(t, fmt.Sprintf("@%s + %d days - %d days", day, max(n, 0), max(-n, 0))).String())
		// Going there and back by days is no move; by months it never passes the day.
		holds(t, "@%[1]s + %[2]d days - %[2]d days = @%[1]s", day, max(n, -n))
		holds(t, "@%[1]s + %[2]d months - %[2]d months <= @%[1]s", day, max(n, -n)/12)
		hours := r.IntN(100_000)
		moment := from.Add(time.Duration(r.IntN(86400)) * time.Second)
		require.Equal(t, moment.Add(time.Duration(hours)*time.Hour).Format("2006-01-02T15:04:05Z"),
			value(t, fmt.Sprintf("@%s + %d hours", moment.Format("2006-01-02T15:04:05Z"), hours)).String())
		// The same moment in two zones is equal, and ordered like any other.
		other := moment.In(time.FixedZone("", 3600*(r.IntN(26)-12)))
		holds(t, "@%s = @%s", moment.Format("2006-01-02T15:04:05Z07:00"), other.Format("2006-01-02T15:04:05Z07:00"))
		holds(t, "@%s < @%s + 1 second", moment.Format("2006-01-02T15:04:05Z07:00"), other.Format("2006-01-02T15:04:05Z07:00"))
	}
}

// TestTemporalText: what was parsed prints as it was.
func TestTemporalText(t *testing.T) {
	for _, s := range []string{"2024", "2024-02", "2024-02-29", "2024-02-29T10", "2024-02-29T10:05", "2024-02-29T10:05:09", "2024-02-29T10:05:09.1",
		"2024-02-29T10:05:09.123456789Z", "2024-02-29T10:05:09.000-11:30", "2024-02-29T00:00+14:00"} {
		v, ok := parseTemporal(s)
		require.True(t, ok, s)
		require.Equal(t, s, v.String())
	}
	for _, s := range []string{"", "0000", "24", "2024-13", "2023-02-29", "2024-02-29T24", "2024-02-29T10:60", "2024-02T10", "2024-02-29T10:05:09.", "2024-02-29T10+15:00", "2024-02-29Z", "2024-1", "2024-02-29T10:05:09,1"} {
		_, ok := parseTemporal(s)
		require.False(t, ok, s)
	}
}
