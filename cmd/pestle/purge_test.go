package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/docs"
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/store/archive"
	"github.com/pestle-fhir/pestle/trust/ledger"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// governors are people of the sandbox's pharmacy: "1 superintendent" is the number in
// the token and a role, "of" another organisation where that is said.
type governors struct {
	roles *policy.Table
}

func (g governors) Authenticate(r *http.Request) (auth.Identity, error) {
	number, role, _ := strings.Cut(r.Header.Get("Authorization")[len("Bearer "):], " ")
	role, other, _ := strings.Cut(role, " of ")
	id := auth.Identity{Requester: fhir.Principal{Agent: "https://fhir.nhs.uk/Id/sds-user-id|" + number, OnBehalf: cmp.Or(other, sandboxPharmacy), Person: true, Roles: []string{role}}, Scopes: auth.Full}
	id.Roles = g.roles.Of(role)
	return id, nil
}

func (governors) Challenge(error) string { return "Bearer" }

// documented is a block of docs/purge.md.
func documented(t *testing.T, name string) string {
	t.Helper()
	return documentedIn(t, "purge.md", name)
}

// documentedIn is a block of a document.
func documentedIn(t *testing.T, document, name string) string {
	t.Helper()
	text, err := fs.ReadFile(docs.Files, document)
	require.NoError(t, err)
	for _, m := range block.FindAllStringSubmatch(string(text), -1) {
		if m[2] == name {
			return m[3]
		}
	}
	t.Fatalf("docs/%s has no block %s", document, name)
	return ""
}

// entire is all that a database holds.
func entire(t *testing.T, app *app) string {
	t.Helper()
	snap, err := app.engine.Snapshot()
	require.NoError(t, err)
	defer snap.Close()
	var b strings.Builder
	it := snap.Iterate(nil, nil, false)
	for it.Next() {
		b.Write(it.Key())
		b.Write(it.Value())
	}
	require.NoError(t, it.Close())
	return b.String()
}

// TestPurge takes a prescription that came as a message, was supplied and claimed, lets
// nine years go by, and has two people erase the record: no answer, no export, no
// backup and no file has the patient any more, and everything is verified still.
func TestPurge(t *testing.T) {
	p := startPharmacy(t)
	dir, log := p.app.definitions.data, slog.New(slog.DiscardHandler)
	signs := signing{}
	signs.complete(dir, true)
	require.NoError(t, signs.sign(p.app, "localhost/log", log))
	key, err := ledger.ReadKey(signs.LogKey)
	require.NoError(t, err)
	task, _ := p.taken(demoOrder(t, func(m map[string]any) {
		within(m, "Patient", func(r map[string]any) { // nobody else's
			r["identifier"].([]any)[0].(map[string]any)["value"] = "9990004005"
			r["name"].([]any)[0].(map[string]any)["family"] = "Cholmondeley"
		})
	}), "")
	p.ask(http.StatusOK, http.MethodPost, task+"/$dispense", everything)
	p.one("ClaimResponse", "_lastUpdated=gt2000-01-01")
	patient := p.ask(http.StatusOK, http.MethodGet, task, nil).Root().Path("for", "reference").Text()
	who := p.ask(http.StatusOK, http.MethodGet, "/"+patient, nil)
	secrets := []string{who.Root().Path("name", "family").Text(), who.Root().Path("identifier", "value").Text()}
	early := filepath.Join(t.TempDir(), "early")
	first := backedUp(t, p.app, early, nil)

	roles, err := policy.Builtin()
	require.NoError(t, err)
	serverIn := func(years int) http.Handler {
		config, err := (&serveCommand{Sandbox: true}).config(p.app, log)
		require.NoError(t, err)
		config.Clock = func() time.Time { return time.Now().AddDate(years, 0, 0) }
		config.Authenticator = governors{roles}
		s, err := server.New(config)
		require.NoError(t, err)
		return s.Handler()
	}
	h := serverIn(1)
	closing := func(who string) *httptest.ResponseRecorder {
		return askRole(h, who, "POST", "/fhir/Claim/$close-month", `{"resourceType":"Parameters","parameter":[{"name":"month","valueString":"`+time.Now().UTC().Format("2006-01")+`"}]}`, "X-Request-ID", uuid.NewString())
	}
	w := closing("6 finance")
	require.Equal(t, http.StatusCreated, w.Code, w.Body)
	require.Equal(t, http.StatusForbidden, closing("6 finance").Code, "another person confirms it")
	w = closing("7 finance")
	require.Equal(t, http.StatusOK, w.Code, w.Body) // other records refer to the claim now
	require.Contains(t, w.Body.String(), `"resourceType":"Claim"`)
	h = serverIn(7)
	post := func(who, body string) (int, string) {
		w := askRole(h, who, "POST", "/fhir/"+patient+"/$purge", body, "X-Request-ID", uuid.NewString())
		return w.Code, w.Body.String()
	}
	ask := documented(t, "propose.json")
	code, body := post("1 superintendent", ask)
	require.Equal(t, http.StatusUnprocessableEntity, code, body)
	require.Contains(t, body, patient+" is kept until "+time.Now().AddDate(8, 0, 0).UTC().Format("2006"))
	require.Contains(t, body, "who both name a ground as override: legal-obligation")
	code, body = post("1 superintendent", documented(t, "override.json"))
	require.Equal(t, http.StatusCreated, code, body)
	require.Contains(t, body, "before the time to keep it is over, on the ground legal-obligation: ")
	h = serverIn(9)
	code, body = post("1 superintendent", ask)
	require.Equal(t, http.StatusCreated, code, body)
	proposal, err := fhir.Parse([]byte(body))
	require.NoError(t, err)
	confirm := strings.Replace(documented(t, "confirm.json"), "TASK", proposal.ID(), 1)
	for who, want := range map[string]string{"1 superintendent": "another person", "2 pharmacist": "role does not allow", "3 administrator": "role does not allow", "4 auditor": "role does not allow"} {
		code, body = post(who, confirm)
		require.Equal(t, http.StatusForbidden, code, body)
		require.Contains(t, body, want)
	}
	erased, err := strconv.Atoi(strings.Fields(proposal.Get("description").Text())[8])
	require.NoError(t, err)
	heads, before := p.app.db.Head(), entire(t, p.app)
	require.Contains(t, before, secrets[0])
	later := askRole(h, "1 superintendent", "GET", "/fhir/Patient?_id="+strings.TrimPrefix(patient, "Patient/"), "", "Prefer", "respond-async").Header().Get("Content-Location")
	fetched := func() string {
		require.Eventually(t, func() bool { w = askRole(h, "1 superintendent", "GET", later, ""); return w.Code == http.StatusOK }, 10*time.Second, time.Millisecond)
		return w.Body.String()
	}
	require.Contains(t, fetched(), secrets[0])
	code, body = post("2 responsible-pharmacist", confirm)
	require.Equal(t, http.StatusOK, code, body)
	require.NotContains(t, fetched(), secrets[0], "an answer that was deferred is made again")

	// every address of the record
	w = askRole(h, "1 superintendent", "GET", "/fhir/"+patient, "")
	require.Equal(t, http.StatusGone, w.Code)
	require.Contains(t, w.Body.String(), "was erased for good at 2")
	w = askRole(h, "1 superintendent", "GET", "/fhir/"+patient+"/_history/1", "")
	require.Equal(t, http.StatusGone, w.Code)
	require.Contains(t, w.Body.String(), fmt.Sprintf("by commit %d", heads+1))
	w = askRole(h, "5 superintendent of EVIL9", "GET", "/fhir/"+patient+"/_history/1", "")
	require.Equal(t, http.StatusNotFound, w.Code, "who does not see it is not told")
	w = askRole(h, "1 superintendent", "GET", "/fhir/"+patient+"/_history", "")
	require.Equal(t, http.StatusOK, w.Code)
	history, err := fhir.Parse(w.Body.Bytes())
	require.NoError(t, err)
	for entry := range history.Get("entry").Items() {
		require.False(t, entry.Get("resource").Exists())
		require.Equal(t, "DELETE", entry.Path("request", "method").Text())
	}
	require.Contains(t, w.Body.String(), `"https://pestle-fhir.github.io/history/purge"`)
	for _, path := range []string{"/fhir/Patient", "/fhir/Task?patient=" + patient, "/fhir/_history?_count=1000", "/fhir/Bundle", "/fhir/Claim", "/fhir/" + patient + "?_at=" + time.Now().UTC().Format(time.RFC3339)} {
		w = askRole(h, "4 auditor", "GET", path, "")
		for _, s := range secrets {
			require.NotContains(t, w.Body.String(), s, path)
		}
	}

	w = askRole(h, "6 finance", "GET", "/fhir/Claim/$export-month?month="+time.Now().UTC().Format("2006-01"), "", "X-Request-ID", uuid.NewString())
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Contains(t, w.Body.String(), `"resourceType":"Invoice"`, "the totals of the month stay")
	require.NotContains(t, w.Body.String(), `"resourceType":"Claim"`)

	// the proof of a version without its content
	require.NoError(t, p.app.closeLogs()) // signs
	w = askRole(h, "4 auditor", "GET", "/fhir/"+patient+"/_history/1/$proof", "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	entry, _, err := ledger.VerifyProof(w.Body.Bytes(), key.Verifier())
	require.NoError(t, err)
	require.Empty(t, entry.Content)
	require.Empty(t, entry.ContentSalt)
	require.Len(t, entry.ContentCommit, 32)
	entry.ContentCommit, entry.Content, entry.ContentSalt = nil, []byte(`{"resourceType":"Patient"}`), make([]byte, 32)
	said, err := fhir.Parse(w.Body.Bytes())
	require.NoError(t, err)
	proof, err := ledger.ParseProof(said.Get("parameter").First().Next().Get("valueString").Text())
	require.NoError(t, err)
	_, err = proof.Verify(entry, key.Verifier())
	require.ErrorContains(t, err, "is not what was logged", "other content does not take its place")

	// the database, its exports and its backups
	text := entire(t, p.app)
	f, err := p.app.db.Check(t.Context())
	require.NoError(t, err)
	require.Empty(t, f.Wrong)
	require.Equal(t, heads+1, f.Unerased)
	var export bytes.Buffer
	require.NoError(t, ledger.Export(t.Context(), &export, ledger.Header{Key: p.app.ledger.Public(), Checkpoints: []string{string(p.app.ledger.Newest().Note)}}, logged{p.app.db}))
	for _, s := range secrets {
		require.NotContains(t, text, s)
		require.NotContains(t, export.String(), s)
	}
	exported := filepath.Join(t.TempDir(), "export.ndjson")
	require.NoError(t, os.WriteFile(exported, export.Bytes(), 0o600))
	found := verifyBoth(t, map[string]bool{}, []string{exported, "--key", key.Public()})
	require.Len(t, found, erased)
	for _, f := range found {
		require.True(t, strings.HasPrefix(f, "purged "), f)
	}
	swapped := strings.Replace(export.String(), `"contentCommit":`, `"contentSalt":"AAAA","content":"e30=","was":`, 1)
	require.NoError(t, os.WriteFile(exported, []byte(swapped), 0o600))
	require.Contains(t, strings.Join(verifyBoth(t, map[string]bool{}, []string{exported, "--key", key.Public()}), " "), "changed ", "other content does not take its place")

	// older backups keep it, with those that continue them they do not
	later, whole := early+"-later", early+"-whole"
	backedUp(t, p.app, whole, nil)
	backedUp(t, p.app, later, &first)
	for name, files := range map[string][]string{"old": {early}, "whole": {whole}, "continued": {early, later}} {
		to := filepath.Join(t.TempDir(), "restored")
		pestle(t, append([]string{"restore", "--data", to}, files...)...)
		restored, err := openApp(appConfig{Data: to}, log)
		require.NoError(t, err)
		f, err := restored.db.Check(t.Context())
		require.NoError(t, err)
		require.Empty(t, f.Wrong)
		if name == "old" {
			require.Contains(t, entire(t, restored), secrets[0])
		} else {
			require.NotContains(t, entire(t, restored), secrets[0])
			require.NoError(t, restored.db.Erase(t.Context()))
			require.Empty(t, filesHolding(t, to, secrets))
		}
		require.NoError(t, restored.close())
	}

	// and the files of the folder
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan bool)
	e := eraser{db: p.app.db, log: log, before: p.app.forget}
	require.Equal(t, 1.0, e.counter().Value())
	go func() { e.run(ctx); close(done) }()
	require.Eventually(t, func() bool { return e.counter().Value() == 0 }, time.Minute, 10*time.Millisecond)
	stop()
	<-done
	require.Empty(t, filesHolding(t, dir, secrets))
}

// backedUp writes a backup to a file.
func backedUp(t *testing.T, app *app, path string, earlier *archive.Header) archive.Header {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	h, err := writeBackup(t.Context(), app.db, app.audit, func(func(string, []byte) error) error { return nil }, file, backupRequest{Earlier: earlier})
	require.NoError(t, err)
	require.NoError(t, file.Close())
	return h
}

// pestle runs a command, which must succeed.
func pestle(t *testing.T, args ...string) {
	t.Helper()
	var out bytes.Buffer
	require.Zero(t, run(args, streams{in: strings.NewReader(""), out: &out, err: &out}), "%v: %s", args, &out)
}

// filesHolding names the files below a folder that hold one of the texts.
func filesHolding(t *testing.T, dir string, texts []string) (found []string) {
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, s := range texts {
			if bytes.Contains(b, []byte(s)) {
				found = append(found, d.Name())
			}
		}
		return err
	}))
	return found
}
