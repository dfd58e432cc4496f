package profiles

import (
	"fmt"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
)

// exclusive asks that an answer which excludes all others is alone: an option with
// the extension questionnaire-optionExclusive, such as "none of these".
func (r *response) exclusive(answers, question fhir.Node) {
	if answers.Len() < 2 {
		return
	}
	for o := range question.Get("answerOption").Items() {
		if !extensionOf(o, coreExtension+"questionnaire-optionExclusive").Bool() {
			continue
		}
		v, typ := variant(o, "value")
		for a := range answers.Items() {
			if value, t := variant(a, "value"); t == typ && sameValue(v, value) {
				r.w.add(a, fhir.Issue{Code: fhir.Invariant, Rule: "questionnaire-answer", Message: "The answer excludes all others, and there are others.",
					Expected: "this answer alone", Found: strconv.Itoa(answers.Len()) + " answers"})
			}
		}
	}
}

// wording asks that the text of an item is that of the questionnaire, in one of its
// languages: who reads the answers later reads what was asked.
func (r *response) wording(item, definition fhir.Node) {
	text, asked := item.Get("text").Text(), definition.Get("text").Text()
	if text == "" || asked == "" || text == asked {
		return
	}
	for x := range definition.Path("_text", "extension").Items() {
		for part := range x.Get("extension").Items() {
			if part.Get("url").Text() == "content" && text == part.Get("valueString").Text()+part.Get("valueMarkdown").Text() {
				return
			}
		}
	}
	r.w.add(item, fhir.Issue{Code: fhir.Invalid, Rule: "questionnaire-text", Message: "The text of the item is not that of the questionnaire.",
		Expected: short(asked), Found: short(text), Fix: "Write the text of the questionnaire, or leave text out."})
}

// size compares an attachment with the extension maxSize of its question.
func (r *response) size(answer, value, question fhir.Node) {
	most, err := strconv.ParseFloat(extensionOf(question, coreExtension+"maxSize").Text(), 64)
	if err != nil {
		return
	}
	size := decodedLen(value.Get("data").Text())
	if !value.Get("data").Exists() {
		if size, err = strconv.Atoi(value.Get("size").Text()); err != nil {
			return
		}
	}
	if float64(size) > most {
		r.w.add(answer, fhir.Issue{Code: fhir.Invariant, Rule: "questionnaire-answer", Message: "The attachment is larger than the question takes.",
			Expected: fmt.Sprintf("at most %.0f bytes", most), Found: strconv.Itoa(size)})
	}
}
