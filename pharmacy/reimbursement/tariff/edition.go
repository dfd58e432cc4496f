package tariff

import (
	"math/big"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/sheet"
)

// Pack is one row of Part VIIIA: the basic price of a pack of a generic.
type Pack struct {
	Medicine string   // the product's name in dm+d
	Size     *big.Rat // how many units the pack holds
	Unit     string   // "tablet", "ml"
	VMP      string   // SNOMED CT id of the product
	VMPP     string   // SNOMED CT id of the pack
	Category string   // "A", "C", "H", "M", or one that is yet to come
	Price    int64    // basic price in pence
	Line     int      // of the file
}

// Edition is Part VIIIA of the Drug Tariff as published for one month.
type Edition struct {
	Month Month
	Title string // the title line, as published
	Packs []Pack
	byVMP map[string][]int
}

// Of gives the packs listed for a product (VMP), in the order of the file.
func (e *Edition) Of(vmp string) []Pack {
	var packs []Pack
	for _, i := range e.byVMP[vmp] {
		packs = append(packs, e.Packs[i])
	}
	return packs
}

// Source says where a file came from, as far as the one who loads it knows.
type Source struct {
	File  string // its name; the month is read from it where the title lacks one
	Month Month  // the month it is for, zero to read it from title and name
}

// categoryText is how the file writes a category.
var categoryText = regexp.MustCompile(`(?i)^part\s+viiia\s+category\s+([A-Z][A-Z0-9]{0,2})$`)

// ReadEdition reads the CSV that the NHSBSA publishes for Part VIIIA: a title
// line, an empty line, then a header whose unit column has no name. The edition
// is nil when any issue is an error; warnings stand beside an edition.
func ReadEdition(data []byte, source Source) (*Edition, []fhir.Issue) {
	s := readTable(data, false, "Medicine", "Pack size", "VMP Snomed Code", "VMPP Snomed Code", "Drug Tariff Category", "Basic Price")
	e := &Edition{Title: s.Title, byVMP: map[string][]int{}}
	seen := map[string]int{}
	if s.HasHeader() {
		e.Month = s.month(source)
		e.Packs = make([]Pack, 0, s.Lines())
		seen = make(map[string]int, s.Lines())
	}
	for r := range s.Rows() {
		if name, at := s.Cell(r, "Medicine"); name != "" && r.Filled() == 1 {
			s.Warn(at, "This row has text and no price, and is passed over: "+strconv.Quote(name)+".")
			continue
		}
		p := s.pack(r)
		_, at := s.Cell(r, "VMPP Snomed Code")
		if i, twice := seen[p.VMPP]; twice {
			s.duplicate(at, e.Packs[i], p)
			continue
		}
		if of := e.byVMP[p.VMP]; len(of) > 0 && p.Medicine != "" && e.Packs[of[0]].Medicine != "" && sheet.Normal(e.Packs[of[0]].Medicine) != sheet.Normal(p.Medicine) {
			_, named := s.Cell(r, "Medicine")
			s.Warn(named, "Product "+p.VMP+" has another name here than in line "+strconv.Itoa(e.Packs[of[0]].Line)+" ("+strconv.Quote(e.Packs[of[0]].Medicine)+"): the code counts.")
		}
		seen[p.VMPP] = len(e.Packs)
		e.byVMP[p.VMP] = append(e.byVMP[p.VMP], len(e.Packs))
		e.Packs = append(e.Packs, p)
	}
	if len(e.Packs) == 0 && !fhir.HasErrors(s.Issues) {
		s.Fail(fhir.Position{Line: 1, Column: 1}, fhir.Structure, "The file lists no packs.", "", "")
	}
	if fhir.HasErrors(s.Issues) {
		return nil, s.Issues
	}
	return e, s.Issues
}

func (s *table) pack(r sheet.Row) Pack {
	return Pack{
		Medicine: s.text(r, "Medicine"),
		Size:     s.amount(r, "Pack size"),
		Unit:     s.text(r, "Unit"),
		VMP:      s.snomed(r, "VMP Snomed Code"),
		VMPP:     s.snomed(r, "VMPP Snomed Code"),
		Category: s.category(r),
		Price:    s.pence(r, "Basic Price"),
		Line:     r.Line(),
	}
}

func (s *table) category(r sheet.Row) string {
	v, at := s.Cell(r, "Drug Tariff Category")
	m := categoryText.FindStringSubmatch(v)
	if m == nil {
		s.Fail(at, fhir.ValueCode, "Drug Tariff Category is not understood.", "\"Part VIIIA Category\" and a letter, such as Part VIIIA Category M", strconv.Quote(v))
		return ""
	}
	return strings.ToUpper(m[1])
}

func (s *table) duplicate(at fhir.Position, first, second Pack) {
	if first.Price == second.Price && first.Category == second.Category && first.Size.Cmp(second.Size) == 0 {
		s.Warn(at, "Pack "+second.VMPP+" is listed again with the same price; the row is passed over.")
		return
	}
	s.Fail(at, fhir.Duplicate, "Pack "+second.VMPP+" is listed twice with different prices.",
		"one row for each VMPP", "line "+strconv.Itoa(first.Line)+": "+strconv.FormatInt(first.Price, 10)+"p, here "+strconv.FormatInt(second.Price, 10)+"p")
}

// month settles which month the edition is for. The title, the file name and
// the loader must not contradict each other.
func (s *table) month(source Source) Month {
	top := fhir.Position{Line: 1, Column: 1}
	title, name := findMonth(s.Title), findMonth(path.Base(source.File))
	got := title
	if got.year == 0 && (got.month == 0 || name.month == got.month) {
		got = name
	}
	if source.Month == 0 {
		switch {
		case title.month != 0 && name.month != 0 && title.month != name.month:
			s.Fail(top, fhir.Conflict, "The title and the file's name say different months.", "", title.month.String()+" and "+name.month.String())
		case !got.complete():
			s.Fail(top, fhir.Required, "Neither the title nor the file's name says month and year.", "the month, given as 2026-11 when loading", strconv.Quote(s.Title))
		}
		if !got.complete() {
			return 0
		}
		return NewMonth(got.year, got.month)
	}
	if wrong := title.month != 0 && title.month != source.Month.Month() || title.year != 0 && title.year != source.Month.Year(); wrong {
		s.Fail(top, fhir.Conflict, "The title says another month than the one given.", source.Month.String(), strconv.Quote(s.Title))
	}
	return source.Month
}

// FirstOfMonth is the day on which the edition takes effect.
func (e *Edition) FirstOfMonth() time.Time { return e.Month.First() }
