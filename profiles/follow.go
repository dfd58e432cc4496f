package profiles

import (
	"strings"
)

// follow goes along a discriminator's path, in the data and in the profile at
// once.
func (w *walk) follow(at []occurrence, path string, slice *position) ([]occurrence, []*position) {
	positions := []*position{slice}
	for _, step := range splitPath(path) {
		switch {
		case step == "$this":
		case step == "resolve()":
			at = w.resolveAll(at)
			positions = w.targetRoots(positions)
		case strings.HasPrefix(step, "ofType("):
			want := strings.TrimSuffix(strings.TrimPrefix(step, "ofType("), ")")
			var left []occurrence
			for _, o := range at {
				if o.typ != nil && o.typ.Is(want) {
					left = append(left, o)
				}
			}
			at = left
		case strings.HasPrefix(step, "extension("):
			url := strings.Trim(strings.TrimSuffix(strings.TrimPrefix(step, "extension("), ")"), `'"`)
			at, positions = extensionStep(at, positions, url, w.v.library)
		default:
			at, positions = w.step(at, positions, step)
		}
	}
	return at, positions
}

// splitPath takes a path apart at the dots outside parentheses.
func splitPath(path string) (steps []string) {
	depth, from := 0, 0
	for i, c := range path {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '.' && depth == 0:
			steps = append(steps, path[from:i])
			from = i + 1
		}
	}
	return append(steps, path[from:])
}

func (w *walk) step(at []occurrence, positions []*position, name string) ([]occurrence, []*position) {
	var values []occurrence
	for _, o := range at {
		choice := false
		if o.typ != nil {
			e := o.typ.Element(name)
			choice = e != nil && e.Choice
		}
		values = append(values, o.occurrences(name, choice)...)
	}
	var next []*position
	for _, p := range positions {
		if next = w.named(next, p, name); len(next) == 0 && p.like != nil {
			next = w.named(next, p.like, name)
		}
	}
	return values, next
}

// named adds the positions of that name below one.
func (w *walk) named(next []*position, p *position, name string) []*position {
	for _, k := range w.kidsOf(p) {
		if k.name == name {
			next = append(next, k)
		}
	}
	return next
}

// kidsOf gives the positions below one, and where it has none those of the
// profiles that its type names.
func (w *walk) kidsOf(p *position) []*position {
	kids := p.kids
	for _, canonicals := range p.profiles {
		for _, c := range canonicals {
			if of := w.v.library.program(c); of != nil {
				kids = append(kids[:len(kids):len(kids)], of.root.kids...)
			}
		}
	}
	return kids
}

func extensionStep(at []occurrence, positions []*position, url string, l *Library) ([]occurrence, []*position) {
	var values []occurrence
	for _, o := range at {
		for _, x := range o.occurrences("extension", false) {
			if x.node.Get("url").Text() == url {
				values = append(values, x)
			}
		}
	}
	var next []*position
	for _, p := range positions {
		for _, k := range p.kids {
			if k.name == "extension" && k.slicing != nil {
				for _, s := range k.slicing.slices {
					if s.url() == url {
						next = append(next, s)
					}
				}
			}
		}
	}
	if next == nil {
		if x := l.program(url); x != nil {
			next = []*position{x.root}
		}
	}
	return values, next
}
