package takeon

import "fmt"

// String is the place for people: the file, its line and its column.
func (p Place) String() string {
	if p.At.IsZero() {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.At.Line, p.At.Column)
}
