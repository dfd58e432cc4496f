package clinical

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/dosage"
)

var update = flag.Bool("update", false, "rewrite the findings in testdata and the docs")

const day0 = "2026-11-29"

// TestChecks runs the cases of testdata/checks.txtar: each says what is known, and
// below it is what was found. Lines of a case:
//
//	patient BORN
//	order NAME | QUANTITY | DOSE [| SCHEDULE]     what is checked
//	other DAY NAME | QUANTITY | DOSE              another open order; "same" in place of the day: of the prescription
//	supply DAY NAME | QUANTITY | DOSE
//	taken NAME [until DAY], allergy [CODE] NAME, condition [CODE] NAME [until DAY]
//	measure KIND DAY [VALUE]
//	neighbour PATIENT DAY
func TestChecks(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/checks.txtar")
	require.NoError(t, err)
	for i := range archive.Files {
		f := &archive.Files[i]
		t.Run(f.Name, func(t *testing.T) {
			got := runCase(t, string(f.Data))
			if *update {
				f.Data = []byte(got)
			}
			require.Equal(t, string(f.Data), got)
		})
	}
	if *update {
		require.NoError(t, os.WriteFile("testdata/checks.txtar", txtar.Format(archive), 0o644))
	}
}

func runCase(t *testing.T, text string) string {
	k := &testCase{t: t}
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\n"); !strings.HasPrefix(line, "  ") && line != "" {
			k.read(line)
			b.WriteString(line + "\n")
		}
	}
	for _, f := range BuiltIn.Check(date(day0), &k.patient, &k.order, &k.history) {
		fmt.Fprintf(&b, "  %s %s: %s %s", f.Rule.Severity, f.Rule.ID, f.Rule.Text, f.Detail)
		for _, e := range f.Evidence {
			fmt.Fprintf(&b, " [%s %s]", e.Ref, e.Text)
		}
		b.WriteString("\n")
	}
	return b.String()
}

type testCase struct {
	t       *testing.T
	patient Patient
	order   Order
	history History
}

func date(s string) time.Time { return must(time.Parse(time.DateOnly, s)) }

func (k *testCase) read(line string) {
	what, rest, _ := strings.Cut(line, " ")
	first, more, _ := strings.Cut(rest, " ")
	h := &k.history
	switch what {
	case "#":
	case "patient":
		k.patient.Ref = "Patient/p"
		if rest != "" {
			k.patient.Born = date(rest)
		}
	case "order":
		k.order = k.item(rest, "MedicationRequest/o", "P1", date(day0))
	case "other":
		number, on := fmt.Sprintf("P%d", len(h.Orders)+2), date(day0)
		if first == "same" {
			number = "P1"
		} else {
			on = date(first)
		}
		h.Orders = append(h.Orders, k.item(more, fmt.Sprintf("MedicationRequest/%d", len(h.Orders)+1), number, on))
	case "supply":
		o := k.item(more, "", "", date(first))
		h.Supplies = append(h.Supplies, Supply{Ref: fmt.Sprintf("MedicationDispense/%d", len(h.Supplies)+1), Medicine: o.Medicine, Quantity: o.Quantity, Unit: o.Unit, Dosages: o.Dosages, On: o.On})
	case "taken":
		r := recorded(rest)
		r.Ref = "MedicationStatement/1"
		h.Taken = append(h.Taken, r)
	case "allergy":
		r := recorded(rest)
		r.Ref = "AllergyIntolerance/1"
		h.Allergies = append(h.Allergies, r)
	case "condition":
		r := recorded(rest)
		r.Ref = "Condition/1"
		h.Conditions = append(h.Conditions, r)
	case "measure":
		on, value, _ := strings.Cut(more, " ")
		m := Measured{Ref: fmt.Sprintf("Observation/%d", len(h.Measured)+1), Measure: first, On: date(on)}
		if value != "" {
			m.Value = decimal.RequireFromString(value)
		}
		h.Measured = append(h.Measured, m)
	case "neighbour":
		h.Neighbours = append(h.Neighbours, Neighbour{Patient: "Patient/" + first, On: date(more)})
	default:
		k.t.Fatalf("%q", line)
	}
}

func (k *testCase) item(text, ref, number string, on time.Time) Order {
	p := strings.Split(text+" | | ", " | ")
	m := medicineOf([]fhir.Coding{{Display: p[0]}})
	o := Order{Ref: ref, Prescription: number, Medicine: m, Unit: strings.TrimSuffix(m.Form, "s"), Text: p[2], On: on, Quantity: decimal.RequireFromString(p[1])}
	if strings.HasPrefix(m.Form, "oral") {
		o.Unit = "millilitre"
	}
	o.Dosages, _ = dosage.Parse(p[2], p[0])
	o.Schedule = strings.TrimSpace(p[3])
	return o
}

func recorded(text string) Recorded {
	text, until, ended := strings.Cut(text, " until ")
	c := fhir.Coding{Display: text}
	if code, name, ok := strings.Cut(text, " "); ok && code[0] >= '0' && code[0] <= '9' {
		c = fhir.Coding{System: "http://snomed.info/sct", Code: code, Display: name}
	}
	r := Recorded{Name: c.Display, Medicine: medicineOf([]fhir.Coding{c}), Conditions: conditionsOf([]fhir.Coding{c})}
	if ended {
		r.Ended = date(until)
	}
	return r
}

// TestEveryRuleIsTested finds rules that no case has met, and kinds of check
// without a rule.
func TestEveryRuleIsTested(t *testing.T) {
	data, err := os.ReadFile("testdata/checks.txtar")
	require.NoError(t, err)
	for kind := range kinds {
		require.NotEmpty(t, BuiltIn[kind], "no rule has the kind %s", kind)
	}
	for _, rules := range BuiltIn {
		for _, r := range rules {
			require.Contains(t, string(data), "  "+r.Severity+" "+r.ID+":", "no case finds it")
			if r.Subject != "*" {
				require.True(t, isKnown(r.Subject), "%s: no substance or class %s", r.ID, r.Subject)
			}
			if with := r.parameters["with"]; with != "" {
				require.True(t, isKnown(with), "%s: no substance or class %s", r.ID, with)
			}
			if c := r.parameters["condition"]; c != "" {
				require.True(t, isCondition(c), "%s: no condition %s", r.ID, c)
			}
		}
	}
}

func isKnown(name string) bool {
	for _, w := range substances.byWord {
		if (Medicine{Substance: w.substance.name, Classes: w.substance.classes}).in(name) || w.substance.name == name {
			return true
		}
	}
	return false
}

func isCondition(name string) bool {
	for _, c := range conditions {
		if c.name == name {
			return true
		}
	}
	return false
}

// TestReadTable refuses rows that say nothing that a check understands.
func TestReadTable(t *testing.T) {
	good := "X\t2026-01-01\t\tage\tadhd\tfrom=6\tAGE\thigh\tyes\ttext\tsource\n"
	_, err := ReadTable(good)
	require.NoError(t, err)
	for _, c := range []struct{ from, to, want string }{
		{"age\tadhd", "ages\tadhd", "is not a kind of check"}, {"high", "severe", "is not a severity"}, {"2026-01-01", "2026", "cannot parse"},
		{"from=6", "6", "is not name=value"}, {"source\n", "\n", "has no source"}, {"\tyes", "", "10 columns"}, {"yes", "CD6", "whether it stops"}, {"AGE", "OLD", "is not a code of"},
	} {
		_, err := ReadTable(strings.Replace(good, c.from, c.to, 1))
		require.ErrorContains(t, err, c.want, c.from)
	}
	_, err = ReadTable(good + good)
	require.ErrorContains(t, err, "a second rule X")
}
