package profiles

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// questionnaireRules holds the options and initial values of each item to its
// type, and follows each enableWhen to the question it names: that exists, is not
// part of the item that depends on it, and better comes before.
func questionnaireRules(w *walk, n fhir.Node, _ *r4.Type) {
	questions := map[string]fhir.Node{}
	collectItems(n, questions)
	w.enableWhen(n, questions)
	w.itemValues(n)
}

// itemValues asks that what an item offers and begins with are values that its
// type can have (R4, Questionnaire.item.type). That groups and displays begin with
// none is que-8.
func (w *walk) itemValues(holder fhir.Node) {
	for i := item(holder.Get("item")); i.Exists(); i = i.Next() {
		typ := i.Get("type").Text()
		if set := i.Get("answerValueSet"); set.Exists() && typ != "" && typ != "choice" && typ != "open-choice" && typ != "group" && typ != "display" {
			issue := itemIssue("The answers of a value set are codes: only an item of the type choice or open-choice has them.", "choice or open-choice", typ)
			issue.Severity = fhir.Warning // the words of que-5 say so, its expression does not
			w.addAt(i, set, issue)
		}
		for o := item(i.Get("answerOption")); o.Exists(); o = o.Next() {
			if typ == "group" || typ == "display" {
				w.add(o, itemIssue("An item of the type "+typ+" takes no answer, so it has no options.", "no answerOption", typ))
				continue
			}
			w.itemValue(o, typ, "option")
		}
		for v := item(i.Get("initial")); v.Exists(); v = v.Next() {
			w.itemValue(v, typ, "initial value")
		}
		w.itemValues(i)
	}
}

func (w *walk) itemValue(n fhir.Node, typ, what string) {
	_, actual := variant(n, "value")
	if kinds := itemKinds(typ); actual != "" && len(kinds) > 0 && !slices.Contains(kinds, actual) {
		w.add(n, itemIssue("The "+what+" is of another type than the answers to an item of the type "+typ+".", anyOf(kinds, 6), actual))
	}
}

func itemIssue(message, expected, found string) fhir.Issue {
	return fhir.Issue{Code: fhir.BusinessRule, Rule: "questionnaire-item", Message: message, Expected: expected, Found: found}
}

// itemKinds are the types that the values of an item of a type may have: those of
// a choice any that R4 lists for options.
func itemKinds(typ string) []string {
	if typ == "choice" || typ == "open-choice" {
		return choiceKinds
	}
	return valueTypes(typ)
}

var choiceKinds = append([]string{"Coding", "Reference"}, plainOptions...)

func collectItems(holder fhir.Node, by map[string]fhir.Node) {
	for i := range holder.Get("item").Items() {
		if id := i.Get("linkId").Text(); id != "" {
			if _, there := by[id]; !there {
				by[id] = i
			}
		}
		collectItems(i, by)
	}
}

func (w *walk) enableWhen(holder fhir.Node, questions map[string]fhir.Node) {
	for i := range holder.Get("item").Items() {
		for e := range i.Get("enableWhen").Items() {
			w.condition(i, e, questions)
		}
		w.enableWhen(i, questions)
	}
}

func (w *walk) condition(item, when fhir.Node, questions map[string]fhir.Node) {
	name := when.Get("question").Text()
	if name == "" {
		return
	}
	question, ok := questions[name]
	issue := fhir.Issue{Code: fhir.BusinessRule, Rule: "enable-when", Found: short(name)}
	switch {
	case !ok:
		issue.Message, issue.Expected = "The question that this item depends on is not there.", "the linkId of an item of the questionnaire"
		var all []string
		for id := range questions {
			all = append(all, id)
		}
		if near := spelling.Nearest(name, all, 1); len(near) > 0 {
			issue.Fix = "Write " + quoteShort(near[0]) + "."
		}
	case question.Index() >= item.Index() && question.Index() <= lastIndex(item):
		issue.Message, issue.Expected = "An item cannot depend on itself or on a question inside it.", "a question outside of the item"
	case question.Index() > item.Index():
		issue.Severity = fhir.Warning
		issue.Message, issue.Expected = "The item depends on a question that is asked later.", "a question before the item"
	default:
		w.conditionType(item, when, question)
		return
	}
	w.addAt(item, when, issue)
}

// conditionType compares the type of the expected answer with that of the
// question.
func (w *walk) conditionType(item, when, question fhir.Node) {
	if when.Get("operator").Text() == "exists" {
		return
	}
	answer, typ := variant(when, "answer")
	kinds := answerTypes(question)
	if !answer.Exists() || len(kinds) == 0 {
		return
	}
	for _, k := range kinds {
		if k == typ {
			return
		}
	}
	w.addAt(item, when, fhir.Issue{Code: fhir.BusinessRule, Rule: "enable-when", Message: "The question never has an answer of this type.",
		Expected: anyOf(kinds, 6), Found: typ})
}

// variant finds which type a choice element has: for value[x] the member
// valueCoding and its type Coding.
func variant(n fhir.Node, name string) (value fhir.Node, typ string) {
	for m := n.First(); m.Exists(); m = m.Next() {
		rest := m.Name()
		if len(rest) <= len(name) || rest[:len(name)] != name {
			continue
		}
		rest = rest[len(name):]
		if t := r4.TypeOf(rest); t != nil {
			return m, rest
		}
		if t := r4.TypeOf(string(rest[0]|0x20) + rest[1:]); t != nil {
			return m, t.Name
		}
	}
	return fhir.Node{}, ""
}

// answerTypes lists the types that an answer to the question may have (R4
// value set item-type); none for a question that takes any or no answer.
func answerTypes(question fhir.Node) []string {
	switch t := question.Get("type").Text(); t {
	case "choice":
		return optionTypes(question, "Coding")
	case "open-choice":
		return optionTypes(question, "Coding", "string")
	default:
		return valueTypes(t)
	}
}

// valueTypes lists the types that the answers to an item of a type have, where the
// item itself does not change that.
func valueTypes(item string) []string {
	switch item {
	case "boolean", "decimal", "integer", "date", "dateTime", "time", "string":
		return []string{item}
	case "text":
		return []string{"string"}
	case "url":
		return []string{"uri"}
	case "attachment":
		return []string{"Attachment"}
	case "reference":
		return []string{"Reference"}
	case "quantity":
		return []string{"Quantity"}
	}
	return nil
}

// optionTypes are the types of the options that a question offers, beside
// those it always takes.
func optionTypes(question fhir.Node, types ...string) []string {
	for o := range question.Get("answerOption").Items() {
		if _, t := variant(o, "value"); t != "" {
			types = append(types, t)
		}
	}
	return types
}
