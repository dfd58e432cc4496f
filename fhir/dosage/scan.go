package dosage

import (
	"regexp"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir/numeral"
)

// token is a word, a number or a sign of a text, in small letters.
type token struct {
	text   string
	number decimal.Decimal
	is     kind
	at     int  // offset in the text
	spaced bool // after a space
}

type kind uint8

const (
	aWord kind = iota
	aNumber
	aTimeOfDay
	aSign
)

var tokens = regexp.MustCompile(`[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?|(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+|(?:\p{L}[./])+\p{L}\.?|\pL+(?:\(s\))?2?|[½¼¾]|\S`)

// longest bounds the text that is read.
const longest = 2000

var fractions = map[string]decimal.Decimal{
	"½": decimal.RequireFromString("0.5"), "¼": decimal.RequireFromString("0.25"), "¾": decimal.RequireFromString("0.75"),
}

// plain is a text whose small letters take as many bytes as it does.
func plain(text string) string {
	text = strings.ToValidUTF8(text, " ")
	if lower := strings.ToLower(text); len(lower) != len(text) {
		return lower
	}
	return text
}

// scan splits a plain text. A number in words is a number too.
func scan(text string) []token {
	var list []token
	lower := strings.ToLower(text)
	end := 0
	for _, span := range tokens.FindAllStringIndex(lower, -1) {
		word := lower[span[0]:span[1]]
		t := token{text: strings.TrimSuffix(word, "(s)"), at: span[0], spaced: span[0] > end, is: aWord}
		end = span[1]
		list = append(list, t.classify())
	}
	return list
}

func (t token) classify() token {
	switch c := t.text[0]; {
	case strings.Contains(t.text, ":") && len(t.text) > 1:
		t.is = aTimeOfDay
		if t.text[1] == ':' {
			t.text = "0" + t.text
		}
	case c >= '0' && c <= '9', c == '.' && len(t.text) > 1:
		t.is, t.number = aNumber, decimal.RequireFromString(strings.ReplaceAll(t.text, ",", ""))
	case t.text == "–" || t.text == "—" || t.text == "‐" || t.text == "‑":
		t.is, t.text = aSign, "-"
	case c < 'a' && c < 0x80 || c > 'z' && c < 0x80:
		t.is = aSign
	default:
		if f, ok := fractions[t.text]; ok {
			t.is, t.number = aNumber, f
		} else if n, ok := numeral.Read(t.text); ok {
			t.is, t.number = aNumber, decimal.NewFromInt(int64(n))
		}
	}
	return t
}
