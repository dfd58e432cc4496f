package pharmacy

import (
	"regexp"
	"strings"
)

// number is a number as CSV files of the server have it.
var number = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// Cell is a cell of a CSV file for people, which no spreadsheet takes for a formula:
// text that begins with = + - @, a tab or a line end has an apostrophe before it.
// Numbers are left.
func Cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) && !number.MatchString(text) {
		return "'" + text
	}
	return text
}
