package profiles

import (
	"fmt"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// response is the check of a QuestionnaireResponse against its Questionnaire.
type response struct {
	w        *walk
	root     fhir.Node
	complete bool // required items are asked for
	known    map[string]fhir.Node
}

// responseRules finds the questionnaire of a response and compares the two.
func responseRules(w *walk, n fhir.Node, _ *r4.Type) {
	name := n.Get("questionnaire")
	if name.Text() == "" {
		return
	}
	questionnaire := w.localTarget(name.Text())
	if !questionnaire.Exists() {
		if r := w.definition("Questionnaire", name.Text()); r != nil {
			questionnaire = r.Root()
		}
	}
	switch typ := questionnaire.Get("resourceType").Text(); {
	case !questionnaire.Exists():
		w.add(name, fhir.Issue{Severity: fhir.Information, Code: fhir.NotFound, Rule: "questionnaire",
			Message: "The answers are not checked: the questionnaire is not known here.", Found: short(name.Text())})
		return
	case typ != "Questionnaire":
		w.add(name, fhir.Issue{Code: fhir.Invalid, Rule: "questionnaire", Message: "The resource with this canonical is no questionnaire.",
			Expected: "the canonical of a Questionnaire", Found: typ})
		return
	}
	status := n.Get("status").Text()
	r := response{w: w, root: n, complete: status == "completed" || status == "amended", known: map[string]fhir.Node{}}
	collectItems(questionnaire, r.known)
	r.items(n, questionnaire)
}

// items compares the items of one level: of the response, a group or an answer.
func (r *response) items(holder, definition fhir.Node) {
	given := map[string][]fhir.Node{}
	defined := map[string]bool{}
	for d := range definition.Get("item").Items() {
		defined[d.Get("linkId").Text()] = true
	}
	for i := range holder.Get("item").Items() {
		id := i.Get("linkId").Text()
		if id != "" && !defined[id] {
			r.stray(holder, i, id)
		}
		given[id] = append(given[id], i)
	}
	last := -1
	for d := range definition.Get("item").Items() {
		items := given[d.Get("linkId").Text()]
		if len(items) > 0 {
			if items[0].Index() < last {
				r.w.add(items[0], fhir.Issue{Code: fhir.Invalid, Rule: "questionnaire-order", Message: "The items are not in the order of the questionnaire.",
					Found: short(items[0].Get("linkId").Text()), Fix: "Put the items in the order in which they are asked."})
			}
			last = items[0].Index()
		}
		r.item(holder, d, items)
	}
}

func (r *response) stray(holder, item fhir.Node, id string) {
	i := fhir.Issue{Code: fhir.NotFound, Rule: "questionnaire-link", Message: "The questionnaire has no item with this linkId here.", Found: short(id)}
	if _, ok := r.known[id]; ok {
		i.Code, i.Fix = fhir.Structure, "The questionnaire has it elsewhere: put it into the group or answer to which it belongs."
	} else {
		var all []string
		for name := range r.known {
			all = append(all, name)
		}
		if near := spelling.Nearest(id, all, 1); len(near) > 0 {
			i.Fix = "Write " + quoteShort(near[0]) + "."
		}
	}
	r.w.addAt(holder, item, i)
}

// item compares the items given under one linkId with its definition.
func (r *response) item(holder, definition fhir.Node, items []fhir.Node) {
	typ := definition.Get("type").Text()
	if !r.enabled(definition, holder) {
		for _, i := range items {
			if i.Get("answer").Exists() || i.Get("item").Exists() {
				r.w.add(i, fhir.Issue{Code: fhir.Invalid, Rule: "enable-when", Message: "The item is answered, but not to be asked: the condition of its enableWhen does not hold.",
					Found: short(i.Get("linkId").Text()), Fix: "Leave the item out."})
			}
		}
		return
	}
	if len(items) == 0 {
		if r.complete && definition.Get("required").Bool() && typ != "display" {
			r.required(holder, definition)
		}
		return
	}
	if len(items) > 1 && !(typ == "group" && definition.Get("repeats").Bool()) {
		r.w.add(items[1], fhir.Issue{Code: fhir.Invalid, Rule: "questionnaire-repeat", Message: "There are several items with this linkId, but it does not repeat.",
			Expected: "one item", Found: strconv.Itoa(len(items)), Fix: "Give several answers in one item where the question repeats."})
	}
	for _, i := range items {
		r.wording(i, definition)
		switch typ {
		case "group":
			r.group(i, definition)
		case "display":
			if i.Get("answer").Exists() {
				r.w.add(i, fhir.Issue{Code: fhir.Structure, Rule: "questionnaire-type", Message: "A display item has no answer.", Fix: "Leave the answer out."})
			}
		case "question":
			if i.Get("answer").Exists() {
				r.w.add(i, fhir.Issue{Code: fhir.Structure, Rule: "questionnaire-type", Message: "The type question is abstract: it says nothing of the answers, so there are none.",
					Fix: "Leave the answer out, or give the item of the questionnaire the type of its answers."})
			}
		default:
			r.question(i, definition)
		}
	}
}

func (r *response) required(place, definition fhir.Node) {
	r.w.add(place, fhir.Issue{Code: fhir.Required, Rule: "questionnaire-required", Message: "The questionnaire requires an answer.",
		Expected: "an answer to the item " + short(definition.Get("linkId").Text()), Found: "none"})
}

func (r *response) group(item, definition fhir.Node) {
	if item.Get("answer").Exists() {
		r.w.add(item, fhir.Issue{Code: fhir.Structure, Rule: "questionnaire-type", Message: "A group has items, no answer.", Fix: "Move the answer to a question of the group."})
	}
	if r.complete && definition.Get("required").Bool() && !item.Get("item").Exists() {
		r.w.add(item, fhir.Issue{Code: fhir.Invariant, Rule: "questionnaire-required", Message: "The group is required, but empty.",
			Expected: "at least one item of the group", Found: "none"})
	}
	if item.Get("item").Exists() || r.complete {
		r.items(item, definition)
	}
}

func (r *response) question(item, definition fhir.Node) {
	answers := item.Get("answer")
	count := answers.Len()
	if count == 0 && r.complete && definition.Get("required").Bool() {
		r.required(item, definition)
	}
	if item.Get("item").Exists() {
		r.w.add(item, fhir.Issue{Code: fhir.Structure, Rule: "questionnaire-type", Message: "The items under a question stand in its answer.", Fix: "Move item into answer."})
	}
	if count > 1 && !definition.Get("repeats").Bool() {
		r.w.add(item, fhir.Issue{Code: fhir.Invalid, Rule: "questionnaire-repeat", Message: "The question does not repeat, so it has one answer.",
			Expected: "one answer", Found: strconv.Itoa(count)})
	}
	r.occurrences(item, definition, count)
	r.exclusive(answers, definition)
	for a := range answers.Items() {
		r.answer(a, definition)
		r.items(a, definition)
	}
}

// occurrences holds the number of answers to the limits of the extensions
// questionnaire-minOccurs and -maxOccurs.
func (r *response) occurrences(item, definition fhir.Node, count int) {
	least, err := strconv.Atoi(extensionOf(definition, "http://hl7.org/fhir/StructureDefinition/questionnaire-minOccurs").Text())
	if err == nil && count < least && r.complete {
		r.w.add(item, fhir.Issue{Code: fhir.Invalid, Rule: "questionnaire-occurs", Message: "The question has too few answers.",
			Expected: fmt.Sprintf("at least %d", least), Found: strconv.Itoa(count)})
	}
	most, err := strconv.Atoi(extensionOf(definition, "http://hl7.org/fhir/StructureDefinition/questionnaire-maxOccurs").Text())
	if err == nil && count > most {
		r.w.add(item, fhir.Issue{Code: fhir.Invalid, Rule: "questionnaire-occurs", Message: "The question has too many answers.",
			Expected: fmt.Sprintf("at most %d", most), Found: strconv.Itoa(count)})
	}
}

// extensionOf is the value of the first extension with one of the URLs, absent
// when there is none.
func extensionOf(n fhir.Node, urls ...string) fhir.Node {
	for e := range n.Get("extension").Items() {
		for _, url := range urls {
			if e.Get("url").Text() == url {
				value, _ := extensionValue(e)
				return value
			}
		}
	}
	return fhir.Node{}
}
