package search

import (
	"html"
	"slices"
	"strings"
	"unicode"

	"github.com/pestle-fhir/pestle/fhir"
)

// Text finds resources by words of their narratives:
// https://hl7.org/fhir/R4/search.html#text. A value is words that all have to be there,
// in any order, without regard to case and accents; a * at the end of one stands for
// whatever follows. Its keys are those of strings, a word each.
const Text = "_text"

// narrativePath is where narratives are: R4 has no expression for the parameter.
const narrativePath = "DomainResource.text.div"

// narrativeWriters are the writers of the parameter.
var narrativeWriters = map[string]writer{"xhtml": writeNarrative}

func writeNarrative(s *sink, p *names, n fhir.Node) {
	list := narrativeWords(n.Text())
	slices.Sort(list)
	for _, word := range slices.Compact(list) {
		start := len(s.buf)
		s.buf = appendWord(s.buf, word)
		s.take(p.code, start)
	}
}

func appendWord(b []byte, word string) []byte { return appendDigest(appendTerm(b, cut(word)), "") }

// narrativeWords are the folded words of what XHTML shows. A tag is between words, but
// those that format a part of one.
func narrativeWords(div string) []string {
	var b strings.Builder
	for div != "" {
		text, rest, tagged := strings.Cut(div, "<")
		b.WriteString(text)
		if !tagged {
			break
		}
		tag, after, _ := strings.Cut(rest, ">")
		if comment, ok := strings.CutPrefix(rest, "!--"); ok {
			_, after, _ = strings.Cut(comment, "-->")
		}
		if !inWord[strings.Trim(tag, "/ ")] {
			b.WriteByte(' ')
		}
		div = after
	}
	return wordsOf(html.UnescapeString(b.String()))
}

// inWord are the tags that may be within a word.
var inWord = map[string]bool{"b": true, "i": true, "em": true, "strong": true, "u": true, "sub": true, "sup": true, "small": true, "big": true}

// wordsOf are the folded words of a text: letters, marks and digits.
func wordsOf(text string) []string {
	return strings.FieldsFunc(fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
}

// worded reads the value of a parameter of words: alternatives joined by commas, each of
// words that all have to be there.
func (c *condition) worded(value string) (Clause, bool) {
	var any [][]Clause
	for _, alternative := range split(value, ',') {
		all := c.words(unescape(alternative))
		if all == nil {
			c.refuse(c.shown, "The value of the parameter has no word.", "words that are in the text, such as aspirin, or the beginning of one and *", alternative, "")
			return Clause{}, false
		}
		any = append(any, all)
	}
	if len(any) == 1 && len(any[0]) == 1 {
		return any[0][0], true
	}
	return Clause{Any: any}, true
}

func (c *condition) words(value string) (all []Clause) {
	for field := range strings.FieldsSeq(value) {
		stem, begins := strings.CutSuffix(field, "*")
		list := wordsOf(stem)
		for i, word := range list {
			r := exactly(appendWord(nil, word))
			if begins && i == len(list)-1 {
				r = beginning(appendStem(nil, cut(word)))
			}
			all = append(all, Clause{Param: c.param.Code, Ranges: []Range{r}})
		}
	}
	return all
}
