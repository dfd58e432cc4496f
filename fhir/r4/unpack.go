package r4

import (
	"compress/gzip"
	_ "embed"
	"io"
	"strings"
)

// The tables as internal/gen/r4 packs them, compressed: every text once, one a line,
// and numbers that name the texts. They are a thirtieth of what Go literals of the
// same tables add to the program, and are unpacked in less than ten milliseconds.
var (
	//go:embed texts_gen.txt.gz
	packedTexts string
	//go:embed tables_gen.bin.gz
	packedTables string
)

var (
	constraintTable  []Constraint
	codeSetTable     []CodeSet
	searchTable      []SearchParam // ordered by URL
	searchBases      []searchBase
	compartmentTable []Compartment
	extensionTable   []Extension // ordered by URL
	resourceTypes    []string
	types            = unpack()
)

// unpacker reads the packed tables from their beginning to their end.
type unpacker struct {
	packed string
	at     int // what is to be read next
	texts  []string
	lists  [][]string
}

// unpack fills the tables of the package and returns the types.
func unpack() []Type {
	u := &unpacker{packed: inflate(packedTables)}
	u.readTexts()
	u.readLists()
	u.readConstraints()
	u.readCodes()
	types := u.readTypes()
	u.readSearches()
	u.readCompartments()
	extensionTable = u.extensions()
	if u.at != len(u.packed) {
		panic("r4: the packed tables are not of the form that this package reads: run make generate")
	}
	return types
}

// inflate returns what was compressed into a file of the package.
func inflate(packed string) string {
	text := new(strings.Builder)
	z, err := gzip.NewReader(strings.NewReader(packed))
	if err == nil {
		_, err = io.Copy(text, z)
	}
	if err != nil {
		panic("r4: a packed table is damaged: run make generate: " + err.Error())
	}
	return text.String()
}

// number reads the next number, seven bits to a byte with the lowest first.
func (u *unpacker) number() int {
	b := u.packed[u.at]
	u.at++
	if b < 0x80 {
		return int(b)
	}
	return u.further(int(b & 0x7f))
}

// further reads the rest of a number that has more than seven bits.
func (u *unpacker) further(n int) int {
	for shift := 7; ; shift += 7 {
		b := u.packed[u.at]
		u.at++
		n |= int(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
}

func (u *unpacker) text() string { return u.texts[u.number()] }

func (u *unpacker) list() []string { return u.lists[u.number()] }

// readTexts leaves out the first line, which says where the file is from.
func (u *unpacker) readTexts() {
	_, rest, _ := strings.Cut(inflate(packedTexts), "\n")
	u.texts = make([]string, u.number())
	for i := range u.texts {
		u.texts[i], rest, _ = strings.Cut(rest, "\n")
	}
}

// readLists makes the lists of texts, which all that have the same items share.
func (u *unpacker) readLists() {
	u.lists = make([][]string, u.number())
	items := make([]string, u.number())
	for i := range u.lists {
		n := u.number()
		if n == 0 {
			continue
		}
		for j := range n {
			items[j] = u.text()
		}
		u.lists[i], items = items[:n:n], items[n:]
	}
}

func (u *unpacker) readConstraints() {
	constraintTable = make([]Constraint, u.number())
	for i := range constraintTable {
		constraintTable[i] = Constraint{Key: u.text(), Severity: u.text(), Human: u.text(), Expression: u.text()}
	}
}

func (u *unpacker) constraints() []*Constraint {
	n := u.number()
	if n == 0 {
		return nil
	}
	list := make([]*Constraint, n)
	for i := range list {
		list[i] = &constraintTable[u.number()]
	}
	return list
}

func (u *unpacker) readCodes() {
	codeSetTable = make([]CodeSet, u.number())
	for i := range codeSetTable {
		set := CodeSet{URL: u.text(), Systems: make([]SystemCodes, u.number())}
		for j := range set.Systems {
			set.Systems[j] = SystemCodes{System: u.text(), Codes: u.list()}
		}
		codeSetTable[i] = set
	}
}

// codes reads which code set is meant, nil for none.
func (u *unpacker) codes() *CodeSet {
	if n := u.number(); n > 0 {
		return &codeSetTable[n-1]
	}
	return nil
}

func (u *unpacker) readSearches() {
	searchTable = make([]SearchParam, u.number())
	for i := range searchTable {
		p := SearchParam{Code: u.text(), Type: u.text(), URL: u.text(), Expression: u.text(), Base: u.list(), Target: u.list()}
		if n := u.number(); n > 0 {
			p.Components = make([]SearchComponent, n)
			for j := range p.Components {
				p.Components[j] = SearchComponent{Definition: u.text(), Expression: u.text()}
			}
		}
		searchTable[i] = p
	}
	searchBases = make([]searchBase, u.number())
	for i := range searchBases {
		b := searchBase{name: u.text(), params: make([]*SearchParam, u.number())}
		for j := range b.params {
			b.params[j] = &searchTable[u.number()]
		}
		searchBases[i] = b
	}
}

func (u *unpacker) readCompartments() {
	compartmentTable = make([]Compartment, u.number())
	for i := range compartmentTable {
		c := Compartment{Code: u.text(), Members: make([]CompartmentMember, u.number())}
		for j := range c.Members {
			c.Members[j] = CompartmentMember{Type: u.text(), Params: u.list()}
		}
		compartmentTable[i] = c
	}
}

func (u *unpacker) extensions() []Extension {
	n := u.number()
	if n == 0 {
		return nil
	}
	list := make([]Extension, n)
	for i := range list {
		list[i] = u.extension()
	}
	return list
}

func (u *unpacker) extension() Extension {
	x := Extension{URL: u.text()}
	bits := u.number()
	x.Modifier, x.Required, x.Repeats = bits&1 != 0, bits&2 != 0, bits&4 != 0
	x.Types, x.Targets, x.When = u.list(), u.list(), u.list()
	if n := u.number(); n > 0 {
		x.Contexts = make([]ExtensionContext, n)
		for i := range x.Contexts {
			x.Contexts[i] = ExtensionContext{Type: u.text(), Expression: u.text()}
		}
	}
	if url := u.text(); url != "" {
		x.Binding = &Binding{ValueSet: url, Strength: u.text()}
	}
	x.Codes, x.Parts = u.codes(), u.extensions()
	return x
}
