// Package docs holds the documentation, which the binary serves as pages.
package docs

import "embed"

// Files are the documents, in Markdown.
//
//go:embed *.md adr/*.md
var Files embed.FS

// Rules is the table of the server's own rules, by the ids that issues have: a line with
// id, kind, what it asks and source. Lines that begin with # are words about it.
//
//go:embed rules.tsv
var Rules string
