package dosage

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

var update = flag.Bool("update", false, "rewrite the results in testdata")

// TestTexts reads the texts of testdata/texts.txt: below each is what it says in
// the words of the dose syntax, a line for each instruction, and the amount of a
// day; or why it is not understood.
func TestTexts(t *testing.T) {
	data, err := os.ReadFile("testdata/texts.txt")
	require.NoError(t, err)
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "  "):
		case line == "" || strings.HasPrefix(line, "#"):
			b.WriteString(line + "\n")
		default:
			b.WriteString(line + "\n" + told(line))
		}
	}
	if *update {
		require.NoError(t, os.WriteFile("testdata/texts.txt", []byte(b.String()), 0o644))
	}
	require.Equal(t, string(data), b.String())
}

func told(text string) string {
	text, name, _ := strings.Cut(text, " | ")
	list, err := Parse(text, name)
	if err != nil {
		return "  ! " + err.Error() + "\n"
	}
	var b strings.Builder
	for _, d := range list {
		words, err := d.text()
		if err != nil {
			words = "! " + err.Error()
		}
		fmt.Fprintf(&b, "  %d: %s\n", d.Sequence, words)
	}
	day, err := Peak(list, func(a Amount) (Amount, error) { return a, nil })
	if err == nil {
		fmt.Fprintf(&b, "  = %s a day\n", day.words())
	}
	return b.String()
}

// TestWords writes the dosages of testdata/words.txt in words.
func TestWords(t *testing.T) {
	data, err := os.ReadFile("testdata/words.txt")
	require.NoError(t, err)
	rows, given := 0, ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		switch want, said := strings.CutPrefix(line, "  "); {
		case said:
			rows++
			if !strings.HasPrefix(given, "[") {
				given = "[" + given + "]"
			}
			r, err := fhir.Parse([]byte(`{"resourceType":"MedicationRequest","dosageInstruction":` + given + `}`))
			require.NoError(t, err, given)
			words, err := Directions(r.Get("dosageInstruction"))
			got := "= " + words
			if err != nil {
				got = "! " + err.Error()
			}
			require.Equal(t, want, got, given)
		default:
			given = line
		}
	}
	require.Equal(t, 53, rows)
}

// FuzzParse reads any text: what is understood says the same when it is written in
// words and read again.
func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/texts.txt")
	require.NoError(f, err)
	for line := range strings.Lines(string(data)) {
		f.Add(strings.TrimSpace(line))
	}
	f.Add("1mAX10in024 h")
	f.Add("1hourlY1")
	f.Add("DAILY0for\x82")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Parse(text)
		if err != nil {
			return
		}
		for i := range list {
			if list[i].Notes = nil; list[i].Dose.Unit == "" {
				list[i].Dose.Unit = "tablet"
			}
			for j := range list[i].MaxPerPeriod {
				if l := &list[i].MaxPerPeriod[j]; l.Amount.Unit == "" {
					l.Amount.Unit = "tablet"
				}
			}
		}
		asIs := func(a Amount) (Amount, error) { return a, nil }
		before, err := Peak(list, asIs)
		words, unsaid := Words(list)
		if err != nil || unsaid != nil {
			return
		}
		again, err := Parse(words)
		if err != nil {
			t.Fatalf("%q is read, its words %q are not: %v", text, words, err)
		}
		if after, err := Peak(again, asIs); err != nil || after.words() != before.words() {
			t.Fatalf("%q is %s a day, its words %q are %s: %v", text, before.words(), words, after.words(), err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := Parse("Take ONE or TWO tablets every 4-6 hours when required, maximum 8 in 24 hours"); err != nil {
			b.Fatal(err)
		}
	}
}

// TestWithText adds the words to what has none, and leaves a text as it is.
func TestWithText(t *testing.T) {
	r, err := fhir.Parse([]byte(`{"resourceType":"MedicationRequest","dosageInstruction":[{"sequence":1,"text":"One daily"},
 {"sequence":2,"extension":[{"url":"x","valueCode":"y"}],"doseAndRate":[{"doseQuantity":{"value":2,"unit":"tablet"}}]},{"doseAndRate":[{"doseQuantity":{"value":2}}]}]}`))
	require.NoError(t, err)
	got := string(fhir.Obj("list", WithText(r.Get("dosageInstruction"))).JSON())
	require.Equal(t, `{"list":[{"sequence":1,"text":"One daily"},{"sequence":2,"text":"2 tablet","extension":[{"url":"x","valueCode":"y"}],"doseAndRate":[{"doseQuantity":{"value":2,"unit":"tablet"}}]},{"doseAndRate":[{"doseQuantity":{"value":2}}]}]}`, got)
}
