package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
)

// elsewhere is a server that is reached over TLS with tokens.
type elsewhere struct {
	t      *testing.T
	app    *app
	http   *httptest.Server
	ca     string
	log    *bytes.Buffer
	secret []byte
	files  string
}

func startElsewhere(t *testing.T) *elsewhere {
	t.Helper()
	e := &elsewhere{t: t, secret: bytes.Repeat([]byte("k"), 32), files: t.TempDir(), log: &bytes.Buffer{}}
	data := t.TempDir()
	var err error
	e.app, err = openApp(appConfig{Data: data, Profiles: profileOptions{Policy: "uk-core"}}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	keys, err := auth.ParseKeys([]byte(`{"keys":[{"kty":"oct","alg":"HS256","k":"` + base64.RawURLEncoding.EncodeToString(e.secret) + `"}]}`))
	require.NoError(t, err)
	who := &auth.Bearer{Keys: keys, AnyIssuer: true, AnyAudience: true}
	s, err := server.New(server.Config{Repository: e.app.repository, Validator: e.app.validator, Operations: e.app.operations(), Authenticator: who, PublicURL: "https://pestle.example"})
	require.NoError(t, err)
	a := &admin{app: e.app, data: data, log: slog.New(slog.NewTextHandler(e.log, nil))}
	e.http = httptest.NewTLSServer(a.withCommands(s.Handler(), who))
	e.ca = e.write("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.http.Certificate().Raw})))
	t.Cleanup(func() {
		e.http.Close()
		require.NoError(t, e.app.close())
	})
	return e
}

func (e *elsewhere) write(name, text string) string {
	path := filepath.Join(e.files, name)
	require.NoError(e.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// token is a file with a token of a pharmacy that has scopes.
func (e *elsewhere) token(organisation, scopes string) string {
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "ann", "organisation": organisation, "scope": scopes,
		"exp": time.Now().Add(time.Minute).Unix()}).SignedString(e.secret)
	require.NoError(e.t, err)
	return e.write("token", text+"\n")
}

func (e *elsewhere) command(line string) (code int, out string) {
	var b bytes.Buffer
	code = run(strings.Fields(line), streams{in: strings.NewReader(""), out: &b, err: &b})
	return code, b.String()
}

// TestElsewhere: each command is done by a server over TLS with the rights of its
// token, refused without them with the scope that it needs, and leaves nothing.
func TestElsewhere(t *testing.T) {
	e := startElsewhere(t)
	patient := e.write("patient.json", `{"resourceType":"Patient","id":"remote","name":[{"family":"Remote"}]}`)
	edition := e.write("edition.csv", "Medicine,Pack size,,VMP Snomed Code,VMPP Snomed Code,Drug Tariff Category,Basic Price\nTwo tablets,28,tablet,99990011000001109,99990021000001100,Part VIIIA Category M,120\n")
	handed := e.write("handed.csv", "patient,family name,birth date\nP1,Adams,1990-01-01\n")
	private := e.write("private.csv", privatePrices)
	clinic := e.write("clinic.fsh", "Profile: ClinicPatient\nParent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient\n* ^url = \"https://clinic.example/P\"\n* birthDate 1..1\n")
	for _, c := range []struct{ line, scope, want, without string }{
		{"load " + patient, "system/Patient.cu system/$client-ids", "1 resources of 1 files", "does not allow"},
		{"tariff load --month 2026-12 " + edition, "system/$tariff-load", "part-viiia of 2026-12, 1 rows", "the scope system/$tariff-load"},
		{"prices load " + private, "system/$prices-load", "private-prices, 1 rows, Binary/private-prices/_history/1", "the scope system/$prices-load"},
		{"prices list --day 2026-11-20", "system/$prices-load", "*,*,2020-01-01,,322237000,", "the scope system/$prices-load"},
		{"import --from FX123 " + handed, "system/$import", "1 patients, 0 supplies and 0 owings taken on", "the scope system/$import"},
		{"check", "system/$check", "0 problems found", "the scope system/$check"},
		{"check --json", "system/$check", `"Wrong":null`, "the scope system/$check"},
		{"export claims --month 2020-01", "system/Claim/$close-month", "no claims in 2020-01", "the scope system/Claim/$close-month"},
		{"export claims --month 2120-01", "system/Claim/$export-month", "this is a preview", "the scope system/Claim/$export-month"},
		{"backup --to " + e.files, "system/$backup", "pestle-", "the scope system/$backup"},
		{"definitions add " + clinic, "system/$definitions", "added profile https://clinic.example/P", "the scope system/$definitions"},
		{"definitions add " + clinic, "system/$definitions", "replaced profile https://clinic.example/P", "the scope system/$definitions"},
		{"audit export --format compact", "system/$audit-export", `"Interaction"`, "the scope system/$audit-export"},
		{"definitions remove clinic.fsh", "system/$definitions", "removed profile https://clinic.example/P", "the scope system/$definitions"},
	} {
		t.Run(c.line, func(t *testing.T) {
			before := e.app.db.Head()
			line := c.line + " --server " + e.http.URL + " --ca-file " + e.ca + " --token-file "
			code, out := e.command(line + e.token("FA565", "system/Observation.rs system/$other"))
			assert.Equal(t, 1, code, out)
			if strings.HasPrefix(c.line, "load") {
				assert.Contains(t, out, "0 resources")
			} else {
				assert.Contains(t, out, c.without)
			}
			require.Equal(t, before, e.app.db.Head(), "nothing is written")
			code, out = e.command(line + e.token("FA565", c.scope))
			assert.Zero(t, code, out)
			assert.Contains(t, out, c.want)
		})
	}
	require.Contains(t, e.log.String(), `command="tariff load" by=ann`)
	v, err := e.app.db.State(t.Context()).Current("Binary", "tariff-part-viiia-2026-12")
	require.NoError(t, err)
	require.NotNil(t, v)
	code, out := e.command("export claims --month 2020-01 --org FX999 --server " + e.http.URL + " --ca-file " + e.ca + " --token-file " + e.token("FA565", "system/Claim/$close-month"))
	require.Equal(t, 1, code)
	require.Contains(t, out, "does not act for this organisation")
}

// TestElsewhereIsRefused: what is not safe or not right is refused with what to do.
func TestElsewhereIsRefused(t *testing.T) {
	e := startElsewhere(t)
	good := e.token("FA565", "system/$check")
	open := e.write("open", "x")
	require.NoError(t, os.Chmod(open, 0o644))
	elsewhere := httptest.NewTLSServer(http.RedirectHandler(e.http.URL, http.StatusTemporaryRedirect))
	defer elsewhere.Close()
	ca := " --ca-file " + e.ca
	for line, want := range map[string]string{
		"check --server " + e.http.URL + " --token-file " + good:                                               "--ca-file names the certificates",
		"check --server " + e.http.URL + ca:                                                                    "name the file that holds it with --token-file",
		"check --server " + e.http.URL + ca + " --token-file " + e.write("bad", "abc"):                         "authenticate failed",
		"check --server " + e.http.URL + ca + " --token-file " + e.write("two", "abc def"):                     "does not hold one access token",
		"check --server " + e.http.URL + ca + " --token-file " + open:                                          "chmod 0600",
		"check --server http://pestle.example --token-file " + good:                                            "a token is not sent without TLS",
		"check --server pestle.example --token-file " + good:                                                   "is not the address of a server",
		"check --server " + strings.Replace(elsewhere.URL, "https", "https", 1) + ca + " --token-file " + good: "is not a server that takes commands (status 307)",
		"check --server https://127.0.0.1:1" + ca + " --token-file " + good:                                    "cannot be reached",
		"check --token-file " + good:                                                                           "name it with --server URL",
		"check --server " + e.http.URL + ca + " --token-file " + e.files + "/nowhere":                          "no such file",
		"check --server " + e.http.URL + " --token-file " + good + " --ca-file " + good:                        "holds no certificate in PEM",
	} {
		code, out := e.command(line)
		assert.Equal(t, 1, code, line)
		assert.Contains(t, out, want, line)
	}
	client := e.http.Client()
	answer, err := client.Post(e.http.URL+"/admin/check", "text/plain", http.NoBody)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusConflict, answer.StatusCode, "a page of a browser has no version")
	code, out := e.command("check --server " + e.http.URL + "/fhir" + ca + " --token-file " + good)
	require.Zero(t, code, out, "the address of the API will do")
	code, out = e.command("check --server " + e.http.URL + ca + " --token " + "x")
	require.Equal(t, 2, code, out)
}

// TestOtherVersion: a command of another version of the binary is refused by the
// server that has the folder open, and names both.
func TestOtherVersion(t *testing.T) {
	data := t.TempDir()
	s := serve(t, data)
	defer s.stop()
	was := release
	defer func() { release = was }()
	server := administered(data)
	for _, path := range []string{"/admin/check", "/fhir"} {
		r, err := http.NewRequest(http.MethodPost, "http://pestle"+path, strings.NewReader("{}"))
		require.NoError(t, err)
		r.Header.Set(headerVersion, "9.9.9")
		answer, err := server.client.Do(r)
		require.NoError(t, err)
		require.Equal(t, http.StatusConflict, answer.StatusCode)
		require.ErrorContains(t, server.refusal(answer), "This command is of version 9.9.9, and the server is of version "+version())
		require.NoError(t, answer.Body.Close())
	}
}

// TestDefinitionsWhileServing: what is added is in force with the next request,
// what it replaces is named, a mistake changes nothing, and a restart finds the same.
func TestDefinitionsWhileServing(t *testing.T) {
	data, files := t.TempDir(), t.TempDir()
	s := serve(t, data)
	path := filepath.Join(files, "clinic.fsh")
	define := func(version, rule string) (int, string) {
		text := "Profile: ClinicBasic\nParent: Basic\n* ^url = \"https://clinic.example/B\"\n* ^version = \"" + version + "\"\n" + rule + "\n"
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return command(t, data, "definitions add "+path)
	}
	const claimed = `{"resourceType":"Basic","meta":{"profile":["https://clinic.example/B"]},"code":{"text":"x"}}`
	code, out := define("1", "* created 1..1")
	require.Zero(t, code, out)
	require.Contains(t, out, "added profile https://clinic.example/B|1\n1 definitions in ")
	require.Contains(t, out, "the server uses them from now on")
	status, body := s.ask("POST", "Basic", claimed)
	require.Equal(t, http.StatusUnprocessableEntity, status, body)
	require.Contains(t, body, "Basic.created")
	code, out = define("2", "* author 1..1")
	require.Zero(t, code, out)
	require.Contains(t, out, "replaced profile https://clinic.example/B|2 (before: 1 of ")
	status, body = s.ask("POST", "Basic", claimed)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, body, "Basic.author")
	require.NotContains(t, body, "Basic.created")
	code, out = define("3", "* nothing 1..1")
	require.Equal(t, 1, code)
	require.Contains(t, out, "Basic has no element nothing")
	status, body = s.ask("GET", "StructureDefinition?url=https://clinic.example/B", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `"version":"2"`)
	code, out = command(t, data, "definitions remove nowhere.fsh")
	require.Equal(t, 1, code)
	require.Contains(t, out, "nowhere.fsh is not among what was added: clinic.fsh")
	s.stop()

	s = serve(t, data)
	status, _ = s.ask("POST", "Basic", claimed)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	code, out = command(t, data, "definitions remove clinic.fsh")
	require.Zero(t, code, out)
	require.Contains(t, out, "removed profile https://clinic.example/B|2\n0 definitions in ")
	_, body = s.ask("GET", "StructureDefinition?url=https://clinic.example/B", "")
	require.NotContains(t, body, `"version":"2"`)
	s.stop()
}

// TestInterruptedDefinitions: definitions that were moved away when a change of
// them was interrupted are read, and backed up, from where they are.
func TestInterruptedDefinitions(t *testing.T) {
	data := t.TempDir()
	folder := filepath.Join(data, definitionsFolder)
	require.NoError(t, os.MkdirAll(folder+".old", 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder+".old", "a.json"), []byte(`{"resourceType":"ValueSet","url":"https://clinic.example/V","status":"active"}`), 0o600))
	code, out := command(t, data, "definitions list")
	require.Zero(t, code, out)
	require.Contains(t, out, "https://clinic.example/V")
	var names []string
	require.NoError(t, eachDefinition(data, func(name string, _ []byte) error { names = append(names, name); return nil }))
	require.Equal(t, []string{"definitions/a.json"}, names)
	clinic := filepath.Join(t.TempDir(), "b.fsh")
	require.NoError(t, os.WriteFile(clinic, []byte("Profile: B\nParent: Basic\n* ^url = \"https://clinic.example/B\"\n"), 0o600))
	code, out = command(t, data, "definitions add "+clinic)
	require.Zero(t, code, out)
	require.Contains(t, out, "2 definitions in ")
	require.NoDirExists(t, folder+".old")
}

// TestPeer: the user that the server runs as and the superuser may give commands,
// nobody else, and nobody whom the system does not name.
func TestPeer(t *testing.T) {
	require.NoError(t, admitted(1000, nil, 1000).err)
	require.NoError(t, admitted(0, nil, 1000).err)
	require.ErrorContains(t, admitted(1001, nil, 1000).err, "may not give commands")
	require.Error(t, admitted(1000, http.ErrServerClosed, 1000).err)
	require.Equal(t, "uid 4294967294", userName(4294967294))
	_, err := operators{}.Authenticate(httptest.NewRequest(http.MethodPost, "/admin/check", nil))
	require.ErrorContains(t, err, "nobody knows who gave it")
}

// TestPatient: a load waits as long as the server says, and sends the same again.
func TestPatient(t *testing.T) {
	tries := 0
	p := patient{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tries++
		var b bytes.Buffer
		_, _ = b.ReadFrom(r.Body)
		require.Equal(t, "text", b.String())
		if tries < 3 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/fhir/Patient", strings.NewReader("text")))
	require.Equal(t, http.StatusCreated, w.Code)
	require.Equal(t, 3, tries)
}

// TestRotateWhileServing: the key is replaced while a server has the database
// open, which goes on; the next start needs the new key. No other server can be
// told to.
func TestRotateWhileServing(t *testing.T) {
	data, keys := t.TempDir(), t.TempDir()
	for name, digit := range map[string]string{"old": "0f", "new": "1e"} {
		require.NoError(t, os.WriteFile(filepath.Join(keys, name), []byte(strings.Repeat(digit, 32)), 0o600))
	}
	old, fresh := encryption{KeyFile: filepath.Join(keys, "old")}, encryption{KeyFile: filepath.Join(keys, "new")}
	log := slog.New(slog.DiscardHandler)
	app, err := openApp(appConfig{Data: data, Key: old}, log)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := (&admin{app: app, data: data, log: log}).administer(ctx)
	put := func(id string) {
		_, err := app.db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Patient", ID: id, Resource: fhir.Obj("resourceType", "Patient", "id", id).Resource()}}})
		require.NoError(t, err)
	}
	put("before")
	line := "key rotate --encryption-key-file " + old.KeyFile + " --new-key-file " + fresh.KeyFile
	code, out := command(t, data, line)
	require.Zero(t, code, out)
	require.Contains(t, out, "from now on")
	code, out = command(t, data, line)
	require.Equal(t, 1, code)
	require.Contains(t, out, "encrypted with another key")
	put("after")
	stop()
	<-done
	require.NoError(t, app.close())
	_, err = openApp(appConfig{Data: data, Key: old}, log)
	require.ErrorContains(t, err, "encrypted with another key")
	app, err = openApp(appConfig{Data: data, Key: fresh}, log)
	require.NoError(t, err)
	for _, id := range []string{"before", "after"} {
		_, err := app.db.Read(t.Context(), "Patient", id)
		require.NoError(t, err)
	}
	require.NoError(t, app.close())

	e := startElsewhere(t)
	r, err := http.NewRequest(http.MethodPost, e.http.URL+"/admin/key", strings.NewReader("{}"))
	require.NoError(t, err)
	r.Header.Set(headerVersion, version())
	answer, err := e.http.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
}

// TestRolesBoundCommands: what the token's roles do not grant is refused, whatever
// its scopes say.
func TestRolesBoundCommands(t *testing.T) {
	table, err := readRoles(nil)
	require.NoError(t, err)
	as := func(role string) auth.Identity { return auth.Identity{Scopes: auth.Full, Roles: table.Of(role)} }
	for _, operation := range []string{"$check", "$definitions", "$tariff-load", "$prices-load"} {
		require.NoError(t, permit(as("administrator"), operation), operation)
		require.ErrorContains(t, permit(as("technician"), operation), "does not allow this command", operation)
	}
	require.Error(t, permit(as("administrator"), "$backup"), "it reads what an administrator does not see")
	require.NoError(t, permit(as("finance"), "Claim/$close-month"))
}
