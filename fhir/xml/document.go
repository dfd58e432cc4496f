package xml

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/fhir"
)

func (s *Scanner) checkBytes(data []byte) error {
	if len(data) > fhir.MaxSize {
		return &fhir.Error{Op: "xml", Kind: fhir.TooLong, Issues: []fhir.Issue{{Severity: fhir.Fatal, Code: fhir.TooLong, Rule: "xml",
			Message: "The document is too long.", Expected: fmt.Sprintf("at most %d bytes", fhir.MaxSize), Found: fmt.Sprintf("%d bytes", len(data))}}}
	}
	if len(data) >= 2 && (data[0] == 0xFE && data[1] == 0xFF || data[0] == 0xFF && data[1] == 0xFE || data[0] == 0 || data[1] == 0) {
		return s.fail(0, "The document is not in UTF-8.", "UTF-8")
	}
	for i, c := range data {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' {
			return s.fail(i, "The document holds a control character, which XML forbids.", "text without U+0000 to U+001F but for tab, line feed and carriage return")
		}
	}
	if !utf8.Valid(data) {
		i := 0
		for {
			r, size := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && size <= 1 {
				return s.fail(i, "The document is not valid UTF-8.", "UTF-8")
			}
			i += size
		}
	}
	if i := bytes.Index(data, []byte("\xEF\xBF\xBE")); i >= 0 {
		return s.fail(i, "The document holds U+FFFE, which XML forbids.", "text")
	}
	if i := bytes.Index(data, []byte("\xEF\xBF\xBF")); i >= 0 {
		return s.fail(i, "The document holds U+FFFF, which XML forbids.", "text")
	}
	return nil
}

// declaration reads <?xml version="1.0" encoding="UTF-8"?>.
func (s *Scanner) declaration() error {
	rest := s.text[s.pos:]
	if !strings.HasPrefix(rest, "<?xml") || len(rest) > 5 && nameByte[rest[5]] {
		return nil
	}
	end := strings.Index(rest, "?>")
	if end < 0 {
		return s.fail(s.pos, "The XML declaration is not closed.", "?>")
	}
	inner := Scanner{text: s.text[:s.pos+end], pos: s.pos + len("<?xml")}
	if _, err := inner.attributes(""); err != nil {
		return err
	}
	for _, a := range inner.attrs {
		switch {
		case a.Name == "version" && (a.Raw == "1.0" || a.Raw == "1.1"):
		case a.Name == "encoding" && (strings.EqualFold(a.Raw, "UTF-8") || strings.EqualFold(a.Raw, "US-ASCII")):
		case a.Name == "standalone":
		default:
			return s.failAs(fhir.Invalid, a.At, "The XML declaration asks for what the server does not do.", `version="1.0" and encoding="UTF-8"`, a.Name+`="`+a.Raw+`"`)
		}
	}
	s.pos += end + len("?>")
	return nil
}
