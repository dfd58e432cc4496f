package job

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

// example is a file of the NHS's own examples.
type example struct {
	path string
	data []byte
	body object
}

func examples(t testing.TB) []example {
	dir := filepath.Join(oracle.Dir(t), "examples", "eps")
	var list []example
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".json" {
			return err
		}
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		e := example{data: data}
		require.NoError(t, json.Unmarshal(data, &e.body))
		rel, err := filepath.Rel(dir, path)
		e.path = filepath.ToSlash(rel)
		list = append(list, e)
		return err
	}))
	return list
}

// request says that the file is what a client sends and not an answer to it, and
// not the unsigned message of a $prepare.
func (e example) request() bool {
	name := filepath.Base(e.path)
	for _, no := range []string{"Response", "res.json", "Prepare", "VerifySignature", "Convert"} {
		if strings.Contains(name, no) {
			return false
		}
	}
	return !strings.HasPrefix(e.path, "spec/prepare") && !strings.HasPrefix(e.path, "sandbox")
}

func (e example) event() string {
	for _, h := range e.body.all("MessageHeader") {
		return h.text("eventCoding", "code")
	}
	return ""
}

func (e example) order() string {
	for _, mr := range e.body.all("MedicationRequest") {
		return mr.text("groupIdentifier", "value")
	}
	return ""
}

// accepted says that the NHS took the message.
func (e example) accepted() bool {
	return strings.Contains(e.path, "200_OK") || strings.HasPrefix(e.path, "spec/prescribing") || strings.HasPrefix(e.path, "spec/dispensing")
}

func (e example) patient() string {
	for _, p := range e.body.all("Patient") {
		return p.list("identifier")[0].text("value")
	}
	return ""
}
