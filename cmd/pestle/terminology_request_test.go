package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestTerminologyOfARequest: definitions that come with a question are read as far
// as they are understood, whatever they break of R4; they are used before those of
// the server and are not stored.
func TestTerminologyOfARequest(t *testing.T) {
	r := start(t, t.TempDir())
	defer r.stop()
	const system = `{"name":"tx-resource","resource":{"resourceType":"CodeSystem","url":"https://clinic.example/bays","version":"1.2.0","status":"active","content":"complete","caseSensitive":true,
		"versionAlgorithmString":"semver","concept":[{"code":"a","display":"Bay A","concept":[{"code":"a1","display":"Shelf A1"}]},{"code":"b","display":"Bay B"}]}}`
	const set = `{"name":"tx-resource","resource":{"resourceType":"ValueSet","url":"https://clinic.example/shelves","status":"active",
		"compose":{"include":[{"system":"https://clinic.example/bays","filter":[{"property":"concept","op":"child-of","value":"a"}]}]}}}`
	ask := func(address, parameters string) (int, *fhir.Resource) {
		status, text := r.ask(http.MethodPost, address, `{"resourceType":"Parameters","parameter":[`+parameters+`]}`)
		answer, err := fhir.Parse([]byte(text))
		require.NoError(t, err, text)
		return status, answer
	}
	status, answer := ask("ValueSet/$expand", system+","+set+`,{"name":"url","valueUri":"https://clinic.example/shelves"}`)
	require.Equal(t, 200, status, string(answer.JSON()))
	require.Equal(t, "a1", answer.Root().Path("expansion", "contains").Item(0).Get("code").Text())
	status, answer = ask("ValueSet/$validate-code", system+","+set+`,{"name":"url","valueUri":"https://clinic.example/shelves"},{"name":"coding","valueCoding":{"system":"https://clinic.example/bays","code":"b"}}`)
	require.Equal(t, 200, status, string(answer.JSON()))
	require.Contains(t, string(answer.JSON()), `{"name":"result","valueBoolean":false}`)
	require.Contains(t, string(answer.JSON()), `"code":"not-in-vs"`)
	status, answer = ask("ValueSet/$batch-validate-code", system+","+set+`,{"name":"url","valueUri":"https://clinic.example/shelves"},
		{"name":"validation","resource":{"resourceType":"Parameters","parameter":[{"name":"code","valueCode":"a1"}]}},
		{"name":"validation","resource":{"resourceType":"Parameters","parameter":[{"name":"code","valueCode":"a2"}]}}`)
	require.Equal(t, 200, status, string(answer.JSON()))
	require.Contains(t, string(answer.JSON()), `{"name":"result","valueBoolean":true}`)
	require.Contains(t, string(answer.JSON()), `{"name":"result","valueBoolean":false}`)
	// A code that is wrong in a way that R4 refuses is a question all the same.
	status, answer = ask("ValueSet/$validate-code", system+","+set+`,{"name":"url","valueUri":"https://clinic.example/shelves"},{"name":"coding","valueCoding":{"system":"bays","code":"a1"}}`)
	require.Equal(t, 200, status, string(answer.JSON()))
	require.Contains(t, string(answer.JSON()), "not an absolute URI")
	// What is around the definitions is held to what the operation declares.
	status, answer = ask("ValueSet/$expand", set+`,{"name":"url","valueUri":"https://clinic.example/shelves","valueBoolean":true}`)
	require.GreaterOrEqual(t, status, 400, string(answer.JSON()))
	status, _ = ask("ValueSet/$expand", `{"name":"url","valueUri":"https://clinic.example/shelves"}`)
	require.Equal(t, 404, status, "it was not stored")
}
