package reimbursement

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

const anOrder = "24F5DA-A83008-7EFE6Z"

func TestFollowersMakeNoCycle(t *testing.T) {
	require.NoError(t, pharmacy.CheckAcyclic(New(nil, Options{}).Followers()))
}

func TestAFinishedPrescriptionIsClaimed(t *testing.T) {
	w := newWorld(t).sample()
	rx := acute(anOrder)
	rx.store(w)
	claim, response := w.claimed(rx)

	require.Empty(t, readClaim(claim).check(builtinLists()), "the server keeps the rules it holds others to")
	require.Equal(t, "active", claim.Get("status").Text())
	require.Equal(t, "complete", response.Get("outcome").Text())
	require.Equal(t, "Before the deductions of the month: -£16.33. That is £13.37 for products and fees, less £29.70 in prescription charges, which the pharmacy collected from the patient for the NHS and keeps. The charges are more than the rest, so the difference is taken off what the NHS pays for the month.", response.Get("disposition").Text())
	require.Equal(t, "2026-11-20", nhs.Extension(response.Root(), extDay).Get("valueDate").Text())
	require.Equal(t, 1, w.versions("Claim", claim.ID()))
	require.Equal(t, 1, w.versions("ClaimResponse", response.ID()))

	detail := response.Get("item").Item(0).Get("detail").Item(1)
	basic := detail.Get("adjudication").Item(0)
	require.Equal(t, "0.72", basic.Path("amount", "value").Text())
	require.Equal(t, "GBP", basic.Path("amount", "currency").Text())
	require.Equal(t, "Part VIIIA Category M", nhs.Coded(basic.Get("reason"), csRule))
	require.Equal(t, "359p × 20 / 100 = 71.8p, rounded half-up to 72p", basic.Path("reason", "text").Text())
	require.Equal(t, "Binary/tariff-part-viiia-2026-11/_history/1", nhs.Extension(basic, extEdition).Get("valueString").Text())
	require.Equal(t, "20.0", claim.Get("item").Item(0).Get("detail").Item(1).Get("subDetail").Item(0).Path("quantity", "value").Text(), "digits are kept")
}

func TestReplayChangesNothing(t *testing.T) {
	w := newWorld(t).sample()
	rx := acute(anOrder)
	rx.store(w)
	claim, response := w.claimed(rx)
	head := w.db.Head()
	w.done = 0
	w.settle()
	require.Equal(t, head, w.db.Head())
	require.Equal(t, 1, w.versions("Claim", claim.ID()))
	require.Equal(t, 1, w.versions("ClaimResponse", response.ID()))
}

func TestUnfinishedAndPrivateAreNotClaimed(t *testing.T) {
	w := newWorld(t).sample()
	open, private := acute("111111-A83008-111111"), acute("222222-A83008-222222")
	open.status, open.business = "in-progress", "0003"
	private.kind = "0901"
	open.store(w)
	private.store(w)
	for _, rx := range []*rx{open, private} {
		claim, response := w.claimed(rx)
		require.Nil(t, claim)
		require.Nil(t, response)
	}
}

func TestAmendedDispensingAmendsTheClaim(t *testing.T) {
	w := newWorld(t).sample()
	rx := acute(anOrder)
	rx.store(w)
	first, _ := w.claimed(rx)
	rx.lines[0].supplies[0].quantity = "10"
	rx.store(w)
	claim, response := w.claimed(rx)
	require.Equal(t, 2, w.versions("Claim", claim.ID()))
	require.Equal(t, 2, w.versions("ClaimResponse", response.ID()))
	require.Equal(t, readClaim(first).message(), readClaim(claim).replaces().Get("value").Text())
	require.NotEqual(t, readClaim(first).message(), readClaim(claim).message())
	require.Empty(t, readClaim(claim).check(builtinLists()))

	rx.store(w) // the Task again, nothing new in it
	w.settle()
	require.Equal(t, 2, w.versions("Claim", claim.ID()))
}

func TestWithdrawnDispensingTakesTheClaimBack(t *testing.T) {
	w := newWorld(t).sample()
	rx := acute(anOrder)
	rx.store(w)
	w.settle()
	rx.status, rx.business, rx.withdrawn = "accepted", "0002", true
	rx.store(w)
	claim, response := w.claimed(rx)
	require.Equal(t, "cancelled", claim.Get("status").Text())
	require.Equal(t, "cancelled", response.Get("status").Text())

	rx.status, rx.business, rx.withdrawn = "completed", "0006", false
	rx.store(w)
	claim, response = w.claimed(rx)
	require.Equal(t, "active", claim.Get("status").Text())
	require.Equal(t, "active", response.Get("status").Text())
	require.Equal(t, 3, w.versions("Claim", claim.ID()))
}

func TestNothingSupplied(t *testing.T) {
	w := newWorld(t).sample()
	rx := acute(anOrder)
	rx.business = "0007"
	for i := range rx.lines {
		rx.lines[i].status, rx.lines[i].reason, rx.lines[i].supplies = "0002", "0010", nil
	}
	rx.store(w)
	claim, response := w.claimed(rx)
	require.Empty(t, readClaim(claim).check(builtinLists()))
	require.Equal(t, "Before the deductions of the month: £0.00.", response.Get("disposition").Text())
	require.Equal(t, "0007", nhs.Extension(claim.Get("item").Item(0), nhs.ExtBusinessStatus).Path("valueCoding", "code").Text())
	require.Equal(t, "0010", nhs.Extension(claim.Get("item").Item(0).Get("detail").Item(0), nhs.ExtBusinessStatusReason).Path("valueCoding", "code").Text())
}

func TestControlledDrugs(t *testing.T) {
	w := newWorld(t).sample()
	rx := acute(anOrder)
	rx.lines = []rxLine{{item: "a54219b8-f741-4c47-b662-e4f8dfa49ab6", code: "36126511000001106", name: "Morphine 10mg modified-release tablets", quantity: "28", unit: "tablet", status: "0001", schedule: "CD2",
		supplies: []rxSupply{{"36126511000001106", "Morphine 10mg modified-release tablets", "28"}}}}
	rx.store(w)
	_, response := w.claimed(rx)
	text := string(response.JSON())
	require.Contains(t, text, `"code":"cd-fee-schedule-2 from 2021-04-01 (B)"`)
	require.Contains(t, text, `"code":"no-deduction"`)
}

func TestWhoPaysTheCharge(t *testing.T) {
	coverage := func(kind, start, end string, certificate string) fhir.Value {
		var id fhir.Value
		if certificate != "" {
			id = fhir.List(fhir.Obj("value", certificate))
		}
		return fhir.Obj("resourceType", "Coverage", "id", "cover", "identifier", id, "status", "active",
			"type", fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSExemption, "code", kind))),
			"beneficiary", fhir.Obj("reference", "Patient/patient-9449304130"), "period", fhir.Obj("start", start, "end", end),
			"payor", fhir.List(fhir.Obj("display", "NHSBSA")))
	}
	for name, c := range map[string]struct {
		born, payer, endorsement string
		cover                    fhir.Value
		code, evidence           string
		charges                  string
	}{
		"pays":                 {born: "1980-02-29", code: "0001", evidence: "no-evidence-seen", charges: "paid-once paid-once paid-once not-paid"},
		"child":                {born: "2010-11-21", code: "0002", evidence: "evidence-seen", charges: "not-paid not-paid not-paid not-paid"},
		"sixteen that day":     {born: "2010-11-20", code: "0001", evidence: "no-evidence-seen", charges: "paid-once paid-once paid-once not-paid"},
		"sixty that day":       {born: "1966-11-20", code: "0002", evidence: "evidence-seen", charges: "not-paid not-paid not-paid not-paid"},
		"prepaid":              {born: "1980-02-29", cover: coverage("0007", "2026-01-01", "2026-12-31", "P123"), code: "0007", evidence: "evidence-seen", charges: "not-paid not-paid not-paid not-paid"},
		"declared":             {born: "1980-02-29", cover: coverage("0016", "2026-01-01", "", ""), code: "0016", evidence: "no-evidence-seen", charges: "not-paid not-paid not-paid not-paid"},
		"prepaid, ended":       {born: "1980-02-29", cover: coverage("0007", "2025-01-01", "2025-12-31", "P123"), code: "0001", evidence: "no-evidence-seen", charges: "paid-once paid-once paid-once not-paid"},
		"contraceptive":        {born: "1980-02-29", endorsement: "CC", code: "0001", evidence: "no-evidence-seen", charges: "not-paid paid-once paid-once not-paid"},
		"Welsh pharmacy":       {born: "1980-02-29", payer: "RQFZ1", code: "1001", evidence: "no-evidence-seen", charges: "not-paid not-paid not-paid not-paid"},
		"birth year and month": {born: "1980-02", code: "0001", evidence: "no-evidence-seen", charges: "paid-once paid-once paid-once not-paid"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).sample()
			rx := acute(anOrder)
			rx.born, rx.payer, rx.lines[0].endorsement = c.born, cmp.Or(c.payer, rx.payer), c.endorsement
			if !c.cover.IsZero() {
				w.put(fhir.Obj("resourceType", "Patient", "id", "patient-9449304130"), c.cover)
			}
			rx.store(w)
			claim, _ := w.claimed(rx)
			item := claim.Get("item").Item(0)
			require.Equal(t, c.code, nhs.Coded(item.Get("programCode"), nhs.CSExemption))
			require.Equal(t, c.evidence, nhs.Coded(item.Get("programCode"), nhs.CSEvidence))
			var charges []string
			for d := range item.Get("detail").Items() {
				charges = append(charges, nhs.Coded(d.Get("programCode"), nhs.CSCharge))
			}
			require.Equal(t, c.charges, strings.Join(charges, " "))
		})
	}
}

func TestEachIssueHasItsClaim(t *testing.T) {
	w := newWorld(t).sample()
	for issue := 1; issue <= 3; issue++ {
		rx := acute(anOrder)
		rx.issue, rx.issues = issue, 6
		rx.store(w)
		claim, _ := w.claimed(rx)
		issued, ok := repeats(claim.Get("item").Item(0), "numberOfRepeatsIssued")
		require.True(t, ok)
		require.Equal(t, issue-1, issued)
	}
	ids, err := w.db.State(w.ctx).Find("Claim", "status=active")
	require.NoError(t, err)
	require.Len(t, ids, 3)
}

func TestWithoutATariffLinesAreUnpriced(t *testing.T) {
	w := newWorld(t)
	rx := acute(anOrder)
	rx.store(w)
	_, response := w.claimed(rx)
	require.Equal(t, "partial", response.Get("outcome").Text())
	require.Equal(t, 3, response.Get("error").Len())
	require.Contains(t, response.Get("error").Item(0).Path("code", "text").Text(), "No edition of Part VIIIA for 2026-11")

	w.sample()
	w.settle()
	claims, changed, err := w.s.Reprice(w.ctx, november, "", fhir.Principal{}, "", w.now)
	require.NoError(t, err)
	require.Equal(t, []int{1, 1}, []int{claims, changed})
	_, response = w.claimed(rx)
	require.Equal(t, "complete", response.Get("outcome").Text())
	require.Equal(t, 2, w.versions("ClaimResponse", response.ID()))
	_, changed, err = w.s.Reprice(w.ctx, november, "", fhir.Principal{}, "", w.now)
	require.NoError(t, err)
	require.Zero(t, changed)
}

func TestTheEditionBeforeMayServe(t *testing.T) {
	w := newWorld(t).sample()
	next, later := acute("111111-A83008-111111"), acute("222222-A83008-222222")
	next.handed, later.handed = "2026-12-31T23:59:00+00:00", "2027-01-01T00:00:00+00:00"
	next.store(w)
	later.store(w)
	_, response := w.claimed(next)
	require.Equal(t, "complete", response.Get("outcome").Text())
	_, response = w.claimed(later)
	require.Equal(t, "partial", response.Get("outcome").Text())
	require.Contains(t, string(response.JSON()), "The newest edition of Part VIIIA for 2027-01 is that of 2026-11, and the fee schedule allows a gap of 1 months")
}

func TestTheMonthIsThatOfTheUnitedKingdom(t *testing.T) {
	w := newWorld(t).sample()
	rx := acute(anOrder)
	rx.handed = "2026-06-30T23:30:00Z" // half past midnight, British Summer Time
	rx.store(w)
	_, response := w.claimed(rx)
	require.Equal(t, "2026-07-01", nhs.Extension(response.Root(), extDay).Get("valueDate").Text())
}

func TestBrokenBulkIsUsedUp(t *testing.T) {
	w := newWorld(t)
	csv := "Medicine,Pack size,,VMP Snomed Code,VMPP Snomed Code,Drug Tariff Category,Basic Price\nDear A tablets,10,tablet,99990011000001109,99990021000001100,Part VIIIA Category A,6000\n"
	_, err := w.s.LoadTariff(w.ctx, File{Name: "Part VIIIA Nov 26.csv", Data: []byte(csv)}, fhir.Principal{})
	require.NoError(t, err)
	dear := func(order, quantity string) *rx {
		rx := acute(order)
		rx.lines = []rxLine{{item: pharmacy.ID(order), code: "99990011000001109", name: "Dear A tablets", quantity: quantity, unit: "tablet", status: "0001",
			supplies: []rxSupply{{"99990011000001109", "Dear A tablets", quantity}}}}
		return rx
	}
	first := dear("111111-A83008-111111", "14")
	first.store(w)
	claim, _ := w.claimed(first)
	posted := amend(t, claim, "737dcf8d-fc7a-436d-b692-7d3c4f258083", "", `"code":"NDEC","display":"No Dispenser Endorsement Code"`, `"code":"BB"`)
	_, err = w.post(posted)
	require.NoError(t, err)
	_, response := w.claimed(first)
	require.Contains(t, string(response.JSON()), "2 × 6000p for 10 tablet, whole, less the basic price; 6 tablet left")

	for _, c := range []struct{ order, quantity, want string }{
		{"222222-A83008-222222", "4", "6000p × 0 / 10 (4 of 4 from packs paid before as broken bulk) = 0p"},
		{"333333-A83008-333333", "5", "6000p × 3 / 10 (2 of 5 from packs paid before as broken bulk) = 1800p"},
		{"444444-A83008-444444", "5", "6000p × 5 / 10 = 3000p"},
	} {
		rx := dear(c.order, c.quantity)
		rx.store(w)
		_, response := w.claimed(rx)
		require.Contains(t, string(response.JSON()), c.want)
	}
}

// TestRepricingSeesTheRestsItMakes loads the edition when all is claimed: one
// repricing is enough.
func TestRepricingSeesTheRestsItMakes(t *testing.T) {
	w := newWorld(t)
	var all []*rx
	for i, quantity := range []string{"14", "4", "5"} {
		rx := acute(fmt.Sprintf("%d11111-A83008-111111", i+1))
		rx.handed = fmt.Sprintf("2026-11-%02dT10:00:00Z", 3+i)
		rx.lines = []rxLine{{item: pharmacy.ID(rx.order), code: "99990011000001109", name: "Dear A tablets", quantity: quantity, unit: "tablet", status: "0001",
			supplies: []rxSupply{{"99990011000001109", "Dear A tablets", quantity}}}}
		rx.store(w)
		claim, _ := w.claimed(rx)
		if i == 0 {
			_, err := w.post(amend(t, claim, message1, "", `"code":"NDEC","display":"No Dispenser Endorsement Code"`, `"code":"BB"`))
			require.NoError(t, err)
		}
		all = append(all, rx)
	}
	csv := "Medicine,Pack size,,VMP Snomed Code,VMPP Snomed Code,Drug Tariff Category,Basic Price\nDear A tablets,10,tablet,99990011000001109,99990021000001100,Part VIIIA Category A,6000\n"
	_, err := w.s.LoadTariff(w.ctx, File{Name: "Part VIIIA Nov 26.csv", Data: []byte(csv)}, fhir.Principal{})
	require.NoError(t, err)
	w.settle()
	_, changed, err := w.s.Reprice(w.ctx, november, "", fhir.Principal{}, "", w.now)
	require.NoError(t, err)
	require.Equal(t, 3, changed)
	for i, want := range []string{"2 × 6000p for 10 tablet, whole, less the basic price; 6 tablet left",
		"6000p × 0 / 10 (4 of 4 from packs paid before as broken bulk) = 0p", "6000p × 3 / 10 (2 of 5 from packs paid before as broken bulk) = 1800p"} {
		_, response := w.claimed(all[i])
		require.Contains(t, string(response.JSON()), want)
	}
	_, changed, err = w.s.Reprice(w.ctx, november, "", fhir.Principal{}, "", w.now)
	require.NoError(t, err)
	require.Zero(t, changed)
}

// TestBrokenBulkOfAnInvoice: what nothing lists has no pack with a code; its
// rest is kept by the product.
func TestBrokenBulkOfAnInvoice(t *testing.T) {
	w := newWorld(t).sample()
	for _, c := range []struct{ order, quantity, message, want string }{
		{"111111-A83008-111111", "20", message1, "1 × 2800p for 28 tablet, whole, less the basic price; 8 tablet left"},
		{"222222-A83008-222222", "6", message2, "2800p × 0 / 28 (6 of 6 from packs paid before as broken bulk) = 0p"},
	} {
		rx := acute(c.order)
		rx.lines = []rxLine{{item: pharmacy.ID(c.order), code: "763158003", name: "Import", quantity: c.quantity, unit: "tablet", status: "0001",
			supplies: []rxSupply{{"763158003", "Import", c.quantity}}}}
		rx.store(w)
		claim, _ := w.claimed(rx)
		_, err := w.post(amend(t, claim, c.message, "", `{"coding":[{"system":"`+nhs.CSEndorsement+`","code":"NDEC","display":"No Dispenser Endorsement Code"}]}`,
			`{"coding":[{"system":"`+nhs.CSEndorsement+`","code":"IP"}],"text":"28 tablet, £28.00"},{"coding":[{"system":"`+nhs.CSEndorsement+`","code":"BB"}]}`))
		require.NoError(t, err)
		_, response := w.claimed(rx)
		require.Contains(t, string(response.JSON()), c.want)
	}
}

// TestEachIssueIsPricedByItsDay: one repeat prescription over the end of a
// month, of an edition and of a fee. Worked out by hand, a part of a pack of
// Category M with its fees, in pence:
//
//	30 April:   21 of 28 at 120p =  90, 146 + 1.24 + 10
//	1 May:      21 of 28 at 150p = 112.5, half up 113, 152 + 1.24 + 10
func TestEachIssueIsPricedByItsDay(t *testing.T) {
	w := newWorld(t)
	for file, price := range map[string]string{"Part VIIIA Apr 26.csv": "120", "Part VIIIA May 26.csv": "150"} {
		csv := "Medicine,Pack size,,VMP Snomed Code,VMPP Snomed Code,Drug Tariff Category,Basic Price\nTwo tablets,28,tablet,99990011000001109,99990021000001100,Part VIIIA Category M," + price + "\n"
		_, err := w.s.LoadTariff(w.ctx, File{Name: file, Data: []byte(csv)}, fhir.Principal{})
		require.NoError(t, err)
	}
	for issue, c := range []struct{ handed, edition, want string }{
		{"2026-04-30T22:59:00Z", "Binary/tariff-part-viiia-2026-04/_history/1", "£2.47"},
		{"2026-04-30T23:00:00Z", "Binary/tariff-part-viiia-2026-05/_history/1", "£2.76"}, // midnight, British Summer Time
	} {
		rx := acute(anOrder)
		rx.issue, rx.issues, rx.handed, rx.born = issue+1, 2, c.handed, "1950-01-01"
		rx.lines = []rxLine{{item: rx.id("item"), code: "99990011000001109", name: "Two tablets", quantity: "21", unit: "tablet", status: "0001",
			supplies: []rxSupply{{"99990011000001109", "Two tablets", "21"}}}}
		rx.store(w)
		_, response := w.claimed(rx)
		require.Equal(t, "Before the deductions of the month: "+c.want+".", response.Get("disposition").Text())
		require.Contains(t, string(response.JSON()), c.edition)
	}
}
