// Package docs holds the documentation, which the binary serves as pages.
package docs

import "embed"

// Files are the documents, in Markdown.
//
//go:embed *.md adr/*.md
var Files embed.FS
