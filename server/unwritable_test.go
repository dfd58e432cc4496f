package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/xml"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestWhatXMLCannotHold: a resource stored before the rules were what they are
// costs an answer in XML no more than its own entry.
func TestWhatXMLCannotHold(t *testing.T) {
	db, err := store.Open(mem.New(), store.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	h := newHandler(t, func(c *server.Config) { c.Repository = db })
	for id, text := range map[string]string{
		"bad":  `{"resourceType":"Patient","id":"bad","name":[{"family":"A\ufffe"}]}`,
		"good": `{"resourceType":"Patient","id":"good","name":[{"family":"Bell"}]}`,
	} {
		r, err := fhir.Parse([]byte(text))
		require.NoError(t, err)
		_, err = db.Commit(context.Background(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Patient", ID: id, Resource: r}}})
		require.NoError(t, err)
	}
	const asXML = "application/fhir+xml"

	read := call(h, "GET", "/fhir/Patient/bad", "", "Accept", asXML)
	require.Equal(t, http.StatusNotAcceptable, read.Code)
	require.Contains(t, read.Body.String(), "Ask for application/fhir+json")
	require.Contains(t, read.Body.String(), "Patient.name[0].family")
	require.Equal(t, 200, call(h, "GET", "/fhir/Patient/bad", "").Code)

	for _, address := range []string{"/fhir/Patient", "/fhir/Patient/_history", "/fhir/_history", "/fhir/Patient/bad/_history", "/fhir/Patient?_pretty=true"} {
		page := call(h, "GET", address, "", "Accept", asXML)
		require.Equal(t, 200, page.Code, "%s: %s", address, page.Body)
		require.Contains(t, page.Header().Get("Content-Type"), asXML)
		r, err := xml.Decode(page.Body.Bytes())
		require.NoError(t, err)
		kinds := map[string]string{}
		for entry := range r.Get("entry").Items() {
			kinds[entry.Get("fullUrl").Text()[strings.LastIndex(entry.Get("fullUrl").Text(), "/")+1:]] = entry.Path("resource", "resourceType").Text()
		}
		require.Equal(t, "OperationOutcome", kinds["bad"], address)
		require.Contains(t, []string{"Patient", ""}, kinds["good"], address)
	}
	batch := `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient"}},{"request":{"method":"GET","url":"Patient/bad"}},{"request":{"method":"GET","url":"Patient/good"}}]}`
	answer := call(h, "POST", "/fhir", batch, "Accept", asXML)
	require.Equal(t, 200, answer.Code, answer.Body)
	r, err := xml.Decode(answer.Body.Bytes())
	require.NoError(t, err)
	require.Equal(t, "searchset", r.Get("entry").Item(0).Path("resource", "type").Text())
	require.Equal(t, "OperationOutcome", r.Get("entry").Item(1).Path("resource", "resourceType").Text())
	require.Equal(t, "Patient", r.Get("entry").Item(2).Path("resource", "resourceType").Text())

	refused := call(h, "PUT", "/fhir/Patient/bad", `{"resourceType":"Patient","id":"bad","name":[{"family":"A\ufffe"}]}`, "Accept", asXML)
	require.Equal(t, http.StatusUnprocessableEntity, refused.Code)
	_, err = xml.Decode(refused.Body.Bytes())
	require.NoError(t, err, "an issue may quote it")
}
