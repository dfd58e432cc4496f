package snomed

import (
	"regexp"
	"strings"
)

// filter is what concepts have to be called, or whether they are in use.
type filter struct {
	terms []string // any of them; words that names have, in any order, or the whole of a name
	wild  bool     // they have wildcards
	not   bool
	use   *bool // active
}

// The associations of a concept that is out of use: what it is the same as, was replaced
// by, may be equivalent to, and so on.
const (
	sameAs               ID = 900000000000527005
	replacedBy           ID = 900000000000526001
	wasA                 ID = 900000000000528000
	partiallyEquivalent  ID = 1186924009
	possiblyEquivalentTo ID = 900000000000523009
	possiblyReplacedBy   ID = 1186921001
	alternative          ID = 900000000000530003
	movedTo              ID = 900000000000524003
)

// histories are the associations of a history supplement: without a profile all.
var histories = map[string][]ID{
	"MIN": {sameAs},
	"MOD": {sameAs, replacedBy, wasA, partiallyEquivalent},
	"MAX": {sameAs, replacedBy, wasA, partiallyEquivalent, possiblyEquivalentTo, possiblyReplacedBy, alternative, movedTo},
}

var (
	history    = regexp.MustCompile(`(?i)^\s*\+\s*HISTORY(?:\s*[-_](MIN|MOD|MAX))?\s*$`)
	termFilter = regexp.MustCompile(`(?is)^\s*(?:D\s+)?term\s*(=|!=)\s*(.+?)\s*$`)
	useFilter  = regexp.MustCompile(`(?i)^\s*(?:C\s+)?active\s*(=|!=)\s*(1|0|true|false)\s*$`)
	termItem   = regexp.MustCompile(`(?is)^\s*(match|wild)?\s*:?\s*"((?:[^"\\]|\\.)*)"\s*`)
)

// filtered reads the filters and the history supplement after a constraint.
func (p *eclParser) filtered(c *constraint) (*constraint, error) {
	for p.tokens[p.pos].text == "{{" {
		t := p.take()
		if err := p.spend(t.at); err != nil {
			return nil, err
		}
		if m := history.FindStringSubmatch(t.rest); m != nil {
			profile := strings.ToUpper(m[1])
			if profile == "" {
				profile = "MAX"
			}
			c = &constraint{op: "+", parts: []*constraint{c}, history: histories[profile]}
			continue
		}
		f, ok := readFilter(t.rest)
		if !ok {
			return nil, &ECLError{t.at, "the filter is not supported: expected term = \"…\", active = true or false, or + HISTORY"}
		}
		c = &constraint{op: "{{", parts: []*constraint{c}, filter: f}
	}
	return c, nil
}

func readFilter(text string) (*filter, bool) {
	if m := useFilter.FindStringSubmatch(text); m != nil {
		use := (m[2] == "1" || strings.EqualFold(m[2], "true")) == (m[1] == "=")
		return &filter{use: &use}, true
	}
	m := termFilter.FindStringSubmatch(text)
	if m == nil {
		return nil, false
	}
	f := &filter{not: m[1] == "!="}
	rest := strings.TrimSpace(m[2])
	if strings.HasPrefix(rest, "(") && strings.HasSuffix(rest, ")") {
		rest = rest[1 : len(rest)-1]
	}
	for rest != "" {
		item := termItem.FindStringSubmatch(rest)
		if item == nil {
			return nil, false
		}
		wild := strings.EqualFold(item[1], "wild")
		if len(f.terms) > 0 && wild != f.wild {
			return nil, false
		}
		f.wild = wild
		f.terms = append(f.terms, strings.ToLower(strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(item[2])))
		rest = rest[len(item[0]):]
	}
	return f, len(f.terms) > 0 && len(f.terms) <= maxCostly
}

// filtered is what of a set passes a filter.
func (e *Edition) filtered(c *constraint) (answerSet, error) {
	focus, err := e.eval(c.parts[0])
	if err != nil {
		return focus, err
	}
	out := answerSet{set: e.empty(), lack: focus.lack}
	for n := range focus.all() {
		if c.filter.use != nil && (e.flags[n]&active != 0) == *c.filter.use || c.filter.use == nil && e.called(n, c.filter) {
			out.add(n)
		}
	}
	return out, nil
}

// called reports whether one of a concept's names passes a filter.
func (e *Edition) called(n uint32, f *filter) bool {
	for _, d := range e.names[e.namesFrom[n]:e.namesFrom[n+1]] {
		text := strings.ToLower(e.term(d))
		matches := false
		for _, term := range f.terms {
			if f.wild {
				matches = matches || wild(term, text)
			} else {
				matches = matches || startWords(term, text)
			}
		}
		if matches != f.not {
			return true
		}
	}
	return false
}

// startWords reports whether each word of a term begins a word of a text.
func startWords(term, text string) bool {
	words := strings.FieldsFunc(text, separates)
	for _, want := range strings.Fields(term) {
		found := false
		for _, w := range words {
			found = found || strings.HasPrefix(w, want)
		}
		if !found {
			return false
		}
	}
	return true
}

func separates(r rune) bool { return strings.ContainsRune(" \t()[]/,;:-\"'", r) }

// wild reports whether a text is a term, in which * is any text.
func wild(term, text string) bool {
	parts := strings.Split(term, "*")
	if len(parts) == 1 {
		return term == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, parts[len(parts)-1])
}

// withHistory is a set with the concepts out of use that became one of it.
func (e *Edition) withHistory(c *constraint) (answerSet, error) {
	focus, err := e.eval(c.parts[0])
	if err != nil {
		return focus, err
	}
	set := append(focus.set[:0:0], focus.set...)
	for _, association := range c.history {
		for _, h := range e.became[association] {
			if focus.has(h.to) {
				set.add(h.from)
			}
		}
	}
	return answerSet{set: set, lack: focus.lack}, nil
}
