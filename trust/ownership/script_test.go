package ownership_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
	"github.com/pestle-fhir/pestle/trust/ownership"
)

var update = flag.Bool("update", false, "write what comes of the scripts into testdata")

// orgs are the organisations of the scripts: two pharmacies, the first of which is
// the server's, three clinics, and a caller without one.
var orgs = []string{"FA565", "X99PH", "X99CL", "A83008", "EVIL99", "nobody"}

// TestScripts runs the scripts in testdata: commands on lines that begin with ">",
// and below each what came of it. -update rewrites that.
//
//	WHO METHOD Type/id JSON   a change of a commit; lines with "&" join the one above
//	versions Type/id          who sees which of its versions
//
// WHO is an organisation, one with "!" for what the server's business does at its
// request, follower or operator. After every commit follows what each organisation
// sees, where that is not what it saw before: read, searched and in the history
// alike. At the end the owners are made anew from the log, and must be the same.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		for i := range archive.Files {
			f := &archive.Files[i]
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+f.Name, func(t *testing.T) {
				got := newWorld(t).run(string(f.Data))
				if *update {
					f.Data = []byte(got)
					return
				}
				require.Equal(t, string(f.Data), got)
			})
		}
		if *update {
			require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o600))
		}
	}
}

type world struct {
	t      testing.TB
	engine *mem.Engine
	db     *store.DB
	refs   []string
	saw    map[string]string
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, engine: mem.New(), saw: map[string]string{}}
	w.db = open(t, w.engine, ownership.New("FA565"))
	return w
}

func open(t testing.TB, engine kv.Engine, rules store.Owners) *store.DB {
	n := 0
	newID := func() string { n++; return fmt.Sprint("new", n) }
	opts := store.Options{Owners: rules, Purge: func(context.Context, fhir.State, *fhir.Transaction) error { return nil }, References: true, NewID: newID, Clock: func() time.Time { return time.Unix(1_800_000_000, 0) }}
	if r, ok := rules.(*ownership.Rules); ok {
		opts.Guards, opts.Narrow = []fhir.Guard{r.Guard}, r.Nearest()
	}
	db, err := store.Open(engine, opts)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// principal is who a word of a script means.
func principal(word string) fhir.Principal {
	switch word {
	case "follower":
		return fhir.Principal{Agent: "follower|dispensing"}
	case "operator":
		return fhir.Principal{Agent: "Device/pestle", Unbound: true}
	case "nobody":
		return fhir.Principal{Agent: "client-1"}
	}
	return fhir.Principal{Agent: "client-" + word, OnBehalf: word}
}

func sees(word string) context.Context {
	p := principal(word)
	if word == "follower" {
		return context.Background()
	}
	return fhir.WithPrincipal(context.Background(), &p)
}

func (w *world) run(script string) string {
	var out strings.Builder
	lines := strings.Split(strings.TrimSpace(script), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if strings.HasPrefix(line, "#") || line == "" {
			out.WriteString(line + "\n")
			continue
		}
		command, ok := strings.CutPrefix(line, "> ")
		if !ok {
			continue // what came of a command
		}
		out.WriteString(line + "\n")
		batch := []string{command}
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "& ") {
			i++
			out.WriteString(lines[i] + "\n")
			batch = append(batch, lines[i][2:])
		}
		if ref, ok := strings.CutPrefix(command, "versions "); ok {
			out.WriteString(w.versions(ref))
			continue
		}
		out.WriteString(w.commit(batch) + w.news())
	}
	w.renewed()
	return out.String()
}

func (w *world) commit(batch []string) string {
	tx := &fhir.Transaction{}
	who := ""
	for i, line := range batch {
		fields := strings.SplitN(line, " ", 4)
		if i == 0 {
			who, fields = fields[0], fields[1:]
		} else {
			fields = strings.SplitN(line, " ", 3)
		}
		c := fhir.Change{Method: fhir.Method(fields[0])}
		var found bool
		if c.Type, c.Condition, found = strings.Cut(fields[1], "?"); !found {
			c.Type, c.ID, _ = strings.Cut(fields[1], "/")
		}
		if c.Method == "PURGE" {
			c.Method, c.Purge = fhir.Delete, true
		}
		if c.Method != fhir.Delete {
			text := `{"resourceType":"` + c.Type + `"`
			if c.ID != "" {
				text += `,"id":"` + c.ID + `"`
			}
			if len(fields) > 2 && fields[2] != "{}" {
				text += "," + fields[2][1:]
			} else {
				text += "}"
			}
			r, err := fhir.Parse([]byte(text))
			require.NoError(w.t, err, text)
			c.Resource = r
		}
		tx.Changes = append(tx.Changes, c)
	}
	word, derived := strings.CutSuffix(who, "!")
	tx.Requester, tx.Derived = principal(word), derived
	done, err := w.db.Commit(sees(word), tx)
	if err != nil {
		return "refused: " + err.Error() + "\n"
	}
	for _, r := range done.Results {
		if r.Version != nil && !slices.Contains(w.refs, r.Version.Ref()) {
			w.refs = append(w.refs, r.Version.Ref())
		}
	}
	slices.Sort(w.refs)
	return ""
}

// news is what each organisation sees now, where it saw something else before.
func (w *world) news() string {
	var out strings.Builder
	for _, org := range orgs {
		read, live := w.read(org)
		require.Equal(w.t, live, w.searched(org), "%s: a search finds what can be read", org)
		if now := strings.Join(read, " "); now != w.saw[org] {
			w.saw[org] = now
			out.WriteString("  " + org + ": " + now + "\n")
		}
	}
	all, _ := w.read("follower")
	require.Len(w.t, all, len(w.refs))
	return out.String()
}

// read lists what an organisation can read; deleted ones have a minus.
func (w *world) read(org string) (all, live []string) {
	for _, ref := range w.refs {
		typ, id, _ := strings.Cut(ref, "/")
		v, err := w.db.Read(sees(org), typ, id)
		switch {
		case fhir.KindOf(err) == fhir.NotFound:
		case err != nil:
			require.NoError(w.t, err)
		case v.Deleted():
			all = append(all, "-"+ref)
		default:
			all, live = append(all, ref), append(live, ref)
		}
	}
	return all, live
}

func (w *world) searched(org string) (found []string) {
	var types []string
	for _, ref := range w.refs {
		typ, _, _ := strings.Cut(ref, "/")
		if slices.Contains(types, typ) {
			continue
		}
		types = append(types, typ)
		r, err := w.db.Search(sees(org), &search.Query{Type: typ, Count: 100})
		require.NoError(w.t, err)
		require.Len(w.t, r.Matches, r.Total)
		for _, v := range r.Matches {
			found = append(found, v.Ref())
		}
	}
	slices.Sort(found)
	return found
}

// versions tells who sees which versions: alone and in the history.
func (w *world) versions(ref string) string {
	typ, id, _ := strings.Cut(ref, "/")
	var out strings.Builder
	for _, org := range orgs {
		h, err := w.db.History(sees(org), fhir.HistoryQuery{Type: typ, ID: id, Count: 100})
		if fhir.KindOf(err) == fhir.NotFound {
			continue
		}
		require.NoError(w.t, err)
		require.Equal(w.t, len(h.Versions), h.Total)
		var list []string
		for _, v := range h.Versions {
			list = append(list, v.VersionID)
			_, err := w.db.VRead(sees(org), typ, id, v.VersionID)
			require.NoError(w.t, err)
		}
		all, err := w.db.History(sees(org), fhir.HistoryQuery{Count: 1000})
		require.NoError(w.t, err)
		n := 0
		for _, v := range all.Versions {
			if v.Ref() == ref {
				n++
			}
		}
		require.Len(w.t, list, n, "the history of everything")
		fmt.Fprintf(&out, "  %s: %s\n", org, strings.Join(list, " "))
	}
	return out.String()
}

// later are the same rules under another version.
type later struct{ *ownership.Rules }

func (later) Version() string { return "later" }

// renewed makes the owners anew from the log in a copy of the database, which must
// come to the same bytes.
func (w *world) renewed() {
	engine := mem.New()
	before := dump(w.t, w.engine)
	var ops []kv.Op
	for k, v := range before {
		ops = append(ops, kv.Op{Key: []byte(k), Value: append([]byte{}, v...)})
	}
	require.NoError(w.t, engine.Write(ops))
	open(w.t, engine, later{ownership.New("")})
	after := dump(w.t, engine)
	delete(before, "mowners")
	delete(after, "mowners")
	require.Equal(w.t, before, after)
}

func dump(t testing.TB, e kv.Engine) map[string]string {
	snap, err := e.Snapshot()
	require.NoError(t, err)
	defer snap.Close()
	it, all := snap.Iterate(nil, nil, false), map[string]string{}
	for it.Next() {
		all[string(it.Key())] = string(it.Value())
	}
	require.NoError(t, it.Close())
	return all
}
