package profiles

import "strings"

// markup reads the XHTML of a narrative piece by piece. Unlike a parser of XML
// it knows HTML's named entities as well, which narratives may use (R4,
// Narrative).
type markup struct {
	text   string
	pos    int
	open   []string // names of the open elements
	texts  int      // how many of them are paragraphs
	bad    string   // what is not well-formed, once something is not
	rooted bool     // an element was read
	rare   bool     // something was read that XML may not be able to hold, see rareText
}

// tag is the start of an element.
type tag struct {
	name  string
	attrs []attr
	empty bool // it closes itself: <br/>
}

type attr struct{ name, value string }

// next gives the next start tag or run of text; false at the end or at the
// first thing that is not well-formed.
func (m *markup) next() (t tag, text string, ok bool) {
	for m.bad == "" && m.pos < len(m.text) {
		rest := m.text[m.pos:]
		switch {
		case rest[0] != '<':
			end := strings.IndexByte(rest, '<')
			if end < 0 {
				end = len(rest)
			}
			m.pos += end
			if !goodEntities(rest[:end]) {
				m.bad = "an & that begins no entity: " + short(rest[:end])
				return tag{}, "", false
			}
			m.rare = m.rare || rareText(rest[:end])
			return tag{}, rest[:end], true
		case strings.HasPrefix(rest, "<!--"):
			m.rare = true
			m.skip("-->")
		case strings.HasPrefix(rest, "<![CDATA["):
			m.rare = true
			m.skip("]]>")
		case strings.HasPrefix(rest, "<!"), strings.HasPrefix(rest, "<?"):
			m.bad = "a declaration or processing instruction: " + short(rest[:min(len(rest), 20)])
		case strings.HasPrefix(rest, "</"):
			m.close()
		default:
			return m.start()
		}
	}
	if m.bad == "" && len(m.open) > 0 {
		m.bad = "no </" + m.open[len(m.open)-1] + ">"
	}
	return tag{}, "", false
}

func (m *markup) skip(end string) {
	at := strings.Index(m.text[m.pos:], end)
	if at < 0 {
		m.bad = "no " + end
		return
	}
	m.pos += at + len(end)
}

func (m *markup) close() {
	m.pos += len("</")
	name := m.name()
	m.space()
	if m.pos >= len(m.text) || m.text[m.pos] != '>' || len(m.open) == 0 || m.open[len(m.open)-1] != name {
		m.bad = "</" + short(name) + "> that closes nothing"
		if len(m.open) > 0 {
			m.bad = "</" + short(name) + "> instead of </" + m.open[len(m.open)-1] + ">"
		}
		return
	}
	m.pos++
	m.open = m.open[:len(m.open)-1]
	if name == "p" {
		m.texts--
	}
}

func (m *markup) start() (t tag, text string, ok bool) {
	m.pos++
	t.name = m.name()
	if t.name == "" {
		m.bad = "a < that begins no element"
		return tag{}, "", false
	}
	m.rare = m.rare || len(m.open) >= commonDepth || m.rooted && len(m.open) == 0
	m.rooted = true
	for {
		before := m.pos
		m.space()
		spaced := m.pos > before
		switch {
		case m.pos >= len(m.text):
			m.bad = "a tag that does not end"
			return tag{}, "", false
		case m.text[m.pos] == '>':
			m.pos++
			m.open = append(m.open, t.name)
			if t.name == "p" {
				m.texts++
			}
			return t, "", true
		case strings.HasPrefix(m.text[m.pos:], "/>"):
			m.pos += len("/>")
			t.empty = true
			return t, "", true
		}
		a := attr{name: m.name()}
		if a.name == "" || !m.value(&a) {
			m.bad = "an attribute of <" + t.name + "> that is not name=\"value\""
			return tag{}, "", false
		}
		m.rare = m.rare || !spaced || rareAttribute(t.attrs, a)
		t.attrs = append(t.attrs, a)
	}
}

func (m *markup) value(a *attr) bool {
	m.space()
	if m.pos >= len(m.text) || m.text[m.pos] != '=' {
		return false
	}
	m.pos++
	m.space()
	if m.pos >= len(m.text) || m.text[m.pos] != '"' && m.text[m.pos] != '\'' {
		return false
	}
	end := strings.IndexByte(m.text[m.pos+1:], m.text[m.pos])
	if end < 0 {
		return false
	}
	a.value = m.text[m.pos+1 : m.pos+1+end]
	m.pos += end + 2
	return !strings.Contains(a.value, "<")
}

// name reads the name of an element or attribute. All but ASCII letters and
// digits in one is rare.
func (m *markup) name() string {
	start := m.pos
	for m.pos < len(m.text) {
		c := m.text[m.pos]
		if !isLetter(c) && !isDigit(c) {
			if c != '-' && c != '_' && c != ':' && c != '.' && c < 0x80 {
				break
			}
			m.rare = true
		}
		m.pos++
	}
	m.rare = m.rare || start < m.pos && isDigit(m.text[start])
	return m.text[start:m.pos]
}

func (m *markup) space() {
	for m.pos < len(m.text) && isSpace(m.text[m.pos]) {
		m.pos++
	}
}

// goodEntities reports whether each & begins an entity: &name; or &#number;.
func goodEntities(text string) bool {
	for {
		at := strings.IndexByte(text, '&')
		if at < 0 {
			return true
		}
		text = text[at+1:]
		end := strings.IndexByte(text, ';')
		if end < 1 || end > 32 {
			return false
		}
		for i := range end {
			if c := text[i]; !isLetter(c) && !isDigit(c) && (c != '#' || i > 0) {
				return false
			}
		}
		text = text[end+1:]
	}
}
