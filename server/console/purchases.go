package console

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// purchases are the orders to suppliers of which something is to come, where the role sees
// them: goods are received against one, and what is outstanding of it is cancelled.
func (v *visit) purchases(org string, pages registerBalances) ([]listed, error) {
	path := v.searched("SupplyRequest", "identifier", ownSystems+"Id/purchase-order-outstanding|"+literal(org), "_count", "50", "_sort", "date")
	if path == "" {
		return nil, nil
	}
	answers, err := v.read(path)
	if err != nil {
		return nil, err
	}
	l := listed{Section: Section{Title: "Ordered from suppliers", Head: []string{"Order", "Product", "From", "To come", "Expected"}}}
	for _, r := range ofType(answers[0].resources(), "SupplyRequest") {
		n := r.Root()
		about := extension(n, "purchase-order")
		coding := n.Path("itemCodeableConcept", "coding").Item(0)
		number := ""
		for i := range n.Get("identifier").Items() {
			if i.Get("system").Text() == ownSystems+"Id/purchase-order" {
				number = i.Get("value").Text()
			}
		}
		supplier := n.Get("supplier").Item(0).Get("display").Text()
		l.Rows = append(l.Rows, []string{number, n.Path("itemCodeableConcept", "text").Text(), supplier, v.toCome(n, about), momentOf(extension(about, "expected").Get("valueDate").Text(), v.now()).Words})
		l.Links = append(l.Links, "")
		code := strings.Join([]string{coding.Get("system").Text(), coding.Get("code").Text(), coding.Get("display").Text()}, "|")
		_, kept := pages[productKey(coding.Get("code").Text(), coding.Get("display").Text())]
		schedule := extension(about, "schedule").Get("valueCode").Text()
		set := []string{"product", code, "order", "SupplyRequest/" + r.ID()}
		var acts []tab
		if !kept {
			for _, d := range v.lotDoors(append(slices.Clone(set), "from", supplier), "receive-goods") {
				acts = append(acts, tab{Text: "Receive " + number + "…", Href: d.Href})
			}
		}
		if kept || schedule != "" { // whether the register is kept for it, the server says
			for _, d := range v.registerDoorsOf(set, []string{"from.name", supplier}, "receive-stock") {
				acts = append(acts, tab{Text: "Receive " + number + " in the register…", Href: d.Href})
			}
		}
		if v.acts("SupplyRequest/$cancel-order") && v.operation("SupplyRequest", "cancel-order") != nil {
			acts = append(acts, tab{Text: "Cancel " + number + "…", Href: address("waiting", r.ID(), "cancel-order") + "?" + values("back", v.stockBack())})
		}
		l.Acts = append(l.Acts, acts)
	}
	if len(l.Rows) == 0 {
		return nil, nil
	}
	return []listed{l}, nil
}

// toCome is what is outstanding of an order, with what was ordered where that is more.
func (v *visit) toCome(order, about fhir.Node) string {
	ordered := amountOf(order.Get("quantity"))
	received := extension(about, "received").Get("valueDecimal").Text()
	if received == "" {
		return ordered
	}
	return ordered + ", of which " + received + " came"
}
