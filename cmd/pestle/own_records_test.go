package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// answered sends a request and returns its status and answer.
func (p *pharmacyUnderTest) answered(method, path, kind string, body []byte, header ...string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.http.URL+path, bytes.NewReader(body))
	require.NoError(p.t, err)
	req.Header.Set("Content-Type", kind)
	req.Header.Set("X-Request-ID", uuid.NewString())
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(p.t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	return resp.StatusCode, string(text)
}

// TestOwnRecords: what the server records of supplies and money is not written by
// any interaction: neither what there is, nor a second one beside it.
func TestOwnRecords(t *testing.T) {
	p := startPharmacy(t)
	task, _ := p.taken(demoOrder(t, nil), "")
	p.ask(200, "POST", task+"/$dispense", everything)
	claim, priced := p.one("Claim", "status=active"), p.one("ClaimResponse", "status=active")
	supplies, err := p.app.db.State(t.Context()).Find("MedicationDispense", "_lastUpdated=gt2000-01-01")
	require.NoError(t, err)
	require.NotEmpty(t, supplies)
	p.keeps(map[string]*fhir.Resource{"Claim": claim, "ClaimResponse": priced, "MedicationDispense": p.ask(200, "GET", "/MedicationDispense/"+supplies[0], nil)})
}

// keeps wants that records are not written by any interaction, nor a second one beside
// them.
func (p *pharmacyUnderTest) keeps(records map[string]*fhir.Resource) {
	t := p.t
	t.Helper()
	const fhirJSON = "application/fhir+json"
	for typ, record := range records {
		at := "/" + typ + "/" + record.ID()
		changed := string(edited(t, record, func(m map[string]any) { m["language"] = "en" }).JSON())
		entry := func(kind, method, url, resource string) []byte {
			if resource != "" {
				resource = `"resource":` + resource + `,`
			}
			return []byte(`{"resourceType":"Bundle","type":"` + kind + `","entry":[{` + resource + `"request":{"method":"` + method + `","url":"` + url + `"}}]}`)
		}
		patch := []byte(`[{"op":"add","path":"/language","value":"en"}]`)
		doors := map[string]func(base string) (int, string){
			"PUT":    func(b string) (int, string) { return p.answered("PUT", b+at, fhirJSON, []byte(changed)) },
			"DELETE": func(b string) (int, string) { return p.answered("DELETE", b+at, fhirJSON, nil) },
			"PATCH":  func(b string) (int, string) { return p.answered("PATCH", b+at, "application/json-patch+json", patch) },
			"merge": func(b string) (int, string) {
				return p.answered("PATCH", b+at, "application/merge-patch+json", []byte(`{"language":"en"}`))
			},
			"conditional PUT": func(b string) (int, string) {
				return p.answered("PUT", b+"/"+typ+"?_id="+record.ID(), fhirJSON, []byte(changed))
			},
			"conditional PATCH": func(b string) (int, string) {
				return p.answered("PATCH", b+"/"+typ+"?_id="+record.ID(), "application/json-patch+json", patch)
			},
			"conditional DELETE": func(b string) (int, string) {
				return p.answered("DELETE", b+"/"+typ+"?_id="+record.ID(), fhirJSON, nil)
			},
			"transaction PUT": func(b string) (int, string) {
				return p.answered("POST", b, fhirJSON, entry("transaction", "PUT", at[1:], changed))
			},
			"transaction DELETE": func(b string) (int, string) {
				return p.answered("POST", b, fhirJSON, entry("transaction", "DELETE", at[1:], ""))
			},
			"batch PUT": func(b string) (int, string) {
				return p.answered("POST", b, fhirJSON, entry("batch", "PUT", at[1:], changed))
			},
			"batch DELETE": func(b string) (int, string) {
				return p.answered("POST", b, fhirJSON, entry("batch", "DELETE", at[1:], ""))
			},
		}
		if typ != "Claim" { // which has a door of its own
			second := string(edited(t, record, func(m map[string]any) { delete(m, "id") }).JSON())
			doors["POST"] = func(b string) (int, string) { return p.answered("POST", b+"/"+typ, fhirJSON, []byte(second)) }
			doors["conditional POST"] = func(b string) (int, string) {
				return p.answered("POST", b+"/"+typ, fhirJSON, []byte(second), "If-None-Exist", "_id=none")
			}
			doors["transaction POST"] = func(b string) (int, string) {
				return p.answered("POST", b, fhirJSON, entry("transaction", "POST", typ, second))
			}
			doors["message"] = func(b string) (int, string) {
				order := demoOrder(t, func(m map[string]any) {
					var r map[string]any
					edited(t, record, func(x map[string]any) { r = x })
					delete(r, "id")
					m["entry"] = append(m["entry"].([]any), map[string]any{"fullUrl": "urn:uuid:" + uuid.NewString(), "resource": r})
				})
				return p.answered("POST", b+"/$process-message", fhirJSON, order.JSON())
			}
		}
		for door, send := range doors {
			for _, base := range []string{"/fhir", "/FHIR/R4"} {
				status, answer := send(base)
				where := fmt.Sprintf("%s %s %s: %d %.400s", base, door, typ, status, answer)
				if strings.HasPrefix(door, "batch") {
					assert.Regexp(t, `"status":"4`, answer, where)
				} else {
					assert.True(t, status >= 400 && status < 500, where)
				}
				now := p.ask(200, "GET", at, nil)
				require.Equal(t, record.Get("meta").Get("versionId").Text(), now.Get("meta").Get("versionId").Text(), where)
			}
		}
	}
}
