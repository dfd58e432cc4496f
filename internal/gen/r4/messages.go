package main

import (
	_ "embed"
	"strings"
)

//go:embed messages.txt
var messageTable string

// messages reads the table of invariant messages: "key message", where the key
// may be "key@path" when invariants of different places share one.
func messages() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(messageTable) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if key, text, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			out[key] = text
		}
	}
	return out
}
