package days

import (
	"math/rand/v2"
	"strings"
)

// medicine is what an ADHD clinic orders: a product of dm+d with what the law and
// the register want to know of it.
type medicine struct {
	code, name            string
	class, form, strength string // the page of the register, for a drug of Schedule 2
	unit, words           string
	quantity              int // for 28 days
	dose                  string
	schedule              string // CD2, CD4, CD5, or "" where it is not controlled
	brand                 bool   // modified-release methylphenidate: the brand counts (MHRA, September 2022)
	share                 int    // of 100 orders or so
	other                 [2]string
}

// Other products that are not what was ordered: code and name.
var (
	strengthOfMPH = [2]string{"42014411000001104", "Methylphenidate 20mg tablets"}
	strengthOfXL  = [2]string{"28943011000001100", "Concerta XL 54mg tablets"}
	strengthOfLDX = [2]string{"42013811000001100", "Lisdexamfetamine 70mg capsules"}
	strengthOfATX = [2]string{"42008411000001106", "Atomoxetine 10mg capsules"}
	strengthOfGXR = [2]string{"31087911000001103", "Guanfacine 4mg modified-release tablets"}
	noMedicine    = [2]string{"322236009", "Paracetamol 500mg tablets"}
)

// medicines are the mix: three of five are stimulants of Schedule 2.
var medicines = []medicine{
	{"42014311000001106", "Methylphenidate 10mg tablets", "methylphenidate", "tablets", "10mg", "tablet", "fifty six", 56, "One tablet twice a day", "CD2", false, 10, strengthOfMPH},
	{"711211000001101", "Concerta XL 18mg tablets", "methylphenidate", "modified-release tablets", "18mg", "tablet", "twenty eight", 28, "One tablet in the morning", "CD2", true, 7, strengthOfXL},
	{"615611000001106", "Concerta XL 36mg tablets", "methylphenidate", "modified-release tablets", "36mg", "tablet", "twenty eight", 28, "One tablet in the morning", "CD2", true, 9, strengthOfXL},
	{"42013411000001102", "Lisdexamfetamine 30mg capsules", "lisdexamfetamine", "capsules", "30mg", "capsule", "twenty eight", 28, "One capsule in the morning", "CD2", false, 12, strengthOfLDX},
	{"42013611000001104", "Lisdexamfetamine 50mg capsules", "lisdexamfetamine", "capsules", "50mg", "capsule", "twenty eight", 28, "One capsule in the morning", "CD2", false, 12, strengthOfLDX},
	{"21964011000001101", "Elvanse 50mg capsules", "lisdexamfetamine", "capsules", "50mg", "capsule", "thirty", 30, "One capsule in the morning", "CD2", false, 6, strengthOfLDX},
	{"39708411000001103", "Dexamfetamine 5mg tablets", "dexamfetamine", "tablets", "5mg", "tablet", "fifty six", 56, "One tablet twice a day", "CD2", false, 4, [2]string{"33595811000001106", "Dexamfetamine 10mg tablets"}},
	{"42008711000001100", "Atomoxetine 40mg capsules", "", "", "", "capsule", "", 28, "One capsule in the morning", "", false, 12, strengthOfATX},
	{"42008911000001103", "Atomoxetine 80mg capsules", "", "", "", "capsule", "", 28, "One capsule in the morning", "", false, 8, strengthOfATX},
	{"31087611000001109", "Guanfacine 1mg modified-release tablets", "", "", "", "tablet", "", 28, "One tablet at night", "", false, 6, strengthOfGXR},
	{"31087811000001108", "Guanfacine 3mg modified-release tablets", "", "", "", "tablet", "", 28, "One tablet at night", "", false, 5, strengthOfGXR},
	{"321196004", "Diazepam 2mg tablets", "", "", "", "tablet", "", 14, "One tablet at night when required", "CD4", false, 2, noMedicine},
	{"322341003", "Co-codamol 30mg/500mg tablets", "", "", "", "tablet", "", 100, "Two tablets up to four times a day", "CD5", false, 2, noMedicine},
	{"322237000", "Paracetamol 500mg soluble tablets", "", "", "", "tablet", "", 100, "Two tablets up to four times a day", "", false, 5, noMedicine},
}

// The steps of a titration, each ordered when the one before was supplied.
var titration = []int{3, 4}

// xaggitin is another brand of the tablets that Concerta XL 18mg is one of.
var xaggitin = map[string][2]string{
	"711211000001101": {"34248111000001107", "Xaggitin XL 18mg tablets"},
	"615611000001106": {"34248311000001109", "Xaggitin XL 36mg tablets"},
}

// controlled drugs are approved, and those of Schedules 1 to 3 counted by a second
// person: the pharmacy's policy.
func (m *medicine) controlled() bool { return m.schedule != "" }
func (m *medicine) counted() bool    { return m.schedule == "CD2" }

// onPaper reports whether a private prescription for it is a form on paper, and an
// item of it lasts 28 days: MDR 2001 reg. 15 for Schedules 2 and 3, reg. 16 for 2 to 4.
func (m *medicine) onPaper() bool { return m.schedule == "CD2" }
func (m *medicine) fourWeeks() bool {
	return m.schedule == "CD2" || m.schedule == "CD4"
}

// substance is the first word of a generic name.
func (m *medicine) substance() string {
	first, _, _ := strings.Cut(m.name, " ")
	return first
}

// anyMedicine is one of those that fit, by their shares.
func anyMedicine(rnd *rand.Rand, fits func(*medicine) bool) *medicine {
	total := 0
	for i := range medicines {
		if fits(&medicines[i]) {
			total += medicines[i].share
		}
	}
	n := rnd.IntN(total)
	for i := range medicines {
		if !fits(&medicines[i]) {
			continue
		}
		if n -= medicines[i].share; n < 0 {
			return &medicines[i]
		}
	}
	panic("unreachable")
}

func stimulant(m *medicine) bool    { return m.counted() }
func uncontrolled(m *medicine) bool { return !m.controlled() }
func anything(*medicine) bool       { return true }

// coding is a product as SNOMED CT has it.
func coding(product [2]string) object {
	return object{"system": snomed, "code": product[0], "display": product[1]}
}

var unitCodes = map[string]string{"tablet": "428673006", "capsule": "428641000", "ml": "258773002"}

// amount is a Quantity in a unit.
func amount(n int, unit string) object {
	return object{"value": n, "unit": unit, "system": snomed, "code": unitCodes[unit]}
}
