package page

import (
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// markdown writes as HTML what our own documents use of Markdown: headings,
// paragraphs, lists, tables, code, strong text and links. Links to files that
// are not served are left out.
func markdown(text string, docs fs.FS, dir string) template.HTML {
	m := &marker{docs: docs, dir: dir}
	lines := strings.Split(strings.ReplaceAll(text, "\r", ""), "\n")
	for len(lines) > 0 {
		lines = m.block(lines)
	}
	return template.HTML(m.out.String()) //nolint:gosec // every line went through escape
}

type marker struct {
	docs fs.FS
	dir  string
	out  strings.Builder
}

var (
	heading = regexp.MustCompile(`^(#{1,6}) +(.*)$`)
	bullet  = regexp.MustCompile(`^ {0,3}(?:[-*]|(\d+)\.) +(.*)$`)
	rule    = regexp.MustCompile(`^\|?[-:| ]+\|[-:| ]*$`)
)

// block writes the block at the head of the lines and returns those after it.
func (m *marker) block(lines []string) []string {
	line := lines[0]
	switch {
	case strings.TrimSpace(line) == "":
		return lines[1:]
	case strings.HasPrefix(line, "```"):
		return m.code(lines[1:], func(l string) bool { return strings.HasPrefix(l, "```") }, 1)
	case strings.HasPrefix(line, "    "):
		return m.code(lines, func(l string) bool { return l != "" && !strings.HasPrefix(l, "    ") }, 0)
	case strings.HasPrefix(line, "|"):
		return m.table(lines)
	case bullet.MatchString(line):
		return m.list(lines)
	}
	if h := heading.FindStringSubmatch(line); h != nil {
		tag := "h" + string(rune('0'+len(h[1])))
		m.element(tag, m.inline(h[2]))
		return lines[1:]
	}
	n := m.until(lines)
	m.element("p", m.inline(strings.Join(lines[:n], " ")))
	return lines[n:]
}

func (m *marker) element(tag, inner string) {
	m.out.WriteString("<" + tag + ">" + inner + "</" + tag + ">\n")
}

// until counts the lines of a paragraph.
func (*marker) until(lines []string) int {
	for i, l := range lines {
		if i > 0 && (strings.TrimSpace(l) == "" || strings.HasPrefix(l, "|") || strings.HasPrefix(l, "```") || heading.MatchString(l) || bullet.MatchString(l)) {
			return i
		}
	}
	return len(lines)
}

// code writes lines as they are until one ends it; after is how many lines the
// end itself has.
func (m *marker) code(lines []string, ends func(string) bool, after int) []string {
	n := 0
	for n < len(lines) && !ends(lines[n]) {
		n++
	}
	var text []string
	for _, l := range lines[:n] {
		if after == 0 {
			l = strings.TrimPrefix(l, "    ")
		}
		text = append(text, l)
	}
	m.out.WriteString(`<pre tabindex="0"><code>` + template.HTMLEscapeString(strings.TrimRight(strings.Join(text, "\n"), "\n")) + "</code></pre>\n")
	return lines[min(n+after, len(lines)):]
}

func (m *marker) table(lines []string) []string {
	m.out.WriteString(`<div class="scroll" role="region" aria-label="Table" tabindex="0"><table>` + "\n<thead>") // scrolls by keyboard, too
	m.row(lines[0], `<th scope="col">`, "</th>")
	m.out.WriteString("</thead>\n<tbody>\n")
	n := 1
	for ; n < len(lines) && strings.HasPrefix(lines[n], "|"); n++ {
		if n > 1 || !rule.MatchString(lines[n]) {
			m.row(lines[n], "<td>", "</td>")
		}
	}
	m.out.WriteString("</tbody>\n</table></div>\n")
	return lines[n:]
}

func (m *marker) row(line, open, end string) {
	m.out.WriteString("<tr>")
	for _, cell := range cells(line) {
		m.out.WriteString(open + m.inline(cell) + end)
	}
	m.out.WriteString("</tr>\n")
}

// cells takes a row apart at the bars that are not escaped.
func cells(row string) []string {
	row = strings.ReplaceAll(strings.Trim(strings.TrimSpace(row), "|"), `\|`, "\x00")
	parts := strings.Split(row, "|")
	for i := range parts {
		parts[i] = strings.ReplaceAll(strings.TrimSpace(parts[i]), "\x00", "|")
	}
	return parts
}

func (m *marker) list(lines []string) []string {
	tag := "ul"
	if bullet.FindStringSubmatch(lines[0])[1] != "" {
		tag = "ol"
	}
	m.out.WriteString("<" + tag + ">\n")
	for len(lines) > 0 {
		item := bullet.FindStringSubmatch(lines[0])
		if item == nil {
			break
		}
		n := m.until(lines)
		text := []string{item[2]}
		for _, l := range lines[1:n] {
			text = append(text, strings.TrimSpace(l))
		}
		m.element("li", m.inline(strings.Join(text, " ")))
		lines = lines[n:]
	}
	m.out.WriteString("</" + tag + ">\n")
	return lines
}

// part is a code span, strong text or a link.
var part = regexp.MustCompile("`([^`]+)`" + `|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)]+)\)`)

func (m *marker) inline(text string) string {
	var b strings.Builder
	for {
		at := part.FindStringSubmatchIndex(text)
		if at == nil {
			b.WriteString(template.HTMLEscapeString(text))
			return b.String()
		}
		b.WriteString(template.HTMLEscapeString(text[:at[0]]))
		switch {
		case at[2] >= 0:
			b.WriteString("<code>" + template.HTMLEscapeString(text[at[2]:at[3]]) + "</code>")
		case at[4] >= 0:
			b.WriteString("<strong>" + m.inline(text[at[4]:at[5]]) + "</strong>")
		default:
			b.WriteString(m.link(m.inline(text[at[6]:at[7]]), text[at[8]:at[9]]))
		}
		text = text[at[1]:]
	}
}

// link is a link to another document or an https URL, or its words alone.
func (m *marker) link(words, to string) string {
	href := to
	if !strings.HasPrefix(to, "https://") && !strings.HasPrefix(to, "http://") {
		name := path.Join(m.dir, to)
		if info, err := fs.Stat(m.docs, name); err != nil || info.IsDir() {
			return words
		}
		href = "/docs/" + name
	}
	return `<a href="` + template.HTMLEscapeString(href) + `">` + words + "</a>"
}
