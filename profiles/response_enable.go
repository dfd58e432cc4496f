package profiles

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
)

// enabled reports whether an item is to be asked, given the answers so far
// (Questionnaire.item.enableWhen). One condition of several suffices, unless
// enableBehavior says all.
func (r *response) enabled(definition, holder fhir.Node) bool {
	conditions := definition.Get("enableWhen")
	if !conditions.Exists() {
		return true
	}
	all := definition.Get("enableBehavior").Text() == "all"
	for c := range conditions.Items() {
		if met := r.met(c, holder); met != all {
			return met
		}
	}
	return all
}

func (r *response) met(condition, holder fhir.Node) bool {
	answers := r.answersTo(condition.Get("question").Text(), holder)
	want, typ := variant(condition, "answer")
	operator := condition.Get("operator").Text()
	if operator == "exists" {
		return len(answers) > 0 == want.Bool()
	}
	for _, a := range answers {
		value, t := variant(a, "value")
		if t != typ {
			continue
		}
		switch {
		case operator == "=" && typ == "Coding":
			if sameValue(value, want) {
				return true
			}
		case operator == "!=" && typ == "Coding":
			if !sameValue(value, want) {
				return true
			}
		case r.w.compare(value, want, operator):
			return true
		}
	}
	return false
}

// answersTo finds the answers to a question that are nearest to an item: in the
// same group first, then further out.
func (r *response) answersTo(linkID string, from fhir.Node) []fhir.Node {
	for holder := from; holder.Exists(); holder = holder.Parent() {
		if holder.Kind() != fhir.Object {
			continue
		}
		if found := answersIn(holder, linkID); len(found) > 0 {
			return found
		}
		if holder == r.root {
			return nil
		}
	}
	return nil
}

func answersIn(holder fhir.Node, linkID string) []fhir.Node {
	var out []fhir.Node
	for i := range holder.Get("item").Items() {
		for a := range i.Get("answer").Items() {
			if i.Get("linkId").Text() == linkID {
				if v, _ := variant(a, "value"); v.Exists() {
					out = append(out, a)
				}
			}
			out = append(out, answersIn(a, linkID)...)
		}
		out = append(out, answersIn(i, linkID)...)
	}
	return out
}

// compare evaluates a comparison of two values as FHIRPath does: partial dates
// and quantities included. What cannot be compared does not hold.
func (w *walk) compare(a, b fhir.Node, operator string) bool {
	switch operator {
	case "=", "!=", ">", "<", ">=", "<=":
	default:
		return false
	}
	result := w.comparison(a, b, operator)
	if len(result) != 1 {
		return false
	}
	holds, ok := result[0].Bool()
	return ok && holds
}

// comparable reports whether two quantities have an order.
func (w *walk) comparable(a, b fhir.Node) bool { return len(w.comparison(a, b, "<=")) == 1 }

func (w *walk) comparison(a, b fhir.Node, operator string) fhirpath.Collection {
	expr, err := fhirpath.Cached("%a " + operator + " %b")
	if err != nil {
		return nil
	}
	env := *w.env()
	env.Vars = map[string]fhirpath.Collection{"a": {choiceItem(a)}, "b": {choiceItem(b)}}
	result, err := expr.Eval(w.ctx, env.Resource, &env)
	if err != nil {
		return nil
	}
	return result
}

// choiceItem is a value[x] or answer[x] with the type that its name states.
func choiceItem(n fhir.Node) fhirpath.Item {
	for _, name := range [...]string{"value", "answer"} {
		if v, typ := variant(n.Parent(), name); v == n {
			return fhirpath.NodeItem(n, typ)
		}
	}
	return fhirpath.Item{}
}
