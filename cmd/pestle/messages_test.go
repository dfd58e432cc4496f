package main

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/messages"
)

// keepingMessages starts a pharmacy that keeps what is sent to it.
func keepingMessages(c *serveCommand) { c.Messages.MB = 64 }

// messagesOf is the answer of $messages to somebody.
func (p *pharmacyUnderTest) messagesOf(who, query string) *fhir.Resource {
	p.t.Helper()
	status, answer := p.answered("GET", "/fhir/$messages?"+query, "application/fhir+json", nil, personHeader, who)
	require.Equal(p.t, 200, status, answer)
	r, err := fhir.Parse([]byte(answer))
	require.NoError(p.t, err)
	for _, i := range p.app.validator.Validate(p.t.Context(), r) {
		require.False(p.t, i.IsError(), "%s %s", i.Expression, i.Text())
	}
	return r
}

// partsNamed are the parameters of a name.
func partsNamed(n fhir.Node, list, name string) (found []fhir.Node) {
	for p := range n.Get(list).Items() {
		if p.Get("name").Text() == name {
			found = append(found, p)
		}
	}
	return found
}

func partOf(n fhir.Node, name, kind string) string {
	for _, p := range partsNamed(n, "part", name) {
		return p.Get(kind).Text()
	}
	return ""
}

// TestMessages: a clinic finds what it sent, as it sent it, with what was wrong; another
// clinic finds nothing of it.
func TestMessages(t *testing.T) {
	p := startPharmacy(t, keepingMessages)
	bad := []byte("{\"resourceType\":\"Patient\",\n \"birthdate\":\"1980-02-30\"}")
	good := []byte(`{"resourceType":"Patient","birthDate":"1980-02-28","gender":"male"}`)
	send := func(who, method, path string, body []byte) int {
		status, _ := p.answered(method, path, "application/fhir+json", body, personHeader, who)
		return status
	}
	require.Equal(t, 201, send("clinic", "POST", "/fhir/Patient", good))
	require.GreaterOrEqual(t, send("clinic", "POST", "/fhir/Patient", bad), 400)
	require.GreaterOrEqual(t, send("clinic", "POST", "/fhir/Patient", bad), 400)
	require.Equal(t, 403, send("clinic", "POST", "/fhir/Basic/$destroy", good), "what is not allowed is there too")
	require.Equal(t, 200, send("clinic", "GET", "/fhir/Patient", nil))
	require.Equal(t, 200, send("clinic", "POST", "/fhir/$validate", good), "what only asks is no message")
	batch := []byte(`{"resourceType":"Bundle","type":"batch","entry":[{"resource":` + string(good) + `,"request":{"method":"POST","url":"Patient"}},{"resource":` + string(bad) + `,"request":{"method":"POST","url":"Patient"}}]}`)
	require.Equal(t, 200, send("clinic", "POST", "/fhir", batch))

	all := p.messagesOf("clinic", "").Root()
	list := partsNamed(all, "parameter", "message")
	var got []string
	for _, m := range list {
		got = append(got, partOf(m, "interaction", "valueString")+" "+partOf(m, "outcome", "valueCode"))
	}
	require.Equal(t, []string{"batch refused", "$destroy refused", "create refused", "create refused", "create accepted"}, got)
	assert.NotEmpty(t, partsNamed(list[0], "part", "resource"), "the entry that was stored")
	assert.NotEmpty(t, partsNamed(list[0], "part", "issue"), "the entry that was refused")
	resource := partsNamed(list[4], "part", "resource")
	require.Len(t, resource, 1)
	assert.Regexp(t, `^Patient/[^/]+/_history/1$`, resource[0].Path("valueReference", "reference").Text())

	id := partOf(list[2], "id", "valueId")
	one := p.messagesOf("clinic", "id="+id+"&validate=true&compare=true").Root()
	body, err := base64.StdEncoding.DecodeString(partsNamed(one, "parameter", "body")[0].Get("valueBase64Binary").Text())
	require.NoError(t, err)
	assert.Equal(t, string(bad), string(body))
	assert.Equal(t, "false", partsNamed(one, "parameter", "valid")[0].Get("valueBoolean").Text())
	assert.NotEmpty(t, partsNamed(one, "parameter", "today"))
	assert.Equal(t, partOf(list[4], "id", "valueId"), partsNamed(one, "parameter", "compared")[0].Get("valueId").Text())
	assert.Equal(t, "Patient.birthdate", partsNamed(one, "parameter", "added")[0].Get("valueString").Text())
	assert.Equal(t, "Patient.birthDate", partsNamed(one, "parameter", "missing")[0].Get("valueString").Text())

	groups := partsNamed(p.messagesOf("clinic", "grouped=true").Root(), "parameter", "mistake")
	require.NotEmpty(t, groups)
	for _, m := range partsNamed(groups[0], "part", "messages") {
		assert.Contains(t, []string{"2", "3"}, m.Get("valueInteger").Text())
	}

	for _, who := range []string{"clinic-2", "pharmacist"} {
		assert.Empty(t, partsNamed(p.messagesOf(who, "").Root(), "parameter", "message"), who)
		status, answer := p.answered("GET", "/fhir/$messages?id="+id, "application/fhir+json", nil, personHeader, who)
		assert.Equal(t, 404, status, answer)
	}
	for _, who := range []string{"support", "finance", "auditor"} {
		status, answer := p.answered("GET", "/fhir/$messages", "application/fhir+json", nil, personHeader, who)
		assert.Equal(t, 403, status, answer)
	}
	for _, query := range []string{"outcome=lost", "since=yesterday", "count=0", "count=101"} {
		status, answer := p.answered("GET", "/fhir/$messages?"+query, "application/fhir+json", nil, personHeader, "clinic")
		assert.Equal(t, 400, status, answer)
		assert.Contains(t, answer, "Expected")
	}
}

// TestMessagesOfEPS: an EPS message that is refused by a rule of the business is in the log with
// its rule, and is judged again by it.
func TestMessagesOfEPS(t *testing.T) {
	p := startPharmacy(t, keepingMessages)
	order := demoOrder(t, func(m map[string]any) {
		within(m, "MedicationRequest", func(r map[string]any) { delete(r, "dosageInstruction") })
	})
	status, answer := p.answered("POST", "/fhir/$process-message", "application/fhir+json", order.JSON(), personHeader, "clinic", "X-Request-ID", "8f3c1e1e-6b43-4d54-9a29-1f7b3bb4b2a1")
	require.Equal(t, 400, status, answer)
	list := partsNamed(p.messagesOf("clinic", "").Root(), "parameter", "message")
	require.Len(t, list, 1)
	assert.Equal(t, "$process-message refused", partOf(list[0], "interaction", "valueString")+" "+partOf(list[0], "outcome", "valueCode"))
	assert.NotEmpty(t, partsNamed(list[0], "part", "issue"))
	one := p.messagesOf("clinic", "validate=true&id="+partOf(list[0], "id", "valueId")).Root()
	assert.NotEmpty(t, partsNamed(one, "parameter", "today"))

	status, answer = p.answered("POST", "/fhir/$process-message", "application/fhir+json", demoOrder(t, nil).JSON(), personHeader, "clinic", "X-Request-ID", "8f3c1e1e-6b43-4d54-9a29-1f7b3bb4b2a2")
	require.Equal(t, 200, status, answer)
	list = partsNamed(p.messagesOf("clinic", "count=1").Root(), "parameter", "message")
	assert.Equal(t, "accepted", partOf(list[0], "outcome", "valueCode"))
	assert.Greater(t, len(partsNamed(list[0], "part", "resource")), 3, "what was stored of it")
}

// TestLogsCommand: who operates the server sees who sent what and which rules were broken, without
// what was sent.
func TestLogsCommand(t *testing.T) {
	p := startPharmacy(t, keepingMessages)
	status, _ := p.answered("POST", "/fhir/Patient", "application/fhir+json", []byte(`{"resourceType":"Patient","name":[{"family":"Secret"}],"gender":"woman"}`), personHeader, "clinic")
	require.GreaterOrEqual(t, status, 400)
	p.app.messages.Flush()
	list, _, err := p.app.messages.List(messages.Query{Count: 10})
	require.NoError(t, err)
	require.Len(t, list, 1)
	var out bytes.Buffer
	require.NoError(t, (&logsCommand{}).print(streams{out: &out}, &logsAnswer{Messages: []loggedMessage{{list[0].ID, list[0]}}}))
	assert.Contains(t, out.String(), "X99CL POST 422 create Patient")
	assert.Contains(t, out.String(), "Patient.gender")
	assert.NotContains(t, out.String(), "Secret")
	assert.NotContains(t, out.String(), "woman")
}

// TestPurgeReachesMessages: what was sent of a patient who is purged is gone from the log, also
// what was refused.
func TestPurgeReachesMessages(t *testing.T) {
	p := startPharmacy(t, keepingMessages)
	word := "9449305552"
	p.app.messages.Keep(refusedWith(word))
	require.NoError(t, p.app.messages.Promise("gone", []string{word}))
	require.NoError(t, eraser{db: p.app.db, log: slog.New(slog.DiscardHandler), before: p.app.forget}.erase(t.Context()))
	assert.Len(t, p.bodiesWith(word), 1, "nothing was purged yet")
	done, err := p.app.forget()
	require.NoError(t, err)
	require.NoError(t, done())
	assert.Empty(t, p.bodiesWith(word))
	promised, err := p.app.messages.Promised()
	require.NoError(t, err)
	assert.Empty(t, promised)
}

func refusedWith(word string) *messages.Message {
	m := &messages.Message{Time: time.Now(), Organisation: "X99CL", Method: "POST", Target: "/fhir/Patient", Interaction: "create"}
	m.Carries([]byte(`{"identifier":"` + word + `"}`))
	m.Close(422)
	return m
}

// bodiesWith are the messages whose bodies have a word.
func (p *pharmacyUnderTest) bodiesWith(word string) (ids []string) {
	p.t.Helper()
	p.app.messages.Flush()
	list, _, err := p.app.messages.List(messages.Query{Count: 1000})
	require.NoError(p.t, err)
	for _, m := range list {
		body, err := p.app.messages.Body(m)
		require.NoError(p.t, err)
		if strings.Contains(string(body), word) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}
