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
)

// plain is a fenced block that is a command, or what it prints among the rest.
var plain = regexp.MustCompile("(?ms)^```(sh|text)\n(.*?)^```$")

// TestPharmacist runs the commands of docs/pharmacist.md in one shell, in their
// order, against a sandbox. Each prints the lines of the text block after it.
func TestPharmacist(t *testing.T) {
	needCurl(t)
	host, _ := sandbox(t)
	text, err := os.ReadFile(filepath.Join(oracle.Root(t), "docs", "pharmacist.md"))
	require.NoError(t, err)
	const end = "---- end of block ----"
	var script strings.Builder
	var commands, wants []string
	for _, m := range plain.FindAllStringSubmatch(strings.NewReplacer("http://127.0.0.1:8080", host, "sleep 1 ", "sleep 2 ", "sleep 1\n", "sleep 2\n").Replace(string(text)), -1) {
		if m[1] == "text" {
			wants[len(wants)-1] = m[2]
			continue
		}
		commands, wants = append(commands, m[2]), append(wants, "")
		script.WriteString(m[2] + "\necho; echo '" + end + "'\n")
	}
	cmd := exec.Command("sh", "-eu")
	cmd.Stdin = strings.NewReader(script.String())
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
		}
	}
	assert.Equal(t, 50, checked, "lines that are wanted")
}
