package patch

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// pointer reads a JSON Pointer (RFC 6901) into its steps.
func pointer(op fhir.Node, name string) ([]string, *fhir.Error) {
	s, err := text(op, name)
	if err != nil || s == "" {
		return nil, err
	}
	if s[0] != '/' {
		return nil, malformed("The operation's "+name+" is no JSON Pointer.", "a path such as /name/0/given", strconv.Quote(s))
	}
	steps := strings.Split(s[1:], "/")
	for i, step := range steps {
		if strings.IndexByte(step, '~') < 0 {
			continue
		}
		if strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(step), "~") {
			return nil, malformed("The operation's "+name+" has a ~ that stands for nothing.", "~0 for ~ and ~1 for /", strconv.Quote(s))
		}
		steps[i] = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
	}
	return steps, nil
}

func join(steps []string) string {
	var b strings.Builder
	for _, s := range steps {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1"))
	}
	if b.Len() == 0 {
		return "the root"
	}
	return b.String()
}

// index reads an array index: digits without leading zeros.
func index(s string) (int, bool) {
	if s == "" || len(s) > 9 || len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	i, err := strconv.Atoi(s)
	return i, err == nil && s[0] != '+' && s[0] != '-'
}
