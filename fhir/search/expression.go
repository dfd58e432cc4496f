package search

import (
	"strconv"
	"strings"
)

// step is one step of a path of a search parameter's expression.
type step struct {
	kind stepKind
	name string // element, type, or the URL of an extension
	is   string // for whereEquals: the value
	item int    // for itemAt
}

type stepKind uint8

const (
	member       stepKind = iota // .name
	asType                       // as T, .as(T), .ofType(T)
	whereEquals                  // .where(name='is')
	whereIs                      // .where(resolve() is T)
	whereExtends                 // .where(hasExtension('url'))
	itemAt                       // [0]
)

// path is one alternative of an expression: steps from its root, which is a
// type, the focus ("" in composites) or %resource.
type path struct {
	root  string
	steps []step
}

const fromResource = "%resource"

// parsePaths reads an expression that is a union of plain paths, the form of
// nearly all search parameters of R4. It is false for any other.
func parsePaths(expression string) ([]path, bool) {
	var out []path
	for _, alternative := range strings.Split(expression, "|") {
		p, ok := parsePath(strings.TrimSpace(alternative))
		if !ok {
			return nil, false
		}
		out = append(out, p)
	}
	return out, true
}

func parsePath(s string) (path, bool) {
	var p path
	if inner, tail, ok := parenthesised(s); ok {
		p, ok = parsePath(inner)
		return p, ok && p.follow(tail)
	}
	before, typ, cast := strings.Cut(s, " as ")
	if !p.follow("." + before) {
		return p, false
	}
	if cast {
		p.steps = append(p.steps, step{kind: asType, name: typeName(typ)})
	}
	if len(p.steps) > 0 && p.steps[0].kind == member {
		if first := p.steps[0].name; isTypeName(first) || first == fromResource {
			p.root, p.steps = first, p.steps[1:]
		}
	}
	return p, true
}

func parenthesised(s string) (inner, tail string, ok bool) {
	if !strings.HasPrefix(s, "(") {
		return "", "", false
	}
	end := strings.IndexByte(s, ')')
	if end < 0 {
		return "", "", false
	}
	return s[1:end], s[end+1:], true
}

// follow reads steps, each with its dot or bracket in front.
func (p *path) follow(s string) bool {
	for s != "" {
		if s[0] == '[' {
			number, rest, ok := strings.Cut(s[1:], "]")
			n, err := strconv.Atoi(number)
			if !ok || err != nil {
				return false
			}
			p.steps, s = append(p.steps, step{kind: itemAt, item: n}), rest
			continue
		}
		if s[0] != '.' {
			return false
		}
		name := s[1:]
		if i := strings.IndexAny(name, ".([ "); i >= 0 {
			name = name[:i]
		}
		s = s[1+len(name):]
		if !strings.HasPrefix(s, "(") {
			if name == "" || strings.ContainsAny(name, "='!") {
				return false
			}
			p.steps = append(p.steps, step{kind: member, name: name})
			continue
		}
		end := closing(s)
		if end < 0 || !p.call(name, s[1:end]) {
			return false
		}
		s = s[end+1:]
	}
	return true
}

// closing is the place of the parenthesis that closes the one at the head.
func closing(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func (p *path) call(function, argument string) bool {
	switch function {
	case "as", "ofType":
		p.steps = append(p.steps, step{kind: asType, name: typeName(argument)})
		return isTypeName(strings.ToUpper(argument[:1]) + argument[1:])
	case "extension":
		url, ok := quoted(argument)
		p.steps = append(p.steps, step{kind: member, name: "extension"}, step{kind: whereEquals, name: "url", is: url})
		return ok
	case "where":
		return p.where(argument)
	}
	return false
}

func (p *path) where(condition string) bool {
	if typ, ok := strings.CutPrefix(condition, "resolve() is "); ok {
		p.steps = append(p.steps, step{kind: whereIs, name: typ})
		return isTypeName(typ)
	}
	if argument, ok := strings.CutPrefix(condition, "hasExtension("); ok {
		url, ok := quoted(strings.TrimSuffix(argument, ")"))
		p.steps = append(p.steps, step{kind: whereExtends, name: url})
		return ok
	}
	name, value, ok := strings.Cut(condition, "=")
	is, isText := quoted(strings.TrimSpace(value))
	name = strings.TrimSpace(name)
	p.steps = append(p.steps, step{kind: whereEquals, name: name, is: is})
	return ok && isText && name != "" && !strings.ContainsAny(name, "()!. ")
}

func quoted(s string) (string, bool) {
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' || strings.ContainsAny(s[1:len(s)-1], `'\`) {
		return "", false
	}
	return s[1 : len(s)-1], true
}

// typeName mends the names of primitives that R4 writes with a capital:
// value.as(DateTime).
func typeName(s string) string {
	if s == "DateTime" {
		return "dateTime"
	}
	return s
}
