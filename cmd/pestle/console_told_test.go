package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/invoicing"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestPaymentIsTold: the answer line of a private prescription tells the state of its payment,
// at each step of it, to whoever is asked where it is.
func TestPaymentIsTold(t *testing.T) {
	p, task := privately(t)
	number := p.ask(http.StatusOK, http.MethodGet, task, nil).Root().Path("groupIdentifier", "value").Text()
	says := func(want string) {
		t.Helper()
		for _, who := range []string{"support", "pharmacist", "auditor"} {
			resp, text := p.screen(who, "/console/order/"+number)
			require.Equal(t, http.StatusOK, resp.StatusCode)
			assert.Contains(t, wordsOf(t, text), want, who)
		}
	}
	says("Payment £12.00 not paid EPS says")
	p.ask(200, "POST", task+"/$request-payment", nil)
	says("Payment £12.00 not paid; the payment page was sent ")
	p.ask(200, "POST", task+"/$record-payment", payment("5.00", "1"))
	says("Payment £5.00 paid ")
	says("; £7.00 not paid; the payment page was sent ")
	p.ask(200, "POST", task+"/$record-payment", payment("7.00", "2"))
	says("Payment £12.00 paid ")
	p.ask(200, "POST", "/PaymentNotice/"+p.one("PaymentNotice", nhs.Query("identifier", "https://pestle-fhir.github.io/Id/private-payment", "x99ph.cash/2")).ID()+"/$refund", []byte(`{"resourceType":"Parameters","parameter":[{"name":"reason","valueString":"why"},{"name":"amount","valueMoney":{"value":2.00,"currency":"GBP"}}]}`))
	says("Payment £12.00 paid; £2.00 refunded ")

	_, err := p.app.invoicing.Load(t.Context(), invoicing.File{Data: []byte("pharmacy,clinic,from,until,rule,value,vat,mark,source\n*,X99CL,2020-01-01,,payer,clinic,,K,x\n")}, sandboxRequester)
	require.NoError(t, err)
	says("Payment the clinic pays")
	for who, may := range map[string]bool{"clinic": false, "pharmacy-2": false, "administrator": false, "finance": true, "technician": true} {
		status, answer := p.answered("GET", "/fhir"+task+"/$balance", "application/fhir+json", nil, personHeader, who)
		assert.Equal(t, may, status == 200, "%s: %d %s", who, status, answer)
	}
}

// TestNotes: a note is in the timeline with who wrote it; what is for the people of the
// pharmacy alone is not in the bytes of customer service, and no clinic finds any.
func TestNotes(t *testing.T) {
	p := startPharmacy(t)
	o := p.arrives(demoOrder(t, nil))
	order, patient := "/console/order/"+o.number, "/console/patient/"+o.patient
	resp, text := p.sent("support", "/console/task/"+strings.TrimPrefix(o.task, "/Task/")+"/note?back="+order, "note", "Caller confirmed the address", "readers", "note")
	require.Equal(t, http.StatusSeeOther, resp.StatusCode, wordsOf(t, text))
	require.Equal(t, order+"?done=note", resp.Header.Get("Location"))
	resp, text = p.sent("pharmacist", patient+"/note", "note", "Counselled on "+o.medicines[0], "readers", "pharmacy-note")
	require.Equal(t, http.StatusSeeOther, resp.StatusCode, wordsOf(t, text))
	for _, page := range []string{order, patient} {
		for who, name := range map[string]string{"support": "Customer service", "pharmacist": "Customer service", "technician": "Customer service"} {
			_, text := p.screen(who, page)
			assert.Contains(t, wordsOf(t, text), "Note Caller confirmed the address – "+name, "%s %s", who, page)
		}
	}
	_, text = p.screen("support", patient)
	assert.Contains(t, wordsOf(t, text), "Note For the people of the pharmacy, from Sandbox pharmacist")
	assert.NotContains(t, text, "Counselled")
	_, text = p.screen("pharmacist", patient)
	assert.Contains(t, wordsOf(t, text), "Counselled on "+o.medicines[0])
	status, answer := p.answered("GET", "/fhir/Communication?patient=Patient/"+o.patient, "application/fhir+json", nil, personHeader, "clinic")
	assert.Equal(t, 200, status)
	assert.NotContains(t, answer, "Caller")

	// What is missing is said at its field, and nothing is stored.
	resp, text = p.sent("support", patient+"/note", "note", "")
	require.Equal(t, http.StatusUnprocessableEntity, resp.StatusCode, wordsOf(t, text))
	for who, may := range map[string]bool{"support": true, "technician": true, "finance": false, "auditor": false, "clinic": false, "administrator": false} {
		resp, _ := p.screen(who, patient+"/note")
		assert.Equal(t, may, resp.StatusCode == http.StatusOK, who)
	}

	// Nobody writes one by hand, changes or deletes it, in whatever way.
	note := p.one("Communication", "category=note")
	by := func(method, path, body string) {
		t.Helper()
		for _, who := range []string{"support", "pharmacist", "clinic"} {
			status, answer := p.answered(method, "/fhir"+path, "application/fhir+json", []byte(body), personHeader, who)
			assert.True(t, status >= 400 && status < 500, "%s %s as %s: %d %.300s", method, path, who, status, answer)
		}
	}
	made := `{"resourceType":"Communication","status":"completed","category":[{"coding":[{"system":"https://pestle-fhir.github.io/CodeSystem/note","code":"note"}]}],"subject":{"reference":"Patient/` + o.patient + `"},"payload":[{"contentString":"x"}]}`
	by("POST", "/Communication", made)
	by("POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":`+made+`,"request":{"method":"POST","url":"Communication"}}]}`)
	by("DELETE", "/Communication/"+note.ID(), "")
	by("PUT", "/Communication/"+note.ID(), string(note.JSON()))
}

// TestQueueTellsTheFirstDay: a prescription of a controlled drug and another medicine is due
// by the day of the controlled drug, in the queue as in its review.
func TestQueueTellsTheFirstDay(t *testing.T) {
	p := startPharmacy(t)
	o := p.arrives(demoOrder(t, nil))
	task := p.ask(http.StatusOK, http.MethodGet, o.task, nil)
	_, text := p.screen("pharmacist", "/console/queue/new?sel="+strings.TrimPrefix(o.task, "/Task/"))
	words := wordsOf(t, text)
	due := regexp.MustCompile(`Why ([0-9]+) days? `).FindStringSubmatch(words)
	require.NotNil(t, due, words)
	law := regexp.MustCompile(`by law until [^(]*\(([0-9]+) days?\)`).FindStringSubmatch(words)
	require.NotNil(t, law, words)
	assert.Equal(t, law[1], due[1])
	assert.Less(t, len(due[1]), 3, "28 days, by the law of Schedule 2: not the six months of the other item, "+task.Root().Path("restriction", "period", "end").Text())
}
