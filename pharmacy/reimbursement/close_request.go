package reimbursement

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// closeTask is the code of the Task by which one person asks that a month is closed
// and another confirms it, and the names of its inputs.
const (
	closeTask   = "close-month"
	closeClaims = "claims"
	closeNet    = "net"
	closeDigest = "digest"
	closeAlone  = "alone"
)

// requestID is the id of the Task that asks for a run.
func requestID(month tariff.Month, org string, run int) string {
	return pharmacy.ID("Task", closeTask, month.String(), org, strconv.Itoa(run))
}

// workCode is the code of a Task of money, "" where it is of another kind.
func workCode(r *fhir.Resource) string {
	if r == nil || r.Type() != "Task" {
		return ""
	}
	return nhs.Coded(r.Get("code"), csWork)
}

// workInput is an input of a Task of money.
func workInput(r *fhir.Resource, name string) fhir.Node {
	for in := range r.Get("input").Items() {
		if nhs.Coded(in.Get("type"), csWorkInput) == name {
			for m := range in.Members() {
				if m.Name() != "type" {
					return m
				}
			}
		}
	}
	return fhir.Node{}
}

func inputValue(name, kind string, value any) fhir.Value {
	return fhir.Obj("type", fhir.Obj("coding", fhir.List(fhir.Obj("system", csWorkInput, "code", name))), kind, value)
}

// request is the Task that asks to close what an export has.
func (e *Export) request(invoice *fhir.Resource, digest []byte, q CloseRequest) *fhir.Resource {
	claims, net := len(e.list), invoice.Get("totalNet")
	inputs := []any{inputValue(closeClaims, "valueInteger", claims), inputValue(closeNet, "valueMoney", net), inputValue(closeDigest, "valueString", hex.EncodeToString(digest))}
	var account, focus fhir.Value
	if e.size > closedWhole {
		inputs = append(inputs, inputValue(closeLarge, "valueBoolean", true))
		account, focus = fhir.List(fhir.Revise(invoice, "id", accountRef[1:])), fhir.Obj("reference", accountRef)
	}
	return fhir.Obj(
		"resourceType", "Task", "id", requestID(e.Month, e.Org, e.Run), "contained", account,
		"identifier", fhir.List(nhs.IdentifierValue(csRun, e.name())),
		"status", "requested", "intent", "proposal", "focus", focus,
		"code", fhir.Obj("coding", fhir.List(fhir.Obj("system", csWork, "code", closeTask, "display", "Close a month"))),
		"description", fmt.Sprintf("Close %s of %s as run %d: %d claims, net £%s. Another person confirms it by the same request.", e.Month, e.Org, e.Run, claims, twoPlaces(net.Get("value").Text())),
		"authoredOn", q.Time.UTC().Format(fhir.InstantLayout),
		"requester", fhir.Obj("identifier", fhir.Obj("value", q.Requester.Agent), "display", q.Requester.Display),
		"owner", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, e.Org)),
		"input", fhir.List(inputs...),
	).Resource()
}

// agreed is what two persons say of a run: nil where nobody has to be asked. It
// returns the change that completes what was asked for, or, where that is not what
// the month has now, the Task that asks for it.
func (s *Service) agreed(ctx context.Context, e *Export, invoice *fhir.Resource, digest []byte, q CloseRequest) (done *fhir.Change, asked *fhir.Resource, err error) {
	state := s.db.State(ctx)
	id := requestID(e.Month, e.Org, e.Run)
	standing, err := state.Current("Task", id)
	if err != nil {
		return nil, nil, err
	}
	var task *fhir.Resource
	if standing != nil {
		if task, err = standing.Resource(); err != nil {
			return nil, nil, err
		}
	}
	open := task != nil && task.Get("status").Text() == "requested"
	if !s.options.twoPersons(q.Requester) {
		if open { // done by the operator: nothing is left to confirm
			done = e.completed(standing, task, q, "")
		}
		return done, nil, nil
	}
	if !open || workInput(task, closeDigest).Text() != hex.EncodeToString(digest) {
		asked, err = s.ask(ctx, e.request(invoice, digest, q), standing, q)
		return nil, asked, err
	}
	if err := s.options.confirms(state, e.Org, q.Alone, q.Requester, standing.Requester.Agent, q.Time); err != nil {
		return nil, nil, err
	}
	return e.completed(standing, task, q, q.Alone), nil, nil
}

// completed is the Task once another person has confirmed it, or one who is alone.
func (e *Export) completed(standing *fhir.Version, task *fhir.Resource, q CloseRequest, alone string) *fhir.Change {
	var inputs []any
	for in := range task.Get("input").Items() {
		inputs = append(inputs, in)
	}
	if alone != "" {
		inputs = append(inputs, inputValue(closeAlone, "valueString", alone))
	}
	output := fhir.Obj("type", fhir.Obj("coding", fhir.List(fhir.Obj("system", csWorkInput, "code", "account"))), "valueReference", fhir.Obj("reference", "Invoice/"+invoiceID(e.Month, e.Org, e.Run)))
	r := fhir.Revise(task, "contained", fhir.Value{}, "focus", fhir.Value{}, "status", "completed", "lastModified", q.Time.UTC().Format(fhir.InstantLayout), "input", fhir.List(inputs...), "output", fhir.List(output))
	return &fhir.Change{Method: fhir.Update, Type: "Task", ID: standing.ID, Resource: r, IfMatch: standing.VersionID}
}

// ask records that somebody asks for a run; the answer to a repeat is the first one.
func (s *Service) ask(ctx context.Context, task *fhir.Resource, standing *fhir.Version, q CloseRequest) (*fhir.Resource, error) {
	change := fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: task, IfNoneMatch: true}
	version := "1"
	if standing != nil {
		change.IfNoneMatch, change.IfMatch = false, standing.VersionID
		version = nextVersion(standing)
	}
	stamped, err := fhir.Parse(task.Stamp(task.ID(), version, q.Time))
	if err != nil {
		return nil, err
	}
	tx := &fhir.Transaction{Changes: []fhir.Change{change}, Derived: true, Requester: q.Requester, RequestID: q.RequestID, Time: q.Time}
	if q.Answer != nil {
		tx.Receipt = q.Answer(&fhir.Reply{Resource: stamped, Location: "Task/" + task.ID() + "/_history/" + version})
	}
	if _, err := s.db.Commit(ctx, tx); err != nil {
		return nil, err
	}
	return stamped, nil
}

// nextVersion is the id of the version after one.
func nextVersion(v *fhir.Version) string {
	n, _ := strconv.Atoi(v.VersionID) // the store counts versions
	return strconv.Itoa(n + 1)
}

// guardClosing keeps, in the commit, that a run which a person records was asked for
// by another, whatever way it comes.
func (o Options) guardClosing(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if !o.twoPersons(tx.Requester) || after.Deleted() {
		return nil
	}
	r, err := after.Resource()
	if err != nil {
		return err
	}
	switch {
	case after.Type == "Invoice" && before == nil:
		return guardRun(state, tx, after.ID, r)
	case after.Type == "Task" && workCode(r) == closeTask && r.Get("status").Text() == "completed":
		if before == nil || before.Deleted() {
			return unasked(after.Ref())
		}
		was, err := before.Resource()
		if err != nil || was.Get("status").Text() == "completed" {
			return err
		}
		on := tx.Time
		if on.IsZero() {
			on = after.LastUpdated
		}
		return o.confirms(state, nhs.Identifier(r.Get("owner"), nhs.IDODS).Text(), workInput(r, closeAlone).Text(), tx.Requester, before.Requester.Agent, on)
	}
	return nil
}

// guardRun wants the Task that asked for a run to be completed by the transaction
// that records it.
func guardRun(state fhir.State, tx *fhir.Transaction, id string, invoice *fhir.Resource) error {
	month, org, run, ok := runOf(invoice)
	if !ok || invoiceID(month, org, run) != id {
		return nil
	}
	task := requestID(month, org, run)
	for _, c := range tx.Changes {
		if c.Type != "Task" || c.ID != task {
			continue
		}
		now, err := current(state, "Task", "Task/"+task)
		if err != nil || now != nil && now.Get("status").Text() == "completed" {
			return err
		}
	}
	return unasked("Invoice/" + id)
}

func unasked(ref string) error {
	return fhir.E("close", fhir.Forbidden, fhir.Issue{Rule: "second-person", Message: "A month is closed by two persons: nobody has asked for this run.", Found: ref, Fix: "Ask for it: POST Claim/$close-month. Another person confirms it by the same request."})
}

// runOf is the run that the record of one names: "2026-11/FA565/1".
func runOf(invoice *fhir.Resource) (month tariff.Month, org string, run int, ok bool) {
	for id := range invoice.Get("identifier").Items() {
		if id.Get("system").Text() == csRun {
			return readRun(id.Get("value").Text())
		}
	}
	return 0, "", 0, false
}

// readRun reads the name of a run.
func readRun(name string) (month tariff.Month, org string, run int, ok bool) {
	part := strings.Split(name, "/")
	if len(part) != 3 {
		return 0, "", 0, false
	}
	month, err := tariff.ParseMonth(part[0])
	if err != nil {
		return 0, "", 0, false
	}
	run, err = strconv.Atoi(part[2])
	return month, part[1], run, err == nil && run > 0
}
