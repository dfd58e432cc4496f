package conformance

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
)

// names holds what differs from run to run: values on the one side, names such
// as {id:1} on the other.
type names struct {
	root, base string
	values     map[string]string // name -> value
	byValue    map[string]string
	counts     map[string]int
	sent       strings.Builder // all requests so far: what they hold is no one's invention
}

func newNames(base string) *names {
	root := base
	if i := strings.Index(base, "://"); i >= 0 {
		if slash := strings.IndexByte(base[i+3:], '/'); slash >= 0 {
			root = base[:i+3+slash]
		}
	}
	return &names{root: root, base: base, values: map[string]string{}, byValue: map[string]string{}, counts: map[string]int{}}
}

var (
	usedName     = regexp.MustCompile(`\{[a-z]+(:[A-Za-z0-9-]+)?\}`)
	uuidForm     = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	locationForm = regexp.MustCompile(`(?m)^(?:Content-)?Location: .*/[A-Z][A-Za-z]+/([A-Za-z0-9.-]{1,64})/_history/`)
	pageForm     = regexp.MustCompile(`_page=([A-Za-z0-9_-]+)`)
	instantForm  = regexp.MustCompile(`\d{4}-\d{2}-\d{2}T\d{2}(?::|%3A)\d{2}(?::|%3A)\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})`)
	dateForm     = regexp.MustCompile(`(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT`)
)

// fill puts values in the place of names in a request.
func (n *names) fill(request string) (string, error) {
	var missing error
	out := usedName.ReplaceAllStringFunc(request, func(name string) string {
		switch name {
		case "{base}":
			return n.base
		case "{root}":
			return n.root
		}
		if own, ok := strings.CutPrefix(name, "{new:"); ok && n.values[name] == "" {
			n.values[name] = strings.TrimSuffix(own, "}") + "-" + uuid.NewString()[:8]
		}
		if value, ok := n.values[name]; ok {
			return value
		}
		if strings.Contains(name, ":") {
			missing = fmt.Errorf("no response so far has had a %s", name)
		}
		return name
	})
	n.sent.WriteString(out)
	n.sent.WriteByte('\n')
	return out, missing
}

// hide puts names in the place of values in a response.
func (n *names) hide(step, response string) string {
	if at := lastUpdated(response); at != "" {
		n.values["{time:"+step+"}"] = at
	}
	for name, value := range n.values {
		if strings.HasPrefix(name, "{new:") {
			response = strings.ReplaceAll(response, value, name)
		}
	}
	for _, m := range locationForm.FindAllStringSubmatch(response, -1) {
		n.name("id", m[1])
	}
	for _, m := range pageForm.FindAllStringSubmatch(response, -1) {
		n.name("page", m[1])
	}
	for value, name := range n.byValue {
		if strings.HasPrefix(name, "{page:") {
			response = strings.ReplaceAll(response, value, name)
		}
	}
	response = uuidForm.ReplaceAllStringFunc(response, func(s string) string { return n.name("id", s) })
	for value, name := range n.byValue {
		if strings.HasPrefix(name, "{id:") && !uuidForm.MatchString(value) {
			response = regexp.MustCompile(`\b`+regexp.QuoteMeta(value)+`\b`).ReplaceAllLiteralString(response, name)
		}
	}
	hideTime := func(s string) string {
		plain := strings.ReplaceAll(s, "%3A", ":")
		if strings.Contains(n.sent.String(), plain) && !n.made(plain) {
			return s
		}
		return "{time}"
	}
	response = dateForm.ReplaceAllStringFunc(instantForm.ReplaceAllStringFunc(response, hideTime), hideTime)
	response = strings.ReplaceAll(response, n.base, "{base}")
	return strings.ReplaceAll(response, n.root, "{root}")
}

// made reports whether a value came from the server first, although it has been
// sent since.
func (n *names) made(value string) bool {
	for _, v := range n.values {
		if v == value {
			return true
		}
	}
	return false
}

// name gives the name of a value; what the requests brought stays itself.
func (n *names) name(kind, value string) string {
	if name, ok := n.byValue[value]; ok {
		return name
	}
	if strings.Contains(n.sent.String(), value) {
		return value
	}
	n.counts[kind]++
	name := fmt.Sprintf("{%s:%d}", kind, n.counts[kind])
	n.values[name], n.byValue[value] = value, name
	return name
}

func lastUpdated(response string) string {
	_, body, _ := strings.Cut(response, "\n\n")
	r, err := fhir.Parse([]byte(strings.TrimSpace(body)))
	if err != nil {
		return ""
	}
	return r.Root().Path("meta", "lastUpdated").Text()
}
