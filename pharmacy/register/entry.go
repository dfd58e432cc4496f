package register

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

var zero = decimal.Zero

// Kind is what an entry is of, a code of csRecord.
type Kind string

// The kinds of entries.
const (
	Obtained   Kind = "obtained"
	Supplied   Kind = "supplied"
	Destroyed  Kind = "destroyed"
	StockCheck Kind = "stock-check" // it changes no balance
	Corrected  Kind = "corrected"   // a dated note; MDR-20: nothing is cancelled, obliterated or altered
)

// Flag is whether something was done.
type Flag int

// What is known of it.
const (
	NotRecorded Flag = iota
	Yes
	No
)

func flagOf(n fhir.Node) Flag {
	switch {
	case !n.Exists():
		return NotRecorded
	case n.Bool():
		return Yes
	}
	return No
}

// String is as the register has it: Y, N, or that nothing is recorded.
func (f Flag) String() string { return [...]string{"not recorded", "Y", "N"}[f] }

// Party is a person or firm as an entry names them.
type Party struct {
	ID      string // an identifier or a reference
	Name    string
	Address string
	Role    string
}

// Entry is one entry of the register. What it does not know is empty.
type Entry struct {
	ID      string
	Page    string // the id of its page
	Org     string
	Kind    Kind
	Date    string    // when it happened: a date or dateTime
	Entered time.Time // when the entry was made: that of its commit
	// Change is what the entry adds to the balance; Counted and Expected are of a
	// stock check.
	Change, Counted, Expected decimal.Decimal
	Unit                      Quantity
	Product                   fhir.Coding // the product itself, of which the page is
	Batch, Expiry             string

	Other     Party  // from whom it was received, or to whom it was supplied
	Patient   string // the reference to the latter
	Authority Party  // the prescriber
	Order     string // the number of the prescription
	// Collector is who collected a supply: their role is patient, representative or
	// healthcare-professional.
	Collector           Party
	Requested, Provided Flag // proof of identity

	By      Party // who recorded it, as the server established it
	Witness Party // the second person
	Reason  string
	// Source is the version that the entry follows from, Corrects the entry that it
	// corrects.
	Source, Corrects string

	// Against is the purchase order that it is received against: the stock ledger records it.
	Against string

	seq   fhir.Seq
	place int
}

// order is how entries of one commit follow each other: what is corrected first.
var order = map[Kind]int{Corrected: 0, Obtained: 1, Supplied: 2, Destroyed: 3, StockCheck: 4}

// change creates the entry.
func (e *Entry) change() fhir.Change {
	said := nhs.Parts{}
	said.Reference("page", "Basic/"+e.Page)
	said.Text("date", "valueDateTime", e.Date)
	said.Value("change", "valueQuantity", e.Unit.of(e.Change).element())
	if e.Kind == StockCheck {
		said.Value("counted", "valueQuantity", e.Unit.of(e.Counted).element())
		said.Value("expected", "valueQuantity", e.Unit.of(e.Expected).element())
	}
	said.Value("product", "valueCoding", fhir.Obj("system", e.Product.System, "code", e.Product.Code, "display", e.Product.Display))
	said.Text("batch", "valueString", e.Batch)
	said.Text("expiry", "valueDate", e.Expiry)
	said.Within("party", e.Other.parts())
	said.Within("authority", e.Authority.parts())
	said.Text("prescription", "valueString", e.Order)
	said.Within("collector", e.Collector.parts())
	addFlag(&said, "identityRequested", e.Requested)
	addFlag(&said, "identityProvided", e.Provided)
	said.Within("by", e.By.parts())
	said.Within("witness", e.Witness.parts())
	said.Text("reason", "valueString", e.Reason)
	said.Reference("source", e.Source)
	said.Reference("corrects", e.Corrects)
	source := fhir.Value{}
	if ref, _, ok := strings.Cut(e.Source, "/_history/"); ok {
		source = nhs.IdentifierValue(idSource, ref)
	}
	subject := fhir.Value{}
	if e.Patient != "" {
		subject = fhir.Obj("reference", e.Patient)
	}
	r := fhir.Obj("resourceType", "Basic", "id", e.ID,
		"extension", fhir.List(said.Extension(extEntry)),
		"identifier", fhir.List(nhs.IdentifierValue(idPage, e.Page), source),
		"code", record(string(e.Kind)),
		"subject", subject,
		"author", keeper(e.Org)).Resource()
	return fhir.Change{Method: fhir.Create, Type: "Basic", ID: e.ID, Resource: r, IfAbsent: true}
}

func (p Party) parts() (list nhs.Parts) {
	list.Text("identifier", "valueString", p.ID)
	list.Text("name", "valueString", p.Name)
	list.Text("address", "valueString", p.Address)
	list.Text("role", "valueString", p.Role)
	return list
}

// isEntry reports whether a resource is of the register, and an entry.
func isEntry(r *fhir.Resource) bool {
	code := nhs.Coded(r.Get("code"), csRecord)
	return r.Type() == "Basic" && code != "" && code != codePage
}

// readEntry reads an entry from its version.
func readEntry(v *fhir.Version) (*Entry, error) {
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	said := nhs.Extension(r.Root(), extEntry)
	part := func(name, kind string) fhir.Node { return nhs.Extension(said, name).Get(kind) }
	text := func(name, kind string) string { return part(name, kind).Text() }
	party := func(name string) Party {
		in := nhs.Extension(said, name)
		of := func(name string) string { return nhs.Extension(in, name).Get("valueString").Text() }
		return Party{ID: of("identifier"), Name: of("name"), Address: of("address"), Role: of("role")}
	}
	change, _ := readQuantity(part("change", "valueQuantity"))
	counted, _ := readQuantity(part("counted", "valueQuantity"))
	expected, _ := readQuantity(part("expected", "valueQuantity"))
	c := part("product", "valueCoding")
	e := &Entry{ID: v.ID, Page: nhs.Identifier(r.Root(), idPage).Text(), Org: r.Root().Path("author", "identifier", "value").Text(),
		Kind: Kind(nhs.Coded(r.Get("code"), csRecord)), Date: text("date", "valueDateTime"),
		Change: change.Value, Counted: counted.Value, Expected: expected.Value, Unit: change.of(zero),
		Product: fhir.Coding{System: c.Get("system").Text(), Code: c.Get("code").Text(), Display: c.Get("display").Text()},
		Batch:   text("batch", "valueString"), Expiry: text("expiry", "valueDate"),
		Other: party("party"), Patient: r.Root().Path("subject", "reference").Text(), Authority: party("authority"), Order: text("prescription", "valueString"),
		Collector: party("collector"), Requested: flagOf(part("identityRequested", "valueBoolean")), Provided: flagOf(part("identityProvided", "valueBoolean")),
		By: party("by"), Witness: party("witness"), Reason: text("reason", "valueString"),
		Source: part("source", "valueReference").Get("reference").Text(), Corrects: part("corrects", "valueReference").Get("reference").Text(),
		Entered: v.LastUpdated, seq: v.Seq}
	e.place = order[e.Kind]
	return e, nil
}

// entryID is the id of an entry, by what it follows from.
func entryID(from ...string) string {
	return pharmacy.ID(append([]string{"register-entry"}, from...)...)
}

// Ref is the reference to the entry.
func (e *Entry) Ref() string { return "Basic/" + e.ID }
