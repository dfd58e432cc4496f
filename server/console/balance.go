package console

import (
	"net/http"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
)

// registerBalances are the balances of the pages of the controlled drugs register, by the
// products that they are of: see [productKey]. A product has a page for each unit.
type registerBalances map[string][]fhir.Node

// productKey is the code of a product, or its name where it has no code.
func productKey(code, name string) string {
	if code != "" {
		return code
	}
	return " " + strings.ToLower(strings.TrimSpace(name))
}

// unitOf is the name of the unit of a quantity, one for all codes and words that mean it.
func (s *Server) unitOf(quantity fhir.Node) string {
	return s.config.Unit(quantity.Get("unit").Text(), quantity.Get("system").Text(), quantity.Get("code").Text())
}

// balancesInRegister reads the balances of the register, none where the role does not see it.
func (v *visit) balancesInRegister(org string) (registerBalances, error) {
	if !v.acts("Basic/$register") || v.operation("Basic", "register") == nil {
		return nil, nil
	}
	tomorrow := v.now().AddDate(0, 0, 1).Format(time.DateOnly) // no entries, but what is carried forward to it
	a, err := v.ask(http.MethodGet, "Basic/$register?"+values("from", tomorrow, "org", org, "book", "register"), nil)
	if err != nil {
		return nil, err
	}
	if !a.ok() {
		return nil, refusedBy(a)
	}
	out := registerBalances{}
	for p := range a.resource.Get("parameter").Items() {
		if p.Get("name").Text() != "page" {
			continue
		}
		about := extension(parameter(p.Get("part"), "page").Get("resource"), "register-page")
		key := productKey(extension(about, "product").Path("valueCoding", "code").Text(), extension(about, "name").Get("valueString").Text())
		out[key] = append(out[key], parameter(p.Get("part"), "balance").Get("valueQuantity"))
	}
	return out, nil
}

// beside is the balances of the register that a product's in the ledger is to be seen
// beside: that in the same unit, with a warning where they differ; or those in other units,
// which cannot be compared.
func (s *Server) beside(registered []fhir.Node, ledger fhir.Node) (list []fact, warning string) {
	for _, q := range registered {
		f := fact{"Balance in the register", amountOf(q)}
		if s.unitOf(q) != s.unitOf(ledger) {
			list = append(list, f)
			continue
		}
		if !sameValue(q, ledger) {
			warning = "The register has " + f.Value + ", the ledger " + amountOf(ledger) + ": look into it, and correct the register."
		}
		return []fact{f}, warning
	}
	return list, ""
}

// sameValue reports whether two quantities of a unit are the same: 28 and 28.0.
func sameValue(a, b fhir.Node) bool {
	x, err := decimal.NewFromString(a.Get("value").Text())
	y, wrong := decimal.NewFromString(b.Get("value").Text())
	return err == nil && wrong == nil && x.Equal(y)
}
