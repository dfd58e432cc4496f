package ucum

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProduct(t *testing.T) {
	for _, c := range []struct{ a, b, product, quotient string }{
		{"cm", "cm", "cm2", "1"},
		{"cm2", "cm", "cm3", "cm"},
		{"mg", "s", "mg.s", "mg/s"},
		{"mg/dL", "dL", "mg", "mg/dL2"},
		{"1", "s", "s", "/s"},
		{"/min", "min", "1", "/min2"},
		{"{tablet}", "d", "{tablet}.d", "{tablet}/d"},
		{"mg{creat}", "mg", "mg{creat}.mg", "mg{creat}/mg"},
		{"[in_i]", "cm", "[in_i].cm", "[in_i]/cm"},
		{"m/(s.kg)", "m", "(m/(s.kg)).m", "(m/(s.kg))/m"},
	} {
		require.Equal(t, c.product, Product(c.a, c.b), "%s . %s", c.a, c.b)
		require.Equal(t, c.quotient, Quotient(c.a, c.b), "%s / %s", c.a, c.b)
	}
}

// TestProductAgrees: the code of a product means the product.
func TestProductAgrees(t *testing.T) {
	units := []string{"1", "cm", "m2", "kg/m3", "s-1", "10*3/uL", "mm[Hg]", "/min", "N.m", "(kg.m)/s2"}
	for _, a := range units {
		for _, b := range units {
			u, err := Parse(a)
			require.NoError(t, err)
			v, err := Parse(b)
			require.NoError(t, err)
			for code, want := range map[string]Unit{Product(a, b): u.times(v, false), Quotient(a, b): u.times(v, true)} {
				got, err := Parse(code)
				require.NoError(t, err, code)
				require.True(t, got.Comparable(want), code)
				require.Zero(t, got.rat().Cmp(want.rat()), code)
			}
		}
	}
}
