package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestRolesFile wants that a server does not start with a table of roles that is
// empty or has a mistake.
func TestRolesFile(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"empty.tsv": "", "wrong.tsv": "clerk\tsees\town\nclerk\tPatience\tr\n"} {
		file := filepath.Join(dir, name)
		assert.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		var out bytes.Buffer
		assert.NotZero(t, run([]string{"roles", file}, streams{in: strings.NewReader(""), out: &out, err: &out}), name)
		assert.Contains(t, out.String(), "the table of roles is not valid", name)
	}
}
