package dmd

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// record is one entry of a file: the texts of its elements by name. An element
// that comes twice keeps its first text.
type record struct {
	section string // the element around the entries: VMPS, DRUG_FORM
	kind    string // the element of the entry: VMP, DFORM
	fields  map[string]string
}

// records reads the entries of a file: every element that holds elements with
// text and nothing deeper. A document type is refused.
func records(r io.Reader, yield func(record) error) error {
	d := xml.NewDecoder(r)
	d.Strict = true
	var path []string
	var rec record
	var text strings.Builder
	leaf := false // the innermost element has held no element so far
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			if len(path) > 0 {
				return fmt.Errorf("line %d: the file ends within %s", line(d), path[len(path)-1])
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.Directive:
			return fmt.Errorf("line %d: a document type is not read here", line(d))
		case xml.StartElement:
			if len(path) >= 16 {
				return fmt.Errorf("line %d: elements are nested too deeply", line(d))
			}
			path = append(path, t.Name.Local)
			text.Reset()
			leaf = true
		case xml.CharData:
			if leaf {
				text.Write(t)
			}
		case xml.EndElement:
			if len(path) == 0 || path[len(path)-1] != t.Name.Local {
				return fmt.Errorf("line %d: </%s> closes nothing", line(d), t.Name.Local)
			}
			path = path[:len(path)-1]
			switch {
			case leaf && len(path) > 0:
				rec.put(path, t.Name.Local, strings.TrimSpace(text.String()))
			case len(rec.fields) > 0:
				if err := yield(rec); err != nil {
					return fmt.Errorf("line %d: %w", line(d), err)
				}
				rec = record{}
			}
			leaf = false
		}
	}
}

func line(d *xml.Decoder) int {
	n, _ := d.InputPos()
	return n
}

func (r *record) put(path []string, name, text string) {
	if r.fields == nil {
		r.fields = map[string]string{}
	}
	if r.kind = path[len(path)-1]; len(path) > 1 {
		r.section = path[len(path)-2]
	}
	if _, twice := r.fields[name]; !twice && text != "" {
		r.fields[name] = text
	}
}
