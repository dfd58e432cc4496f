// Package examples has what a clinic's developer copies: resources that the server
// takes as they are.
package examples

import (
	"embed"
	"io/fs"
	"strings"
	"time"
)

//go:embed fhir/*.json
var files embed.FS

// Resources are the examples by their type, dated as of a day: {today} in a file is that day.
func Resources(now time.Time) map[string][]byte {
	found := map[string][]byte{}
	names, err := fs.Glob(files, "fhir/*.json")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			panic(err) // it was embedded
		}
		dated := strings.ReplaceAll(string(text), "{today}", now.Format(time.DateOnly))
		found[strings.TrimSuffix(strings.TrimPrefix(name, "fhir/"), ".json")] = []byte(dated)
	}
	return found
}
