package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

// registerCall is an operation with its body in docs/register.md, and registerPages
// what the register prints after them.
var (
	registerCall  = regexp.MustCompile("(?s)`POST (Basic/[^`]+)`\n\n```json\n(.*?)```")
	registerPages = regexp.MustCompile("(?s)```text\n(.*?)```")
	anyDay        = regexp.MustCompile(`\b20\d\d-\d\d-\d\d\b`)
)

// TestRegisterDocument calls what docs/register.md shows, in its order, and wants the
// register that it prints; then that the check finds nothing.
func TestRegisterDocument(t *testing.T) {
	file := filepath.Join(oracle.Root(t), "docs", "register.md")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	w := newOrgWorld(t)
	for i, call := range registerCall.FindAllStringSubmatch(string(text), -1) {
		rec := w.ask("FA565+superintendent", request{"POST", "/fhir/" + call[1], call[2], nil})
		require.Equal(t, http.StatusOK, rec.Code, rec.Body)
		if i == 0 {
			task := w.order("X99CL", "FA565", "9990001006")
			w.made("FA565", request{"POST", "/fhir/Task/" + task + "/$accept", "", nil})
			w.made("FA565", request{"POST", "/fhir/Task/" + task + "/$dispense", `{"resourceType":"Parameters","parameter":[{"name":"all","valueBoolean":true}]}`, nil})
		}
	}
	w.stop()
	var out bytes.Buffer
	require.Zero(t, run([]string{"register", "--data", w.dir}, streams{out: &out, err: &out}), out.String())
	got := changing.ReplaceAllString(anyDay.ReplaceAllStringFunc(out.String(), func(day string) string {
		if day == "2028-01-31" {
			return day
		}
		return "2026-11-05"
	}), "…")
	if *update {
		fresh := registerPages.ReplaceAllLiteralString(string(text), "```text\n"+got+"```")
		require.NoError(t, os.WriteFile(file, []byte(fresh), 0o600))
	} else {
		assert.Equal(t, registerPages.FindStringSubmatch(string(text))[1], got)
	}
	out.Reset()
	require.Zero(t, run([]string{"check", "--data", w.dir}, streams{out: &out, err: &out}), out.String())
	for _, wrong := range [][]string{{"--from", "yesterday"}, {"--to", "2026"}, {"--at", "noon"}} {
		out.Reset()
		require.NotZero(t, run(append([]string{"register", "--data", w.dir}, wrong...), streams{out: &out, err: &out}))
		assert.Contains(t, out.String(), wrong[0]+": expected")
	}
	out.Reset()
	require.Zero(t, run([]string{"register", "--data", w.dir, "--csv", "--product", "18mg"}, streams{out: &out, err: &out}), out.String())
	assert.Equal(t, 2, strings.Count(out.String(), "\n"), out.String())
}
