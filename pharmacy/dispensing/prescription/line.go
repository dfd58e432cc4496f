package prescription

import (
	"fmt"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// LineStatus is where one item of a prescription stands, a code of
// medicationdispense-type.
type LineStatus string

// The statuses of an item.
const (
	FullyDispensed LineStatus = "0001"
	NotDispensed   LineStatus = "0002"
	PartDispensed  LineStatus = "0003"
	Owing          LineStatus = "0004"
	LineCancelled  LineStatus = "0005"
	LineExpired    LineStatus = "0006"
	ToBeDispensed  LineStatus = "0007"
	WithDispenser  LineStatus = "0008"
)

// lineMoves is the state machine of an item, the whole of it: what a supply may
// make of a status.
var lineMoves = map[LineStatus][]LineStatus{
	WithDispenser: {FullyDispensed, NotDispensed, PartDispensed, Owing, LineExpired},
	Owing:         {FullyDispensed, NotDispensed, PartDispensed, Owing, LineExpired},
	PartDispensed: {FullyDispensed, NotDispensed, PartDispensed, Owing, LineExpired},
	LineExpired:   {FullyDispensed, PartDispensed}, // told late of a supply that was made in time
}

// Settled reports whether nothing more will be supplied of an item.
func (s LineStatus) Settled() bool {
	return s == FullyDispensed || s == NotDispensed || s == LineCancelled || s == LineExpired
}

// Outstanding reports whether the dispenser still owes the item.
func (s LineStatus) Outstanding() bool { return !s.Settled() }

// String is the status in words.
func (s LineStatus) String() string {
	return fmt.Sprintf("%s (%s)", nhs.Display(nhs.CSLineStatus, string(s)), string(s))
}

// moveLine refuses what cannot become of an item.
func moveLine(from, to LineStatus, place string) *fhir.Issue {
	if slices.Contains(lineMoves[from], to) {
		return nil
	}
	// 0013: invalid state transition of an item.
	return &fhir.Issue{
		Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "0013", Expression: place,
		Message: "The item cannot become " + to.String() + " now.", Found: from.String(), Details: nhs.EPS("MEDICATIONREQUEST_INVALID_STATE_TRANSITION"),
	}
}
