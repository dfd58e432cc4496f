package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// TestEveryRuleIsInTheBook reads the source for the rules that issues name, and looks for
// each in the book or among the invariants of R4.
func TestEveryRuleIsInTheBook(t *testing.T) {
	known := map[string]bool{}
	for _, rule := range ruleBook() {
		assert.False(t, known[rule.ID], "%s is there twice", rule.ID)
		assert.NotEmpty(t, rule.Kind, rule.ID)
		assert.True(t, strings.HasSuffix(rule.Asks, "."), "%s is a sentence", rule.ID)
		assert.NotEmpty(t, rule.Source, rule.ID)
		known[rule.ID] = true
	}
	seen := 0
	for _, folder := range []string{"fhir", "profiles", "server", "trust", "store", "pharmacy", "cmd"} {
		for id, where := range rulesIn(t, "../../"+folder) {
			seen++
			assert.True(t, known[id] || r4.ConstraintByKey(id) != nil, "%s (%s) is not in pharmacy/rules/rules.tsv, docs/rules.tsv or R4", id, where)
		}
	}
	assert.Greater(t, seen, 150)
}

var ruleID = regexp.MustCompile(`^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`)

// rulesIn are the ids that are written as the member Rule of an issue, or are constants
// whose name says that they are one.
func rulesIn(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "epstest") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		add := func(value ast.Expr) {
			if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if id, _ := strconv.Unquote(literal.Value); ruleID.MatchString(id) && id != string(fhir.BusinessRule) {
					found[id] = path
				}
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Rule" {
					add(n.Value)
				}
			case *ast.ValueSpec:
				for i, name := range n.Names {
					if i < len(n.Values) && (strings.HasPrefix(name.Name, "Rule") || strings.HasSuffix(name.Name, "Rule")) {
						add(n.Values[i])
					}
				}
			}
			return true
		})
		return nil
	}))
	return found
}

// TestRulesHavePages posts a resource that breaks rules, and follows the links of the
// answer to what they ask.
func TestRulesHavePages(t *testing.T) {
	host, _ := sandbox(t)
	answer, err := http.Post(host+"/fhir/Patient", "application/fhir+json", strings.NewReader(`{"resourceType":"Patient","birthdate":"x","contact":[{"gender":"male"}],"name":{"family":"x"}}`))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, 422, answer.StatusCode)
	links := regexp.MustCompile(`<([^>]+)>; rel="help"; title="([^"]+)"`).FindAllStringSubmatch(answer.Header.Get("Link"), -1)
	require.Len(t, links, 3, answer.Header.Get("Link"))
	for _, link := range links {
		status, text := browsed(t, link[1])
		assert.Equal(t, 200, status, link[1])
		assert.Contains(t, text, "<h1>Rule "+link[2]+"</h1>")
	}

	status, text := browsed(t, host+"/fhir/Patient?nonsense=1")
	assert.Equal(t, 400, status)
	assert.NotContains(t, text, "/docs/rules/", "an issue without a rule has no link to one")
	status, text = browsed(t, host+"/docs/rules/")
	assert.Equal(t, 200, status)
	for _, id := range []string{"MDR-15", "json", "MONTH-1"} {
		assert.Contains(t, text, `<a href="/docs/rules/`+id+`">`)
	}
	status, text = browsed(t, host+"/docs/rules/MDR-15")
	assert.Equal(t, 200, status)
	assert.Contains(t, text, "SI 2001/3998")
	status, _ = browsed(t, host+"/docs/rules/MDR-1500")
	assert.Equal(t, 404, status)
}

func browsed(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Accept", "text/html")
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return answer.StatusCode, string(text)
}
