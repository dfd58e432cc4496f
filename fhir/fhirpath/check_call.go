package fhirpath

import (
	"fmt"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// result says what kind of shape a function gives.
type result uint8

const (
	unsure     result = iota
	sameAs            // the items of its input
	oneOf             // at most one of the items of its input, by order
	someOf            // several of the items of its input, by order
	yesOrNo           // a Boolean
	textual           // a String, of a String
	wholeOf           // an Integer
	numeric           // a number, of a number
	pointNow          // a date or time
	everything        // elements of any type, in no order
)

var results = map[string]result{
	"where": sameAs, "distinct": sameAs, "intersect": sameAs, "exclude": sameAs, "trace": sameAs, "checkModifiers": sameAs,
	"slice": sameAs, "defineVariable": sameAs, "sort": sameAs, "union": sameAs, "combine": sameAs,
	"single": oneOf, "first": oneOf, "last": oneOf, "tail": someOf, "skip": someOf, "take": someOf,
	"empty": yesOrNo, "exists": yesOrNo, "all": yesOrNo, "allTrue": yesOrNo, "anyTrue": yesOrNo, "allFalse": yesOrNo, "anyFalse": yesOrNo,
	"subsetOf": yesOrNo, "supersetOf": yesOrNo, "isDistinct": yesOrNo, "not": yesOrNo, "is": yesOrNo, "hasValue": yesOrNo,
	"hasExtension": yesOrNo, "conformsTo": yesOrNo, "memberOf": yesOrNo, "subsumes": yesOrNo, "subsumedBy": yesOrNo, "comparable": yesOrNo,
	"htmlChecks": yesOrNo, "toBoolean": yesOrNo, "convertsToBoolean": yesOrNo, "convertsToInteger": yesOrNo, "convertsToDecimal": yesOrNo,
	"convertsToString": yesOrNo, "convertsToDate": yesOrNo, "convertsToDateTime": yesOrNo, "convertsToTime": yesOrNo, "convertsToQuantity": yesOrNo,
	"startsWith": yesOrNo, "endsWith": yesOrNo, "contains": yesOrNo, "matches": yesOrNo, "matchesFull": yesOrNo,
	"indexOf": wholeOf, "lastIndexOf": wholeOf, "length": wholeOf, "count": wholeOf, "toInteger": wholeOf, "ceiling": wholeOf, "floor": wholeOf, "truncate": wholeOf, "precision": wholeOf,
	"yearOf": wholeOf, "monthOf": wholeOf, "dayOf": wholeOf, "hourOf": wholeOf, "minuteOf": wholeOf, "secondOf": wholeOf, "millisecondOf": wholeOf,
	"substring": textual, "upper": textual, "lower": textual, "trim": textual, "replace": textual, "replaceMatches": textual, "encode": textual,
	"decode": textual, "escape": textual, "unescape": textual, "toString": textual, "join": textual, "toChars": textual, "split": textual,
	"abs": numeric, "round": numeric, "sqrt": numeric, "exp": numeric, "ln": numeric, "log": numeric, "power": numeric,
	"now": pointNow, "today": pointNow, "timeOfDay": pointNow,
	"children": everything, "descendants": everything,
}

// The functions that take nothing but Strings, and nothing but numbers.
var (
	ofText = []string{"startsWith", "endsWith", "contains", "matches", "matchesFull", "indexOf", "lastIndexOf", "length", "substring", "upper", "lower",
		"trim", "replace", "replaceMatches", "encode", "decode", "escape", "unescape", "toChars", "split", "join"}
	ofNumber   = []string{"abs", "round", "sqrt", "exp", "ln", "log", "power", "ceiling", "floor", "truncate"}
	iterations = []string{"where", "select", "repeat", "all", "exists", "sort", "trace"}
)

func (c *checker) call(n *call) shape {
	input := c.this
	if n.input != nil {
		input = c.of(n.input)
	}
	name := c.src[n.at():]
	name = name[:wordLength(name)]
	switch {
	case slices.Contains(ofText, name) && !input.may(str):
		c.wrongInput(n, name, "a String", input)
	case slices.Contains(ofNumber, name) && !input.may(amounts...):
		c.wrongInput(n, name, "a number", input)
	}
	switch name {
	case "iif":
		return c.iif(n, input)
	case "as", "ofType":
		return c.cast(input, &n.typ)
	case "is":
		c.typeExists(&n.typ)
	}
	args := c.args(n, name, input)
	switch name {
	case "select":
		return args[0].several()
	case "union", "combine":
		return input.or(args[0]).several()
	case "type":
		return shape{system: []itemKind{typeInfo}, single: input.single}
	}
	return c.result(n, name, input)
}

// args checks the parameters; those of iterations see the items of the input.
func (c *checker) args(n *call, name string, input shape) []shape {
	out := make([]shape, len(n.args))
	for i, arg := range n.args {
		switch {
		case name == "repeat" || name == "repeatAll":
			out[i] = c.within(arg, anything) // it also sees what it made itself
		case name == "aggregate" && i == 0, name == "defineVariable" && i == 1, slices.Contains(iterations, name):
			out[i] = c.within(arg, input)
		default:
			out[i] = c.of(arg)
		}
	}
	return out
}

func (c *checker) result(n *call, name string, input shape) shape {
	switch results[name] {
	case sameAs:
		return input
	case oneOf, someOf:
		if name != "single" {
			c.ordered(n, input, name+"()")
		}
		if results[name] == oneOf {
			return input.only()
		}
		return input
	case yesOrNo:
		return one(boolean)
	case textual:
		s := one(str)
		s.single = name != "toChars" && name != "split"
		return s
	case wholeOf:
		return one(integer)
	case numeric:
		return shape{system: amounts, single: true}
	case pointNow:
		return one(map[string]itemKind{"now": dateTime, "today": date, "timeOfDay": timeOfDay}[name])
	case everything:
		return shape{any: true, unordered: true}
	}
	return anything
}

// iif gives what one of its branches gives.
func (c *checker) iif(n *call, input shape) shape {
	if s := c.within(n.args[0], input); !s.may(boolean) {
		c.fault(n.args[0], fhir.Err, mistake{what: "The criterion of iif() is no Boolean.", expected: "a Boolean", found: s.String()})
	}
	out := c.within(n.args[1], input)
	if len(n.args) > 2 {
		other := c.within(n.args[2], input)
		single := out.single && other.single
		out = out.or(other)
		out.single = single
	}
	return out
}

func (c *checker) wrongInput(n *call, name, expected string, input shape) {
	c.fault(n, fhir.Err, mistake{what: fmt.Sprintf("%s() does not take this.", name), expected: expected, found: input.String()})
}

func wordLength(s string) int {
	n := 0
	for n < len(s) && isWord(s[n]) {
		n++
	}
	return n
}
