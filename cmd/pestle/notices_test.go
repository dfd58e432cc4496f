package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

const noticeKinds = nhs.Own + "CodeSystem/notice"

// notice waits for the one message of a kind, and returns its Communication.
func (p *pharmacyUnderTest) notice(kind string) *fhir.Resource {
	p.t.Helper()
	return p.one("Communication", "category="+noticeKinds+"|"+kind+"&status=completed")
}

// TestPatientsAreTold: the patient of a prescription is told what becomes of it, once
// each, and what they are told names no medicine. A sandbox records it, and sends nothing.
func TestPatientsAreTold(t *testing.T) {
	p := startPharmacy(t)
	_, err := p.app.invoicing.Load(t.Context(), invoicing.File{Data: []byte(privatePrices)}, sandboxRequester)
	require.NoError(t, err)
	_, err = p.app.invoicing.Load(t.Context(), invoicing.File{Data: []byte(paidFirst)}, sandboxRequester)
	require.NoError(t, err)
	p.app.invoicing.Take(till{"http://127.0.0.1"})
	order, err := privateMessage(time.Now())
	require.NoError(t, err)
	task, _ := p.taken(order, "")
	do := func(op string, parameters ...any) {
		t.Helper()
		p.ask(200, "POST", task+"/"+op, fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(parameters...)).JSON())
	}
	do("$request-payment")
	told := map[string]*fhir.Resource{"payment-link": p.notice("payment-link")}
	do("$record-payment", fhir.Obj("name", "amount", "valueMoney", fhir.Obj("value", fhir.Raw("12.00"), "currency", "GBP")), fhir.Obj("name", "method", "valueCode", "cash"), fhir.Obj("name", "reference", "valueString", "1"))
	all := fhir.Obj("name", "all", "valueBoolean", true)
	do("$dispense", all, fhir.Obj("name", "bag", "valueCode", "delivery"))
	do("$dispatch", fhir.Obj("name", "courier", "valueString", "Royal Mail AB123456789GB"))
	told["dispatched"] = p.notice("dispatched")
	do("$fail-delivery", fhir.Obj("name", "reason", "valueString", "Nobody was there."))
	told["failed-delivery"] = p.notice("failed-delivery")
	do("$put-back", fhir.Obj("name", "reason", "valueString", "The patient collects it."))
	do("$dispense", all, fhir.Obj("name", "bag", "valueCode", "collection"))
	do("$hand-over", fhir.Obj("name", "collector", "valueCode", "patient"))
	told["collected"] = p.notice("collected")
	for kind, r := range told {
		text := r.Get("payload").Item(1).Get("contentString").Text()
		assert.NotContains(t, text, "aracetamol")
		assert.Contains(t, text, map[string]string{"payment-link": "£12.00", "dispatched": "AB123456789GB", "failed-delivery": "AB123456789GB", "collected": "was collected on"}[kind])
		sent := nhs.Extension(r.Root(), nhs.Own+"StructureDefinition/notice-sent")
		assert.Equal(t, "outbox", nhs.Extension(sent, "sender").Get("valueString").Text())
		assert.Equal(t, "jo.marlow@example.com", nhs.Extension(sent, "address").Get("valueString").Text())
	}
	p.allValid()

	// Customer service sends it again, and is shown that it was sent, and not what.
	request := told["collected"].Get("basedOn").Item(0).Get("reference").Text()
	status, answer := p.answered("POST", "/fhir/"+request+"/$resend", "application/fhir+json", nil, personHeader, "support")
	require.Equal(t, 200, status, answer)
	require.Contains(t, answer, "Communication/")
	require.Eventually(t, func() bool {
		ids, err := p.app.db.State(t.Context()).Find("Communication", "category="+noticeKinds+"|collected&status=completed")
		return err == nil && len(ids) == 2
	}, 5*time.Second, 5*time.Millisecond)
	status, answer = p.answered("GET", "/fhir/Communication/"+told["collected"].ID(), "application/fhir+json", nil, personHeader, "support")
	require.Equal(t, 200, status)
	assert.NotContains(t, answer, "Dear")

	// The patient does not want to be told.
	status, answer = p.answered("POST", "/fhir/"+told["collected"].Root().Path("subject", "reference").Text()+"/$notices", "application/fhir+json", []byte(`{"resourceType":"Parameters","parameter":[{"name":"wanted","valueBoolean":false}]}`), personHeader, "support")
	require.Equal(t, 200, status, answer)
	status, answer = p.answered("POST", "/fhir/"+request+"/$resend", "application/fhir+json", nil, personHeader, "support")
	require.Equal(t, 422, status, answer)
	assert.Contains(t, answer, "not wanted")
	for _, who := range []string{"clinic", "clinic-2", "pharmacy-2", "finance", "auditor"} {
		status, answer := p.answered("POST", "/fhir/"+request+"/$resend", "application/fhir+json", nil, personHeader, who)
		assert.Contains(t, []int{403, 404}, status, "%s: %s", who, answer)
		status, answer = p.answered("GET", "/fhir/Communication/"+told["collected"].ID(), "application/fhir+json", nil, personHeader, who)
		if who != "auditor" {
			assert.Contains(t, []int{403, 404}, status, "%s: %s", who, answer)
		}
	}
}

// TestOwingIsTold: what is owed is told once, whatever is changed of it on that day.
func TestOwingIsTold(t *testing.T) {
	p := startPharmacy(t)
	task, items := p.taken(demoOrder(t, nil), "")
	p.ask(200, "POST", task+"/$dispense", parametersOf(items[0]+":0003:10", items[1]+":0004"))
	r := p.notice("owing")
	assert.Contains(t, r.Get("payload").Item(1).Get("contentString").Text(), "owed to you")
	ids, err := p.app.db.State(t.Context()).Find("CommunicationRequest", "category="+noticeKinds+"|owing")
	require.NoError(t, err)
	assert.Len(t, ids, 1, "one for two items")
}

// TestNoticeOptions: a server that is told by half how patients are told does not start.
func TestNoticeOptions(t *testing.T) {
	full := noticeOptions{SMTP: "mail.example:587", From: "a@example.com", TLS: "starttls", Phone: "01632 960001", URL: "https://gateway.example", Token: "t"}
	require.NoError(t, new(noticeOptions).complete(false, "", ""), "off by default")
	ok := full
	require.NoError(t, ok.complete(false, "X99PH", "The Pharmacy"))
	require.Len(t, ok.made.Senders, 2)
	for i, change := range []func(*noticeOptions){
		func(o *noticeOptions) { o.SMTP, o.URL = "", "" }, func(o *noticeOptions) { o.Phone = "" }, func(o *noticeOptions) { o.From = "" }, func(o *noticeOptions) { o.Token = "" },
		func(o *noticeOptions) { o.URL = "" }, func(o *noticeOptions) { o.SMTP = "" }, func(o *noticeOptions) { o.Templates = []byte("x") }, func(o *noticeOptions) { o.Username = "u" }, func(o *noticeOptions) { o.SMTP = "mail" },
		func(o *noticeOptions) { o.URL = "http://gateway.example" },
	} {
		o := full
		change(&o)
		assert.Error(t, o.complete(false, "X99PH", "The Pharmacy"), fmt.Sprint(i))
	}
	for _, who := range [][2]string{{"", "The Pharmacy"}, {"X99PH", ""}} {
		o := full
		assert.Error(t, o.complete(false, who[0], who[1]))
	}
	require.Error(t, full.complete(true, "", ""), "a sandbox sends nothing")
}
