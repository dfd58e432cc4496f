package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator makes expressions that are mostly sensible: paths of a Patient,
// literals, functions on what they are for, and operators between alike.
type generator struct{ *rand.Rand }

func (g generator) pick(list ...string) string { return list[g.IntN(len(list))] }

// expression is one of any kind.
func (g generator) expression() string {
	switch g.IntN(6) {
	case 0:
		return g.boolean(3)
	case 1:
		return g.number(3)
	case 2:
		return g.text(3)
	case 3:
		return g.collection(3)
	case 4:
		return g.moment(2)
	}
	return g.amount(2)
}

var paths = []string{"name", "name.given", "name.family", "name.period", "name.period.start", "telecom", "telecom.value", "telecom.system", "identifier",
	"identifier.value", "contact", "contact.name.family", "contact.relationship.coding", "contained", "extension", "extension.value", "birthDate.extension.value",
	"generalPractitioner", "multipleBirth", "deceased", "meta.versionId", "Patient.name.use", "children()", "descendants()", "name.where(use = 'official').given", "link"}

func (g generator) collection(depth int) string {
	if depth == 0 {
		return g.pick(paths...)
	}
	c := g.collection(depth - 1)
	switch g.IntN(16) {
	case 0:
		return c + ".first()"
	case 1:
		return c + ".last()"
	case 2:
		return c + ".tail()"
	case 3:
		return fmt.Sprintf("%s.skip(%d)", c, g.IntN(4))
	case 4:
		return fmt.Sprintf("%s.take(%d)", c, g.IntN(4))
	case 5:
		return fmt.Sprintf("%s[%d]", c, g.IntN(4))
	case 6:
		return c + ".distinct()"
	case 7:
		return "(" + c + " | " + g.collection(depth-1) + ")"
	case 8:
		return c + "." + g.pick("union", "combine", "intersect", "exclude") + "(" + g.collection(depth-1) + ")"
	case 9:
		return c + ".where(" + g.criterion() + ")"
	case 10:
		return c + ".select(" + g.pick("$this", "$index", "children()", "id", "use", "value", "system", "given", "given | family", "extension") + ")"
	case 11:
		return c + ".ofType(" + g.pick("HumanName", "string", "code", "ContactPoint", "Identifier", "Extension", "dateTime") + ")"
	case 12:
		return c + ".repeat(" + g.pick("children()", "name", "given", "extension") + ")"
	case 13:
		return "iif(" + g.boolean(1) + ", " + c + ", " + g.collection(depth-1) + ")"
	}
	return g.pick(paths...)
}

func (g generator) criterion() string {
	return g.pick("$this.exists()", "use = 'official'", "system = 'phone'", "value.exists()", "$index > 0", "given.count() > 1", "true", "{}", "period.exists()", "$this is HumanName", "hasValue()")
}

func (g generator) boolean(depth int) string {
	if depth == 0 {
		return g.pick("true", "false", "{}", "active", "deceased", "name.exists()", "link.exists()", "gender = 'male'")
	}
	switch g.IntN(16) {
	case 0, 1, 2:
		return "(" + g.boolean(depth-1) + " " + g.pick("and", "or", "xor", "implies") + " " + g.boolean(depth-1) + ")"
	case 3:
		return g.boolean(depth-1) + ".not()"
	case 4:
		return "(" + g.number(depth-1) + " " + g.comparison() + " " + g.number(depth-1) + ")"
	case 5:
		return "(" + g.text(depth-1) + " " + g.comparison() + " " + g.text(depth-1) + ")"
	case 6:
		return "(" + g.moment(depth-1) + " " + g.comparison() + " " + g.moment(depth-1) + ")"
	case 7:
		return "(" + g.amount(depth-1) + " " + g.comparison() + " " + g.amount(depth-1) + ")"
	case 8:
		return "(" + g.collection(depth-1) + " " + g.pick("=", "!=", "~", "!~") + " " + g.collection(depth-1) + ")"
	case 9:
		return g.collection(depth-1) + "." + g.pick("empty()", "exists()", "isDistinct()", "hasValue()")
	case 10:
		return g.collection(depth-1) + "." + g.pick("all", "exists") + "(" + g.criterion() + ")"
	case 11:
		return g.collection(depth-1) + "." + g.pick("subsetOf", "supersetOf") + "(" + g.collection(depth-1) + ")"
	case 12:
		return g.text(depth-1) + "." + g.pick("startsWith('J')", "endsWith('s')", "contains('a')", "matches('^[A-Z]')", "matches('[0-9]+')")
	case 13:
		return "(" + g.text(depth-1) + " in " + g.collection(depth-1) + ")"
	case 14:
		return "(" + g.collection(depth-1) + ".first() is " + g.pick("string", "HumanName", "System.String", "code", "Element", "FHIR.Identifier") + ")"
	}
	return g.text(depth-1) + "." + g.pick("convertsToInteger()", "convertsToDecimal()", "convertsToDate()", "convertsToDateTime()", "convertsToTime()", "convertsToBoolean()", "convertsToQuantity()")
}

func (g generator) comparison() string { return g.pick("=", "!=", "<", ">", "<=", ">=", "~", "!~") }

func (g generator) number(depth int) string {
	if depth == 0 {
		return g.pick("0", "1", "2", "7", "(-3)", "0.5", "1.50", "3.14159", "(-2.5)", "100", "telecom.rank", "multipleBirth", "{}")
	}
	switch g.IntN(8) {
	case 0, 1:
		return "(" + g.number(depth-1) + " " + g.pick("+", "-", "*", "/", "div", "mod") + " " + g.number(depth-1) + ")"
	case 2:
		return g.number(depth-1) + "." + g.pick("abs()", "ceiling()", "floor()", "truncate()", "round(1)", "sqrt()", "toInteger()", "toDecimal()", "power(2)", "round()")
	case 3:
		return g.collection(depth-1) + ".count()"
	case 4:
		return g.text(depth-1) + ".length()"
	case 5:
		return g.text(depth-1) + ".indexOf('a')"
	case 6:
		return g.text(depth-1) + ".toInteger()"
	}
	return g.number(0)
}

func (g generator) text(depth int) string {
	if depth == 0 {
		return g.pick("'abc'", "'James'", "''", "'12'", "'2015-02-03'", "'T10:30'", "'10:30'", "'1.5'", "'4 days'", "'true'", "gender", "name.family", "id", "name.given.first()", "telecom.value.last()", "birthDate.id", "{}")
	}
	s := g.text(depth - 1)
	switch g.IntN(10) {
	case 0:
		return "(" + s + " + " + g.text(depth-1) + ")"
	case 1:
		return "(" + s + " & " + g.text(depth-1) + ")"
	case 2:
		return fmt.Sprintf("%s.substring(%d)", s, g.IntN(6)-1)
	case 3:
		return fmt.Sprintf("%s.substring(%d, %d)", s, g.IntN(4), g.IntN(4))
	case 4:
		return s + "." + g.pick("upper()", "lower()", "trim()", "toString()", "replace('a', 'bb')", "replaceMatches('[a-c]', '.')", "toChars().first()")
	case 5:
		return g.number(depth-1) + ".toString()"
	case 6:
		return g.boolean(depth-1) + ".toString()"
	case 7:
		return g.moment(depth-1) + ".toString()"
	case 8:
		return s + ".split('a').join('-')"
	}
	return g.text(0)
}

func (g generator) moment(depth int) string {
	if depth == 0 {
		return g.pick("@2015", "@2015-02", "@2015-02-28", "@2016-02-29", "@2015-02-04T14:34:28Z", "@2015-02-04T14:34:28.123+02:00", "@2015-02-04T14", "birthDate", "meta.lastUpdated", "name.period.start", "birthDate.extension.value", "@T10:30", "@T10:30:00.5", "{}")
	}
	unit := g.pick("year", "month", "weeks", "days", "hours", "minutes", "seconds", "milliseconds", "'d'", "'h'", "'s'")
	return fmt.Sprintf("(%s %s %s %s)", g.moment(depth-1), g.pick("+", "-"), g.pick("1", "2", "13", "1.5", "0", "30"), unit)
}

func (g generator) amount(depth int) string {
	if depth == 0 {
		return g.pick("1", "2.5", "1000", "0.1", "(-3)") + " " + g.pick("'mg'", "'g'", "'kg'", "'cm'", "'m'", "'mL'", "'s'", "'min'", "'h'", "'1'", "days", "weeks", "hours", "'mg/dL'", "'g/L'", "'Cel'", "months", "years")
	}
	a, b := strings.NewReplacer("(", "", ")", "").Replace(g.amount(0)), strings.NewReplacer("(", "", ")", "").Replace(g.amount(0))
	return "(" + a + " " + g.pick("+", "-", "*", "/", "=", "<", ">", "~") + " " + b + ")"
}
