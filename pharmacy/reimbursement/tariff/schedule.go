package tariff

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/sheet"
)

// Paid is one figure of a schedule of payments.
type Paid struct {
	Figure string // in capitals, with _ between words
	Pence  int64
	Line   int
}

// ReadSchedule reads the figures of a schedule of payments: a CSV with the columns
// figure and amount, in pounds and pence. A figure that is there twice counts twice.
// Lines that begin with # are comments. The issues are every mistake of the file.
func ReadSchedule(data []byte) ([]Paid, []fhir.Issue) {
	s := sheet.Read(data, true, "figure", "amount")
	var list []Paid
	for r := range s.Rows() {
		name, at := s.Cell(r, "figure")
		figure := FigureName(name)
		if figure == "" {
			s.Fail(at, fhir.Required, "The figure has no name.", "a name such as BASIC_PRICES", strconv.Quote(name))
		}
		text, at := s.Cell(r, "amount")
		pence, ok := ParsePounds(text)
		if !ok {
			s.Fail(at, fhir.ValueCode, "The amount is not valid.", "pounds and pence, such as 1234.56, -9.90 or £1,234.56", strconv.Quote(text))
		}
		list = append(list, Paid{figure, pence, r.Line()})
	}
	if fhir.HasErrors(s.Issues) {
		return nil, s.Issues
	}
	return list, s.Issues
}

// figureName is a name as a schedule may write it, before it is in capitals.
var figureName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

// FigureName is the name of a figure in its one form: "Basic prices" is BASIC_PRICES;
// "" where it is not a name.
func FigureName(text string) string {
	name := strings.ToUpper(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '-' || r == '_' }), "_"))
	if !figureName.MatchString(name) {
		return ""
	}
	return name
}

// written is an amount as a person or a spreadsheet writes it.
var written = regexp.MustCompile(`^(-?)£?(-?)([0-9]{1,10}|[0-9]{1,3}(?:,[0-9]{3}){1,3})(?:\.([0-9]{1,2}))?$`)

// ParsePounds reads an amount of pounds and pence as pence: "-£1,234.5" is -123450.
func ParsePounds(text string) (int64, bool) {
	m := written.FindStringSubmatch(strings.TrimPrefix(text, "'"))
	if m == nil || m[1] != "" && m[2] != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(m[3], ",", "")+(m[4] + "00")[:2], 10, 64)
	if m[1]+m[2] != "" {
		n = -n
	}
	return n, err == nil
}
