package reimbursement

import (
	"fmt"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// shelf finds the data that holds for a day. Each file is a Binary under an id
// of its kind and month, so its versions are kept like those of any resource
// and a figure can name the version that made it. Parsed files are kept in
// memory by version, which never changes.
type shelf struct {
	mu     sync.Mutex
	parsed map[string]any // by Binary/…/_history/…
}

// keep bounds the parsed files: some years of them.
const keep = 256

// lookBack is how many months back a list that changes now and then is sought.
const lookBack = 24

// BinaryID is the id of the Binary that holds a file. Kinds that are not for a
// month have one each.
func BinaryID(kind tariff.Kind, month tariff.Month) string {
	id := "tariff-" + string(kind)
	if kind.Monthly() {
		id += "-" + month.String()
	}
	return id
}

// book gathers what holds on a day.
func (s *shelf) book(state fhir.State, day time.Time) (*pricing.Book, error) {
	b := &pricing.Book{}
	var err error
	if b.Fees, b.FeesName, err = s.fees(state); err != nil {
		return nil, err
	}
	if b.Exemptions, err = s.exemptions(state); err != nil {
		return nil, err
	}
	if b.Endorsements, err = s.endorsements(state); err != nil {
		return nil, err
	}
	month := tariff.MonthOf(day)
	gap := 0
	if f, ok := b.Fees.At(tariff.EditionGap, day); ok {
		gap = int(f.Number().Num().Int64())
	}
	found := tariff.Month(0)
	b.Edition, b.EditionName, found, err = newest(s, state, tariff.PartVIIIA, month, readEdition)
	if err != nil {
		return nil, err
	}
	if b.Edition == nil || int(month-found) > gap {
		b.Edition, b.NoEdition = nil, missing(month, found, gap)
	}
	if b.Edition != nil {
		if b.Concessions, b.ConcessionsName, err = shelved(s, state, BinaryID(tariff.PriceConcessions, month), readConcessions); err != nil {
			return nil, err
		}
	}
	if b.Products, b.ProductsName, _, err = newest(s, state, tariff.ProductPrices, month, anyMonth(tariff.ReadProducts)); err != nil {
		return nil, err
	}
	b.Flags, b.FlagsName, _, err = newest(s, state, tariff.ProductFlags, month, anyMonth(tariff.ReadFlags))
	return b, err
}

func (s *shelf) fees(state fhir.State) (*tariff.Fees, string, error) {
	f, name, err := shelved(s, state, BinaryID(tariff.FeeSchedule, 0), tariff.ReadFees)
	if f == nil && err == nil {
		f = tariff.BuiltinFees()
		name = "built-in " + f.Edition
	}
	return f, name, err
}

func (s *shelf) exemptions(state fhir.State) (*tariff.Exemptions, error) {
	l, _, err := shelved(s, state, BinaryID(tariff.ExemptionList, 0), tariff.ReadExemptions)
	if l == nil && err == nil {
		l = tariff.BuiltinExemptions()
	}
	return l, err
}

func (s *shelf) endorsements(state fhir.State) (*tariff.Endorsements, error) {
	l, _, err := shelved(s, state, BinaryID(tariff.EndorsementList, 0), tariff.ReadEndorsements)
	if l == nil && err == nil {
		l = tariff.BuiltinEndorsements()
	}
	return l, err
}

func (s *shelf) calendar(state fhir.State) (tariff.Calendar, error) {
	c, _, err := shelved(s, state, BinaryID(tariff.SubmissionDates, 0), tariff.ReadCalendar)
	if c == nil && err == nil {
		c = tariff.BuiltinCalendar()
	}
	return c, err
}

// missing says why there is no edition for a month.
func missing(month, found tariff.Month, gap int) string {
	if found == 0 {
		return fmt.Sprintf("No edition of Part VIIIA for %s or the %d months before is loaded. Load it with: pestle tariff load FILE", month, lookBack)
	}
	return fmt.Sprintf("The newest edition of Part VIIIA for %s is that of %s, and the fee schedule allows a gap of %d months. Load the one of %s with: pestle tariff load FILE", month, found, gap, month)
}

func readEdition(data []byte, month tariff.Month) (*tariff.Edition, []fhir.Issue) {
	return tariff.ReadEdition(data, tariff.Source{Month: month})
}

func readConcessions(data []byte) (tariff.Concessions, []fhir.Issue) {
	return tariff.ReadConcessions(data, nil)
}

// anyMonth is a reader that needs no month.
func anyMonth[T any](read func([]byte) (T, []fhir.Issue)) func([]byte, tariff.Month) (T, []fhir.Issue) {
	return func(data []byte, _ tariff.Month) (T, []fhir.Issue) { return read(data) }
}

// newest is the file of a kind for the month, or the last one before it.
func newest[T any](s *shelf, state fhir.State, kind tariff.Kind, month tariff.Month, read func([]byte, tariff.Month) (T, []fhir.Issue)) (value T, name string, found tariff.Month, err error) {
	for back := range tariff.Month(lookBack + 1) {
		value, name, err = shelved(s, state, BinaryID(kind, month-back), func(data []byte) (T, []fhir.Issue) { return read(data, month-back) })
		if err != nil || name != "" {
			return value, name, month - back, err
		}
	}
	return value, "", 0, nil
}

// shelved is the file in a Binary, parsed; the name is empty where there is none.
func shelved[T any](s *shelf, state fhir.State, id string, read func([]byte) (T, []fhir.Issue)) (value T, name string, err error) {
	v, err := state.Current("Binary", id)
	if err != nil || v == nil || v.Deleted() {
		return value, "", err
	}
	name = v.Ref() + "/_history/" + v.VersionID
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, ok := s.parsed[name].(T); ok {
		return have, name, nil
	}
	data, err := fileIn(state, v)
	if err != nil {
		return value, name, err
	}
	value, issues := read(data)
	if fhir.HasErrors(issues) {
		return value, name, &fhir.Error{Op: "tariff", Kind: fhir.Processing, Issues: issues}
	}
	if s.parsed == nil || len(s.parsed) >= keep {
		s.parsed = map[string]any{}
	}
	s.parsed[name] = value
	return value, name, nil
}
