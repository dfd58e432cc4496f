package oauth

import (
	_ "embed"
	"strings"
	"unicode"

	"github.com/pestle-fhir/pestle/server/auth"
)

//go:embed words.tsv
var wordsTSV string

// launchScopes are the scopes of SMART App Launch that are not on resources, and
// typeWords the resource types, each with its words.
var launchScopes, typeWords = readWords(wordsTSV)

func readWords(table string) (launch, types map[string]string) {
	launch, types = map[string]string{}, map[string]string{}
	for line := range strings.Lines(table) {
		name, words, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case !ok || strings.HasPrefix(name, "#"):
		case unicode.IsUpper(rune(name[0])):
			types[name] = words
		default:
			launch[name] = words
		}
	}
	return launch, types
}

// inWords says what a scope lets an app do.
func inWords(text string) string {
	if words := launchScopes[text]; words != "" {
		return words
	}
	s, err := auth.ParseScope(text)
	switch {
	case err != nil:
		return text
	case s.Operation != "":
		return "carry out " + s.Operation + " in your name"
	}
	what := "everything"
	if s.Type != "*" {
		what = wordsOf(s.Type)
	}
	whose := ", as far as you may"
	if s.Context == "patient" {
		whose = " of the one patient"
	}
	if s.Query != "" {
		whose += ", only where " + strings.NewReplacer("&", " and ", "=", " is ", ",", " or ").Replace(s.Query)
	}
	return lettersInWords(s.Letters) + " " + what + whose
}

var letterWords = map[rune]string{'c': "add", 'r': "see", 'u': "change", 'd': "delete", 's': "search"}

func lettersInWords(letters string) string {
	var list []string
	for _, letter := range letters {
		list = append(list, letterWords[letter])
	}
	if len(list) == 1 {
		return list[0]
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

// wordsOf is a resource type in words: of one that has none, its name in parts.
func wordsOf(typ string) string {
	if words := typeWords[typ]; words != "" {
		return words
	}
	var b strings.Builder
	for i, r := range typ {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String() + " records"
}
