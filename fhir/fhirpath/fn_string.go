package fhirpath

import (
	"strings"
	"unicode/utf8"
)

// textInput is the input as one String; ok is false when it is empty.
func (m *machine) textInput(c *call, base int) (s string, ok bool, err error) {
	it, err := m.only(c, base)
	if err != nil {
		return "", false, err
	}
	return textOf(c, it)
}

// textArg is a parameter that must be one String; ok is false when it is empty.
func (m *machine) textArg(c *call, i int) (s string, ok bool, err error) {
	it, err := m.single(c.args[i])
	if err != nil {
		return "", false, err
	}
	return textOf(c.args[i], it)
}

func textOf(n node, it Item) (s string, ok bool, err error) {
	v := it.value()
	switch v.kind {
	case nothing:
		return "", false, nil
	case str:
		return v.str, true, nil
	}
	return "", false, expectType(n, "a String", it)
}

// texts is the input and the first 'count' parameters as Strings; ok is false
// when one of them is empty, and the result is empty then.
func (m *machine) texts(c *call, base, count int) (s [3]string, ok bool, err error) {
	s[0], ok, err = m.textInput(c, base)
	for i := 0; i < count && err == nil; i++ {
		var present bool
		s[i+1], present, err = m.textArg(c, i)
		ok = ok && present
	}
	m.cut(base)
	if err == nil {
		err = m.work(c, (len(s[0])+len(s[1]))/64)
	}
	return s, ok, err
}

// textTest makes a function of a test on the input and one parameter.
func textTest(m *machine, c *call, base int, holds func(s, arg string) bool) error {
	s, ok, err := m.texts(c, base, 1)
	if err != nil || !ok {
		return err
	}
	m.push(BooleanItem(holds(s[0], s[1])))
	return nil
}

// textChange makes a function of a change to the input.
func textChange(m *machine, c *call, base int, change func(string) string) error {
	s, ok, err := m.texts(c, base, 0)
	if err != nil || !ok {
		return err
	}
	return m.answerText(c, base, change(s[0]))
}

func fnStartsWith(m *machine, c *call, base int) error {
	return textTest(m, c, base, strings.HasPrefix)
}
func fnEndsWith(m *machine, c *call, base int) error { return textTest(m, c, base, strings.HasSuffix) }
func fnContains(m *machine, c *call, base int) error { return textTest(m, c, base, strings.Contains) }
func fnUpper(m *machine, c *call, base int) error    { return textChange(m, c, base, strings.ToUpper) }
func fnLower(m *machine, c *call, base int) error    { return textChange(m, c, base, strings.ToLower) }
func fnTrim(m *machine, c *call, base int) error     { return textChange(m, c, base, strings.TrimSpace) }

func fnIndexOf(m *machine, c *call, base int) error { return textIndex(m, c, base, strings.Index) }
func fnLastIndexOf(m *machine, c *call, base int) error {
	return textIndex(m, c, base, strings.LastIndex)
}

// textIndex answers with a place counted in characters, -1 for none.
func textIndex(m *machine, c *call, base int, find func(s, sub string) int) error {
	s, ok, err := m.texts(c, base, 1)
	if err != nil || !ok {
		return err
	}
	i := find(s[0], s[1])
	if i > 0 {
		i = utf8.RuneCountInString(s[0][:i])
	}
	m.push(IntegerItem(i))
	return nil
}

func fnSubstring(m *machine, c *call, base int) error {
	s, ok, err := m.textInput(c, base)
	if err != nil {
		return err
	}
	start, hasStart, err := m.integerArg(c, 0)
	if err != nil {
		return err
	}
	length, hasLength, err := m.integerArg(c, 1)
	if err != nil {
		return err
	}
	m.cut(base)
	if !ok || !hasStart || start < 0 {
		return nil
	}
	from := byteIndex(s, start)
	if from >= len(s) {
		return nil
	}
	s = s[from:]
	if hasLength {
		s = s[:byteIndex(s, max(length, 0))]
	}
	return m.answerText(c, base, s)
}

// byteIndex is where the n-th character begins, the end when there are fewer.
func byteIndex(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

func fnReplace(m *machine, c *call, base int) error {
	s, ok, err := m.texts(c, base, 2)
	if err != nil || !ok {
		return err
	}
	if err := m.text(c, len(s[0])+(strings.Count(s[0], s[1]))*len(s[2])); err != nil {
		return err
	}
	return m.answerText(c, base, strings.ReplaceAll(s[0], s[1], s[2]))
}

func fnLength(m *machine, c *call, base int) error {
	s, ok, err := m.texts(c, base, 0)
	if err != nil || !ok {
		return err
	}
	m.push(IntegerItem(utf8.RuneCountInString(s[0])))
	return nil
}

func fnToChars(m *machine, c *call, base int) error {
	s, ok, err := m.texts(c, base, 0)
	if err != nil || !ok {
		return err
	}
	if err := m.work(c, len(s[0])); err != nil {
		return err
	}
	for i, r := range s[0] {
		m.push(StringItem(s[0][i : i+utf8.RuneLen(r)]))
	}
	return nil
}

func fnSplit(m *machine, c *call, base int) error {
	s, ok, err := m.texts(c, base, 1)
	if err != nil || !ok {
		return err
	}
	if err := m.work(c, strings.Count(s[0], s[1])); err != nil {
		return err
	}
	for _, part := range strings.Split(s[0], s[1]) {
		m.push(StringItem(part))
	}
	return nil
}

func fnJoin(m *machine, c *call, base int) error {
	end := len(m.stack)
	separator := ""
	if len(c.args) > 0 {
		var err error
		if separator, _, err = m.textArg(c, 0); err != nil {
			return err
		}
	}
	if end == base {
		return nil
	}
	parts := make([]string, 0, end-base)
	length := 0
	for i := base; i < end; i++ {
		s, ok, err := textOf(c, m.stack[i])
		if err != nil {
			return err
		}
		if ok {
			parts = append(parts, s)
			length += len(s) + len(separator)
		}
	}
	if err := m.text(c, length); err != nil {
		return err
	}
	return m.answerText(c, base, strings.Join(parts, separator))
}
