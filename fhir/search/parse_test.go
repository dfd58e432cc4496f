package search

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestParse holds what queries are read as, and what is said of wrong ones, to
// a table: a line "Type?query", with "lenient" in front where handling is, and
// indented lines that say what came of it.
func TestParse(t *testing.T) {
	files, err := filepath.Glob("testdata/parse/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		var out bytes.Buffer
		for line := range strings.Lines(string(archive.Comment)) {
			line = strings.TrimSuffix(line, "\n")
			switch {
			case strings.HasPrefix(line, "  "):
			case strings.HasPrefix(line, "#"), line == "":
				out.WriteString(line + "\n")
			default:
				out.WriteString(line + "\n" + parsed(t, line))
			}
		}
		if *update {
			require.NoError(t, os.WriteFile(file, out.Bytes(), 0o644))
		}
		if !*update {
			require.Equal(t, string(archive.Comment), out.String(), file)
		}
	}
}

func parsed(t *testing.T, line string) string {
	o := testOptions
	line, o.Lenient = strings.CutPrefix(line, "lenient ")
	typ, query, _ := strings.Cut(line, "?")
	values, err := url.ParseQuery(query)
	require.NoError(t, err)
	q, issues, err := Parse(typ, values, o)
	var b strings.Builder
	for _, i := range append(issues, issuesOf(err)...) {
		fmt.Fprintf(&b, "  %s %s %s: %s\n", i.Severity, i.Code, i.Expression, i.Text())
	}
	if err == nil {
		b.WriteString(q.summary())
	}
	return b.String()
}

func issuesOf(err error) []fhir.Issue {
	if e := (*fhir.Error)(nil); errors.As(err, &e) {
		return e.Issues
	}
	return nil
}

// summary shows a query for the tests.
func (q *Query) summary() string {
	var b strings.Builder
	for _, c := range q.Clauses {
		fmt.Fprintf(&b, "  clause %s\n", c.summary())
	}
	if len(q.Sort) > 0 {
		var sorts []string
		for _, by := range q.Sort {
			path := by.Param
			for c := by.Chain; c != nil; c = c.Sort.Chain {
				path += ":" + c.Type + "." + c.Sort.Param
			}
			sorts = append(sorts, fmt.Sprintf("{%s %v}", path, by.Descending))
		}
		fmt.Fprintf(&b, "  sort [%s]\n", strings.Join(sorts, " "))
	}
	for _, i := range q.Include {
		fmt.Fprintf(&b, "  include %+v\n", i)
	}
	for _, i := range q.RevInclude {
		fmt.Fprintf(&b, "  revinclude %+v\n", i)
	}
	fmt.Fprintf(&b, "  count %d total %q summary %q elements %v\n", q.Count, q.Total, q.Summary, q.Elements)
	self, _ := url.QueryUnescape(q.Self().Encode())
	fmt.Fprintf(&b, "  self %s\n", self)
	return b.String()
}

func (c *Clause) summary() string {
	var b strings.Builder
	if c.Not {
		b.WriteString("not ")
	}
	fmt.Fprintf(&b, "%s", c.Param)
	if len(c.IDs) > 0 {
		fmt.Fprintf(&b, " ids %v", c.IDs)
	}
	for _, r := range c.Ranges {
		switch {
		case r.Exact:
			b.WriteString(" key")
		case r.Few:
			b.WriteString(" few")
		default:
			b.WriteString(" range")
		}
		if r.Match != nil {
			b.WriteString("*")
		}
	}
	for _, chain := range c.Chain {
		fmt.Fprintf(&b, " -> %s (%s)", chain.Type, chain.Clause.summary())
	}
	for _, has := range c.Has {
		fmt.Fprintf(&b, "<- %s.%s (%s)", has.Type, has.Ref, has.Clause.summary())
	}
	return b.String()
}
