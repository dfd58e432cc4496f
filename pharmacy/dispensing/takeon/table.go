package takeon

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
	"github.com/pestle-fhir/pestle/fhir/spelling"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/sheet"
)

// kind is what a CSV file holds: the columns that it must have tell, and those that it
// may have.
type kind struct {
	name string
	must []string
	may  []string
	read func(*table, sheet.Row)
}

var kinds = []kind{
	{"patients", []string{"patient", "family name", "birth date"}, []string{"nhs number", "given names", "sex", "address", "postcode", "phone", "email"}, (*table).patient},
	{"owings", []string{"patient", "medicine", "owed", "unit", "prescribed"}, []string{"dm+d code", "dose", "prescription"}, (*table).owing},
	{"supplies", []string{"patient", "medicine", "quantity", "unit", "supplied"}, []string{"dm+d code", "dose", "days", "prescription", "batch"}, (*table).supply},
}

// table is a CSV file.
type table struct {
	*sheet.Sheet
	*reader
}

// csv reads a file of one kind.
func (r *reader) csv(data []byte) {
	for _, k := range kinds {
		s := sheet.Read(data, true, k.must...)
		if !s.HasHeader() {
			continue
		}
		t := &table{s, r}
		if t.columns(k) {
			for row := range s.Rows() {
				k.read(t, row)
			}
		}
		for _, issue := range s.Issues {
			issue.Rule = "TAKE-2"
			r.findings = append(r.findings, Finding{r.file, issue})
		}
		return
	}
	var all []string
	for _, k := range kinds {
		all = append(all, k.name+": "+strings.Join(k.must, ", "))
	}
	r.fail(fhir.Position{Line: 1, Column: 1}, fhir.Structure, "It is not clear what the file holds.", "FHIR resources, or a header with the columns of one of: "+strings.Join(all, "; "), "another header, or none")
}

// columns refuses a file with columns that are not known: what they say would be lost.
func (t *table) columns(k kind) bool {
	known := map[string]bool{}
	var names []string
	for _, name := range slices.Concat(k.must, k.may) {
		known[sheet.Normal(name)] = true
		names = append(names, name)
	}
	ok := true
	for _, name := range t.Columns() {
		if !known[name] {
			ok = false
			expected := strings.Join(names, ", ")
			if near := spelling.One(name, names); near != "" {
				expected = near
			}
			t.fail(fhir.Position{Line: 1, Column: 1}, fhir.Structure, "The file has a column that is not known of "+k.name+".", expected, name)
		}
	}
	return ok
}

// wrong notes what is wrong with a cell.
func (t *table) wrong(at fhir.Position, column, expected, found string) {
	code := fhir.ValueCode
	if found == "" {
		code, found = fhir.Required, "nothing"
	}
	t.fail(at, code, "The column "+column+" is not valid.", expected, found)
}

// text is a cell that must not be empty.
func (t *table) text(row sheet.Row, column string) string {
	text, at := t.Cell(row, column)
	if text == "" {
		t.wrong(at, column, "a text", "")
	}
	return text
}

// optional is a cell that may be empty.
func (t *table) optional(row sheet.Row, column string) string {
	text, _ := t.Cell(row, column)
	return text
}

// day is a day that is not in the future: 2026-11-30, or 30/11/2026.
func (t *table) day(row sheet.Row, column string) nhs.Date {
	text, at := t.Cell(row, column)
	for _, layout := range []string{time.DateOnly, "02/01/2006"} {
		if day, err := time.Parse(layout, text); err == nil && day.Year() > 1800 {
			if d := (nhs.Date{Time: day}); !t.today.Before(d) {
				return d
			}
			t.wrong(at, column, "a day up to "+t.today.String(), text)
			return nhs.Date{}
		}
	}
	t.wrong(at, column, "a day such as 2026-11-30 or 30/11/2026", text)
	return nhs.Date{}
}

// amount is a number above zero.
func (t *table) amount(row sheet.Row, column string) decimal.Decimal {
	text, at := t.Cell(row, column)
	if n, ok := readAmount(text); ok {
		return n
	}
	t.wrong(at, column, "a number above 0, such as 28 or 2.5", text)
	return decimal.Decimal{}
}

func readAmount(text string) (decimal.Decimal, bool) {
	n, err := decimal.NewFromString(text)
	return n, err == nil && n.IsPositive() && len(text) <= 15 && n.Exponent() >= -6 && n.Exponent() <= 9
}

// code is a code of dm+d, "" for none.
func (t *table) code(row sheet.Row) string {
	text, at := t.Cell(row, "dm+d code")
	if text != "" && checkdigit.SNOMED(text) != checkdigit.Concept {
		t.wrong(at, "dm+d code", "a code of dm+d, 6 to 18 digits with their check digit; a spreadsheet keeps it in a column of text", text)
	}
	return text
}

// number is an NHS number, "" for none; blanks do not count.
func (t *table) number(row sheet.Row) string {
	text, at := t.Cell(row, "nhs number")
	digits := strings.ReplaceAll(text, " ", "")
	if digits != "" && !checkdigit.NHSNumber(digits) {
		t.wrong(at, "nhs number", "ten digits of which the last is their check digit", text)
	}
	return digits
}

var sexes = map[string]string{"": "", "f": "female", "female": "female", "m": "male", "male": "male", "other": "other", "unknown": "unknown"}

func (t *table) patient(row sheet.Row) {
	sex, at := t.Cell(row, "sex")
	gender, ok := sexes[strings.ToLower(sex)]
	if !ok {
		t.wrong(at, "sex", "F, M, other, unknown, or nothing", sex)
	}
	p := Patient{Place: Place{t.file, t.Start(row)}, Key: t.text(row, "patient"), Number: t.number(row), Family: t.text(row, "family name"), Given: strings.Fields(t.optional(row, "given names")),
		Born: t.day(row, "birth date"), Sex: gender, Post: t.optional(row, "postcode"), Phone: t.optional(row, "phone"), Mail: t.optional(row, "email")}
	for line := range strings.FieldsFuncSeq(t.optional(row, "address"), func(c rune) bool { return c == ';' || c == ',' || c == '\n' }) {
		if line = strings.TrimSpace(line); line != "" {
			p.Lines = append(p.Lines, line)
		}
	}
	t.reader.patient(p)
}

// medicine reads what supplies and owings have both.
func (t *table) medicine(row sheet.Row) Supply {
	s := Supply{Place: Place{t.file, t.Start(row)}, Patient: t.text(row, "patient"), Said: t.text(row, "medicine"), Unit: t.text(row, "unit"), Dose: t.optional(row, "dose"), Number: t.optional(row, "prescription")}
	s.Medicine = fhir.Coding{Code: t.code(row), Display: s.Said}
	if s.Medicine.Code != "" {
		s.Medicine.System = nhs.CSSNOMED
	}
	return s
}

func (t *table) supply(row sheet.Row) {
	s := t.medicine(row)
	s.Quantity, s.On, s.Batch = t.amount(row, "quantity"), t.day(row, "supplied"), t.optional(row, "batch")
	if text, at := t.Cell(row, "days"); text != "" {
		n, err := strconv.Atoi(text)
		if s.Days = n; err != nil || n < 1 || n > 400 {
			t.wrong(at, "days", "how many days it lasts, 1 to 400", text)
		}
	}
	t.Supplies = append(t.Supplies, s)
}

func (t *table) owing(row sheet.Row) {
	s := t.medicine(row)
	s.Owed, s.Quantity, s.On = true, t.amount(row, "owed"), t.day(row, "prescribed")
	t.Supplies = append(t.Supplies, s)
}
