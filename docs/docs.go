// Package docs holds the documentation, which the binary serves as pages.
package docs

import (
	_ "embed"

	"github.com/pestle-fhir/pestle/internal/packed"
)

//go:generate go run ../internal/gen/packed -out docs_gen.txtar.zst *.md adr/*.md

//go:embed docs_gen.txtar.zst
var documents string

// Files are the documents, in Markdown.
var Files = packed.Files(documents)

// Rules is the table of the server's own rules, by the ids that issues have: a line with
// id, kind, what it asks and source. Lines that begin with # are words about it.
//
//go:embed rules.tsv
var Rules string
