package main

import (
	"encoding/csv"
	"fmt"
	"io"
)

// printRows prints what a command writes as CSV as JSON: an object for each line, by the
// headings.
func printRows(std streams, text io.Reader) error {
	lines, err := csv.NewReader(text).ReadAll()
	if err != nil {
		return fmt.Errorf("the table cannot be read: %w", err)
	}
	rows := []map[string]string{}
	for i, line := range lines {
		if i == 0 {
			continue
		}
		row := map[string]string{}
		for k, heading := range lines[0] {
			row[heading] = line[k]
		}
		rows = append(rows, row)
	}
	return printJSON(std, rows)
}
