package server

import (
	"bytes"

	"github.com/pestle-fhir/pestle/fhir"
)

// withoutEmptyFocus takes the empty focus out of the MessageHeaders of a
// message, which NHS England's own samples have and JSON of FHIR forbids, and
// warns of each. Blanks are left in its place, so that all other issues keep
// their positions. The prescription's signature covers none of a header.
func withoutEmptyFocus(message *fhir.Resource) (*fhir.Resource, []fhir.Issue, error) {
	if message == nil || message.Type() != "Bundle" || message.Get("type").Text() != "message" {
		return message, nil, nil
	}
	var text []byte
	var notes []fhir.Issue
	for entry := range message.Get("entry").Items() {
		header := entry.Get("resource")
		focus := header.Get("focus")
		if header.Get("resourceType").Text() != "MessageHeader" || focus.Kind() != fhir.Array || focus.Len() > 0 {
			continue
		}
		if text == nil {
			text = bytes.Clone(message.JSON())
		}
		start, _ := focus.NameSpan()
		_, end := focus.Span()
		blankMember(text, start-1, end)
		notes = append(notes, fhir.Issue{
			Severity: fhir.Warning, Code: fhir.Structure, Expression: focus.Expression(), Position: focus.Position(), Rule: "empty-array",
			Message: "The array is empty and was left out.", Expected: "at least one item, or no focus", Found: "[]",
		})
	}
	if text == nil {
		return message, nil, nil
	}
	without, err := fhir.Parse(text)
	return without, notes, err
}

// blankMember puts blanks in the place of a member and of one comma beside it.
func blankMember(text []byte, start, end int) {
	blank := func(from, to int) {
		for i := from; i < to; i++ {
			if text[i] != '\n' {
				text[i] = ' '
			}
		}
	}
	blank(start, end)
	const space = " \t\r\n"
	if rest := bytes.TrimLeft(text[end:], space); rest[0] == ',' {
		comma := len(text) - len(rest)
		blank(comma, comma+1)
	} else if before := bytes.TrimRight(text[:start], space); before[len(before)-1] == ',' {
		blank(len(before)-1, len(before))
	}
}
