package notices

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

//go:embed templates.tsv
var templatesTSV string

// Template is a row of the table: what is said of a kind by a channel, from a day on.
type Template struct {
	From    nhs.Date
	Kind    Kind
	Channel Channel
	Within  time.Duration // after the cause, in which it is worth sending
	Subject string        // "" of a text
	Text    string
}

// Templates are all rows, in the order of the file.
type Templates []Template

// columns of the table, and the bounds of a row: a text is at most three parts of an SMS
// before its fields are put in, and nothing is sent a week late.
const (
	columns   = 6
	mostText  = 459
	mostMail  = 4000
	mostHours = 7 * 24
)

// BuiltinTemplates are those of the server.
func BuiltinTemplates() (Templates, error) { return ReadTemplates(templatesTSV) }

// ReadTemplates reads a table, and says everything that is wrong with it by its lines.
func ReadTemplates(tsv string) (list Templates, err error) {
	var wrong []string
	n := 0
	for line := range strings.Lines(tsv) {
		n++
		if line = strings.TrimRight(line, "\r\n"); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		t, problems := readTemplate(strings.Split(line, "\t"))
		if slices.ContainsFunc(list, func(o Template) bool { return o.Kind == t.Kind && o.Channel == t.Channel && o.From == t.From }) {
			problems = append(problems, "there is a line of this kind, channel and day before")
		}
		for _, p := range problems {
			wrong = append(wrong, fmt.Sprintf("line %d: %s", n, p))
		}
		list = append(list, t)
	}
	if len(list) == 0 {
		wrong = append(wrong, "there is no template")
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("templates of notices: %s", strings.Join(wrong, "; "))
	}
	return list, nil
}

func readTemplate(cells []string) (t Template, wrong []string) {
	if len(cells) != columns {
		return t, []string{fmt.Sprintf("expected %d columns with tabs between, found %d", columns, len(cells))}
	}
	t = Template{From: nhs.ReadDate(cells[0]), Kind: Kind(cells[1]), Channel: Channel(cells[2]), Subject: cells[4], Text: strings.ReplaceAll(cells[5], `\n`, "\n")}
	if t.From.IsZero() || len(cells[0]) != len(time.DateOnly) {
		wrong = append(wrong, fmt.Sprintf("%q is not a day such as 2026-01-01", cells[0]))
	}
	if !known(t.Kind) {
		return t, append(wrong, fmt.Sprintf("%q is not a kind: %v", cells[1], Kinds()))
	}
	if modes[t.Channel] == "" {
		wrong = append(wrong, fmt.Sprintf("%q is not a channel: email or text", cells[2]))
	}
	hours, err := strconv.Atoi(cells[3])
	if err != nil || hours < 1 || hours > mostHours {
		wrong = append(wrong, fmt.Sprintf("%q is not a number of hours from 1 to %d", cells[3], mostHours))
	}
	t.Within = time.Duration(hours) * time.Hour
	if t.Subject == "-" {
		t.Subject = ""
	}
	if (t.Subject == "") == (t.Channel == Email) {
		wrong = append(wrong, "an email has a subject, and a text has - in its place")
	}
	most := mostMail
	if t.Channel == Text {
		most = mostText
	}
	if n := len(t.Text); n == 0 || n > most {
		wrong = append(wrong, fmt.Sprintf("the text has %d bytes, expected 1 to %d", n, most))
	}
	return t, append(wrong, append(undefined(t.Kind, t.Subject), undefined(t.Kind, t.Text)...)...)
}

// undefined are the fields of a text that its kind does not have, and braces that name
// none.
func undefined(k Kind, text string) (wrong []string) {
	for rest := text; ; {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			return wrong
		}
		end := strings.IndexByte(rest[i:], '}')
		if rest[i] == '}' || end < 0 {
			return append(wrong, "a brace is not part of a field such as {name}")
		}
		if name := rest[i+1 : i+end]; !slices.Contains(always, name) && !slices.Contains(fields[k], name) {
			wrong = append(wrong, fmt.Sprintf("%s has no field {%s}: %s", k, name, strings.Join(slices.Concat(always, fields[k]), " ")))
		}
		rest = rest[i+end+1:]
	}
}

// For is the template of a kind and channel that holds on a day.
func (t Templates) For(k Kind, c Channel, on nhs.Date) (found Template, ok bool) {
	for _, row := range t {
		if row.Kind == k && row.Channel == c && !on.Before(row.From) && (!ok || found.From.Before(row.From)) {
			found, ok = row, true
		}
	}
	return found, ok
}

// longest is how long after its cause the last message of any template is sent.
func (t Templates) longest() (most time.Duration) {
	for _, row := range t {
		most = max(most, row.Within)
	}
	return most
}

// Written is a message in words.
type Written struct{ Subject, Text string }

// Write puts the values of fields in. A line with a field that is empty is left out; what
// a value has of line ends and braces does not count as the template's.
func (t Template) Write(values map[string]string) Written {
	var lines []string
	for line := range strings.SplitSeq(t.Text, "\n") {
		if text, whole := put(line, values); whole {
			lines = append(lines, text)
		}
	}
	subject, _ := put(t.Subject, values)
	return Written{Subject: subject, Text: strings.Join(lines, "\n")}
}

// put fills one line; whole reports that each of its fields has a value.
func put(line string, values map[string]string) (text string, whole bool) {
	var b strings.Builder
	whole = true
	for {
		before, rest, found := strings.Cut(line, "{")
		b.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return b.String(), whole
		}
		value := plain(values[name])
		whole = whole && value != ""
		b.WriteString(value)
		line = after
	}
}

// longestValue bounds a value, in bytes: what somebody typed must not become the message.
const longestValue = 500

// plain is a value in one line.
func plain(value string) string {
	value = strings.Join(strings.FieldsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 }), " ")
	if len(value) > longestValue {
		value = strings.ToValidUTF8(value[:longestValue], "")
	}
	return strings.TrimSpace(value)
}
