package terminology

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/inputs"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

var update = flag.Bool("update", false, "write the expected output anew")

// TestOperations runs scripts. A file of a script is a resource that is defined
// and stored (TYPE/ID.json), a call (NAME.call: the address, then the body) or
// the answer to the call before it (NAME.want).
func TestOperations(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, name := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			require.NoError(t, err)
			p := newPlayer(t)
			var out []txtar.File
			for _, f := range a.Files {
				switch ext := filepath.Ext(f.Name); ext {
				case ".json":
					p.define(f)
					out = append(out, f)
				case ".call":
					got := p.call(string(f.Data))
					out = append(out, f, txtar.File{Name: strings.TrimSuffix(f.Name, ext) + ".want", Data: []byte(got)})
				}
			}
			got := txtar.Format(&txtar.Archive{Comment: a.Comment, Files: out})
			if *update {
				require.NoError(t, os.WriteFile(name, got, 0o644))
				return
			}
			assert.Equal(t, string(txtar.Format(a)), string(got))
		})
	}
}

type player struct {
	t       *testing.T
	db      *store.DB
	service *Service
	defined *definition.Set
	ops     []fhir.Operation
}

func newPlayer(t *testing.T) *player {
	engine := mem.New()
	db, err := store.Open(engine, store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	s := New(Config{})
	return &player{t, db, s, definition.NewSet(), Operations(s, db)}
}

func (p *player) define(f txtar.File) {
	r, err := fhir.Parse(f.Data)
	require.NoError(p.t, err, f.Name)
	typ, file, _ := strings.Cut(f.Name, "/")
	_, err = p.db.Commit(context.Background(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: typ, ID: strings.TrimSuffix(file, ".json"), Resource: r}}})
	require.NoError(p.t, err, f.Name)
	_, err = p.defined.Add(r, f.Name)
	require.NoError(p.t, err, f.Name)
	p.service.ChangeStored(p.defined, p.defined)
}

func (p *player) call(text string) string {
	address, body, _ := strings.Cut(text, "\n")
	address, query, _ := strings.Cut(address, "?")
	params, err := url.ParseQuery(query)
	require.NoError(p.t, err)
	call := &fhir.Call{Params: params, Base: "http://pestle/fhir", Time: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	if strings.TrimSpace(body) != "" {
		call.Body, err = fhir.Parse([]byte(body))
		require.NoError(p.t, err, text)
	}
	steps := strings.Split(address, "/")
	for _, op := range p.ops {
		if "$"+op.Name != steps[len(steps)-1] || op.Instance != (len(steps) == 3) || len(steps) > 1 && op.Type != steps[0] {
			continue
		}
		if op.Instance {
			call.ID = steps[1]
		}
		var reply *fhir.Reply
		err := inputs.Refuse(&op, call, false)
		if err == nil {
			reply, err = op.Handle(context.Background(), call)
		}
		var e *fhir.Error
		if errors.As(err, &e) {
			return string(e.Kind) + "\n" + strings.ReplaceAll(e.Error(), ": "+string(e.Kind), "") + "\n"
		}
		require.NoError(p.t, err)
		var b bytes.Buffer
		require.NoError(p.t, json.Indent(&b, reply.Resource.JSON(), "", " "))
		return compact(b.String()) + "\n"
	}
	require.Fail(p.t, "no operation", address)
	return ""
}

// compact puts objects without objects in them on one line.
func compact(s string) string {
	var out []string
	lines := strings.Split(s, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if strings.HasSuffix(line, "{") {
			for j := i + 1; j < len(lines); j++ {
				if strings.HasSuffix(lines[j], "{") || strings.HasSuffix(lines[j], "[") {
					break
				}
				if strings.HasPrefix(strings.TrimSpace(lines[j]), "}") {
					for k := i + 1; k <= j; k++ {
						line += " " + strings.TrimSpace(lines[k])
					}
					i = j
					break
				}
			}
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}
