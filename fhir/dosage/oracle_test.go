package dosage

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/xml"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// example is a dosage of the examples: its text, its medicine, its structure.
type example struct {
	text, medicine string
	structure      Dosage
}

// examples are the dosages of the NHS's, UK Core's and HL7's examples, each pair
// of a text and a structure once.
func examples(t *testing.T) []example {
	seen := map[string]example{}
	for _, f := range slices.Concat(oracle.Files(t, ".json", "examples/eps", "examples/r4"), oracle.Files(t, ".xml", "examples/ukcore")) {
		r, err := fhir.Parse(f.Data)
		if strings.HasSuffix(f.Name, ".xml") {
			r, err = xml.DecodeUnordered(f.Data)
		}
		if err != nil {
			continue
		}
		collect(r.Root(), func(e example) { seen[fmt.Sprint(e.text, e.structure)] = e })
	}
	require.Greater(t, len(seen), 60)
	var list []example
	for _, key := range slices.Sorted(maps.Keys(seen)) {
		list = append(list, seen[key])
	}
	return list
}

func collect(n fhir.Node, add func(example)) {
	for m := range n.Members() {
		if m.Name() == "dosageInstruction" || m.Name() == "dosage" && m.Kind() == fhir.Array {
			for _, d := range Read(m) {
				e := example{text: strings.TrimSpace(d.Text), medicine: concept(n.Get("medicationCodeableConcept")), structure: d}
				e.structure.Text, e.structure.Sequence = "", 0
				add(e)
			}
		}
		collect(m, add)
		if m.Kind() == fhir.Array {
			for i := range m.Items() {
				collect(i, add)
			}
		}
	}
}

// TestOracleTexts reads the texts of the examples, and compares what they say with
// the structures beside them.
func TestOracleTexts(t *testing.T) {
	all, unread, beside, other := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, e := range examples(t) {
		if e.text == "" {
			continue
		}
		all[e.text] = true
		list, err := Parse(e.text, e.medicine)
		if err != nil {
			unread[e.text] = true
			continue
		}
		if beside[e.text] = true; differs(list, e.structure) != "" {
			t.Logf("%s: %s", e.text, differs(list, e.structure))
			other[e.text] = true
		}
	}
	oracle.Report(t, "dosage-texts", len(all)-len(unread), len(all), slices.Collect(maps.Keys(unread)))
	oracle.Report(t, "dosage-structures", len(beside)-len(other), len(beside), slices.Collect(maps.Keys(other)))
}

// TestOracleWords writes the structures in words that have a text in the dose
// syntax beside them: its parts are separated by dashes.
func TestOracleWords(t *testing.T) {
	all, missed := map[string]bool{}, map[string]bool{}
	for _, e := range examples(t) {
		if !strings.Contains(e.text, " - ") || e.structure.Timing.Unit == "" {
			continue
		}
		words, err := Words([]Dosage{e.structure})
		if all[e.text] = true; err != nil || words != e.text {
			t.Logf("%s => %s", e.text, words)
			missed[e.text] = true
		}
	}
	oracle.Report(t, "dosage-words", len(all)-len(missed), len(all), slices.Collect(maps.Keys(missed)))
}

// differs says in what an instruction as read from a text is not the structured
// one, as far as both say it; "" for nothing.
func differs(list []Dosage, b Dosage) string {
	if len(list) != 1 {
		return fmt.Sprintf("%d instructions", len(list))
	}
	a := list[0]
	if in, ok := a.Dose.In(b.Dose.Unit); ok && !b.Dose.IsZero() && !(in.Low.Equal(b.Dose.Low) && in.High.Equal(b.Dose.High)) {
		return "dose " + a.Dose.words() + ", not " + b.Dose.words()
	}
	if a.timed() && b.timed() {
		low, high, ok := a.Timing.perDay()
		low2, high2, ok2 := b.Timing.perDay()
		if ok != ok2 || !low.Equal(low2) || !high.Equal(high2) {
			return fmt.Sprintf("%s to %s times a day, not %s to %s", low, high, low2, high2)
		}
	}
	if x, ok := a.lastsDays(); ok {
		if y, ok := b.lastsDays(); ok && !x.Equal(y) {
			return fmt.Sprintf("for %s days, not %s", x, y)
		}
	}
	if b.AsNeeded != a.AsNeeded && b.AsNeeded {
		return "not as needed"
	}
	return ""
}
