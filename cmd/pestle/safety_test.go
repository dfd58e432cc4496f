package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/docs"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

var (
	testFunction = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]+)\(`)
	namedTest    = regexp.MustCompile("`(Test[A-Za-z0-9_]+)`")
)

// TestHazards wants every hazard to have controls, and tests of them that exist, and none
// that is too likely for its severity.
func TestHazards(t *testing.T) {
	there := map[string]bool{}
	require.NoError(t, filepath.WalkDir(oracle.Root(t), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunction.FindAllStringSubmatch(string(text), -1) {
			there[m[1]] = true
		}
		return err
	}))
	list := hazards()
	require.Greater(t, len(list), 15)
	ids := map[string]bool{}
	for _, h := range list {
		assert.False(t, ids[h.ID], "%s twice", h.ID)
		ids[h.ID] = true
		assert.NotEmpty(t, h.Controls, h.ID)
		assert.NotEmpty(t, h.Tests, "%s has no test", h.ID)
		for _, name := range h.Tests {
			assert.True(t, there[name], "%s names %s, which does not exist", h.ID, name)
		}
		assert.Less(t, h.Severity*h.Likelihood, 10, "%s may not be released", h.ID)
	}
	page, err := fs.ReadFile(docs.Files, "safety.md")
	require.NoError(t, err)
	assert.Len(t, list, strings.Count(string(page), "\n| H"))
	assert.Contains(t, string(page), strconv.Itoa(10)+" or more is not released")
	assert.NotEmpty(t, namedTest.FindAllString(string(page), -1))
}
