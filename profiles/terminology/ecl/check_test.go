package ecl

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCheck(t *testing.T) {
	for _, right := range []string{
		"404684003", "404684003 |Clinical finding|", "< 404684003", "<<404684003|Clinical finding|", "<!404684003", ">>! 404684003", "*", "<< *",
		"^ 700043003", "^[targetComponentId] 900000000000527005", "^ [*] 900000000000527005", "descendantOrSelfOf 73211009", "MEMBEROF 700043003", "any",
		"< 19829001 OR < 301867009", "<19829001 AND <301867009 AND ^ 700043003", "< 19829001, < 301867009", "< 19829001 MINUS < 301867009",
		"(<19829001 OR <301867009) MINUS ^ 700043003", "!!> (<< 19829001)",
		"< 404684003: 363698007 = << 39057004", "< 404684003 |x|: 363698007 |Finding site| = << 39057004 |y|, 116676008 = << 415582006",
		"<404684003: {363698007 = <<39057004, 116676008 = <<415582006}, {363698007 = <<53085002}", "<404684003: [1..3] 127489000 = < 105590001",
		"<404684003: [0..*] { [0..1] 127489000 = * }", "<105590001: R 127489000 = 111115", "<404684003: << 47429007 = <267038008",
		"<404684003: (363698007 = <<39057004 OR 116676008 = <<415582006)", "<404684003: (363698007 OR 116676008) = <<39057004",
		"<404684003: 363698007 != <<39057004", "<27658006: 1142135004 >= #250, 1142135004 <= #500.5", "<27658006: 411116001 = (<< 385049006: 736474004 = *)",
		`<373873005: 3460481009 = "PANADOL"`, `<373873005: 3460481009 = ("A" "B")`, "<373873005: 859999999102 = true",
		"<19829001.<47429007.363698007", `<64572001 {{ term = "heart \"x\"" }}`, `<64572001 {{ D term = ("heart" wild:"att*"), language = en }}`,
		"<195967001 {{ C definitionStatus = primitive }} {{ + HISTORY-MIN }}", "^ 447562003 {{ M mapTarget = \"J45.9\" }}", "/* all */ << 73211009 /* of it */",
		"LOINC#54486-6", "<<  91723000 : 363698007 = (<<39057004 AND <<53085002)",
	} {
		assert.NoError(t, Check(right), right)
	}
	for wrong, message := range map[string]string{
		"":                                    "expected a concept, found the end",
		"73211009 73211009":                   "expected an operator or the end, found 73211009",
		"<":                                   "expected a concept, found the end",
		"<< << 73211009":                      "expected a concept, found <<",
		"<< 7321":                             "an identifier has 6 to 18 digits, found 7321",
		"<< 0732110":                          "an identifier has 6 to 18 digits, found 0732110",
		"<< 73211009 |Diabetes":               "the term is not closed: expected |",
		"|Diabetes|":                          "expected a concept, found |Diabetes|",
		"(<<73211009":                         "expected ), found the end",
		"<<73211009)":                         "expected an operator or the end, found )",
		"<<73211009 OR":                       "expected a concept, found the end",
		"<<73211009 OR 19829001 AND 64572001": "AND after OR: put parentheses around the part that belongs together",
		"<<73211009 XOR 19829001":             "expected an operator or the end, found XOR",
		"diabetes":                            "expected a concept, found diabetes",
		"<404684003: 363698007":               "expected a comparison such as =, found the end",
		"<404684003: 363698007 =":             "expected a concept, found the end",
		"<404684003: {363698007 = *":          "expected }, found the end",
		"<404684003: [1] 363698007 = *":       "expected .., found ]",
		"<404684003: 363698007 > 5":           "expected a number after >, written as #1, found 5",
		`<373873005: 3460481009 = "PANA`:      `the string is not closed: expected "`,
		"<64572001 {{ term = x":               "the filter is not closed: expected }}",
		"<64572001 {{ }}":                     "the filter is empty",
		"/* <<73211009":                       "the comment is not closed: expected */",
		"^[ 700043003":                        "expected ], found the end",
		"<19829001.":                          "expected a concept, found the end",
		"http://snomed.info/sct":              "expected a concept, found http://snomed.info/s…",
		strings.Repeat("(", 100) + "73211009": "it is nested too deeply",
	} {
		var e *Error
		if assert.ErrorAs(t, Check(wrong), &e, wrong) {
			assert.Equal(t, message, e.Message, wrong)
		}
	}
}

// FuzzCheck holds the reading of an expression to end, at a place in it.
func FuzzCheck(f *testing.F) {
	f.Add("<< 404684003 |x| OR (^ 700043003 MINUS >! 73211009)")
	f.Add("<404684003: {363698007 = <<39057004, [0..1] R 116676008 != (\"a\" \"b\")} {{ + HISTORY }}")
	f.Fuzz(func(t *testing.T, src string) {
		var e *Error
		if err := Check(src); errors.As(err, &e) && (e.Offset < 0 || e.Offset > len(src)) {
			t.Errorf("%q: offset %d", src, e.Offset)
		}
	})
}
