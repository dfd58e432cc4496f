package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/server/subscription"
)

// plain is a fenced block that is a command, or what it prints among the rest.
var plain = regexp.MustCompile("(?ms)^```(sh|text)\n(.*?)^```$")

// TestPharmacist runs the commands of docs/pharmacist.md against a sandbox.
func TestPharmacist(t *testing.T) { walk(t, "pharmacist.md", 55) }

// TestConsoleDocument runs what docs/console.md shows.
func TestConsoleDocument(t *testing.T) { walk(t, "console.md", 4) }

// TestPrivate runs the commands of docs/private.md against a sandbox.
func TestPrivate(t *testing.T) { walk(t, "private.md", 34) }

// TestNotices runs the commands of docs/notices.md against a sandbox.
func TestNotices(t *testing.T) { walk(t, "notices.md", 10) }

// TestAlerts runs the commands of docs/alerts.md against a sandbox.
func TestAlerts(t *testing.T) {
	walk(t, "alerts.md", 6, func(c *serveCommand) { c.Goods.Stock = true })
}

// TestSubscriptionsDocument runs the commands of docs/subscriptions.md against a sandbox and a
// receiver.
func TestSubscriptionsDocument(t *testing.T) {
	walkAmong(t, "subscriptions.md", 13, []string{"http://127.0.0.1:9000/hook", newReceiver(t).http.URL + "/hook"})
	text, err := os.ReadFile(filepath.Join(oracle.Root(t), "docs", "subscriptions.md"))
	require.NoError(t, err)
	for _, topic := range subscription.Topics() {
		require.Contains(t, string(text), "| `"+strings.TrimPrefix(topic, subscription.TopicBase)+"` |")
	}
}

// TestMessagesDocument runs the commands of docs/messages.md against a sandbox.
func TestMessagesDocument(t *testing.T) { walk(t, "messages.md", 12, keepingMessages) }

// walk runs the commands of a document in one shell, in their order, against a
// sandbox. Each prints the lines of the text block after it. A block with the name of
// a file is that file.
func walk(t *testing.T, name string, lines int, change ...func(*serveCommand)) {
	walkAmong(t, name, lines, nil, change...)
}

// walkAmong is walk where others of the document are there too: texts, and what they are
// here, in turn.
func walkAmong(t *testing.T, name string, lines int, others []string, change ...func(*serveCommand)) {
	needCurl(t)
	t.Parallel() // it waits for others most of the time
	data := t.TempDir()
	host, _ := sandboxIn(t, data, change...)
	text, err := os.ReadFile(filepath.Join(oracle.Root(t), "docs", name))
	require.NoError(t, err)
	dir := t.TempDir()
	for _, m := range block.FindAllStringSubmatch(string(text), -1) {
		if m[1] == "csv" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, m[2]), []byte(m[3]), 0o600))
		}
	}
	const end = "---- end of block ----"
	var script strings.Builder
	var commands, wants []string
	for _, m := range plain.FindAllStringSubmatch(strings.NewReplacer(append(others, "http://127.0.0.1:8080", host, "--data data", "--data "+data, "sleep 1 ", "sleep 2 ", "sleep 1\n", "sleep 2\n")...).Replace(string(text)), -1) {
		if m[1] == "text" {
			wants[len(wants)-1] = m[2]
			continue
		}
		commands, wants = append(commands, m[2]), append(wants, "")
		script.WriteString(m[2] + "\necho; echo '" + end + "'\n")
	}
	cmd := exec.Command("sh", "-eu")
	cmd.Stdin, cmd.Dir = strings.NewReader(script.String()), dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	answers := strings.Split(string(out), end)
	require.Len(t, answers, len(commands)+1)
	checked := 0
	for i, want := range wants {
		for _, line := range strings.Split(strings.TrimSpace(want), "\n") {
			assert.Contains(t, answers[i], line, commands[i])
			if line != "" {
				checked++
			}
		}
		if !strings.Contains(want, "OperationOutcome") {
			assert.NotContains(t, answers[i], `"severity": "error"`, commands[i])
			assert.NotContains(t, answers[i], `"severity":"error"`, commands[i])
		}
	}
	assert.Equal(t, lines, checked, "lines that are wanted")
}
