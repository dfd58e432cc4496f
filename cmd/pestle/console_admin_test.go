package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/store/archive"
)

// TestAdministration opens each page of the administration: for administrators alone, and
// with nothing of a patient in its bytes. What is done there is done by the commands.
func TestAdministration(t *testing.T) {
	p := startPharmacy(t)
	o := p.arrives(demoOrder(t, nil))
	v, err := p.app.db.State(t.Context()).Current("Patient", o.patient)
	require.NoError(t, err)
	parked := pharmacy.Park("claims", v, fhir.E("claims", fhir.Invalid, fhir.Issue{Message: "It is of " + o.nhs}))
	_, err = p.app.db.Commit(t.Context(), &fhir.Transaction{Derived: true, Changes: []fhir.Change{parked}, Requester: fhir.Principal{Agent: "follower|claims"}})
	require.NoError(t, err)
	p.app.backups.done(time.Now(), 2_500_000, archive.Header{Since: 0, Seq: 12}, nil)
	_, err = p.admin.tokens.Add(oauth.Client{ID: "clinic-ehr", Name: "Clinic EHR", Organisation: "X99CL", Kind: oauth.App, Redirects: []string{"https://app.example/cb"}, Scopes: []string{"user/Task.rs"}, Credentials: oauth.Credentials{Secret: make([]byte, 32)}})
	require.NoError(t, err)
	p.ask(http.StatusCreated, http.MethodPost, "/Subscription", []byte(`{"resourceType":"Subscription","status":"requested","reason":"to be told","criteria":"Task?patient=Patient/`+o.patient+`","channel":{"type":"rest-hook","endpoint":"http://127.0.0.1:1/secret-path","payload":"application/fhir+json"}}`))

	for page, want := range map[string]string{
		"server": "Status pass", "clients": "clinic-ehr Clinic EHR X99CL", "organisations": "Sandbox Attention Clinic", "roles": "customer-service", "law": "Editions of the tariff", "definitions": "None was added.",
		"webhooks": "rest-hook 127.0.0.1:1", "warehouse": "keeps no stock ledger", "work": "claims Patient/" + o.patient + "/_history/1",
	} {
		resp, text := p.screen("administrator", "/console/admin/"+page)
		require.Equal(t, http.StatusOK, resp.StatusCode, "%s: %s", page, wordsOf(t, text))
		assert.Contains(t, wordsOf(t, text), want, page)
		for _, secret := range append([]string{o.nhs, "secret-path", "Task?patient", "It is of"}, o.medicines...) {
			assert.NotContains(t, text, secret, page)
		}
		for _, person := range []string{"pharmacist", "support", "finance", "auditor", "clinic"} {
			resp, _ := p.screen(person, "/console/admin/"+page)
			assert.Equal(t, http.StatusForbidden, resp.StatusCode, "%s %s", person, page)
		}
	}
	_, server := p.screen("administrator", "/console/admin/server")
	assert.Contains(t, wordsOf(t, server), "Size 2.5 MB Holds commits 0 to 12")
	resp, text := p.screen("administrator", "/console/admin/people")
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Contains(t, wordsOf(t, text), "Nobody has an account in a sandbox")
	for _, path := range []string{"/console/patient/" + o.patient, "/console/order/" + o.number, "/console/queue", "/console/find"} {
		_, text := p.screen("administrator", path)
		assert.NotContains(t, text, o.nhs, path)
	}

	resp, _ = p.screen("administrator", "/console/admin/clients/disable?id=clinic-ehr", "sure", "")
	require.Equal(t, http.StatusSeeOther, resp.StatusCode)
	c, err := p.admin.tokens.Client("clinic-ehr")
	require.NoError(t, err)
	assert.True(t, c.Disabled)
	resp, text = p.screen("administrator", "/console/admin/clients/disable?id=nobody", "sure", "")
	assert.Equal(t, http.StatusUnprocessableEntity, resp.StatusCode)
	assert.Contains(t, wordsOf(t, text), `There is no client "nobody"`)
	resp, _ = p.screen("pharmacist", "/console/admin/clients/enable?id=clinic-ehr", "sure", "")
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)
	_, text = p.screen("administrator", "/console/admin/webhooks")
	again := regexp.MustCompile(`/console/admin/webhooks/resend\?id=[^"]*`).FindString(text)
	resp, _ = p.screen("administrator", again, "sure", "")
	assert.Equal(t, http.StatusSeeOther, resp.StatusCode)
	resp, text = p.screen("administrator", "/console/admin/webhooks/resend?id=nobody", "sure", "")
	assert.Equal(t, http.StatusUnprocessableEntity, resp.StatusCode)
	assert.Contains(t, wordsOf(t, text), "There is no such Subscription")
}

// TestAlertsPage: an alert is acknowledged on its page, and put aside with a reason alone.
func TestAlertsPage(t *testing.T) {
	p := startPharmacy(t)
	p.app.backups.done(time.Now(), 0, archive.Header{}, fhir.E("backup", fhir.Exception, fhir.Issue{Message: "The disk is full."}))
	require.NoError(t, p.app.alerts.Judge(t.Context()))
	for _, person := range []string{"administrator", "pharmacist", "finance"} {
		_, text := p.screen(person, "/console/alerts")
		assert.Contains(t, wordsOf(t, text), "The last backup failed", person)
	}
	resp, _ := p.screen("support", "/console/alerts")
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)
	_, text := p.screen("administrator", "/console/alerts")
	links := regexp.MustCompile(`/console/alert/[^"?]*/(?:acknowledge|dismiss)-alert`).FindAllString(text, 2)
	require.Len(t, links, 2)
	_, form := p.screen("administrator", links[0]+"?back=/console/alerts")
	assert.Contains(t, form, `name="note"`)
	resp, text = p.screen("administrator", links[0], "note", "I look at the disk.", "back", "/console/alerts")
	require.Equal(t, "/console/alerts?done=acknowledge-alert", resp.Header.Get("Location"), wordsOf(t, text))
	_, text = p.screen("administrator", "/console/alerts?done=acknowledge-alert")
	assert.Contains(t, wordsOf(t, text), "acknowledged, by Administrator: I look at the disk.")
	dismiss := strings.Replace(links[0], "acknowledge", "dismiss", 1)
	resp, text = p.screen("administrator", dismiss, "note", "")
	assert.GreaterOrEqual(t, resp.StatusCode, 400)
	assert.Contains(t, wordsOf(t, text), "There is a problem")
}
