package profiles

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

const (
	coreExtension = "http://hl7.org/fhir/StructureDefinition/"
	sdcExtension  = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
)

// answer holds one answer to the type, the options and the limits of its
// question.
func (r *response) answer(answer, question fhir.Node) {
	value, typ := variant(answer, "value")
	if !value.Exists() {
		return
	}
	if kinds := answerTypes(question); len(kinds) > 0 && !slices.Contains(kinds, typ) {
		slices.Sort(kinds)
		severity := fhir.Err
		if question.Get("type").Text() == "choice" && !question.Get("answerOption").Exists() && slices.Contains(plainOptions, typ) {
			severity = fhir.Warning // an option that the questionnaire does not list
		}
		r.w.add(value, fhir.Issue{Severity: severity, Code: fhir.Invariant, Rule: "questionnaire-type", Message: "The answer is of another type than the question asks for.",
			Expected: anyOf(slices.Compact(kinds), 6), Found: typ})
		return
	}
	r.option(answer, value, typ, question)
	r.limits(value, typ, question)
	switch typ {
	case "string":
		r.text(value, question)
	case "decimal":
		r.decimals(value, question)
	case "Quantity":
		r.unit(value, question)
	case "Attachment":
		r.attachment(answer, value, question)
	case "Reference":
		r.reference(value, question)
	}
}

// plainOptions are the types that an option of a choice may have besides Coding.
var plainOptions = []string{"integer", "date", "time", "string"}

func (r *response) wrong(n fhir.Node, message, expected, found string) {
	r.w.add(n, fhir.Issue{Code: fhir.Invariant, Rule: "questionnaire-answer", Message: message, Expected: expected, Found: short(found)})
}

// option asks that the answer is one of the options, where there are any. The
// free text of an open choice may be anything.
func (r *response) option(answer, value fhir.Node, typ string, question fhir.Node) {
	options := question.Get("answerOption")
	if set := question.Get("answerValueSet").Text(); set != "" && typ == "Coding" && r.outside(set, question, value) {
		r.wrong(answer, "The answer is not in the value set of the question.", "a code of "+set, valueText(value))
		return
	}
	if !options.Exists() || question.Get("type").Text() == "open-choice" && typ == "string" {
		return
	}
	var all []string
	for o := range options.Items() {
		v, t := variant(o, "value")
		if t == typ && sameValue(v, value) {
			return
		}
		all = append(all, valueText(v))
	}
	place := value
	if typ == "Coding" {
		place = answer
	}
	r.wrong(place, "The answer is none of the options.", "one of "+anyOf(all, 12), valueText(value))
}

// outside reports whether a code is surely not in a value set, one that is known
// here or contained in the questionnaire.
func (r *response) outside(set string, question, code fhir.Node) bool {
	l := r.w.v.library
	if l == nil {
		return false
	}
	v := l.terms.ValueSet(set)
	if id, local := strings.CutPrefix(set, "#"); local {
		of := question.Resource()
		contained := of.Root().Contained(id)
		if !contained.Exists() {
			return false
		}
		v = definition.ReadValueSet(of.Sub(contained))
	}
	if v != nil && !code.Get("system").Exists() && !has(code, "system") {
		return true // a code means nothing without its system
	}
	return v != nil && l.terms.MemberOf(v, code.Get("system").Text(), code.Get("version").Text(), code.Get("code").Text()).Verdict == terminology.Out
}

// sameValue compares answers: codings by system and code, references by their
// literal, the rest as written.
func sameValue(a, b fhir.Node) bool {
	if a.Kind() != fhir.Object || b.Kind() != fhir.Object {
		return a.Text() == b.Text()
	}
	for _, part := range [...]string{"system", "code", "reference"} {
		if a.Get(part).Text() != b.Get(part).Text() {
			return false
		}
	}
	return a.Get("code").Exists() || a.Get("reference").Exists()
}

func valueText(v fhir.Node) string {
	if v.Kind() != fhir.Object {
		return v.Text()
	}
	for _, part := range [...]string{"code", "reference", "value", "display"} {
		if t := v.Get(part).Text(); t != "" {
			return t
		}
	}
	return v.Brief()
}

// limits are the extensions minValue and maxValue, for quantities minQuantity
// and maxQuantity.
func (r *response) limits(value fhir.Node, typ string, question fhir.Node) {
	least, most := coreExtension+"minValue", coreExtension+"maxValue"
	if typ == "Quantity" {
		r.quantityLimit(value, extensionOf(question, least, sdcExtension+"minQuantity", coreExtension+"questionnaire-minQuantity"), true)
		r.quantityLimit(value, extensionOf(question, most, sdcExtension+"maxQuantity", coreExtension+"questionnaire-maxQuantity"), false)
		return
	}
	if limit := extensionOf(question, least); limit.Exists() && r.w.compare(value, limit, "<") {
		r.wrong(value, "The answer is below the least that is allowed.", limit.Text()+" or more", value.Text())
	}
	if limit := extensionOf(question, most); limit.Exists() && r.w.compare(value, limit, ">") {
		r.wrong(value, "The answer is above the most that is allowed.", limit.Text()+" or less", value.Text())
	}
}

func (r *response) quantityLimit(value, limit fhir.Node, least bool) {
	if !limit.Exists() {
		return
	}
	operator, what := ">", " or less"
	if least {
		operator, what = "<", " or more"
	}
	expected := valueWithUnit(limit) + what
	switch {
	case !value.Get("code").Exists() || !limit.Get("code").Exists() || !r.w.comparable(value, limit):
		r.wrong(value, "The quantity cannot be compared with its limit.", expected+", in a UCUM unit of the same kind", valueWithUnit(value))
	case r.w.compare(value, limit, operator):
		r.wrong(value, "The quantity is beyond its limit.", expected, valueWithUnit(value))
	}
}

func valueWithUnit(q fhir.Node) string {
	unit := q.Get("unit").Text()
	if code := q.Get("code").Text(); code != "" {
		unit = code
	}
	return strings.TrimSpace(q.Get("value").Text() + " " + unit)
}

func (r *response) text(value, question fhir.Node) {
	length := utf8.RuneCountInString(value.Text())
	if least, err := strconv.Atoi(extensionOf(question, coreExtension+"minLength").Text()); err == nil && length < least {
		r.wrong(value, "The answer is too short.", fmt.Sprintf("at least %d characters", least), strconv.Itoa(length))
	}
	if most, err := strconv.Atoi(question.Get("maxLength").Text()); err == nil && length > most {
		r.wrong(value, "The answer is too long.", fmt.Sprintf("at most %d characters", most), strconv.Itoa(length))
	}
	pattern := extensionOf(question, coreExtension+"regex").Text()
	if pattern == "" {
		return
	}
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	if err == nil && !re.MatchString(value.Text()) {
		expected := "text of the form " + pattern
		if form := extensionOf(question, coreExtension+"entryFormat").Text(); form != "" {
			expected = form
		}
		r.wrong(value, "The answer is not of the form that is asked for.", expected, value.Text())
	}
}

func (r *response) decimals(value, question fhir.Node) {
	most, err := strconv.Atoi(extensionOf(question, coreExtension+"maxDecimalPlaces").Text())
	_, places, _ := strings.Cut(value.Text(), ".")
	if err == nil && len(places) > most {
		r.wrong(value, "The answer has too many decimal places.", fmt.Sprintf("at most %d", most), value.Text())
	}
}

// unit holds a quantity to the units that the question offers.
func (r *response) unit(value, question fhir.Node) {
	var all []string
	for e := range question.Get("extension").Items() {
		if e.Get("url").Text() != coreExtension+"questionnaire-unitOption" {
			continue
		}
		option := e.Get("valueCoding")
		if option.Get("system").Text() == value.Get("system").Text() && option.Get("code").Text() == value.Get("code").Text() {
			return
		}
		all = append(all, option.Get("code").Text())
	}
	if set := extensionOf(question, coreExtension+"questionnaire-unitValueSet").Text(); set != "" && r.outside(set, question, value) {
		r.wrong(value, "The unit is not in the value set of units that the question offers.", "a unit of "+set, valueWithUnit(value))
	}
	if len(all) > 0 {
		r.wrong(value, "The unit is none of those that the question offers.", "one of "+anyOf(all, 12), valueWithUnit(value))
	}
}

func (r *response) attachment(answer, value, question fhir.Node) {
	var all []string
	for e := range question.Get("extension").Items() {
		if e.Get("url").Text() == coreExtension+"mimeType" {
			all = append(all, e.Get("valueCode").Text())
		}
	}
	r.size(answer, value, question)
	typ := value.Get("contentType").Text()
	if len(all) > 0 && !slices.Contains(all, typ) {
		r.w.add(answer, fhir.Issue{Code: fhir.Invariant, Rule: "questionnaire-answer", Message: "The attachment is of a type that the question does not take.",
			Expected: anyOf(all, 12), Found: short(typ)})
	}
}

func (r *response) reference(value, question fhir.Node) {
	var all []string
	for e := range question.Get("extension").Items() {
		if e.Get("url").Text() == coreExtension+"questionnaire-referenceResource" {
			all = append(all, e.Get("valueCode").Text())
		}
	}
	typ := r.w.targetType(value, "reference")
	if typ == "" {
		typ = value.Get("type").Text()
	}
	if len(all) > 0 && typ != "" && !slices.Contains(all, typ) {
		r.wrong(value, "The reference is to a resource of a type that the question does not take.", anyOf(all, 12), typ)
	}
}
