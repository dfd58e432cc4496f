package served

import (
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// place is where a page of built-in definitions begins among those that a query
// finds, with the total of the whole search, -1 for none.
type place struct{ from, total int }

// placeMark begins the place of a page of built-in definitions. No place of the
// store begins with it: those begin with the varint of a total.
const placeMark = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xffbuiltin "

// page is the place as of a sequence.
func (p place) page(asOf fhir.Seq) *search.Page {
	return &search.Page{AsOf: asOf, After: fmt.Appendf([]byte(placeMark), "%d %d", max(p.from, 0), p.total)}
}

// readPlace reads the place that [place.page] wrote; ok is false for one of the
// store.
func readPlace(after []byte) (p place, ok bool) {
	text, ok := strings.CutPrefix(string(after), placeMark)
	if !ok {
		return place{}, false
	}
	n, err := fmt.Sscanf(text, "%d %d", &p.from, &p.total)
	return p, n == 2 && err == nil && p.from >= 0
}
