package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// doors are where the rules are asked.
var doors = strings.Fields("order update notification task release accept dispense return withdraw cancel release-hold hold approve reject record-original query correct check owe hand-over put-back dispatch fail-delivery tracking-status complete-claim mitigate detect-issues reconcile import label tracker commit claim submit close-month export-month month-figures month-statement month-differences papers papers-sent settle-difference payment load register issue credit receipt record-payment request-payment refund receive-stock destroy stock-check correct-register responsible-pharmacist resend acknowledge-alert stock resume event supply-requisition nhs-resend")

// parts are the files of the business whose rules are in the table: code, data and tests.
var parts = []string{
	"../dispensing/*.go", "../dispensing/testdata/*.txtar", "../dispensing/testdata/*/*.txtar",
	"../dispensing/message/*.go", "../dispensing/message/testdata/*.txtar",
	"../dispensing/prescription/*.go", "../dispensing/prescription/*.json", "../dispensing/prescription/labels.tsv", "../dispensing/prescription/testdata/*",
	"../reimbursement/*.go", "../reimbursement/testdata/*.txtar",
	"../register/*.go", "../register/testdata/*.txtar",
	"../clinical/guard.go", "../clinical/guard_test.go", "../clinical/service.go", "../clinical/*_test.go",
	"../invoicing/*.go", "../notices/*.go", "../alerts/*.go",
	"../spine/*.go", "../spine/*/*.go", "../warehouse/*.go", "../warehouse/*/*.go", "../warehouse/testdata/*.txtar",
}

// named is an issue in the source that names its rule.
var named = regexp.MustCompile(`(?:Rule(?: =|:)\s*|^\t\{)"([A-Z0-9a-z-]+[A-Z0-9a-z])"|wrong\("([A-Z0-9][A-Z0-9a-z-]*)"|refuse\("(RP-[a-z]+)"|"(CL\d+)"|fhir\.[A-Z][A-Za-z]+, "(\d{4})", (?:eps|spine)\(`)

// TestEveryRuleHasCodeAndTest looks for each rule of the table at the line that meets it
// and in the tests, and for each rule that an issue names in the table.
func TestEveryRuleHasCodeAndTest(t *testing.T) {
	var code, tests strings.Builder
	var files []string
	for _, pattern := range parts {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		files = append(files, found...)
	}
	slices.Sort(files)
	for _, file := range slices.Compact(files) {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.HasSuffix(file, "_test.go") || strings.Contains(file, "testdata") {
			tests.Write(data)
		} else {
			code.Write(data)
		}
	}
	inCode, inTests, known := idsIn(code.String()), idsIn(tests.String()), map[string]bool{}
	for _, row := range Table() {
		known[row.ID] = true
		id := strings.TrimPrefix(row.ID, "HOLD-")
		assert.True(t, inCode[id], "%s is at no line of code", row.ID)
		assert.True(t, inTests[id], "%s is in no test", row.ID)
		for _, door := range row.Doors {
			assert.Contains(t, doors, door, row.ID)
		}
	}
	for _, m := range named.FindAllStringSubmatch(code.String(), -1) {
		id := strings.Join(m[1:], "")
		assert.True(t, known[id], "an issue names %s, which rules.tsv does not have", id)
	}
	assert.Greater(t, len(known), 180)
}

// noRule are the kinds of refusals that are of no rule of the business: what is not there,
// what is another's, what the server could not do, and its own faults. Two writers at the
// same time are a conflict that breaks none either.
var noRule = map[string]bool{"NotFound": true, "Deleted": true, "NotSupported": true, "Forbidden": true, "TooCostly": true, "Throttled": true, "Timeout": true,
	"Processing": true, "Exception": true}

// TestEveryRefusalNamesItsRule reads the code: an error that is made with one issue says
// of which rule, unless it is of a kind that has none.
func TestEveryRefusalNamesItsRule(t *testing.T) {
	files := token.NewFileSet()
	refusals := 0
	for _, pattern := range []string{"../dispensing/*.go", "../reimbursement/*.go", "../invoicing/*.go", "../register/*.go", "../clinical/*.go"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, name := range found {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(files, name, nil, 0)
			require.NoError(t, err)
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) != 3 || !is(call.Fun, "E") {
					return true
				}
				kind, _ := call.Args[1].(*ast.SelectorExpr)
				issue, literal := call.Args[2].(*ast.CompositeLit)
				if kind == nil || !literal || noRule[kind.Sel.Name] {
					return true
				}
				fields := map[string]ast.Expr{}
				for _, e := range issue.Elts {
					if pair, ok := e.(*ast.KeyValueExpr); ok {
						fields[pair.Key.(*ast.Ident).Name] = pair.Value
					}
				}
				if message, ok := fields["Message"].(*ast.BasicLit); ok && kind.Sel.Name == "Conflict" && strings.Contains(message.Value, "at the same time, again and again") {
					return true
				}
				refusals++
				assert.NotNil(t, fields["Rule"], "%s: the refusal names no rule", files.Position(issue.Pos()))
				return true
			})
		}
	}
	assert.Greater(t, refusals, 30)
}

// is reports whether an expression is a name of another package.
func is(e ast.Expr, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && s.Sel.Name == name
}

// broken is a rule of private money that a test breaks at a door.
var broken = regexp.MustCompile(`breaks\("(PRIV-\d+)", call\("([a-z-]+)"`)

// TestPrivateMoneyIsAskedAtItsDoors wants each rule of private money to be broken by a
// test at each door of the table, and at no other.
func TestPrivateMoneyIsAskedAtItsDoors(t *testing.T) {
	tests, err := os.ReadFile("../invoicing/rules_test.go")
	require.NoError(t, err)
	tested, table := map[string][]string{}, map[string][]string{}
	for _, m := range broken.FindAllStringSubmatch(string(tests), -1) {
		if !slices.Contains(tested[m[1]], m[2]) {
			tested[m[1]] = append(tested[m[1]], m[2])
		}
	}
	for _, row := range Table() {
		if strings.HasPrefix(row.ID, "PRIV-") {
			table[row.ID] = row.Doors
		}
	}
	assert.Len(t, tested, len(table))
	for id, doors := range table {
		assert.ElementsMatch(t, doors, tested[id], id)
	}
}

var anID = regexp.MustCompile(`[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*`)

// idsIn are the words of a text that may be ids; that of a hold has its code alone.
func idsIn(text string) map[string]bool {
	ids := map[string]bool{}
	for _, word := range anID.FindAllString(text, -1) {
		ids[strings.TrimPrefix(word, "HOLD-")] = true
	}
	return ids
}

// TestTheTableIsRead refuses what is not a row.
func TestTheTableIsRead(t *testing.T) {
	for tsv, want := range map[string]string{
		"A\tlaw\tdispense\tasks":                                      "has 4 cells",
		"A\tcustom\tdispense\tasks\tsource":                           "is not law, service or policy",
		"A\tlaw\tdispense\tasks\tsource\nA\tlaw\torder\tasks\tsource": "a second rule A",
		"A\tlaw\t\tasks\tsource":                                      "a rule has doors",
	} {
		_, err := read(tsv)
		require.ErrorContains(t, err, want)
	}
}
