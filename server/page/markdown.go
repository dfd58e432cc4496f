package page

import (
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/pestle-fhir/pestle/server/page/markup"
)

// markdown writes as HTML what our own documents use of Markdown: headings,
// paragraphs, lists, tables, code, strong text and links. Links to files that
// are not served are left out.
func markdown(w *markup.Writer, text string, docs fs.FS, dir string) {
	m := &marker{docs: docs, dir: dir, out: w}
	lines := strings.Split(strings.ReplaceAll(text, "\r", ""), "\n")
	for len(lines) > 0 {
		lines = m.block(lines)
	}
}

type marker struct {
	docs fs.FS
	dir  string
	out  *markup.Writer
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
		m.heading(len(h[1]), h[2])
		return lines[1:]
	}
	n := m.until(lines)
	m.out.HTML("<p>")
	m.inline(strings.Join(lines[:n], " "))
	m.out.HTML("</p>\n")
	return lines[n:]
}

func (m *marker) heading(level int, words string) {
	switch level {
	case 1:
		m.out.HTML("<h1>")
		m.inline(words)
		m.out.HTML("</h1>\n")
	case 2:
		m.out.HTML("<h2>")
		m.inline(words)
		m.out.HTML("</h2>\n")
	default:
		m.out.HTML("<h3>")
		m.inline(words)
		m.out.HTML("</h3>\n")
	}
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
	m.out.HTML(`<pre tabindex="0"><code>`).Text(strings.TrimRight(strings.Join(text, "\n"), "\n")).HTML("</code></pre>\n")
	return lines[min(n+after, len(lines)):]
}

func (m *marker) table(lines []string) []string {
	m.out.HTML("<div class=\"scroll\" role=\"region\" aria-label=\"Table\" tabindex=\"0\"><table>\n<thead><tr>") // scrolls by keyboard, too
	for _, cell := range cells(lines[0]) {
		m.out.HTML(`<th scope="col">`)
		m.inline(cell)
		m.out.HTML("</th>")
	}
	m.out.HTML("</tr>\n</thead>\n<tbody>\n")
	n := 1
	for ; n < len(lines) && strings.HasPrefix(lines[n], "|"); n++ {
		if n > 1 || !rule.MatchString(lines[n]) {
			m.row(lines[n])
		}
	}
	m.out.HTML("</tbody>\n</table></div>\n")
	return lines[n:]
}

func (m *marker) row(line string) {
	m.out.HTML("<tr>")
	for _, cell := range cells(line) {
		m.out.HTML("<td>")
		m.inline(cell)
		m.out.HTML("</td>")
	}
	m.out.HTML("</tr>\n")
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
	numbered := bullet.FindStringSubmatch(lines[0])[1] != ""
	if numbered {
		m.out.HTML("<ol>\n")
	} else {
		m.out.HTML("<ul>\n")
	}
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
		m.out.HTML("<li>")
		m.inline(strings.Join(text, " "))
		m.out.HTML("</li>\n")
		lines = lines[n:]
	}
	if numbered {
		m.out.HTML("</ol>\n")
	} else {
		m.out.HTML("</ul>\n")
	}
	return lines
}

// part is a code span, strong text or a link.
var part = regexp.MustCompile("`([^`]+)`" + `|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)]+)\)`)

func (m *marker) inline(text string) {
	for {
		at := part.FindStringSubmatchIndex(text)
		if at == nil {
			m.out.Text(text)
			return
		}
		m.out.Text(text[:at[0]])
		switch {
		case at[2] >= 0:
			m.out.HTML("<code>").Text(text[at[2]:at[3]]).HTML("</code>")
		case at[4] >= 0:
			m.out.HTML("<strong>")
			m.inline(text[at[4]:at[5]])
			m.out.HTML("</strong>")
		default:
			m.link(text[at[6]:at[7]], text[at[8]:at[9]])
		}
		text = text[at[1]:]
	}
}

// link is a link to another document or an https URL, or its words alone.
func (m *marker) link(words, to string) {
	href := to
	if !strings.HasPrefix(to, "https://") && !strings.HasPrefix(to, "http://") {
		name := path.Join(m.dir, to)
		if info, err := fs.Stat(m.docs, name); err != nil || info.IsDir() {
			m.inline(words)
			return
		}
		href = "/docs/" + name
	}
	m.out.HTML("<a").Attr("href", href).HTML(">")
	m.inline(words)
	m.out.HTML("</a>")
}
