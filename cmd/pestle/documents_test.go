package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

func scanOf(seed byte, size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b) // it never fails
	return b
}

// documentFiles are the files of documents in a data folder.
func documentFiles(t *testing.T, data string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(data, documentsFolder), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && d.Name() != placeName {
			list = append(list, path)
		}
		return err
	})
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	return list
}

// guide carries out the requests of docs/documents.md.
type guide struct {
	*pharmacyUnderTest
	replace *strings.Replacer
}

var requestLine = regexp.MustCompile(`^(\S+) (\S+)\n((?:[^\n]+\n)*)$`)

func (g guide) ask(name string, body []byte, header ...string) (*http.Response, []byte) {
	g.t.Helper()
	m := requestLine.FindStringSubmatch(g.replace.Replace(documentedIn(g.t, "documents.md", name)))
	require.NotNil(g.t, m, name)
	r, err := http.NewRequestWithContext(g.t.Context(), m[1], g.http.URL+m[2], bytes.NewReader(body))
	require.NoError(g.t, err)
	for line := range strings.Lines(m[3]) {
		field, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		r.Header.Set(field, value)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(g.t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(g.t, err)
	return answer, text
}

// TestDocumentsGuide: what docs/documents.md says of requests is so.
func TestDocumentsGuide(t *testing.T) {
	var data string
	p := startPharmacy(t, func(c *serveCommand) { c.MaxDocument, data = 1<<20, c.Data })
	patient := p.ask(201, "POST", "/Patient", []byte(`{"resourceType":"Patient","name":[{"family":"Scanned"}]}`)).ID()
	g := guide{p, strings.NewReplacer("PATIENT", patient, "BINARY", "none")}
	scan := scanOf(1, 300_000)
	answer, text := g.ask("send", scan)
	require.Equal(t, 201, answer.StatusCode, "%s", text)
	require.Contains(t, string(text), fmt.Sprintf("%x", sha256.Sum256(scan)))
	require.Len(t, documentFiles(t, data), 1)
	id := regexp.MustCompile(`/Binary/([^/]+)/_history/1$`).FindStringSubmatch(answer.Header.Get("Location"))[1]
	g.replace = strings.NewReplacer("PATIENT", patient, "BINARY", id)
	p.ask(201, "POST", "/DocumentReference", []byte(g.replace.Replace(documentedIn(t, "documents.md", "reference.json"))))

	answer, text = g.ask("read", nil)
	require.Equal(t, 200, answer.StatusCode)
	require.Equal(t, "application/pdf", answer.Header.Get("Content-Type"))
	require.Equal(t, "bytes", answer.Header.Get("Accept-Ranges"))
	require.True(t, bytes.Equal(scan, text))
	require.Contains(t, answer.Header.Get("Content-Security-Policy"), "sandbox")
	answer, text = g.ask("part", nil)
	require.Equal(t, 206, answer.StatusCode)
	require.True(t, bytes.Equal(scan[1000:2000], text))
	answer, _ = g.ask("part", nil, "Range", "bytes=300000-")
	require.Equal(t, 416, answer.StatusCode)
	require.Equal(t, "bytes */300000", answer.Header.Get("Content-Range"))
	answer, _ = g.ask("part", nil, "If-Range", `"9"`)
	require.Equal(t, 200, answer.StatusCode)
	answer, text = g.ask("read", nil, "Accept", "application/fhir+json")
	require.Equal(t, 200, answer.StatusCode)
	require.Contains(t, string(text), base64.StdEncoding.EncodeToString(scan))

	// As a Bundle has it, it may be sent back, with all else that was changed.
	history := p.ask(200, "GET", "/Binary/"+id+"/_history", nil)
	entry := history.Sub(history.Get("entry").Item(0).Get("resource"))
	c, refers := fhir.ContentOf(entry.Root())
	require.True(t, refers)
	require.Equal(t, fhir.Content{SHA256: sha256.Sum256(scan), Size: 300_000}, c)
	edit := fhir.NewEdit(entry)
	edit.ReplaceString(entry.Get("contentType"), "image/png")
	p.ask(200, "PUT", "/Binary/"+id, edit.JSON())
	answer, text = g.ask("read", nil)
	require.Equal(t, "image/png", answer.Header.Get("Content-Type"))
	require.True(t, bytes.Equal(scan, text))

	answer, text = g.ask("send", scanOf(2, 1<<20+1))
	require.Equal(t, 413, answer.StatusCode)
	require.Contains(t, string(text), "larger than the server takes")
	require.Len(t, documentFiles(t, data), 1)

	// The type of the content runs nothing, whoever sent it.
	answer, _ = g.ask("send", []byte("<script>"), "Content-Type", "text/html")
	require.Equal(t, 201, answer.StatusCode)
	r, err := http.Get(answer.Header.Get("Location"))
	require.NoError(t, err)
	require.Equal(t, "attachment", r.Header.Get("Content-Disposition"))
	require.NoError(t, r.Body.Close())
}

// TestDocumentsOfADatabase: documents are in a backup and in what is restored of it,
// encrypted with the keys of each, after another key too; a check finds what is missing.
func TestDocumentsOfADatabase(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	for name, digits := range map[string]string{"key": "0f", "key2": "1e", "key3": "2d"} {
		require.NoError(t, os.WriteFile(file(name), []byte(strings.Repeat(digits, 32)), 0o600))
	}
	scan := bytes.Repeat([]byte("Featherstonehaugh "), 10_000)
	write := func(data, key, id string) {
		t.Helper()
		app, err := openApp(appConfig{Data: data, Key: encryption{KeyFile: file(key)}}, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		_, err = app.db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Binary", ID: id,
			Resource: fhir.Obj("resourceType", "Binary", "id", id, "contentType", "text/plain", "data", base64.StdEncoding.EncodeToString(append([]byte(id), scan...))).Resource()}}})
		require.NoError(t, err)
		require.NoError(t, app.close())
	}
	command := func(want int, args string) string {
		t.Helper()
		var out bytes.Buffer
		code := run(strings.Fields(args), streams{in: strings.NewReader(""), out: &out, err: &out})
		require.Equal(t, want, code, "%s: %s", args, &out)
		return out.String()
	}
	read := func(data, key, id string) {
		t.Helper()
		app, err := openApp(appConfig{Data: data, Key: encryption{KeyFile: file(key)}}, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		defer func() { require.NoError(t, app.close()) }()
		v, err := app.db.Read(t.Context(), "Binary", id)
		require.NoError(t, err)
		r, err := v.Resource()
		require.NoError(t, err)
		c, _ := fhir.ContentOf(r.Root())
		in, err := app.db.OpenContent(t.Context(), c)
		require.NoError(t, err)
		text, err := io.ReadAll(in)
		require.NoError(t, err)
		require.NoError(t, in.Close())
		require.True(t, bytes.Equal(append([]byte(id), scan...), text))
	}
	db, identity := file("db"), file("identity")
	recipient := agePair(t, identity)
	write(db, "key", "a")
	require.False(t, holds(t, db, "Featherstonehaugh"))
	command(0, "key rotate --data "+db+" --encryption-key-file "+file("key")+" --new-key-file "+file("key2"))
	read(db, "key2", "a")
	write(db, "key2", "b")
	require.Contains(t, command(0, "check --data "+db+" --encryption-key-file "+file("key2")), "2 documents outside of the database\n")
	command(0, "backup --data "+db+" --encryption-key-file "+file("key2")+" --to "+file("full")+" --recipient "+recipient)
	write(db, "key2", "c")
	command(0, "backup --data "+db+" --encryption-key-file "+file("key2")+" --to "+file("later")+" --after "+file("full")+" --identity "+identity+" --recipient "+recipient)
	require.Contains(t, command(0, "backup verify --identity "+identity+" "+file("full")+" "+file("later")), "complete")

	fresh := file("fresh")
	command(0, "restore --data "+fresh+" --encryption-key-file "+file("key3")+" --identity "+identity+" "+file("full")+" "+file("later"))
	require.Len(t, documentFiles(t, fresh), 3)
	require.False(t, holds(t, fresh, "Featherstonehaugh"))
	for _, id := range []string{"a", "b", "c"} {
		read(fresh, "key3", id)
	}
	require.NoError(t, os.Remove(documentFiles(t, fresh)[0]))
	said := command(1, "check --data "+fresh+" --encryption-key-file "+file("key3"))
	require.Contains(t, said, "/_history/1: the content of 180001 bytes with the SHA-256")
	require.Contains(t, said, "is missing\n")
	require.Contains(t, said, "1 problems found")
}

// TestDocumentsElsewhere: the place of documents is that of the first start, and a binary
// without S3 says so.
func TestDocumentsElsewhere(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	data := t.TempDir()
	_, err := openApp(appConfig{Data: data, Documents: "s3://papers?region=eu-west-2"}, log)
	require.Error(t, err)
	app, err := openApp(appConfig{Data: data}, log)
	require.NoError(t, err, "nothing was noted")
	require.NoError(t, app.close())

	require.NoError(t, os.MkdirAll(filepath.Join(data, documentsFolder), 0o700))
	_, err = openApp(appConfig{Data: data, Documents: "s3://papers?region=eu-west-2"}, log)
	require.ErrorContains(t, err, "are in its folder")
	require.NoError(t, os.WriteFile(filepath.Join(data, documentsFolder, placeName), []byte("s3://other?region=eu-west-2 ID\n"), 0o600))
	_, err = openApp(appConfig{Data: data, Documents: "s3://papers?region=eu-west-2"}, log)
	require.ErrorContains(t, err, "are in s3://other?region=eu-west-2")
}

// TestDocumentsScanned: a server with a scanner that is not there takes no document, says
// so, and goes on with everything else.
func TestDocumentsScanned(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close()) // nobody listens there
	command := &serveCommand{Sandbox: true, Addr: "127.0.0.1:0", Data: t.TempDir(), Authority: "T1450"}
	command.Clamd = l.Addr().String()
	require.NoError(t, command.complete())
	config := command.appConfig()
	config.Inspect, err = command.inspect(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	app, err := openApp(config, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() { require.NoError(t, app.close()) }()
	_, err = app.db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Create, Type: "Binary", Resource: fhir.Obj("resourceType", "Binary", "contentType", "text/plain", "data", "AAAA").Resource()}}})
	require.Equal(t, fhir.NoStore, fhir.KindOf(err))
	require.Contains(t, command.scanner.Trouble(), "cannot be asked")
	_, err = app.db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Create, Type: "Patient", Resource: fhir.Obj("resourceType", "Patient").Resource()}}})
	require.NoError(t, err)
	command.Clamd = "nowhere"
	require.ErrorContains(t, command.complete(), "--clamd")
}

// agePair writes an identity of age to a file and returns its recipient.
func agePair(t *testing.T, path string) string {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(key.String()+"\n"), 0o600))
	return key.Recipient().String()
}
