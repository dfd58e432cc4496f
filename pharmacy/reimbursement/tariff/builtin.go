package tariff

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
)

//go:embed data/fees.csv
var feesFile []byte

//go:embed data/exemptions.csv
var exemptionsFile []byte

//go:embed data/endorsements.csv
var endorsementsFile []byte

//go:embed data/calendar.csv
var calendarFile []byte

//go:embed data/sample-viiia.csv
var sampleEdition []byte

//go:embed data/sample-products.csv
var sampleProducts []byte

//go:embed data/sample-flags.csv
var sampleFlags []byte

var builtinFees = sync.OnceValue(func() *Fees { return sound(ReadFees(feesFile)) })

var builtinExemptions = sync.OnceValue(func() *Exemptions { return sound(ReadExemptions(exemptionsFile)) })

var builtinEndorsements = sync.OnceValue(func() *Endorsements { return sound(ReadEndorsements(endorsementsFile)) })

var builtinCalendar = sync.OnceValue(func() Calendar { return sound(ReadCalendar(calendarFile)) })

// BuiltinCalendar is the submission calendar that the server has without a file of
// its own.
func BuiltinCalendar() Calendar { return builtinCalendar() }

// BuiltinEndorsements is the code list that the server has without a file of
// its own.
func BuiltinEndorsements() *Endorsements { return builtinEndorsements() }

// BuiltinFees is the schedule that the server has without a file of its own.
func BuiltinFees() *Fees { return builtinFees() }

// BuiltinExemptions is the code list that the server has without a file of its own.
func BuiltinExemptions() *Exemptions { return builtinExemptions() }

// Sample is one file of the sample tariff.
type Sample struct {
	Kind Kind
	Data []byte
}

// Samples are the files of a small tariff with made-up prices, for a month: the
// products of the EPS examples, and two for ADHD.
func Samples(month Month) []Sample {
	title := strings.Replace(string(sampleEdition), "Sample Drug Tariff", month.First().Format("January 2006")+" sample Drug Tariff", 1)
	return []Sample{{PartVIIIA, []byte(title)}, {ProductPrices, sampleProducts}, {ProductFlags, sampleFlags}}
}

// Kind is a kind of file that the tariff is made of.
type Kind string

// The kinds of file. All but the fees, the code lists and the calendar are for a month.
const (
	PartVIIIA        Kind = "part-viiia"
	PriceConcessions Kind = "price-concessions"
	ProductPrices    Kind = "product-prices"
	ProductFlags     Kind = "product-flags"
	FeeSchedule      Kind = "fee-schedule"
	ExemptionList    Kind = "charge-exemptions"
	EndorsementList  Kind = "dispenser-endorsements"
	SubmissionDates  Kind = "submission-calendar"
)

// Kinds lists the kinds of file.
func Kinds() []Kind {
	return []Kind{PartVIIIA, PriceConcessions, ProductPrices, ProductFlags, FeeSchedule, ExemptionList, EndorsementList, SubmissionDates}
}

// Monthly reports whether files of the kind are for a month.
func (k Kind) Monthly() bool {
	return k == PartVIIIA || k == PriceConcessions || k == ProductPrices || k == ProductFlags
}

// headSize is how much of a file is looked at for its header; an even number, for
// UTF-16.
const headSize = 64 << 10

func sound[T any](value T, issues []fhir.Issue) T {
	if fhir.HasErrors(issues) {
		panic(fmt.Sprintf("tariff: built-in data: %v", issues))
	}
	return value
}

// KindOf tells the kind of a file by its columns, "" where it is none.
func KindOf(data []byte) Kind {
	data = data[:min(len(data), headSize)]
	for _, k := range []struct {
		kind    Kind
		columns []string
	}{
		{PartVIIIA, []string{"VMPP Snomed Code", "Basic Price"}},
		{ProductPrices, []string{"AMPP Snomed Code", "Price"}},
		{ProductFlags, []string{"Snomed Code", "Flags"}},
		{FeeSchedule, []string{"rule", "from", "value"}},
		{ExemptionList, []string{"code", "from", "charge"}},
		{EndorsementList, []string{"code", "from", "effect"}},
		{SubmissionDates, []string{"month", "deadline"}},
		{PriceConcessions, []string{"Medicine", "Pack size", "Price"}},
	} {
		if readTable(data, k.kind != PartVIIIA, k.columns...).HasHeader() {
			return k.kind
		}
	}
	return ""
}
