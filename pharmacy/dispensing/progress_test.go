package dispensing

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

// progressTold is the answer of $progress in words: a line for the prescription, and
// one for each item.
func progressTold(r *fhir.Resource) string {
	line := func(parts fhir.Node) (text string) {
		for p := range parts.Items() {
			name, value := p.Get("name").Text(), ""
			for m := range p.Members() {
				if m.Name() != "name" {
					value = m.Text()
				}
			}
			switch name {
			case "item", "number":
				continue
			case "outstanding":
				value = p.Path("valueQuantity", "value").Text() + " " + p.Path("valueQuantity", "unit").Text()
			}
			text += " " + name + "=" + value
		}
		return text + "\n"
	}
	out := "  all:" + line(r.Get("parameter"))
	for p := range r.Get("parameter").Items() {
		if p.Get("name").Text() == "item" {
			out += "  item:" + line(p.Get("part"))
		}
	}
	return out
}

// TestEveryStepIsShown wants each step in the scripts of progress.
func TestEveryStepIsShown(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/progress.txtar")
	require.NoError(t, err)
	all := ""
	for _, f := range archive.Files {
		all += string(f.Data)
	}
	for _, step := range prescription.Milestones() {
		require.Contains(t, strings.ReplaceAll(all, "\n", " "), " step="+string(step)+" ", "no script comes to it")
	}
}
