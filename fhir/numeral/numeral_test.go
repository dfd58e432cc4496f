package numeral

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRead(t *testing.T) {
	for words, want := range map[string]int{
		"twenty eight": 28, "Twenty-Eight": 28, "one hundred and twelve": 112, "two thousand, five hundred": 2500, "SIXTY TABLETS": 60,
		"one hundred": 100, "zero": 0, "forty two capsules": 42, "one hundred millilitres": 100,
		"twelve hundred": 1200, "one hundred thousand": 100000, "one thousand one hundred and one": 1101,
	} {
		n, ok := Read(words)
		assert.True(t, ok, words)
		assert.Equal(t, want, n, words)
	}
	for _, words := range []string{"", "tablets", "28", "twenty 8", "a few", "and", "hundred", "one two", "twenty twelve", "two eight", "nine hundred hundred hundred",
		"one hundred one hundred", "two thousand three thousand", "one thousand thousand", "zero hundred", "twenty zero"} {
		_, ok := Read(words)
		assert.False(t, ok, words)
	}
}

func TestQuantity(t *testing.T) {
	for words, want := range map[string]string{"twenty eight": "28", "Fifty-six point five": "56.5", "twenty two point two five millilitres": "22.25", "two and a half": "2.5",
		"one hundred and twelve and a half tablets": "112.5", "one and three quarters": "1.75", "a half": "0.5", "zero point five": "0.5", "one point zero zero zero zero zero one": "1.000001"} {
		n, ok := Quantity(words)
		assert.True(t, ok, words)
		assert.Equal(t, want, n.String(), words)
	}
	for _, words := range []string{"", "28", "two point", "point five", "half", "two tablets and nine halves of half", "twenty twelve point five", "one point zero zero zero zero zero zero zero"} {
		_, ok := Quantity(words)
		assert.False(t, ok, words)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("one hundred and twelve tablets")
	f.Add("ZERO-and,hundred")
	f.Fuzz(func(t *testing.T, words string) {
		if n, ok := Read(words); ok && (n < 0 || n > most) {
			t.Fatal(n)
		}
	})
}
