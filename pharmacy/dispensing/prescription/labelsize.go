package prescription

import (
	_ "embed"
	"strconv"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

//go:embed labelsizes.tsv
var labelSizesTSV string

// LabelSize is a size of labels, from a day.
type LabelSize struct {
	from          nhs.Date
	Name          string
	Width, Height float64 // millimetres
	Text          float64 // points
	Mark, Source  string
}

var labelSizes = func() (list []LabelSize) {
	for cells := range rows(labelSizesTSV, 7) {
		s := LabelSize{from: nhs.ReadDate(cells[0]), Name: cells[1], Mark: cells[5], Source: cells[6]}
		for i, of := range []*float64{&s.Width, &s.Height, &s.Text} {
			n, err := strconv.ParseFloat(cells[2+i], 64)
			if err != nil || n < 4 || n > 500 {
				panic("labelsizes.tsv: " + cells[1])
			}
			*of = n
		}
		list = append(list, s)
	}
	return list
}()

// LabelSizes are the names of the sizes that hold on a day, the default first.
func LabelSizes(on nhs.Date) (names []string) {
	for _, s := range labelSizes {
		if !on.Before(s.from) {
			names = append(names, s.Name)
		}
	}
	return names
}

// LabelSizeNamed is a size by its name, "" for the default; ok is false where there is none
// on that day.
func LabelSizeNamed(name string, on nhs.Date) (size LabelSize, ok bool) {
	for _, s := range labelSizes {
		if !on.Before(s.from) && (name == "" || s.Name == name) {
			return s, true
		}
	}
	return size, false
}
