package register

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// The systems and extensions of the register's resources.
const (
	csRecord = nhs.Own + "CodeSystem/controlled-drugs-register" // Basic.code: page, or the kind of an entry
	idPages  = nhs.Own + "Id/controlled-drugs-register"         // of a pharmacy's pages: its ODS code
	idPage   = nhs.Own + "Id/controlled-drugs-register-page"    // of the entries on a page: the id of the page
	idSource = nhs.Own + "Id/controlled-drugs-register-source"  // of the entries of a supply: MedicationDispense/1
	extPage  = nhs.Own + "StructureDefinition/register-page"    // the head of a page
	extEntry = nhs.Own + "StructureDefinition/register-entry"   // what an entry says
	codePage = "page"                                           // a page among the codes of csRecord
)

// Book is which of the pharmacy's books a page is of.
type Book string

// The books. What patients return is destroyed without coming into stock, and is
// recorded apart.
const (
	Register       Book = "register"
	PatientReturns Book = "patient-returns"
)

// Page is the head of a page: one for each class, strength and form, and for each
// unit in which it is counted.
type Page struct {
	ID      string
	Org     string // ODS code of the pharmacy
	Book    Book
	Product Product
	Unit    Quantity // of no amount
}

// newPage is the page of a product that is counted in the unit of a quantity.
func newPage(known Medicines, org string, book Book, p Product, unit Quantity, on nhs.Date) *Page {
	name := known.Unit(unit.Unit, unit.System, unit.Code, on)
	unit = unit.of(zero)
	if unit.Unit == "" {
		unit.Unit = name
	}
	org = strings.ToUpper(org)
	return &Page{ID: pharmacy.ID("register-page", org, string(book), p.key(), name), Org: org, Book: book, Product: p, Unit: unit}
}

// change creates the page where there is none yet.
func (p *Page) change() fhir.Change {
	head := nhs.Parts{}
	head.Text("book", "valueCode", string(p.Book))
	head.Text("name", "valueString", p.Product.Name)
	head.Text("class", "valueString", p.Product.Class)
	head.Text("form", "valueString", p.Product.Form)
	head.Text("strength", "valueString", p.Product.Strength)
	head.Text("schedule", "valueCode", p.Product.Schedule)
	head.Value("unit", "valueQuantity", fhir.Obj("unit", p.Unit.Unit, "system", p.Unit.System, "code", p.Unit.Code))
	if p.Product.Code != "" {
		head.Value("product", "valueCoding", fhir.Obj("system", nhs.CSDMD, "code", p.Product.Code, "display", p.Product.Name))
	}
	r := fhir.Obj("resourceType", "Basic", "id", p.ID,
		"extension", fhir.List(head.Extension(extPage)),
		"identifier", fhir.List(nhs.IdentifierValue(idPages, p.Org)),
		"code", record(codePage),
		"author", keeper(p.Org)).Resource()
	return fhir.Change{Method: fhir.Create, Type: "Basic", ID: p.ID, Resource: r, IfAbsent: true}
}

// record is the code of a resource of the register.
func record(code string) fhir.Value {
	return fhir.Obj("coding", fhir.List(fhir.Obj("system", csRecord, "code", code)))
}

// keeper names the pharmacy whose register it is: by it the resource is theirs.
func keeper(org string) fhir.Value {
	if org == "" {
		return fhir.Value{}
	}
	return fhir.Obj("type", "Organization", "identifier", nhs.IdentifierValue(nhs.IDODS, org))
}

// readPage reads the head of a page.
func readPage(r *fhir.Resource) *Page {
	head := nhs.Extension(r.Root(), extPage)
	text := func(name, kind string) string { return nhs.Extension(head, name).Get(kind).Text() }
	unit := nhs.Extension(head, "unit").Get("valueQuantity")
	return &Page{ID: r.ID(), Org: nhs.Identifier(r.Root(), idPages).Text(), Book: Book(text("book", "valueCode")),
		Product: Product{Code: nhs.Extension(head, "product").Path("valueCoding", "code").Text(), Name: text("name", "valueString"), Class: text("class", "valueString"),
			Form: text("form", "valueString"), Strength: text("strength", "valueString"), Unit: unit.Get("unit").Text(), Schedule: text("schedule", "valueCode")},
		Unit: Quantity{Unit: unit.Get("unit").Text(), System: unit.Get("system").Text(), Code: unit.Get("code").Text()}}
}

// pageOf reads the page of an id, nil where there is none.
func pageOf(state fhir.State, id string) (*Page, error) {
	r, err := current(state, "Basic/"+id)
	if err != nil || r == nil {
		return nil, err
	}
	return readPage(r), nil
}

// pagesOf are the pages of a pharmacy, "" for those of all, in the order of class,
// form and strength.
func pagesOf(state fhir.State, org string) (pages []*Page, err error) {
	query := nhs.Query("code", csRecord, codePage)
	if org != "" {
		query = nhs.Query("identifier", idPages, strings.ToUpper(org)) + "&" + query
	}
	ids, err := state.Find("Basic", query)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		p, err := pageOf(state, id)
		if err != nil {
			return nil, err
		}
		if p != nil {
			pages = append(pages, p)
		}
	}
	sortPages(pages)
	return pages, nil
}
