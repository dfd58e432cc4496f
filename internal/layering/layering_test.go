// Package layering holds the import rules of the module, as a test that reads
// the source itself.
package layering

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

const module = "github.com/pestle-fhir/pestle/"

// rule says what the packages under a folder may import of this module. The
// first rule whose folder fits a package is its rule, so the narrow come first.
type rule struct {
	under   string
	imports []string // folders; "fhir/..." takes those below too, "." is the package's own subtree
	why     string
}

var rules = []rule{
	{"fhir/", []string{"fhir", "fhir/..."}, "the FHIR vocabulary stands on itself"},
	{"fhir", nil, "everything imports fhir, so it imports nothing of ours"},
	{"profiles", []string{"fhir", "fhir/...", "profiles", "profiles/..."}, "definitions and rules know no storage and no HTTP"},
	{"store/kv", []string{"store/kv", "store/kv/..."}, "engines store bytes and know no FHIR"},
	{"store/archive", nil, "the file of a backup holds bytes and knows no store"},
	{"store/log", []string{"store/log", "store/log/..."}, "a log holds bytes and knows no store"},
	{"store/content/s3/s3test", nil, "the server of tests stands on itself"},
	{"store/content/", []string{"store/content"}, "a place of contents holds bytes and knows no store"},
	{"store/content", []string{"fhir"}, "contents are bytes by their digest, and know no store"},
	{"store", []string{"fhir", "fhir/...", "store/kv", "store/archive", "store/log"}, "the store neither validates nor serves nor knows the business"},
	{"trust", []string{"fhir", "fhir/...", "trust/..."}, "who may do what is decided without storage and HTTP"},
	{"server", []string{"fhir", "fhir/...", "server/...", "internal/outbound", "internal/outbound/webhook"}, "the server meets the rest through ports it declares"},
	{"pharmacy/nhs", []string{"fhir"}, "the NHS's systems and codes are facts, on which no rule of ours counts"},
	{"pharmacy/rules", nil, "the table of rules is text"},
	{"pharmacy/paper", nil, "what is printed is text, of which no rule of ours is known"},
	{"pharmacy/sheet", []string{"fhir"}, "a sheet is cells, of which no rule of ours is known"},
	{"pharmacy/dispensing/prescription", []string{"fhir", "fhir/...", "pharmacy/nhs"}, "the law and the state of a prescription follow from values alone"},
	{"pharmacy/dispensing/message", []string{"fhir", "fhir/...", "pharmacy", "pharmacy/nhs", "pharmacy/dispensing/prescription"}, "messages know prescriptions, and not what is done with them"},
	{"pharmacy/dispensing/takeon", []string{"fhir", "fhir/...", "pharmacy/nhs", "pharmacy/sheet"}, "what another pharmacy hands over is read without knowing what is here"},
	{"pharmacy/dispensing/epstest", []string{"fhir", "fhir/...", "pharmacy/nhs", "pharmacy/dispensing/prescription"}, "what writes messages for tests knows no reader of them"},
	{"pharmacy/", []string{"fhir", "fhir/...", "pharmacy", "pharmacy/nhs", "pharmacy/sheet", "pharmacy/paper", "internal/outbound", "internal/outbound/webhook", "."}, "a part of the business knows no sibling, no store, no server"},
	{"pharmacy", []string{"fhir", "fhir/..."}, "the follower loop knows its ports alone"},
	{"conformance", []string{"fhir", "fhir/...", "conformance/..."}, "the suites speak HTTP"},
	{"docs", nil, "the documentation is text"},
	{"deploy", nil, "what is deployed knows the binary alone"},
	{"internal/outbound", []string{"internal/outbound"}, "what calls others knows addresses and bytes: whoever calls says what, and to whom"},
	{"examples", nil, "the examples are text"},
	{"internal/cli", []string{"fhir/spelling"}, "the command line knows no command"},
	{"internal", []string{"fhir", "fhir/...", "profiles/...", "internal/..."}, "generators and checks stand outside the product"},
	{"cmd", []string{"..."}, "cmd wires everything"},
}

// owners names the packages that alone may import an outside module.
var owners = map[string][]string{
	"github.com/coreos/go-oidc/":   {"server/signin"},
	"golang.org/x/oauth2":          {"server/signin"},
	"github.com/coder/websocket":   {"server/subscription"},
	"github.com/stripe/":           {"pharmacy/invoicing/stripe"},
	"github.com/go-pdf/fpdf":       {"pharmacy/paper"},
	"github.com/dgraph-io/badger/": {"store/kv/badger"},
	"github.com/gin-gonic/gin":     {"server"},
	"github.com/golang-jwt/jwt/":   {"server"},
	"github.com/google/fhir/":      {"fhir/typed", "pharmacy"},
	"github.com/spf13/":            {"internal/cli"},
	"github.com/minio/minio-go/":   {"store/content/s3"},
	"github.com/nats-io/":          {"store/log/jetstream", "cmd"},
	"golang.org/x/mod/sumdb/":      {"trust", "cmd"},
}

// forAll are packages that know nothing of ours, which all may import but the FHIR
// vocabulary.
var forAll = []string{"internal/packed", "internal/sorting", "internal/tracing"}

// forTests are packages that only tests import.
var forTests = []string{"internal/packed/packedtest", "internal/processor", "store/content/s3/s3test", "pharmacy/dispensing/epstest"}

func TestImports(t *testing.T) {
	root := oracle.Root(t)
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files++
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, filepath.Dir(path))
		pkg := filepath.ToSlash(rel)
		for _, spec := range parsed.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			if why := breach(pkg, name); why != "" {
				t.Errorf("%s imports %s: %s", path, name, why)
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, files, 10, "the walk found the source")
}

func breach(pkg, name string) string {
	for outside, who := range owners {
		if strings.HasPrefix(name, outside) && !slices.ContainsFunc(who, func(w string) bool { return within(pkg, w) }) {
			return "only " + strings.Join(who, ", ") + " may"
		}
	}
	target, ours := strings.CutPrefix(name, module)
	if !ours || within(target, pkg) && strings.HasPrefix(pkg, "internal") {
		return ""
	}
	if slices.Contains(forAll, target) && pkg != "fhir" && !within(pkg, "fhir") {
		return ""
	}
	if slices.Contains(forTests, target) {
		return "it is for tests"
	}
	for _, r := range rules {
		if r.under != pkg && !within(pkg, strings.TrimSuffix(r.under, "/")) || strings.HasSuffix(r.under, "/") && pkg+"/" == r.under {
			continue
		}
		if slices.ContainsFunc(r.imports, func(allowed string) bool { return permits(allowed, pkg, target) }) {
			return ""
		}
		return r.why
	}
	return "no rule covers " + pkg
}

func permits(allowed, pkg, target string) bool {
	switch {
	case allowed == "...":
		return true
	case allowed == ".":
		part := strings.Join(strings.SplitN(pkg, "/", 3)[:2], "/")
		return within(target, part)
	case strings.HasSuffix(allowed, "/..."):
		return strings.HasPrefix(target, strings.TrimSuffix(allowed, "..."))
	}
	return target == allowed
}

func within(pkg, folder string) bool { return pkg == folder || strings.HasPrefix(pkg, folder+"/") }

func TestBreach(t *testing.T) {
	for _, c := range []struct {
		pkg, imports string
		allowed      bool
	}{
		{"fhir", "fhir/r4", false},
		{"fhir/search", "fhir/r4", true},
		{"fhir/search", "store", false},
		{"store", "store/kv", true},
		{"store", "store/kv/badger", false},
		{"store", "profiles", false},
		{"store/kv/mem", "store/kv", true},
		{"store/kv/mem", "fhir", false},
		{"server", "store", false},
		{"server", "server/auth", true},
		{"profiles", "profiles/uk", true},
		{"pharmacy", "pharmacy/dispensing", false},
		{"pharmacy/dispensing", "pharmacy", true},
		{"pharmacy/dispensing", "pharmacy/reimbursement", false},
		{"pharmacy/dispensing", "pharmacy/nhs", true},
		{"pharmacy/nhs", "pharmacy", false},
		{"pharmacy/dispensing", "pharmacy/dispensing/message", true},
		{"pharmacy/dispensing/message", "pharmacy/dispensing/prescription", true},
		{"pharmacy/dispensing/message", "pharmacy/dispensing", false},
		{"pharmacy/dispensing/prescription", "pharmacy/dispensing/message", false},
		{"pharmacy/dispensing/prescription", "pharmacy", false},
		{"pharmacy/dispensing", "pharmacy/dispensing/epstest", false},
		{"cmd/pestle", "pharmacy/dispensing/epstest", false},
		{"pharmacy/warehouse/carrier", "pharmacy/warehouse", true},
		{"pharmacy/warehouse/carrier", "pharmacy/payments", false},
		{"pharmacy/warehouse/carrier", "internal/outbound/webhook", true},
		{"pharmacy/dispensing/prescription", "internal/outbound", false},
		{"server/keyset", "internal/outbound", true},
		{"internal/outbound/webhook", "internal/outbound", true},
		{"internal/outbound", "fhir", false},
		{"cmd/pestle", "store", true},
	} {
		require.Equal(t, c.allowed, breach(c.pkg, module+c.imports) == "", "%s -> %s", c.pkg, c.imports)
	}
	require.NotEmpty(t, breach("store", "github.com/dgraph-io/badger/v4"))
	require.Empty(t, breach("store/kv/badger", "github.com/dgraph-io/badger/v4"))
}
