package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/audit"
)

// commandsIn are the commands of an audit log, as "STATUS LINE" with who gave them.
func commandsIn(t *testing.T, l *audit.Log) (list []string) {
	require.NoError(t, l.Read(1, func(e *audit.Event) error {
		if e.Interaction == "command" {
			list = append(list, fmt.Sprintf("%d %s by %s", e.Status, e.Target, e.By.Agent))
		}
		return nil
	}))
	return list
}

// TestCommandsOnAFolderAreRecorded gives each command on a folder that no server has
// open, and wants two records of each by who runs it, under one request id: before it is
// carried out, and what became of it.
func TestCommandsOnAFolderAreRecorded(t *testing.T) {
	dir := t.TempDir()
	at := func(name, text string) string {
		path := filepath.Join(dir, name)
		if text != "" {
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		}
		return path
	}
	db := at("db", "")
	key, next := at("key", strings.Repeat("ab", 32)), at("next", strings.Repeat("cd", 32))
	identity := "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
	locked := " --data " + db + " --encryption-key-file "
	for _, c := range []struct{ line, record string }{
		{"load " + at("patient.json", `{"resourceType":"Patient","id":"a"}`) + locked + key, "load"},
		{"tariff load --month 2026-12 " + at("edition.csv", "Medicine,Pack size,,VMP Snomed Code,VMPP Snomed Code,Drug Tariff Category,Basic Price\nTwo tablets,28,tablet,99990011000001109,99990021000001100,Part VIIIA Category M,120\n") + locked + key, "tariff load"},
		{"check" + locked + key, "check"},
		{"check --digest" + locked + key, "check --digest"},
		{"proof export --to " + at("export", "") + locked + key, "proof export --to "},
		{"audit export --out " + at("events", "") + locked + key, "audit export "},
		{"backup --to " + at("one", "") + " --recipient " + identity + locked + key, "backup --to "},
		{"export claims --month 2020-01" + locked + key, "export {"},
		{"definitions add " + at("clinic.fsh", "Profile: ClinicPatient\nParent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient\n* ^url = \"https://clinic.example/P\"\n* birthDate 1..1\n") + locked + key, "definitions add "},
		{"definitions remove clinic.fsh" + locked + key, "definitions remove clinic.fsh"},
		{"client list" + locked + key, "client list"},
		{"key rotate --new-key-file " + next + locked + key, "key rotate"},
		{"accept" + locked + next, "accept"},
	} {
		var out bytes.Buffer
		code := run(strings.Fields(c.line), streams{in: strings.NewReader(""), out: &out, err: &out})
		require.Zero(t, code, "%s: %s", c.line, &out)
	}
	var out bytes.Buffer
	require.Equal(t, 1, run(strings.Fields("verify "+db+" --encryption-key-file "+next), streams{out: &out, err: &out}), "nothing was signed: %s", &out)
	l, err := readAudit(db, encryption{KeyFile: next})
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.Equal(t, 1, run(strings.Fields("definitions remove nothing.fsh"+locked+next), streams{out: &out, err: &out}))
	require.Equal(t, 1, run(strings.Fields("user disable nobody"+locked+next), streams{out: &out, err: &out}))
	l, err = readAudit(db, encryption{KeyFile: next})
	require.NoError(t, err)
	begun, ended, got, failed := map[string]string{}, map[string]int{}, []string{}, []string{}
	require.NoError(t, l.Read(1, func(e *audit.Event) error {
		switch {
		case e.Interaction != "command":
		case e.Status == 202:
			require.Empty(t, begun[e.RequestID], "the same request id")
			begun[e.RequestID] = e.Target
			got = append(got, e.Target)
		default:
			require.Equal(t, begun[e.RequestID], e.Target, "its beginning comes first")
			ended[e.RequestID]++
			if e.Status != 200 {
				failed = append(failed, fmt.Sprint(e.Status, " ", strings.Fields(e.Target)[0]))
			}
		}
		require.Equal(t, systemUsers+"|"+operatingUser(), e.By.Agent)
		return nil
	}))
	require.Len(t, ended, len(begun))
	for id, n := range ended {
		require.Equal(t, 1, n, begun[id])
	}
	require.Equal(t, []string{"422 verify", "422 definitions", "422 user"}, failed)
	want := []string{"load", "tariff load", "check", "check --digest", "proof export --to ", "audit export ", "backup --to ", "export {", "definitions add ", "definitions remove clinic.fsh", "client list", "key rotate", "accept", "check", "verify ", "definitions remove nothing.fsh", "user disable nobody"}
	require.Len(t, got, len(want), "%q", got)
	for i := range want {
		require.True(t, strings.HasPrefix(got[i], want[i]), "%q, expected %q", got[i], want[i])
	}
}

// TestDoorOfCommandsIsRecorded wants a record of each refusal, and none that says
// that what was refused was done.
func TestDoorOfCommandsIsRecorded(t *testing.T) {
	e := startElsewhere(t)
	for line, token := range map[string]string{"check": "system/$other", "export claims --month 2020-01": "system/$check"} {
		code, out := e.command(line + " --server " + e.http.URL + " --ca-file " + e.ca + " --token-file " + e.token("FA565", token))
		require.Equal(t, 1, code, out)
	}
	code, out := e.command("check --server " + e.http.URL + " --ca-file " + e.ca + " --token-file " + e.write("bad", "abc"))
	require.Equal(t, 1, code, out)
	got := strings.Join(commandsIn(t, e.app.audit), "\n")
	require.Contains(t, got, "403 /admin/check? by ann")
	require.Contains(t, got, "403 /admin/export? by ann")
	require.Contains(t, got, "401 /admin/check? by ")
	require.NotContains(t, got, "20")

	a := &admin{app: e.app, log: slog.New(slog.DiscardHandler)}
	r := httptest.NewRequest(http.MethodPost, adminPath+"check", nil)
	r.Header.Set(headerVersion, version())
	r = r.WithContext(context.WithValue(r.Context(), peerKey{}, peer{name: "mallory", err: os.ErrPermission}))
	w := httptest.NewRecorder()
	a.handler(operators{}).ServeHTTP(w, r)
	require.Equal(t, 403, w.Code)
	require.Contains(t, strings.Join(commandsIn(t, e.app.audit), "\n"), "403 /admin/check by "+systemUsers+"|mallory")
	for range 300 {
		r := httptest.NewRequest(http.MethodPost, adminPath+"check", nil)
		r.Header.Set(headerVersion, version())
		e.http.Config.Handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	require.Less(t, strings.Count(strings.Join(commandsIn(t, e.app.audit), "\n"), "401 "), 150, "who is not known must not fill the disk")
}

// TestOutcomeOfCommands wants that a command of a server is recorded before it is
// carried out, and then with what became of it, under one request id.
func TestOutcomeOfCommands(t *testing.T) {
	e := startElsewhere(t)
	for line, want := range map[string]struct {
		scope  string
		code   int
		status string
	}{
		"check": {"system/$check", 0, "200"},
		"tariff load --month 2026-12 " + e.write("edition.csv", "nonsense"): {"system/$tariff-load", 1, "200"}, // its answer is what is wrong with the file
		"definitions remove nothing.fsh":                                    {"system/$definitions", 1, "422"},
		"audit export --format compact":                                     {"system/$audit-export", 0, "200"},
	} {
		before := len(commandsIn(t, e.app.audit))
		code, out := e.command(line + " --server " + e.http.URL + " --ca-file " + e.ca + " --token-file " + e.token("FA565", want.scope))
		require.Equal(t, want.code, code, "%s: %s", line, out)
		got := commandsIn(t, e.app.audit)[before:]
		require.Len(t, got, 2, "%s: %q", line, got)
		require.Equal(t, strings.TrimPrefix(got[0], "202 "), strings.TrimPrefix(got[1], want.status+" "), "%s: %q", line, got)
	}
	ids := map[string]int{}
	require.NoError(t, e.app.audit.Read(1, func(e *audit.Event) error {
		if e.Interaction == "command" {
			ids[e.RequestID]++
		}
		return nil
	}))
	for id, n := range ids {
		require.Equal(t, 2, n, id)
	}
}

// TestExportThatBreaksOff damages what is exported: the answer ends without its last
// chunk, the command fails, and there is no file.
func TestExportThatBreaksOff(t *testing.T) {
	e := startElsewhere(t)
	for i := range 200 {
		require.NoError(t, e.app.audit.Record(t.Context(), &fhir.Access{Time: time.Now(), Interaction: "read", Status: 200, Target: strings.Repeat("x", 100), RequestID: fmt.Sprint(i), By: fhir.Principal{OnBehalf: "FA565"}}))
	}
	file := filepath.Join(e.app.definitions.data, auditName, "00000000000000000001.audit")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	at := bytes.LastIndex(text, []byte(strings.Repeat("x", 100)))
	patch := func(c byte) {
		f, err := os.OpenFile(file, os.O_WRONLY, 0o600)
		require.NoError(t, err)
		_, err = f.WriteAt([]byte{c}, int64(at))
		require.NoError(t, errors.Join(err, f.Close()))
	}
	patch('y')
	out := filepath.Join(e.files, "events")
	code, said := e.command("audit export --format compact --out " + out + " --server " + e.http.URL + " --ca-file " + e.ca + " --token-file " + e.token("FA565", "system/$audit-export"))
	require.Equal(t, 1, code)
	require.Contains(t, said, "broke its answer off")
	require.NoFileExists(t, out)
	left, err := filepath.Glob(filepath.Join(e.files, ".pestle-*"))
	require.NoError(t, err)
	require.Empty(t, left)
	require.Contains(t, e.log.String(), "audit log is damaged")

	// As another client sees it.
	conn, err := net.Dial("tcp", httptestPlain(t, e))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	token, err := os.ReadFile(e.token("FA565", "system/$audit-export"))
	require.NoError(t, err)
	_, err = fmt.Fprintf(conn, "POST /admin/audit?format=compact HTTP/1.1\r\nHost: x\r\n%s: %s\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n\r\n", headerVersion, version(), bytes.TrimSpace(token))
	require.NoError(t, err)
	var answer bytes.Buffer
	_, _ = answer.ReadFrom(conn)
	require.Contains(t, answer.String(), "Transfer-Encoding: chunked")
	require.NotContains(t, answer.String(), "\r\n0\r\n")

	patch('x')
	got := commandsIn(t, e.app.audit)
	require.Len(t, got, 4)
	require.True(t, strings.HasPrefix(got[1], "500 ") && strings.HasPrefix(got[3], "500 "), "%q", got)
}

// httptestPlain serves the same without TLS.
func httptestPlain(t *testing.T, e *elsewhere) string {
	s := httptest.NewServer(e.http.Config.Handler)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}
