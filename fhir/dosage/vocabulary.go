package dosage

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

//go:embed vocabulary.tsv
var vocabularyTSV string

// phrase is words of the vocabulary with what they mean.
type phrase struct {
	words         []string
	kind, meaning string
	value         string
}

// unit is a unit of amounts; base is "" for one that is counted by itself.
type unit struct {
	name, base string
	factor     decimal.Decimal
}

// vocabulary is vocabulary.tsv.
type vocabulary struct {
	phrases map[string][]phrase // by their first word, the longest first
	units   map[string]unit     // by name
	codes   map[string]string   // code in small letters -> name
}

var known = readVocabulary(vocabularyTSV)

func readVocabulary(tsv string) vocabulary {
	v := vocabulary{phrases: map[string][]phrase{}, units: map[string]unit{}, codes: map[string]string{}}
	for line := range strings.Lines(tsv) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(cells) != 4 {
			panic("dosage: vocabulary: " + line)
		}
		v.row(cells[0], cells[1], cells[2], strings.Split(cells[3], ","))
	}
	for first := range v.phrases {
		slices.SortStableFunc(v.phrases[first], func(a, b phrase) int { return len(b.words) - len(a.words) })
	}
	return v
}

func (v *vocabulary) row(kind, meaning, value string, words []string) {
	if kind == "unit" {
		v.units[meaning] = readUnit(meaning, value)
	}
	for _, w := range words {
		if kind == "code" {
			v.codes[w] = meaning
			continue
		}
		p := phrase{kind: kind, meaning: meaning, value: value}
		for _, t := range scan(w) {
			p.words = append(p.words, t.text)
		}
		v.phrases[p.words[0]] = append(v.phrases[p.words[0]], p)
	}
}

func readUnit(name, value string) unit {
	number, base, ok := strings.Cut(value, " ")
	if !ok {
		return unit{name: name}
	}
	return unit{name, base, decimal.RequireFromString(number)}
}

// unitOf is the unit that a Quantity has, by its code or its words; its words
// where the vocabulary has neither.
func (v *vocabulary) unitOf(code, words string) string {
	if name, ok := v.codes[strings.ToLower(code)]; ok {
		return name
	}
	tokens := scan(plain(words))
	if len(tokens) > 0 {
		if p, n := v.at(tokens, func(kind string) bool { return kind == "unit" }); n == len(tokens) {
			return p.meaning
		}
	}
	if name, ok := v.codes[strings.ToLower(words)]; ok {
		return name
	}
	if words == "" {
		return code
	}
	return words
}

// at is the longest phrase of some kinds with which tokens begin, and how many
// of them it takes; 0 for none.
func (v *vocabulary) at(tokens []token, kinds func(string) bool) (phrase, int) {
	if len(tokens) == 0 {
		return phrase{}, 0
	}
	for _, p := range v.phrases[tokens[0].text] {
		if len(p.words) <= len(tokens) && kinds(p.kind) && begins(tokens, p.words) {
			return p, len(p.words)
		}
	}
	return phrase{}, 0
}

func begins(tokens []token, words []string) bool {
	for i, w := range words {
		if tokens[i].text != w {
			return false
		}
	}
	return true
}
