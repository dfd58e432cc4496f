package notices

import "github.com/pestle-fhir/pestle/pharmacy/nhs"

// samples are values for a preview.
var samples = map[string]string{
	"name": "Alex", "pharmacy": "Your Pharmacy", "phone": "01632 960001", "reference": "24F5DA-A83008-7EFE6Z",
	"amount": "£15.25", "link": "https://pay.example/4711", "courier": "Royal Mail AB123456789GB", "expected": "2 December 2026", "when": "30 November 2026",
}

// Sample is a template with what it says for sample values.
type Sample struct {
	Template
	Written
}

// Samples are the messages of all kinds as they are sent on a day.
func (t Templates) Samples(on nhs.Date) (list []Sample) {
	for _, k := range Kinds() {
		for _, c := range []Channel{Email, Text} {
			if row, ok := t.For(k, c, on); ok {
				list = append(list, Sample{row, row.Write(samples)})
			}
		}
	}
	return list
}

// Table is the text of the built-in templates.
func Table() string { return templatesTSV }
