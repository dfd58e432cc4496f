package search

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// phonetic is the code of the parameters that find names by how they sound. The
// keys are those of strings: the sound of each word of a name, and of names of
// several words the sounds of all of them, with a blank between.
const phonetic = "phonetic"

// soundWriters are the writers of such a parameter.
var soundWriters = map[string]writer{"string": writeSound, "HumanName": writeNameSound}

func appendSound(b []byte, sound string) []byte { return appendDigest(appendTerm(b, cut(sound)), "") }

// sound indexes a text under all its sounds.
func (s *sink) sound(param, text string) {
	f := fold(text)
	if len(f) > maxText {
		f = f[:maxText]
	}
	list := words(f)
	if len(list) > 1 {
		s.spoken(param, soundOf(f))
	}
	for _, w := range list {
		s.spoken(param, sound(w))
	}
}

func (s *sink) spoken(param, sound string) {
	if sound == "" {
		return
	}
	start := len(s.buf)
	s.buf = appendSound(s.buf, sound)
	s.take(param, start)
}

func writeSound(s *sink, p *names, n fhir.Node) { s.sound(p.code, n.Text()) }

func writeNameSound(s *sink, p *names, n fhir.Node) {
	var whole []string
	for given := n.Get("given").First(); given.Exists(); given = given.Next() {
		whole = append(whole, given.Text())
		s.sound(p.code, given.Text())
	}
	family := n.Get("family").Text()
	s.sound(p.code, family)
	if len(whole) > 0 && family != "" {
		s.spoken(p.code, soundOf(fold(whole[0]+" "+family)))
		s.spoken(p.code, soundOf(fold(strings.Join(whole, " ")+" "+family)))
	}
	s.sound(p.code, n.Get("text").Text())
}

// sounding finds what sounds like a folded text.
func (v reading) sounding(f string) ([]Range, string) {
	if s := soundOf(f); s != "" {
		return []Range{exactly(appendSound(nil, s))}, ""
	}
	return nil, "a name, or several words of one"
}
