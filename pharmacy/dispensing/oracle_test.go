package dispensing

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

// example is one file of the EPS examples.
type example struct {
	path     string
	resource *fhir.Resource
}

func (e example) event() string {
	if e.resource.Type() != "Bundle" {
		return e.resource.Type()
	}
	return message.Read(e.resource, prescription.Law{}).Event()
}

func (e example) order() string {
	for _, mr := range message.Read(e.resource, prescription.Law{}).Lines() {
		return mr.Path("groupIdentifier", "value").Text()
	}
	return ""
}

func examples(t *testing.T) []example {
	dir := filepath.Join(oracle.Dir(t), "examples", "eps")
	var list []example
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".json" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r, err := fhir.Parse(data)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		list = append(list, example{filepath.ToSlash(rel), r})
		return nil
	})
	require.NoError(t, err)
	return list
}

func (e example) accepted() bool {
	name := filepath.Base(e.path)
	return strings.Contains(name, "200_OK") || strings.HasPrefix(e.path, "spec/prescribing") || strings.HasPrefix(e.path, "spec/dispensing")
}

func isRequest(e example) bool {
	name := filepath.Base(e.path)
	return e.resource.Type() == "Bundle" && e.event() != "prescription-order-response" && !strings.Contains(name, "Prepare") && !strings.Contains(name, "Response") && !strings.Contains(name, "res.json") &&
		!strings.Contains(name, "VerifySignature") && !strings.Contains(e.path, "spec/prepare")
}

func TestOracleRulesOnExamples(t *testing.T) {
	passed, total := 0, 0
	var misses []string
	for _, e := range examples(t) {
		if !isRequest(e) || !slices.Contains(message.Events, e.event()) {
			continue
		}
		total++
		m := message.Read(e.resource, prescription.BuiltInLaw)
		issues := append(message.Examine(m, message.EnvelopeRules), message.Examine(m, slices.Concat(message.CommonRules, message.EventRules[m.Event()]))...)
		if fhir.HasErrors(issues) == e.accepted() && !strings.Contains(e.path, "spec/errors") {
			misses = append(misses, e.path+": "+(&fhir.Error{Op: "x", Issues: issues}).Error())
			continue
		}
		passed++
	}
	oracle.Report(t, "eps-rules", passed, total, misses)
}
