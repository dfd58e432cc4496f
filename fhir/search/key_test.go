package search

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

func TestNumbersSortByValue(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	var literals []string
	for range 2000 {
		s := fmt.Sprint(rnd.IntN(2000) - 1000)
		if rnd.IntN(2) == 0 {
			s += "." + strings.TrimRight(fmt.Sprint(rnd.IntN(100000)), "x")
		}
		if rnd.IntN(3) == 0 {
			s += fmt.Sprintf("e%d", rnd.IntN(40)-20)
		}
		literals = append(literals, s)
	}
	literals = append(literals, "0", "-0", "0.000", "1", "1.0", "-1.00", "1e0", "10E-1", "100000000000000000000000000001", "100000000000000000000000000002")
	key := func(s string) []byte {
		k, ok := appendNumber(nil, s)
		require.True(t, ok, s)
		return k
	}
	slices.SortFunc(literals, func(a, b string) int { return bytes.Compare(key(a), key(b)) })
	for i := 1; i < len(literals); i++ {
		a, b := decimal.RequireFromString(literals[i-1]), decimal.RequireFromString(literals[i])
		require.LessOrEqual(t, a.Cmp(b), 0, "%s before %s", a, b)
		require.Equal(t, a.Equal(b), bytes.Equal(key(literals[i-1]), key(literals[i])), "%s and %s", a, b)
	}
	for _, s := range []string{"", "-", "1.", ".5", "+1", "1e", "1e99999", "0x1", "1,5", "NaN"} {
		_, ok := appendNumber(nil, s)
		require.False(t, ok, s)
	}
}

func TestNoKeyIsAPrefixOfAnother(t *testing.T) {
	texts := []string{"", "a", "ab", "a\x00", "a\x00b", "\x00", "abc", strings.Repeat("x", 600), strings.Repeat("x", 601), strings.Repeat("x", 512)}
	keys := map[string][][]byte{}
	add := func(kind string, key []byte) { keys[kind] = append(keys[kind], key) }
	for _, s := range texts {
		for _, flag := range []byte{implicit, foldCase, exactCase} {
			add("token", appendCode(nil, flag, "urn:"+s, s))
		}
		add("string", appendString(nil, s))
		add("uri", appendURI(nil, s))
		add("reference", appendReference(nil, reference{typ: "Patient", id: s}))
		add("reference", appendReference(nil, reference{url: s, version: s}))
	}
	for _, s := range []string{"0", "1", "12", "1.2", "-1", "-12", "120"} {
		k, _ := appendNumber([]byte{point}, s)
		add("number", k)
		add("quantity", appendUnit(bytes.Clone(k), unit{code: s}))
	}
	for kind, list := range keys {
		for i, a := range list {
			require.LessOrEqual(t, len(a), MaxKey)
			if kind != "reference" || a[0] == literal || a[0] == address {
				require.Equal(t, len(a), keyEnd(kind, append(bytes.Clone(a), 7, 7)), "%s %q", kind, a)
			}
			for k, b := range list {
				if i != k && !bytes.Equal(a, b) {
					require.False(t, bytes.HasPrefix(b, a), "%s: %q is a prefix of %q", kind, a, b)
				}
			}
		}
	}
}

func TestDateRangesMissNothing(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	random := func() span {
		start := rnd.Int64N(100_000 * day)
		s := span{start, start + 1 + rnd.Int64N([]int64{second, day, 40 * day, 500 * day, 9000 * day}[rnd.IntN(5)])}
		switch rnd.IntN(12) {
		case 0:
			s.start = earliest
		case 1:
			s.end = latest
		}
		return s
	}
	for range 4_000 {
		value, want := random(), random()
		if want.start == earliest || want.end == latest {
			continue
		}
		for _, p := range []prefix{eq, ne, gt, lt, ge, le, sa, eb, ap} {
			key := appendSpan(nil, value)
			ranges := dateRanges(p, want, now)
			got := slices.ContainsFunc(ranges, func(r Range) bool { return r.Holds(key) })
			require.Equal(t, compareSpan(p, want, now).test(value), got, "%s %v of %v", p, want, value)
		}
	}
}
