package reimbursement

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// examples are the EPS examples by their path.
func examples(t *testing.T) map[string]*fhir.Resource {
	dir := filepath.Join(oracle.Dir(t), "examples", "eps")
	list := map[string]*fhir.Resource{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".json" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r, err := fhir.Parse(data)
		rel, _ := filepath.Rel(dir, path)
		list[filepath.ToSlash(rel)] = r
		return err
	}))
	return list
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// TestOracleClaimRules: the NHS's own claims keep every rule.
func TestOracleClaimRules(t *testing.T) {
	all := examples(t)
	passed, total := 0, 0
	var misses []string
	for _, path := range sortedKeys(all) {
		r := all[path]
		if r.Type() != "Claim" {
			continue
		}
		total++
		if issues := readClaim(r).check(builtinLists()); !IsEPS(r) || len(issues) > 0 {
			misses = append(misses, path)
			t.Log(path, &fhir.Error{Op: "claim", Issues: issues})
			continue
		}
		passed++
	}
	oracle.Report(t, "claim-rules", passed, total, misses)
}

// shape is the set of element paths of a resource, with the url of extensions,
// the type of contained resources and the system of codings and identifiers.
func shape(r *fhir.Resource) map[string]bool {
	set := map[string]bool{}
	var walk func(n fhir.Node, at string)
	walk = func(n fhir.Node, at string) {
		switch n.Kind() {
		case fhir.Array:
			for item := range n.Items() {
				walk(item, at)
			}
		case fhir.Object:
			if url := n.Get("url").Text(); url != "" && strings.HasSuffix(at, "extension") {
				at += "(" + url[strings.LastIndexByte(url, '/')+1:] + ")"
			}
			if typ := n.Get("resourceType").Text(); typ != "" && at != "" {
				at += "(" + typ + ")"
			}
			if system := n.Get("system").Text(); system != "" {
				at += "|" + system[strings.LastIndexByte(system, '/')+1:]
			}
			for m := range n.Members() {
				walk(m, at+"."+m.Name())
			}
		default:
			set[at] = true
		}
	}
	walk(r.Root(), "")
	return set
}

// claimDifferences are what our Claims have and the NHS's examples have not, or
// the reverse, with the reason.
var claimDifferences = map[string]string{
	"+.meta.versionId":               "a stored resource has one",
	"+.meta.lastUpdated":             "a stored resource has one",
	"-.prescription.display":         "two of five examples have one, \"A prescription order\", which says nothing",
	"-.item.detail.programCode.text": "supporting information of an endorsement: the server endorses nothing by itself",
	"-.contained(PractitionerRole).code.coding|NHSDigital-SDS-JobRoleCode.display":                                         "copied where the notification has one",
	"-.extension(Extension-Provenance-agent).valueReference.identifier|sds-role-profile-id.system":                         "the agent is named by user id, as in the specification's examples",
	"-.extension(Extension-Provenance-agent).valueReference.identifier|sds-role-profile-id.value":                          "the agent is named by user id, as in the specification's examples",
	"+.item.detail.extension(Extension-EPS-TaskBusinessStatusReason).url":                                                  "an item that was not dispensed says why, as the profile has it; no example has such an item",
	"+.item.detail.extension(Extension-EPS-TaskBusinessStatusReason).valueCoding|medicationdispense-status-reason.system":  "the same",
	"+.item.detail.extension(Extension-EPS-TaskBusinessStatusReason).valueCoding|medicationdispense-status-reason.code":    "the same",
	"+.item.detail.extension(Extension-EPS-TaskBusinessStatusReason).valueCoding|medicationdispense-status-reason.display": "the same",
	"-.item.detail.subDetail.extension(Extension-EPS-RepeatInformation).url":                                               "a deprecated place of it; the item and its details have it",
	"-.item.detail.subDetail.extension(Extension-EPS-RepeatInformation).extension(numberOfRepeatsAllowed).url":             "the same",
	"-.item.detail.subDetail.extension(Extension-EPS-RepeatInformation).extension(numberOfRepeatsAllowed).valueInteger":    "the same",
	"-.item.detail.subDetail.extension(Extension-EPS-RepeatInformation).extension(numberOfRepeatsIssued).url":              "the same",
	"-.item.detail.subDetail.extension(Extension-EPS-RepeatInformation).extension(numberOfRepeatsIssued).valueInteger":     "the same",
}

// TestOracleClaimShape: our Claims have the elements and code systems of the
// NHS's, no more and no fewer, but for what is listed.
func TestOracleClaimShape(t *testing.T) {
	theirs, ours := map[string]bool{}, map[string]bool{}
	for _, r := range examples(t) {
		if r.Type() == "Claim" {
			for p := range shape(r) {
				theirs[p] = true
			}
		}
	}
	w := newWorld(t).sample()
	first, amended, repeat, none := acute("111111-A83008-111111"), acute("222222-A83008-222222"), acute("333333-A83008-333333"), acute("444444-A83008-444444")
	repeat.issue, repeat.issues = 3, 6
	none.business, none.lines = "0007", none.lines[:1]
	none.lines[0].status, none.lines[0].reason, none.lines[0].supplies = "0002", "0010", nil
	amended.store(w)
	w.settle()
	amended.lines[0].supplies[0].quantity = "10"
	for _, rx := range []*rx{first, amended, repeat, none} {
		rx.store(w)
		claim, _ := w.claimed(rx)
		for p := range shape(claim) {
			ours[p] = true
		}
	}
	passed, total := 0, 0
	var misses []string
	compare := func(sign string, a, b map[string]bool) {
		for _, p := range sortedKeys(a) {
			total++
			if !b[p] && claimDifferences[sign+p] == "" {
				misses = append(misses, sign+p)
				continue
			}
			passed++
		}
	}
	compare("+", ours, theirs)
	compare("-", theirs, ours)
	for key := range claimDifferences {
		set := theirs
		if key[0] == '+' {
			set = ours
		}
		if !set[key[1:]] {
			misses = append(misses, "stale "+key)
		}
	}
	oracle.Report(t, "claim-shape", passed, total, misses)
}

// TestOracleOrdersToClaims takes every order that the NHS accepted through
// accepting and dispensing, and holds the Claim and its answer to R4 and to the
// rules.
func TestOracleOrdersToClaims(t *testing.T) {
	all := examples(t)
	passed, total, lines, priced := 0, 0, 0, 0
	var misses []string
	for _, path := range sortedKeys(all) {
		r := all[path]
		if !strings.HasSuffix(path, "Process-Request-Send-200_OK.json") && !strings.HasPrefix(path, "spec/prescribing/prescription-order/") {
			continue
		}
		event := r.Get("entry").Item(0).Path("resource", "eventCoding", "code").Text()
		if r.Type() != "Bundle" || event != "prescription-order" {
			continue
		}
		total++
		claim, response, err := orderToClaim(t, r)
		if err != nil {
			misses = append(misses, path)
			t.Log(path, err)
			continue
		}
		require.Empty(t, readClaim(claim).check(builtinLists()), path)
		passed++
		for d := range response.Get("item").Item(0).Get("detail").Items() {
			lines++
			if c := nhs.Coded(d.Get("adjudication").Item(0).Get("category"), csCategory); c == "basic-price" && d.Get("adjudication").Item(0).Get("amount").Exists() {
				priced++
			} else {
				t.Log(path, string(d.Get("adjudication").Item(0).Raw()))
			}
		}
	}
	t.Logf("%d of %d lines priced by the sample tariff", priced, lines)
	oracle.Report(t, "orders-to-claims", passed, total, misses)
	oracle.Report(t, "orders-priced", priced, lines, nil)
}

func orderToClaim(t *testing.T, order *fhir.Resource) (claim, response *fhir.Resource, err error) {
	w := newWorld(t).sample()
	site := dispensing.Site{ODS: "VNE51", Name: "The Simple Pharmacy", ReimbursementAuthority: "T1450"}
	d := dispensing.New(w.db, dispensing.Options{Site: site, FromReceipt: true})
	operations := map[string]func(context.Context, *fhir.Call) (*fhir.Reply, error){}
	for _, op := range d.Operations() {
		operations[op.Name] = op.Handle
	}
	if _, err := operations["process-message"](w.ctx, w.call(order)); err != nil {
		return nil, nil, err
	}
	number := ""
	for e := range order.Get("entry").Items() {
		if m := e.Get("resource"); m.Get("resourceType").Text() == "MedicationRequest" {
			number = m.Path("groupIdentifier", "value").Text()
		}
	}
	task := dispensing.TaskID(number, 1)
	w.runDispensing(d)
	for _, name := range []string{"accept", "dispense"} {
		call := w.call(nil)
		if name == "dispense" {
			if err := w.release(task, operations["release-hold"]); err != nil {
				return nil, nil, err
			}
			call.Body = everything()
		}
		call.ID = task
		if _, err := operations[name](w.ctx, call); err != nil {
			return nil, nil, err
		}
	}
	w.settle()
	claim, response = w.get("Claim", ClaimID(number, 1)), w.get("ClaimResponse", ResponseID(ClaimID(number, 1)))
	if claim == nil || response == nil {
		return nil, nil, fhir.E("test", fhir.NotFound, fhir.Issue{Message: "no claim"})
	}
	return claim, response, nil
}

// release decides on what is held of a prescription, as a pharmacist does who
// has asked the prescriber; which examples are held is tested where they are.
func (w *world) release(task string, operation func(context.Context, *fhir.Call) (*fhir.Reply, error)) error {
	for in := range w.get("Task", task).Get("input").Items() {
		if in.Path("type", "text").Text() != "Held" {
			continue
		}
		item := in.Get("extension").Item(0).Get("extension").Item(0).Get("valueString")
		call := w.call(fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(
			fhir.Obj("name", "hold", "valueCode", in.Get("type").Get("coding").Item(0).Get("code")), fhir.Obj("name", "item", "valueString", item),
			fhir.Obj("name", "reason", "valueString", "Asked the prescriber."))).Resource())
		call.ID = task
		if _, err := operation(w.ctx, call); err != nil {
			return err
		}
	}
	return nil
}

// TestOracleR4Claims: every official Claim is answered with a valid
// ClaimResponse, and none of them passes for one of EPS.
func TestOracleR4Claims(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(oracle.Dir(t), "examples", "r4", "*.json"))
	require.NoError(t, err)
	w := newWorld(t).sample()
	passed, total := 0, 0
	var misses []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		r, err := fhir.Parse(data)
		if err != nil || r.Type() != "Claim" {
			continue
		}
		total++
		require.False(t, IsEPS(r), file)
		answer, err := w.s.assessOther(w.db.State(w.ctx), r, r.ID(), w.now)
		require.NoError(t, err)
		bad := false
		for _, i := range w.checks.Validate(w.ctx, answer) {
			if i.IsError() {
				t.Log(file, i.Expression, i.Text())
				bad = true
			}
		}
		if bad {
			misses = append(misses, filepath.Base(file))
			continue
		}
		passed++
	}
	oracle.Report(t, "r4-claims", passed, total, misses)
}
