package fhirpath

import (
	"regexp"
)

// pattern is the regular expression that a call used last, so that a literal
// one is compiled once. Go's expressions take time linear in the input, which
// makes those from outside harmless; they have no look-around and no
// back-references.
type pattern struct {
	text string
	re   *regexp.Regexp
}

// compile reads a regular expression in which a dot stands for any character,
// line ends too.
func (c *call) compile(text, before, after string) (*regexp.Regexp, error) {
	if p := c.regex.Load(); p != nil && p.text == text {
		return p.re, nil
	}
	re, err := regexp.Compile("(?s)" + before + text + after)
	if err != nil {
		return nil, &mistake{at: c.args[0].at(), what: "This is no regular expression that can be used.", expected: "an expression without look-around and back-references", found: err.Error(), cause: err}
	}
	c.regex.Store(&pattern{text, re})
	return re, nil
}

func fnMatches(m *machine, c *call, base int) error { return m.matches(c, base, "", "") }

func fnMatchesFull(m *machine, c *call, base int) error { return m.matches(c, base, `\A(?:`, `)\z`) }

func (m *machine) matches(c *call, base int, before, after string) error {
	s, ok, err := m.texts(c, base, 1)
	if err != nil || !ok {
		return err
	}
	re, err := c.compile(s[1], before, after)
	if err != nil {
		return err
	}
	if err := m.regexWork(c, s[0], s[1]); err != nil {
		return err
	}
	m.push(BooleanItem(re.MatchString(s[0])))
	return nil
}

// regexWork counts matching as the product of the lengths, which bounds it.
func (m *machine) regexWork(c *call, s, re string) error {
	return m.work(c, 1+len(s)*(1+len(re)/16)/256)
}

var groupReference = regexp.MustCompile(`\$(\d+)`)

func fnReplaceMatches(m *machine, c *call, base int) error {
	s, ok, err := m.texts(c, base, 2)
	if err != nil || !ok {
		return err
	}
	if s[1] == "" {
		return m.answerText(c, base, s[0])
	}
	re, err := c.compile(s[1], "", "")
	if err != nil {
		return err
	}
	if err := m.regexWork(c, s[0], s[1]); err != nil {
		return err
	}
	// Each match takes the length of the replacement at most, and each $1 in
	// that the length of the input.
	if len(s[0])*(1+len(s[2])) > maxText && len(re.FindAllStringIndex(s[0], -1))*(len(s[0])*re.NumSubexp()+len(s[2])) > maxText {
		return m.text(c, maxText+1)
	}
	return m.answerText(c, base, re.ReplaceAllString(s[0], groupReference.ReplaceAllString(s[2], "$${$1}")))
}
