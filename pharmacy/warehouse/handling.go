package warehouse

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

//go:embed handling.tsv
var handlingTSV string

// handling is a row of handling.tsv.
type handling struct {
	from      nhs.Date
	schedules []string
	how       string
}

// The ways of handling.
const (
	signedFor   = "signed-for"
	identity    = "identity"
	adult       = "adult"
	requisition = "requisition" // by which it is ordered from a supplier
)

var handlings = func() (list []handling) {
	for line := range strings.Lines(handlingTSV) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		c := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(c) != 4 || nhs.ReadDate(c[0]).IsZero() || !slices.Contains([]string{signedFor, identity, adult, requisition}, c[2]) {
			panic("warehouse: handling.tsv: " + line)
		}
		list = append(list, handling{nhs.ReadDate(c[0]), strings.Fields(c[1]), c[2]})
	}
	return list
}()

func (h handling) of(schedule string, on nhs.Date) bool {
	return schedule != "" && !on.Before(h.from) && slices.Contains(h.schedules, schedule)
}

// requisitioned reports whether a medicine of a schedule is ordered by a requisition on a day.
func requisitioned(schedule string, on nhs.Date) bool {
	return slices.ContainsFunc(handlings, func(h handling) bool { return h.how == requisition && h.of(schedule, on) })
}

// handlingOf is how what is sent of a medicine of a schedule has to be handled on a day.
func handlingOf(schedule string, on nhs.Date) (list []string) {
	for _, h := range handlings {
		if h.how != requisition && h.of(schedule, on) && !slices.Contains(list, h.how) {
			list = append(list, h.how)
		}
	}
	return list
}
