package size

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/pestle-fhir/pestle/conformance/process"
)

// put stores a resource and does not measure it.
func put(t *testing.T, s *process.Server, path, body string) {
	t.Helper()
	request{http.MethodPut, path, []byte(body), []string{"Content-Type", jsonType}, http.StatusCreated}.send(t, s, 2)
}

// definitions are many, and have many parts.
func definitions() []axis {
	transaction := func(n int, entry func(i int) string) request {
		body := `{"resourceType":"Bundle","type":"transaction","entry":[` + repeat(n, ",", entry) + `]}`
		return request{http.MethodPost, "/fhir", []byte(body), []string{"Content-Type", jsonType}, 200}
	}
	return []axis{
		{name: "value sets", heavy: true, few: 500, most: 20_000, ask: func(n, k int) request {
			return transaction(n, func(i int) string {
				return fmt.Sprintf(`{"resource":{"resourceType":"ValueSet","url":"https://example.org/vs-%d-%d-%d","status":"active","compose":{"include":[{"system":"urn:size","concept":[{"code":"a"}]}]}},"request":{"method":"POST","url":"ValueSet"}}`, n, k, i)
			})
		}},
		{name: "profiles", few: 50, most: 2000, ask: func(n, k int) request {
			return transaction(n, func(i int) string {
				return fmt.Sprintf(`{"resource":{"resourceType":"StructureDefinition","url":"https://example.org/sd-%d-%d-%d","name":"SD","status":"active","kind":"resource","abstract":false,"type":"Basic","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Basic","derivation":"constraint","differential":{"element":[{"id":"Basic.subject","path":"Basic.subject","min":1}]}},"request":{"method":"POST","url":"StructureDefinition"}}`, n, k, i)
			})
		}},
		{name: "slices of a profile", few: 50, most: 1000, ready: func(t *testing.T, s *process.Server, n, k int) {
			put(t, s, fmt.Sprintf("/fhir/StructureDefinition/sl-%d-%d", n, k), fmt.Sprintf(`{"resourceType":"StructureDefinition","id":"sl-%d-%d","url":"https://example.org/sl-%d-%d","name":"SL","status":"active","kind":"resource","abstract":false,"type":"Patient","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","derivation":"constraint","differential":{"element":[{"id":"Patient.identifier","path":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"open"}},`, n, k, n, k)+
				repeat(n, ",", with(`{"id":"Patient.identifier:s%d","path":"Patient.identifier","sliceName":"s%d"},{"id":"Patient.identifier:s%d.system","path":"Patient.identifier.system","min":1,"fixedUri":"urn:s%d"}`))+`]}}`)
		}, ask: func(n, k int) request {
			return request{http.MethodPost, "/fhir/Patient/$validate", fmt.Appendf(nil, `{"resourceType":"Patient","meta":{"profile":["https://example.org/sl-%d-%d"]},"identifier":[%s]}`, n, k,
				repeat(10, ",", with(fmt.Sprintf(`{"system":"urn:s%d","value":"%%d"}`, n-1)))), []string{"Content-Type", jsonType}, 200}
		}},
		{name: "codes that are expanded", ready: func(t *testing.T, s *process.Server, n, k int) {
			put(t, s, fmt.Sprintf("/fhir/ValueSet/ex-%d-%d", n, k), fmt.Sprintf(`{"resourceType":"ValueSet","id":"ex-%d-%d","url":"https://example.org/ex-%d-%d","status":"active","compose":{"include":[{"system":"urn:size","concept":[`, n, k, n, k)+repeat(n, ",", with(`{"code":"c%d"}`))+`]}]}}`)
		}, ask: func(n, k int) request {
			return request{http.MethodGet, fmt.Sprintf("/fhir/ValueSet/ex-%d-%d/$expand", n, k), nil, nil, 200}
		}},
		{name: "codes of a system that are expanded", ready: func(t *testing.T, s *process.Server, n, k int) {
			put(t, s, fmt.Sprintf("/fhir/CodeSystem/cx-%d-%d", n, k), fmt.Sprintf(`{"resourceType":"CodeSystem","id":"cx-%d-%d","url":"https://example.org/cx-%d-%d","status":"active","content":"complete","concept":[`, n, k, n, k)+repeat(n, ",", with(`{"code":"c%d","display":"d%d"}`))+`]}`)
			put(t, s, fmt.Sprintf("/fhir/ValueSet/cx-%d-%d", n, k), fmt.Sprintf(`{"resourceType":"ValueSet","id":"cx-%d-%d","url":"https://example.org/cxv-%d-%d","status":"active","compose":{"include":[{"system":"https://example.org/cx-%d-%d"}]}}`, n, k, n, k, n, k))
		}, ask: func(n, k int) request {
			return request{http.MethodGet, fmt.Sprintf("/fhir/ValueSet/cx-%d-%d/$expand", n, k), nil, nil, 200}
		}},
	}
}
