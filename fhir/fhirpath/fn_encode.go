package fhirpath

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pestle-fhir/pestle/fhir"
)

func fnEncode(m *machine, c *call, base int) error {
	return m.recode(c, base, "'base64', 'urlbase64' or 'hex'", func(s, format string) (string, bool) {
		switch format {
		case "base64":
			return base64.StdEncoding.EncodeToString([]byte(s)), true
		case "urlbase64":
			return base64.URLEncoding.EncodeToString([]byte(s)), true
		case "hex":
			return hex.EncodeToString([]byte(s)), true
		}
		return "", false
	})
}

// fnDecode gives nothing for what is not in the format.
func fnDecode(m *machine, c *call, base int) error {
	var failed error
	err := m.recode(c, base, "'base64', 'urlbase64' or 'hex'", func(s, format string) (string, bool) {
		var b []byte
		switch format {
		case "base64":
			b, failed = base64.StdEncoding.DecodeString(s)
		case "urlbase64":
			b, failed = base64.URLEncoding.DecodeString(s)
		case "hex":
			b, failed = hex.DecodeString(s)
		default:
			return "", false
		}
		return strings.ToValidUTF8(string(b), "�"), true
	})
	if failed != nil {
		m.cut(base)
	}
	return err
}

var jsonEscaper = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\f", `\f`, "\b", `\b`)

func fnEscape(m *machine, c *call, base int) error {
	return m.recode(c, base, "'html' or 'json'", func(s, target string) (string, bool) {
		switch target {
		case "html":
			return htmlEscaper.Replace(s), true
		case "json":
			return jsonEscaper.Replace(s), true
		}
		return "", false
	})
}

var htmlEscaper = strings.NewReplacer("<", "&lt;", ">", "&gt;", "&", "&amp;", `"`, "&quot;", "'", "&#39;")

func fnUnescape(m *machine, c *call, base int) error {
	return m.recode(c, base, "'html' or 'json'", func(s, target string) (string, bool) {
		switch target {
		case "html":
			return html.UnescapeString(s), true
		case "json":
			return unescapeJSON(s), true
		}
		return "", false
	})
}

// unescapeJSON resolves JSON escapes in a text that may hold bare quotes.
func unescapeJSON(s string) string {
	var b strings.Builder
	quoted := false
	b.WriteByte('"')
	for i := range len(s) {
		if s[i] == '"' && !quoted {
			b.WriteByte('\\')
		}
		quoted = s[i] == '\\' && !quoted
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
	text, err := jsontext.AppendUnquote(nil, b.String())
	if err != nil {
		return s
	}
	return string(text)
}

// recode changes the input by a named format.
func (m *machine) recode(c *call, base int, formats string, change func(s, format string) (string, bool)) error {
	s, ok, err := m.texts(c, base, 1)
	if err != nil || !ok {
		return err
	}
	text, ok := change(s[0], s[1])
	if !ok {
		return &mistake{at: c.args[0].at(), kind: fhir.Processing, what: "There is no such format.", expected: formats, found: clip(s[1])}
	}
	return m.answerText(c, base, text)
}
