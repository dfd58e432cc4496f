package view

import (
	"bytes"
	"encoding/csv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
)

// A Format is how rows are written.
type Format struct {
	Name string // as _format names it
	Type string // its media type
	// Head, Between and Tail are around the rows.
	Head, Between, Tail string
	// Row adds a row.
	Row func(out *bytes.Buffer, columns []Column, row Row) error
	// Names are the names of the columns as a first row; nil where each row has them.
	Names func(columns []Column) Row
	// Fits refuses columns that the format cannot hold; nil where it holds all.
	Fits func(columns []Column) error
}

// Formats are those that rows are written in.
var Formats = []Format{
	{Name: "ndjson", Type: "application/x-ndjson", Row: func(out *bytes.Buffer, columns []Column, row Row) error {
		object(out, columns, row)
		out.WriteByte('\n')
		return nil
	}},
	{Name: "json", Type: "application/json", Head: "[", Between: ",", Tail: "]", Row: func(out *bytes.Buffer, columns []Column, row Row) error {
		object(out, columns, row)
		return nil
	}},
	{Name: "csv", Type: "text/csv", Row: record, Names: header, Fits: flat},
}

// object writes a row as JSON, with the columns in their order.
func object(out *bytes.Buffer, columns []Column, row Row) {
	out.WriteByte('{')
	for i := range columns {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(fhir.AppendString(nil, columns[i].Name))
		out.WriteByte(':')
		switch {
		case columns[i].Collection:
			out.WriteByte('[')
			for j, item := range row[i] {
				if j > 0 {
					out.WriteByte(',')
				}
				out.Write(value(item))
			}
			out.WriteByte(']')
		case len(row[i]) == 0:
			out.WriteString("null")
		default:
			out.Write(value(row[i][0]))
		}
	}
	out.WriteByte('}')
}

// value is an item as JSON: what is in the resource as it is there.
func value(item fhirpath.Item) []byte {
	if n := item.Node(); n.Exists() {
		if n.Kind() == fhir.Object && !item.HasValue() && item.R4Type() != nil && n.Name() != "" && n.Name()[0] == '_' {
			return []byte("null") // a primitive that has extensions alone
		}
		return n.Raw()
	}
	switch item.Type() {
	case "System.Boolean", "System.Integer", "System.Decimal":
		return []byte(item.String())
	}
	return fhir.AppendString(nil, item.String())
}

func header(columns []Column) (row Row) {
	for _, c := range columns {
		row = append(row, fhirpath.Collection{fhirpath.StringItem(c.Name)})
	}
	return row
}

// flat refuses columns that are lists.
func flat(columns []Column) error {
	for _, c := range columns {
		if c.Collection {
			return fhir.E("view", fhir.Processing, fhir.Issue{Rule: "view", Expression: "select.column.collection", Message: "The column " + c.Name + " is a collection, which CSV cannot hold.", Expected: "columns of one value", Fix: "Ask for ndjson."})
		}
	}
	return nil
}

// record writes a row as CSV (RFC 4180); null is nothing, and so is the empty text, which
// FHIR does not have.
func record(out *bytes.Buffer, columns []Column, row Row) error {
	fields := make([]string, len(columns))
	for i := range columns {
		if len(row[i]) == 0 {
			continue
		}
		item := row[i][0]
		if n := item.Node(); n.Kind() == fhir.Object || n.Kind() == fhir.Array {
			return fhir.E("view", fhir.Processing, fhir.Issue{Rule: "view", Message: "The column " + columns[i].Name + " has an element with parts, which CSV cannot hold.", Expected: "a value of a primitive type", Fix: "Name a part of it in the path, or ask for ndjson."})
		}
		fields[i] = safe(item.String())
	}
	w := csv.NewWriter(out)
	w.UseCRLF = true
	if err := w.Write(fields); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

// safe keeps a text from being taken for a formula by a program for tables.
func safe(text string) string {
	if text != "" && strings.ContainsRune("=@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
