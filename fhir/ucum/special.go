package ucum

import (
	"math"
	"math/big"
	"strconv"
)

// special is a unit on a scale of its own. An amount x of it is base(x·scale)
// times the factor of the unit that it is defined by.
type special struct {
	name  string
	scale *big.Rat // of a prefix: 1/10 for dB
	base  func(x *big.Rat) *big.Rat
	own   func(y *big.Rat) *big.Rat // the reverse of base
	exact bool                      // base is a rational number, and greater for a greater x
}

var (
	zeroCelsius    = big.NewRat(27315, 100) // in K
	zeroFahrenheit = big.NewRat(45967, 100) // in degrees of that scale
)

// specialUnit builds the unit of an atom that has a function.
func specialUnit(a *atom) Unit {
	s := &special{name: a.function, scale: one}
	definedBy := a.unit
	switch a.function {
	case "Cel":
		s.base, s.own = shift(zeroCelsius)
		s.exact = true
	case "degF":
		s.base, s.own = shift(zeroFahrenheit)
		s.exact = true
	case "degRe":
		// The degree is 5/4 K, so that zero lies at 4/5 of 273.15 degrees.
		s.base, s.own = shift(new(big.Rat).Mul(zeroCelsius, big.NewRat(4, 5)))
		s.exact = true
	case "ln":
		s.base, s.own = float(math.Exp), float(math.Log)
	case "lg":
		s.base, s.own = exponential(10, 1)
	case "ld":
		s.base, s.own = exponential(2, 1)
	case "lgTimes2":
		s.base, s.own = exponential(10, 0.5)
	case "pH", "hpX":
		s.base, s.own = exponential(10, -1)
	case "hpC":
		s.base, s.own = exponential(100, -1)
	case "hpM":
		s.base, s.own = exponential(1000, -1)
	case "hpQ":
		s.base, s.own = exponential(50000, -1)
	case "tanTimes100", "100tan":
		// The tangent knows its angle in radians, whatever unit the table names.
		definedBy = "rad"
		s.base = float(func(x float64) float64 { return math.Atan(x / 100) })
		s.own = float(func(y float64) float64 { return math.Tan(y) * 100 })
	case "sqrt":
		s.base = func(x *big.Rat) *big.Rat { return new(big.Rat).Mul(x, x) }
		s.own = float(math.Sqrt)
	default:
		panic("ucum: no function " + a.function)
	}
	u, _, err := parse(definedBy)
	if err != nil {
		panic("ucum: bad unit in the table: " + definedBy)
	}
	u = u.times(Unit{factor: ratOf(a.value)}, false)
	u.special = s
	return u
}

func shift(by *big.Rat) (base, own func(*big.Rat) *big.Rat) {
	return func(x *big.Rat) *big.Rat { return new(big.Rat).Add(x, by) },
		func(y *big.Rat) *big.Rat { return new(big.Rat).Sub(y, by) }
}

// exponential is b to the power of x·k.
func exponential(b, k float64) (base, own func(*big.Rat) *big.Rat) {
	return float(func(x float64) float64 { return math.Pow(b, x*k) }),
		float(func(y float64) float64 { return math.Log(y) / math.Log(b) / k })
}

// float makes a function on rationals of one on floating point numbers, to the
// 15 digits that are sure; nil where that gives no number.
func float(f func(float64) float64) func(*big.Rat) *big.Rat {
	return func(x *big.Rat) *big.Rat {
		v, _ := x.Float64()
		if v = f(v); math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return ratOf(strconv.FormatFloat(v, 'g', 15, 64))
	}
}
