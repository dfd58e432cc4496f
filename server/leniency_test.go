package server_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
)

// An empty focus, as in NHS England's samples, is left out of an EPS message
// with a warning; elsewhere it stays an error.
func TestEmptyFocusOfAMessage(t *testing.T) {
	var got *fhir.Resource
	const before = `{"resourceType":"Bundle","type":"message","entry":[{"fullUrl":"urn:uuid:6f3b4f5e-9c0f-4a2b-8f0a-1d5f0c6b7a81","resource":{"resourceType":"MessageHeader"`
	const after = `}}]}`
	const event, source = `"eventUri":"urn:x"`, `"source":{"endpoint":"urn:x"}`
	for _, header := range []string{
		`,"focus":[],` + event + "," + source, "," + event + `, "focus" : [ ` + "\n" + `] ,` + source, "," + event + "," + source + ` , "focus": []`,
	} {
		got = nil
		h := newHandler(t, func(c *server.Config) { c.Operations = []fhir.Operation{echo(&got)} })
		w := call(h, "POST", "/FHIR/R4/$process-message", before+header+after, "X-Request-ID", "6f3b4f5e-9c0f-4a2b-8f0a-1d5f0c6b7a82")
		require.Less(t, w.Code, 300, "%s: %s", header, w.Body)
		require.NotNil(t, got)
		require.NotContains(t, string(got.JSON()), "focus")
		require.Len(t, string(got.JSON()), len(before+header+after), "issues keep their positions")
		for _, issue := range validator.Validate(t.Context(), got) {
			require.False(t, issue.IsError(), issue.Text())
		}
		require.Equal(t, 422, call(h, "POST", "/fhir/Bundle", before+header+after).Code)
	}
}

func echo(got **fhir.Resource) fhir.Operation {
	return fhir.Operation{Name: "process-message", RequestID: true, Parameters: anyBody, Handle: func(_ context.Context, call *fhir.Call) (*fhir.Reply, error) {
		*got = call.Body
		return &fhir.Reply{}, nil
	}}
}
