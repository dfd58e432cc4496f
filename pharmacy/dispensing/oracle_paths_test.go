package dispensing

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestOraclePathsOfNotifications compares the element paths and code systems
// of what the service writes with those of the EPS examples. The golden file
// lists every difference, so that a new one is seen.
func TestOraclePathsOfNotifications(t *testing.T) {
	theirs, ours := map[string]paths{}, map[string]paths{}
	for _, kind := range []string{"notification", "task"} {
		theirs[kind], ours[kind] = paths{}, paths{}
	}
	for _, e := range examples(t) {
		switch {
		case e.event() == "dispense-notification":
			theirs["notification"].add(e.resource.Root(), "")
		case strings.HasSuffix(e.path, "errors/task/success.json"):
			for en := range e.resource.Get("entry").Items() {
				theirs["task"].add(en.Get("resource"), "")
			}
		case isRequest(e) && e.event() == "prescription-order" && e.accepted():
			w := newWorld(t, today, Options{FromReceipt: true})
			require.NoError(t, w.step(e))
			_, err := w.on(e.order(), 1, w.s.acceptTask, "agent", epstest.AgentRole())
			require.NoError(t, err)
			require.NoError(t, w.decide(e))
			reply, err := w.on(e.order(), 1, w.s.dispenseTask, "all:Boolean", true, "agent", epstest.AgentRole())
			require.NoError(t, err)
			ours["notification"].add(message.Parameter(reply.Resource, "notification").Get("resource"), "")
			ours["task"].add(w.task(e.order(), 1).Root(), "")
		}
	}
	var b strings.Builder
	for _, kind := range []string{"notification", "task"} {
		b.WriteString("# " + kind + ": written here, in no example\n" + ours[kind].minus(theirs[kind]))
		b.WriteString("# " + kind + ": in examples, not written here\n" + theirs[kind].minus(ours[kind]))
	}
	golden := filepath.Join("testdata", "paths.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String(), "run with -update and look at the difference")
}

// paths is a set of element paths, extensions by the last part of their url,
// resources by their type, and with each system the path it is used at.
type paths map[string]bool

func (p paths) add(n node, at string) {
	switch n.Kind() {
	case fhir.Object:
		if t := n.Get("resourceType").Text(); t != "" {
			if i := strings.LastIndexByte(at, '.'); i > 0 && strings.HasSuffix(at, "resource") {
				at = ""
			}
			if at != "" {
				at += ":"
			}
			at += t
		}
		if url := n.Get("url").Text(); url != "" && (strings.HasSuffix(at, "extension")) {
			at += "(" + url[strings.LastIndexByte(url, '/')+1:] + ")"
		}
		for m := range n.Members() {
			p.add(m, at+"."+m.Name())
		}
	case fhir.Array:
		for i := range n.Items() {
			p.add(i, at)
		}
	case fhir.String:
		p[at] = true
		if n.Name() == "system" {
			p[at+" = "+n.Text()] = true
		}
	default:
		p[at] = true
	}
}

func (p paths) minus(q paths) string {
	var list []string
	for path := range p {
		if !q[path] {
			list = append(list, path)
		}
	}
	slices.Sort(list)
	if len(list) == 0 {
		return "\n"
	}
	return strings.Join(list, "\n") + "\n\n"
}
