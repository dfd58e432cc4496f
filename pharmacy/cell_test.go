package pharmacy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCell(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "Paracetamol": "Paracetamol", "12.50": "12.50", "-12.50": "-12.50", "-": "'-", "-1+1": "'-1+1", "+44 20": "'+44 20",
		"=HYPERLINK(1)": "'=HYPERLINK(1)", "@SUM(1)": "'@SUM(1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "a=1": "a=1", "é": "é",
	} {
		require.Equal(t, want, Cell(text))
	}
}
