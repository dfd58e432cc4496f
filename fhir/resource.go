package fhir

import (
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"
)

// Resource is one FHIR resource: its JSON exactly as received and a tree over
// it. It never changes after [Parse] and is safe for concurrent use.
type Resource struct {
	data   []byte
	text   string // the same bytes as a string, so that lookups need no copy
	nodes  []node
	locate func(offset int) Position // where data came from another format
	lines  *Lines                    // of text
	places *places
}

func newResource(data []byte, nodes []node) *Resource {
	text := unsafe.String(unsafe.SliceData(data), len(data))
	return &Resource{data: data, text: text, nodes: nodes, lines: NewLines(text), places: &places{}}
}

// Root is the node of the resource itself.
func (r *Resource) Root() Node { return Node{r, 0} }

// Node is the node at a place in document order; see [Node.Index].
func (r *Resource) Node(index int) Node { return Node{r, int32(index)} }

// Nodes counts the nodes of the tree.
func (r *Resource) Nodes() int { return len(r.nodes) }

// Get is a member of the resource: r.Get("status").
func (r *Resource) Get(name string) Node { return r.Root().Get(name) }

// Type is the resourceType, "" when the JSON has none.
func (r *Resource) Type() string { return r.Get("resourceType").Text() }

// ID is the logical id, "" when it has none.
func (r *Resource) ID() string { return r.Get("id").Text() }

// VersionID is meta.versionId, "" when it has none.
func (r *Resource) VersionID() string { return r.Root().Path("meta", "versionId").Text() }

// JSON is the resource's text. The caller must not change it.
func (r *Resource) JSON() []byte { return r.data }

// Sub makes a resource of its own of a node that holds one (a Bundle entry, a
// contained resource, a parameter). It shares the bytes and keeps the
// positions of the source it was part of.
func (r *Resource) Sub(n Node) *Resource {
	d := n.at()
	nodes := make([]node, d.next-n.i)
	copy(nodes, r.nodes[n.i:d.next])
	for i := range nodes {
		c := &nodes[i]
		c.next -= n.i
		c.parent -= n.i
		c.start -= d.start
		c.end -= d.start
		if c.nameLen > 0 {
			c.name -= d.start
		}
	}
	nodes[0].parent, nodes[0].name, nodes[0].nameLen = -1, 0, 0
	base := int(d.start)
	sub := newResource(r.data[d.start:d.end:d.end], nodes)
	sub.locate = func(offset int) Position { return r.Position(base + offset) }
	return sub
}

// Position is a place in the text that the client sent. Both count from 1;
// columns count characters.
type Position struct{ Line, Column int }

// IsZero reports whether the place is unknown.
func (p Position) IsZero() bool { return p.Line == 0 }

// Position turns an offset in [Resource.JSON] into line and column.
func (r *Resource) Position(offset int) Position {
	if r.locate != nil {
		return r.locate(offset)
	}
	return r.lines.Position(offset)
}

// Located gives the same resource with positions from another source, for
// JSON that was made of a different format such as XML.
func (r *Resource) Located(locate func(offset int) Position) *Resource {
	c := *r
	c.locate = locate
	return &c
}

// PositionIn is the place of one offset in a text of any bytes. For many offsets
// use [Lines].
func PositionIn(text string, offset int) Position {
	offset = min(max(offset, 0), len(text))
	line := 1 + strings.Count(text[:offset], "\n")
	begin := strings.LastIndexByte(text[:offset], '\n') + 1
	return Position{Line: line, Column: 1 + utf8.RuneCountInString(text[begin:offset])}
}

// InstantLayout is how the server writes meta.lastUpdated: an R4 instant in
// UTC with millisecond precision.
const InstantLayout = "2006-01-02T15:04:05.000Z07:00"

// Stamp gives the JSON of the resource as the server stores it: with the id,
// version and time that the server assigns, and every other byte as it was
// received.
func (r *Resource) Stamp(id, versionID string, lastUpdated time.Time) []byte {
	e := Edit{r: r, splices: make([]splice, 0, 3)}
	root := r.Root()
	e.Set(root, "id", quote(id))
	meta := root.Get("meta")
	version, updated := quote(versionID), quote(lastUpdated.UTC().Format(InstantLayout))
	if meta.Kind() != Object {
		e.Set(root, "meta", `{"versionId":`+version+`,"lastUpdated":`+updated+`}`)
	} else {
		e.Set(meta, "versionId", version)
		e.Set(meta, "lastUpdated", updated)
	}
	return e.JSON()
}
