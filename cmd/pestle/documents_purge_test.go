package main

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// TestDocumentsArePurged: with the record of a patient the files of its documents go, those
// that a DocumentReference names and those whose security context the patient is; what is
// the document of another patient too stays.
func TestDocumentsArePurged(t *testing.T) {
	p := startPharmacy(t)
	roles, err := policy.Builtin()
	require.NoError(t, err)
	config, err := (&serveCommand{Sandbox: true}).config(p.app, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	config.Clock = func() time.Time { return time.Now().AddDate(30, 0, 0) }
	config.Authenticator = governors{roles}
	s, err := server.New(config)
	require.NoError(t, err)
	data := p.app.definitions.data
	patient := func(family string) string {
		return "Patient/" + p.ask(201, "POST", "/Patient", []byte(`{"resourceType":"Patient","birthDate":"1950-01-01","name":[{"family":"`+family+`"}]}`)).ID()
	}
	document := func(seed byte, of, context string) string {
		binary := fhir.Obj("resourceType", "Binary", "contentType", "image/png", "securityContext", fhir.Obj("reference", context), "data", base64.StdEncoding.EncodeToString(scanOf(seed, 100_000)))
		id := p.ask(201, "POST", "/Binary", binary.JSON()).ID()
		if of != "" {
			p.ask(201, "POST", "/DocumentReference", []byte(`{"resourceType":"DocumentReference","status":"current","subject":{"reference":"`+of+`"},"content":[{"attachment":{"contentType":"image/png","url":"Binary/`+id+`"}}]}`))
		}
		return "Binary/" + id
	}
	gone, stays := patient("Cholmondeley"), patient("Featherstonehaugh")
	named, confined := document(1, gone, ""), document(2, "", gone)
	same, other := document(1, stays, ""), document(3, stays, stays) // same: the content of named
	require.Len(t, documentFiles(t, data), 3)

	purge := func(who, body string) (int, string) {
		w := askRole(s.Handler(), who, "POST", "/fhir/"+gone+"/$purge", body, "X-Request-ID", uuid.NewString())
		return w.Code, w.Body.String()
	}
	code, body := purge("1 superintendent", documented(t, "propose.json"))
	require.Equal(t, http.StatusCreated, code, body)
	proposal, err := fhir.Parse([]byte(body))
	require.NoError(t, err)
	code, body = purge("2 responsible-pharmacist", strings.Replace(documented(t, "confirm.json"), "TASK", proposal.ID(), 1))
	require.Equal(t, http.StatusOK, code, body)
	require.NoError(t, p.app.db.Erase(t.Context()))
	require.Len(t, documentFiles(t, data), 2, "the content of one document is that of another patient's too")
	for path, status := range map[string]int{named: 410, confined: 410, same: 200, other: 200} {
		w := askRole(s.Handler(), "1 superintendent", "GET", "/fhir/"+path, "", "Accept", "image/png")
		require.Equal(t, status, w.Code, "%s: %s", path, w.Body)
	}
	f, err := p.app.db.Check(t.Context())
	require.NoError(t, err)
	require.Empty(t, f.Wrong)
	require.Equal(t, 2, f.Contents)
	require.Zero(t, f.Strays)
}
