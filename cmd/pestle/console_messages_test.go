package main

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sends posts something as a person of the sandbox.
func (p *pharmacyUnderTest) sends(person, path, body string) int {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.http.URL+"/fhir"+path, strings.NewReader(body))
	require.NoError(p.t, err)
	r.Header.Set("Content-Type", "application/fhir+json")
	r.Header.Set(personHeader, person)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(p.t, err)
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// TestMessagesPage: a clinic's developer sees what their clinic sent, grouped by mistake and
// each with its lines, judges it again, compares it and sends it again; nobody sees what
// others sent.
func TestMessagesPage(t *testing.T) {
	p := startPharmacy(t, keepingMessages)
	require.Equal(t, http.StatusCreated, p.sends("clinic", "/Patient", `{"resourceType":"Patient","birthDate":"1980-02-28","gender":"male"}`))
	require.Equal(t, http.StatusUnprocessableEntity, p.sends("clinic", "/Patient", "{\n\"resourceType\": \"Patient\",\n\"gender\": \"man\"\n}"))
	require.Equal(t, http.StatusUnprocessableEntity, p.sends("clinic-2", "/Patient", `{"resourceType":"Patient","gender":"secret-of-another"}`))
	resp, text := p.screen("clinic", "/console/messages")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	said := wordsOf(t, text)
	assert.Contains(t, said, "2 messages; accepted: 1.")
	assert.Contains(t, said, "Patient.gender")
	assert.NotContains(t, text, "secret-of-another")
	_, text = p.screen("clinic", "/console/messages?outcome=refused")
	one := regexp.MustCompile(`/console/messages/[0-9a-f]+`).FindString(text)
	require.NotEmpty(t, one)
	resp, text = p.screen("clinic", one)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Contains(t, text, `<tr class="wrong" id="line-3">`)
	assert.Contains(t, wordsOf(t, text), "Authorization: Bearer …")
	_, text = p.screen("clinic", one+"?validate=true")
	assert.Contains(t, wordsOf(t, text), "By the rules of today")
	assert.Contains(t, text, `<tr class="wrong" id="line-3">`)
	_, text = p.screen("clinic", one+"?compare=true")
	assert.Regexp(t, `It has not Patient.birthDate`, wordsOf(t, text))
	resp, text = p.screen("clinic", one, "again", "")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Contains(t, wordsOf(t, text), "Sent again; the sandbox answers 422.")
	for _, person := range []string{"clinic-2", "pharmacist"} {
		resp, _ = p.screen(person, one)
		assert.Equal(t, http.StatusNotFound, resp.StatusCode, person)
	}
	for _, person := range []string{"support", "finance", "auditor", "administrator"} {
		resp, _ = p.screen(person, "/console/messages")
		assert.Equal(t, http.StatusForbidden, resp.StatusCode, person)
	}
}
