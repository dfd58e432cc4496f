package checkdigit

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNHSNumber(t *testing.T) {
	for number, want := range map[string]bool{"9434765919": true, "9449305552": true, "9990548609": true, // published test numbers
		"9434765918": false, "943476591": false, "94347659190": false, "943476591X": false, "": false,
		"0000000000": false, "1111111111": false, "9999999999": false, // pass Modulus 11
		"1000000090": false} { // would need 10
		assert.Equal(t, want, NHSNumber(number), number)
	}
}

// TestNHSNumberErrors: any single wrong digit and any swap of unequal neighbours
// is found.
func TestNHSNumberErrors(t *testing.T) {
	const number = "9434765919"
	for i := range number {
		for d := '0'; d <= '9'; d++ {
			wrong := number[:i] + string(d) + number[i+1:]
			assert.Equal(t, wrong == number, NHSNumber(wrong), wrong)
		}
		if i > 0 && number[i] != number[i-1] {
			assert.False(t, NHSNumber(number[:i-1]+string(number[i])+string(number[i-1])+number[i+1:]))
		}
	}
}

func TestPrescriptionID(t *testing.T) {
	issuer, want, ok, wellFormed := PrescriptionID("24F5DA-A83008-7EFE6Z")
	assert.Equal(t, "A83008", issuer)
	assert.Equal(t, byte('Z'), want)
	assert.True(t, ok && wellFormed)
	_, want, ok, wellFormed = PrescriptionID("24F5DA-A83008-7EFE6X")
	assert.Equal(t, byte('Z'), want)
	assert.True(t, !ok && wellFormed)
	_, _, ok, _ = PrescriptionID("4243A0-A99968-4E149+")
	assert.True(t, ok, "the character may be a plus")
	for _, text := range []string{"", "24F5DA", "24F5DA-A83008-7EFE6", "24F5DAA83008-7EFE6Z", "24F5DA-A83008-7EFE6Z-1", "24f5da-a83008-7efe6z", "24F5DA-A83008-7EFE6z"} {
		_, _, ok, wellFormed = PrescriptionID(text)
		assert.False(t, ok || wellFormed, text)
	}
	_, want, ok, wellFormed = PrescriptionID("24F5D!-A83008-7EFE6Z")
	assert.True(t, want == 0 && !ok && wellFormed)
	issuer, _, ok, wellFormed = PrescriptionID("887228-510420-124913")
	assert.True(t, wellFormed && !ok)
	assert.False(t, Scheme(issuer), "an id without an organisation's code carries no check character")
	assert.True(t, Scheme("A83008"))
}

func TestSNOMED(t *testing.T) {
	for id, want := range map[string]Component{"404684003": Concept, "322237000": Concept, "16076005": Concept, "999000041000001102": Concept,
		"754811000001112": Description, "100022": Relationship, "404684033": NoComponent, "00404684003": NoComponent, "12345": NoComponent,
		strings.Repeat("1", 19): NoComponent, "40468400x": NoComponent} {
		assert.Equal(t, want, SNOMED(id), id)
	}
	assert.True(t, Verhoeff("404684003"))
	assert.False(t, Verhoeff("404684004"))
	assert.False(t, Verhoeff("406484003"), "neighbours swapped")
	assert.False(t, Verhoeff(""))
	assert.True(t, Verhoeff("2363"), "a known pair: 236 and 3")
}

func FuzzPrescriptionID(f *testing.F) {
	f.Add("24F5DA-A83008-7EFE6Z")
	f.Fuzz(func(t *testing.T, id string) {
		if _, _, ok, formed := PrescriptionID(id); ok && !formed {
			t.Fatal("right and not well formed")
		}
		if c := Prescription(id); c != 0 {
			assert.Contains(t, prescriptionAlphabet, string(c))
		}
	})
}
