package main

import (
	"fmt"
	"os"
	"strings"
)

// section is what the change log says of a version: the part under "## v1.2.3", or
// that under "## Unreleased" for a commit without a tag, whose version is its hash.
func section(file, version string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	title := "Unreleased"
	if strings.HasPrefix(version, "v") && !strings.Contains(version, "-") {
		title = version
	}
	for part := range strings.SplitSeq("\n"+string(b), "\n## ") {
		if heading, text, ok := strings.Cut(part, "\n"); ok && strings.Fields(heading + " -")[0] == title {
			return "## Pestle " + version + "\n" + text, nil
		}
	}
	return "", fmt.Errorf("%s has no section %q", file, title)
}
