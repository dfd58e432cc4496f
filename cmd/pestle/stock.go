package main

import (
	"context"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/register"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
	"github.com/pestle-fhir/pestle/store"
)

// openStock makes the controlled drugs register and the stock ledger, each of which is
// told by the other.
func (a *app) openStock(books register.Options, goods warehouse.Options) {
	ledger := &stockOfRegister{known: goods.Medicines.(stocked)}
	books.Stock = ledger
	a.register = register.New(a.db, books)
	goods.Supplies = suppliesAsEntered{a.register, ledger.known}
	goods.Ready, goods.Prescriptions = a.dispensing.Sendable, prescriptionsOf{a.dispensing, a.db}
	a.warehouse = warehouse.New(a.db, goods)
	ledger.ledger = a.warehouse
}

// checkStock adds what the stock ledger lacks, or has too much, to the findings of a
// check: by itself, and against the controlled drugs register.
func checkStock(ctx context.Context, db *store.DB, dictionary prescription.Dictionary, f *store.Findings) {
	report := func(text string) { f.Add(store.Finding{Text: text}) }
	if err := warehouse.Recount(ctx, db, report); err != nil {
		report("the stock ledger was not recounted: " + describe(err))
		return
	}
	known := stocked{registered{prescription.BuiltInMedicines.With(dictionary)}}
	pages, err := register.Balances(ctx, db)
	if err == nil {
		err = warehouse.Compare(ctx, db, ledgerPages(pages, known), report)
	}
	if err != nil {
		report("the stock ledger was not compared with the controlled drugs register: " + describe(err))
	}
}

func ledgerPages(pages []register.PageBalance, known stocked) (list []warehouse.RegisterBalance) {
	today := nhs.DateOf(time.Now())
	for _, p := range pages {
		list = append(list, warehouse.RegisterBalance{Org: p.Page.Org, Product: stockProduct(p.Page.Product), Unit: known.Unit(p.Page.Unit.Unit, p.Page.Unit.System, p.Page.Unit.Code, today), Balance: p.Balance, Entered: p.Entered})
	}
	return list
}

// stocked shows the stock ledger what the register knows of medicines.
type stocked struct{ registered }

var _ warehouse.Medicines = stocked{}

// Product is the virtual product of a medicine.
func (k stocked) Product(c fhir.Coding, on nhs.Date) (warehouse.Product, bool) {
	p, ok := k.registered.Product(c, on)
	return stockProduct(p), ok
}

func stockProduct(p register.Product) warehouse.Product {
	return warehouse.Product{Code: p.Code, Name: p.Name, Unit: p.Unit, Schedule: p.Schedule}
}

// suppliesAsEntered shows the stock ledger supplies as the register reads them.
type suppliesAsEntered struct {
	*register.Service
	known stocked
}

var _ warehouse.Supplies = suppliesAsEntered{}

func (s suppliesAsEntered) Supplied(state fhir.State, v *fhir.Version) (warehouse.Supplied, bool, error) {
	e, page, err := s.Stated(state, v)
	if err != nil || e == nil || !e.Change.IsNegative() {
		return warehouse.Supplied{}, false, err
	}
	on := nhs.ReadDate(e.Date)
	return warehouse.Supplied{Org: page.Org, Product: stockProduct(page.Product), Unit: s.known.Unit(page.Unit.Unit, page.Unit.System, page.Unit.Code, on), Quantity: e.Change.Neg(), Batch: batchAlone(e.Batch)}, true, nil
}

// batchAlone is the batch of what a supply tells of its pack: "M1, expires 2029-01-31".
func batchAlone(pack string) string {
	for _, next := range []string{", expires ", ", GTIN ", ", serial "} {
		pack, _, _ = strings.Cut(pack, next)
	}
	return pack
}

// stockOfRegister has the stock ledger enter what the register enters.
type stockOfRegister struct {
	ledger *warehouse.Service
	known  stocked
}

var _ register.Stock = &stockOfRegister{}

func (s *stockOfRegister) Entered(state fhir.State, page *register.Page, e *register.Entry, sum decimal.Decimal, who fhir.Principal, today nhs.Date) ([]fhir.Change, error) {
	kind, ok := map[register.Kind]stock.Kind{register.Obtained: stock.Receipt, register.Supplied: stock.Supply, register.Destroyed: stock.Destroy, register.Corrected: stock.Adjust}[e.Kind]
	if !ok {
		return nil, nil
	}
	return s.ledger.Enter(state, warehouse.Entered{Org: page.Org, Product: stockProduct(page.Product), Unit: s.known.Unit(page.Unit.Unit, page.Unit.System, page.Unit.Code, today), Kind: kind, Change: e.Change, Sum: sum,
		Batch: e.Batch, Expiry: nhs.ReadDate(e.Expiry), Party: e.Other.Name, Reason: e.Reason, Day: nhs.ReadDate(e.Date), Entry: e.Ref(), Order: e.Against, Who: who}, today)
}
