package takeon

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// FuzzRead wants any bytes to be read or refused with an issue that has a place.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"patient,family name,birth date\nP1,Adams,1990-01-01\n",
		"patient;medicine;quantity;unit;supplied\nP1;x;1;tablet;01/02/2026\n",
		"patient,medicine,owed,unit,prescribed\nP1,x,1,tablet,2026-02-01\n",
		`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"MedicationDispense","status":"completed"}},{},{"resource":[1]}]}`,
		"{\"resourceType\":\"Patient\",\"id\":\"a\"}\n{\"resourceType\":\"Patient\"}\n",
		`{"resourceType":"MedicationDispense","subject":"x","medicationReference":{"reference":"#m"},"contained":[{"id":"m"}],"quantity":[{"value":"1e999999"}]}`,
	} {
		f.Add([]byte(seed))
	}
	today := nhs.ReadDate("2026-11-24")
	f.Fuzz(func(t *testing.T, data []byte) {
		in, findings := Read([]File{{Name: "in", Data: data}}, today)
		for _, x := range findings {
			require.NotEmpty(t, x.Issue.Message)
			require.Equal(t, "in", x.File)
		}
		if len(in.Patients)+len(in.Supplies) == 0 || Failed(findings) {
			return
		}
		for _, p := range in.Patients {
			require.NotEmpty(t, p.Key)
			require.NotEmpty(t, p.Family)
			require.False(t, p.Born.IsZero() || today.Before(p.Born))
		}
		for _, s := range in.Supplies {
			require.NotEmpty(t, s.Patient)
			require.NotEmpty(t, s.Said)
			require.NotEmpty(t, s.Unit)
			require.True(t, s.Quantity.IsPositive())
			require.False(t, s.On.IsZero() || today.Before(s.On))
			require.LessOrEqual(t, s.Days, 400)
		}
	})
}
