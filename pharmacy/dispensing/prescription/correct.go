package prescription

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/numeral"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Correction is what a pharmacist has put right on a paper prescription, indelibly and
// under their name: MDR 16(1A), (1B). The order stays as it was sent.
type Correction struct {
	Item     string
	Kind     string // typographical, quantity
	Element  string // what was amended: medicine, dose, quantityWords, patient, prescriber
	From, To string
	Amended  bool // the form itself was amended
	Who      Party
	When     string
	Note     string
}

//go:embed corrections.tsv
var correctionsTSV string

// correctionKind is a row of corrections.tsv.
type correctionKind struct {
	from     nhs.Date
	name     string
	elements []string
	most     int // letters that may differ, -1 for any number
}

var correctionKinds = func() (list []correctionKind) {
	for cells := range rows(correctionsTSV, 5) {
		k := correctionKind{nhs.ReadDate(cells[0]), cells[1], strings.Fields(cells[2]), -1}
		if n, err := strconv.Atoi(cells[3]); err == nil {
			k.most = n
		}
		list = append(list, k)
	}
	return list
}()

// correct records what a pharmacist has put right on the paper original. Everything
// else goes back to the prescriber.
func correct(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	r.Classify(p)
	c := q.Correction
	lines, issues := p.meant(q)
	add := func(at string, issue fhir.Issue) {
		issue.Severity, issue.Code, issue.Rule, issue.Expression = fhir.Err, fhir.BusinessRule, "MDR-16-1A", q.place(at)
		issues = append(issues, issue)
	}
	if len(issues) > 0 {
		return Outcome{}, issues
	}
	l := lines[0]
	switch {
	case len(lines) != 1:
		add("item", fhir.Issue{Message: "A correction is of one item.", Expected: "one item", Found: strconv.Itoa(len(lines))})
	case !r.onPaper(p, l):
		// HMR-219: what was signed electronically is never altered.
		add("item", fhir.Issue{Message: "The item is not written on paper, and what was signed electronically is not corrected.", Expected: "a private prescription for a drug of schedule 2 or 3", Found: "prescription type " + fhir.OrNothing(p.Type),
			Fix: "Ask the prescriber with $query, newPrescription = true: to cancel it, and to prescribe anew."})
	case len(p.Originals) == 0:
		add("item", fhir.Issue{Message: "A correction is made on the paper original, which is not in hand.", Expected: "a record of the paper original", Found: "none", Fix: "Record it with Task/$record-original."})
	case !c.Amended:
		add("amended", fhir.Issue{Message: "The form itself is amended, indelibly and with the pharmacist's name.", Expected: "amended = true", Found: "false"})
	}
	kind, ok := inForce(correctionKinds, func(k correctionKind) nhs.Date { return k.from }, func(k correctionKind) bool { return k.name == c.Kind }, p.Appropriate(false))
	switch {
	case !ok:
		add("kind", fhir.Issue{Message: "A pharmacist may not correct this.", Expected: "typographical or quantity", Found: fhir.OrNothing(c.Kind), Fix: "Ask the prescriber with $query."})
	case !slices.Contains(kind.elements, c.Element):
		add("element", fhir.Issue{Message: "This is not corrected by a pharmacist as " + c.Kind + ".", Expected: "one of " + strings.Join(kind.elements, ", "), Found: fhir.OrNothing(c.Element), Fix: "Ask the prescriber with $query."})
	default:
		if why := l.mayCorrect(r.Medicines, kind, &c, p.Appropriate(false)); why != "" {
			add("to", fhir.Issue{Message: why, Expected: "a minor typographical error, or the quantity that was given in figures alone", Found: fhir.OrNothing(c.From) + " to " + fhir.OrNothing(c.To), Fix: "Ask the prescriber with $query."})
		}
	}
	if len(issues) > 0 {
		return Outcome{}, issues
	}
	c.Item, c.Who, c.When, c.Note = l.Item, q.By, q.At(), q.Words
	p.Corrections = append(slices.Clip(p.Corrections), c)
	for _, h := range p.Standing(l) {
		if h.Code == HoldWords && c.Element == quantityWords {
			p.Release(HoldRelease{Hold: h, Who: q.By, When: q.At(), Reason: fmt.Sprintf("Corrected on the paper original from %q to %q (MDR 16(1A), (1B)).", c.From, c.To)})
		}
	}
	return Outcome{After: p}, nil
}

// quantityWords is the element of a correction that is the quantity in words.
const quantityWords = "quantityWords"

// longest is how long a text is that is corrected.
const longest = 500

// mayCorrect says why a correction is more than a pharmacist may do, "" where it is
// not.
func (l *Line) mayCorrect(f Formulary, kind correctionKind, c *Correction, on nhs.Date) string {
	if c.Element == quantityWords {
		c.From = l.Words // as the order has it
		if n, ok := numeral.Quantity(c.To); !ok || !l.Quantity.Value.Equal(n) {
			return "The quantity in words must be the one in figures, " + l.Quantity.Value.String() + "."
		}
	}
	switch from, to := strings.TrimSpace(c.From), strings.TrimSpace(c.To); {
	case len(from) > longest || len(to) > longest:
		return fmt.Sprintf("The text is too long: at most %d characters.", longest)
	case to == "" || from == to, kind.most >= 0 && from == "":
		return "Nothing is corrected."
	case kind.most < 0:
		if _, ok := numeral.Quantity(from); ok {
			return "The quantity is in words and in figures, and which of the two is meant the prescriber says."
		}
	case figures(from) != figures(to):
		return "A figure that is changed is not a spelling mistake."
	case !slices.Equal(strengths(from), strengths(to)):
		return "Another strength is not a spelling mistake."
	case c.Element == "medicine" && f.otherNamed(from, to, on):
		return "The name that was written is another medicine's, and which is meant the prescriber says."
	case differ([]rune(strings.ToLower(from)), []rune(strings.ToLower(to))) > kind.most:
		return fmt.Sprintf("More than %d letters differ, which is more than a minor error.", kind.most)
	case isAnotherNumber(from, to):
		return "One number is written for another, and which is meant the prescriber says."
	}
	return ""
}

// otherNamed reports whether two names are known as those of different medicines.
func (f Formulary) otherNamed(a, b string, on nhs.Date) bool {
	x, ok := f.substance(a, on)
	y, known := f.substance(b, on)
	return ok && known && x.name != y.name
}

// figures are the digits of a text.
func figures(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) || r == '.' {
			return r
		}
		return -1
	}, text)
}

// isAnotherNumber reports whether a word that differs is a number itself.
func isAnotherNumber(from, to string) bool {
	b := strings.Fields(strings.ToLower(to))
	for i, word := range strings.Fields(strings.ToLower(from)) {
		if _, number := numeral.Read(word); number && (i >= len(b) || b[i] != word) {
			return true
		}
	}
	return false
}

// differ is the number of letters that are put in, left out, exchanged, or swapped
// with their neighbour, to make one text of the other.
func differ(a, b []rune) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	var earlier []int
	for j := range row {
		row[j] = j
	}
	for i := range a {
		earlier, before, row = before, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(before[j+1]+1, row[j]+1, before[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], earlier[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
