package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// doorOf is the address of the first link on a page that has a part in it.
func doorOf(t *testing.T, text, part string) string {
	t.Helper()
	m := regexp.MustCompile(`href="([^"]*` + part + `[^"]*)"`).FindStringSubmatch(text)
	require.NotNil(t, m, "%s: %s", part, wordsOf(t, text))
	return strings.ReplaceAll(m[1], "&amp;", "&")
}

// sent fills in a form: what the page has set, and pairs.
func (p *pharmacyUnderTest) sent(person, form string, pairs ...string) (*http.Response, string) {
	p.t.Helper()
	resp, text := p.screen(person, form)
	require.Equal(p.t, http.StatusOK, resp.StatusCode, wordsOf(p.t, text))
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(text, -1) {
		pairs = append(pairs, m[1], strings.NewReplacer("&amp;", "&", "&#34;", `"`).Replace(m[2]))
	}
	at := regexp.MustCompile(`<form class="act" method="post" action="([^"]*)"`).FindStringSubmatch(text)
	require.NotNil(p.t, at)
	return p.screen(person, at[1], pairs...)
}

// stockScreens is the work with the stock by the forms: goods are received once however often
// the form is sent, counted, adjusted, moved, recalled and destroyed; what is refused is said at
// its field; each role has its acts.
func stockScreens(t *testing.T, p *pharmacyUnderTest) {
	_, text := p.screen("pharmacist", "/console/stock")
	assert.Contains(t, wordsOf(t, text), "Balance in the register 28 tablets")
	resp, text := p.sent("pharmacist", doorOf(t, text, "receive-goods"), "product", "322237000", "quantity", "200", "batch", "P77", "expiry", "2020-01-31", "from", "Example Wholesale", "price", "3.20")
	require.Equal(t, http.StatusUnprocessableEntity, resp.StatusCode)
	assert.Regexp(t, `<a href="#f3">What is expired is not taken into the stock\.`, text)
	assert.Regexp(t, `id="f3-error"><strong>Error:</strong> What is expired`, text)
	assert.Contains(t, text, `value="P77"`, "what was typed is kept")

	_, text = p.screen("pharmacist", "/console/stock/ledger/receive-goods")
	once := regexp.MustCompile(`name="once" value="([^"]*)"`).FindStringSubmatch(text)[1]
	for range 2 {
		resp, text = p.screen("pharmacist", "/console/stock/ledger/receive-goods", "once", once, "product", "322237000", "quantity", "200", "batch", "P77", "expiry", "2031-01-31", "from", "Example Wholesale", "price", "£3.20", "location", "A-01")
		require.Equal(t, http.StatusSeeOther, resp.StatusCode, wordsOf(t, text))
	}
	require.Equal(t, "/console/stock?done=receive-goods", resp.Header.Get("Location"))
	list := func(query string) string {
		_, text := p.screen("pharmacist", "/console/stock?name=paracetamol"+query)
		return text
	}
	text = list("")
	assert.Contains(t, wordsOf(t, text), "Balance 200 tablets")
	for _, step := range []struct {
		act, says string
		pairs     []string
	}{
		{"count-stock", "200 available", []string{"counted", "198"}},
		{"adjust-stock", "Balance 198 tablets", []string{"change", "-2", "reason", "Two were crushed"}},
		{"move-stock", "P77 31 Jan 2031 B-02 50 available", []string{"quantity", "50", "to", "B-02"}},
		{"destroy-goods", "Balance 197 tablets", []string{"quantity", "1", "reason", "Fell down"}},
		{"stock-level", "Less is available than the reorder level.", []string{"level", "500", "order", "1000", "leadDays", "3", "supplier", "Example Wholesale"}},
		{"recall-batch", "P77 recalled", []string{"reason", "Class 2 recall"}},
	} {
		link := doorOf(t, list(""), step.act)
		resp, text := p.sent("pharmacist", link, step.pairs...)
		require.Equal(t, http.StatusSeeOther, resp.StatusCode, "%s: %s", step.act, wordsOf(t, text))
		require.Contains(t, wordsOf(t, list("")), step.says, step.act)
	}
	assert.Contains(t, wordsOf(t, list("&show=order")), "Reorder level 500 tablets Ordered at a time 1000 tablets From Example Wholesale")
	assert.Contains(t, wordsOf(t, list("&show=quarantine")), "in quarantine")
	assert.Contains(t, wordsOf(t, list("&show=expires")), "No product of this list")
	_, text = p.screen("technician", "/console/stock")
	for _, act := range []string{"receive-goods", "count-stock", "move-stock", "stock-check"} {
		assert.Contains(t, text, "/"+act+"?", "a technician")
	}
	for _, act := range []string{"adjust-stock", "destroy-goods", "recall-batch", "stock-level", "destroy", "correct-register"} {
		assert.NotContains(t, text, "/"+act+"?", "a technician")
	}
	_, text = p.screen("finance", "/console/stock")
	assert.Contains(t, wordsOf(t, text), "Balance 197 tablets")
	assert.NotContains(t, text, "/stock/ledger/")
	for _, person := range []string{"support", "clinic", "administrator"} {
		resp, _ := p.screen(person, "/console/stock")
		assert.Equal(t, http.StatusForbidden, resp.StatusCode, person)
	}
}

// responsibleScreens: without a responsible pharmacist a supply is refused, and the refusal
// leads to where one signs on.
func responsibleScreens(t *testing.T, p *pharmacyUnderTest) {
	o := p.arrives(demoOrder(t, nil))
	p.act(o, "accept")
	p.act(o, "approve")
	p.does("pharmacist-2", o, "check", http.StatusSeeOther, "item.0.quantity", "28")
	_, text := p.screen("pharmacist", "/console/responsible")
	require.Contains(t, wordsOf(t, text), "is responsible for the pharmacy, and present")
	act := func(act string, pairs ...string) string {
		_, text := p.screen("pharmacist", "/console/responsible")
		resp, text := p.sent("pharmacist", doorOf(t, text, "act="+act), pairs...)
		require.Equal(t, http.StatusSeeOther, resp.StatusCode, wordsOf(t, text))
		_, text = p.screen("technician", resp.Header.Get("Location"))
		return wordsOf(t, text)
	}
	assert.Contains(t, act("absence"), "and absent: nothing is supplied")
	review := strings.Replace(o.task, "/Task/", "/console/task/", 1)
	_, text = p.screen("pharmacist", review)
	resp, text := p.sent("pharmacist-2", doorOf(t, text, "/dispense"), "all", "true", "collector", "patient", "identityRequested", "true", "identityProvided", "true")
	require.Equal(t, http.StatusUnprocessableEntity, resp.StatusCode, wordsOf(t, text))
	assert.Contains(t, wordsOf(t, text), "Nothing is supplied while no responsible pharmacist is present")
	at := doorOf(t, text, `/console/responsible\?`)
	assert.Contains(t, at, "back="+url.QueryEscape(review+"/dispense"))
	assert.Contains(t, act("return"), "and present")
	assert.Contains(t, act("end"), "Nobody is signed on")
	resp, _ = p.screen("technician", "/console/register/stock/responsible-pharmacist?act=start")
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)
	assert.Contains(t, act("start", "registration", "2123456"), "Registration 2123456")
	for _, person := range []string{"support", "clinic", "administrator", "finance"} {
		resp, _ := p.screen(person, "/console/responsible")
		assert.Equal(t, http.StatusForbidden, resp.StatusCode, person)
	}
}
