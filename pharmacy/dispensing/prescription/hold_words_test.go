package prescription

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestWords holds quantities that words and figures do not state alike (MDR 15(1)(f), 16(1A)).
func TestWords(t *testing.T) {
	on := nhs.ReadDate("2026-11-30")
	tablets := Quantity{Value: decimal.NewFromInt(28), Unit: "tablet", Code: "428673006"}
	for words, want := range map[string]string{
		"twenty eight": "", "Twenty-Eight tablets": "", "twenty eight (tablets) only": "", "twenty eight tabs.": "", "twenty eight in all": "", "twenty eight caplets": "",
		"twenty eight capsules": "another unit", "twenty-eight ml": "another unit", "twenty eight millilitres": "another unit", "twenty eight unit doses": "another unit", "twenty eight packs of tablets": "another unit",
		"twenty eight or thirty": "leaves open", "twenty eight to fifty six tablets": "leaves open", "twenty eight tablets or thirty": "leaves open",
		"twenty": "in words", "banana": "no number", "twenty eight or so": "",
	} {
		l := &Line{Quantity: tablets, Words: words}
		l.checkWords(Control{QuantityWords: true}, on)
		if want == "" {
			assert.Empty(t, l.computed, words)
		} else if assert.Len(t, l.computed, 1, words) {
			assert.Contains(t, l.computed[0].Text, want, words)
		}
	}
	liquid := &Line{Quantity: Quantity{Value: decimal.RequireFromString("2.5"), Unit: "ml"}, Words: "two and a half millilitres"}
	liquid.checkWords(Control{QuantityWords: true}, on)
	assert.Empty(t, liquid.computed)
	unknown := &Line{Quantity: Quantity{Value: decimal.NewFromInt(2), Unit: "lollipop"}, Words: "two tablets"}
	unknown.checkWords(Control{QuantityWords: true}, on)
	assert.Empty(t, unknown.computed, "a unit that the table does not have is compared with none")
}
