package warehouse

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// write creates a resource, or writes it in the place of the version that was read.
func write(typ, id, version string, r *fhir.Resource) fhir.Change {
	if version == "" {
		return fhir.Change{Method: fhir.Update, Type: typ, ID: id, Resource: r, IfNoneMatch: true}
	}
	return fhir.Change{Method: fhir.Update, Type: typ, ID: id, Resource: r, IfMatch: version}
}

// stockCode is the code of a resource of the ledger.
func stockCode(code string) fhir.Value {
	return fhir.Obj("coding", fhir.List(fhir.Obj("system", csStock, "code", code)))
}

// keeper names the pharmacy whose ledger it is: by it the resource is theirs.
func keeper(org string) fhir.Value {
	if org == "" {
		return fhir.Value{}
	}
	return fhir.Obj("type", "Organization", "identifier", nhs.IdentifierValue(nhs.IDODS, org))
}

// decimalPart adds a number that is not zero.
func decimalPart(p *nhs.Parts, name string, d decimal.Decimal) {
	if !d.IsZero() {
		p.Number(name, fhir.Raw(d.String()))
	}
}

// number is a decimal; zero where there is none.
func number(n fhir.Node) decimal.Decimal {
	text := n.Text()
	if len(text) > 40 {
		return decimal.Zero
	}
	d, err := decimal.NewFromString(text)
	if err != nil || d.Exponent() > 12 || d.Exponent() < -12 {
		return decimal.Zero
	}
	return d
}

// whole is a whole number; 0 where there is none.
func whole(n fhir.Node) int {
	i, err := strconv.Atoi(n.Text())
	if err != nil {
		return 0
	}
	return i
}

// instant writes a time as FHIR does.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(fhir.InstantLayout)
}

// current reads the resource of a reference to this server, nil where there is none.
func current(state fhir.State, typ, reference string) (*fhir.Resource, error) {
	id := idIn(typ, reference)
	if id == "" {
		return nil, nil
	}
	v, err := state.Current(typ, id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	return v.Resource()
}

// idIn is the id in a reference to a resource of a type on this server, "" for none.
func idIn(typ, reference string) string {
	reference, _, _ = strings.Cut(reference, "/_history/")
	id, ok := strings.CutPrefix(reference, typ+"/")
	if !ok || strings.Contains(id, "/") {
		return ""
	}
	return id
}

// dispenseOf is the MedicationDispense of which a source is a version, "" for none.
func dispenseOf(source string) string {
	if id := idIn("MedicationDispense", source); id != "" {
		return "MedicationDispense/" + id
	}
	return ""
}

// withStatus is a resource with another status.
func withStatus(r *fhir.Resource, status string) *fhir.Resource {
	var pairs []any
	for m := range r.Root().Members() {
		switch m.Name() {
		case "status":
			pairs = append(pairs, "status", status)
		case "meta":
		default:
			pairs = append(pairs, m.Name(), m)
		}
	}
	return fhir.Obj(pairs...).Resource()
}

// sortedKeys are the keys of a map in their order: what is written from it is the same
// each time.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
