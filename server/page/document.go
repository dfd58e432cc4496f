package page

import (
	"io/fs"
	"path"
	"strings"

	"github.com/pestle-fhir/pestle/server/page/markup"
)

// Document writes a file of the documentation, which is in Markdown, as a page.
// The name "" is the list of all; fs.ErrNotExist says that there is no such file.
func Document(site Site, docs fs.FS, name string) ([]byte, error) {
	if name == "" {
		return contents(site, docs)
	}
	if !fs.ValidPath(name) || path.Ext(name) != ".md" {
		return nil, fs.ErrNotExist
	}
	text, err := fs.ReadFile(docs, name)
	if err != nil {
		return nil, err
	}
	title, _, _ := strings.Cut(strings.TrimPrefix(string(text), "# "), "\n")
	return document(site, title, string(text), docs, path.Dir(name)), nil
}

func document(site Site, title, text string, docs fs.FS, dir string) []byte {
	return site.page(title, func(w *markup.Writer) {
		w.HTML("<article class=\"document\">\n")
		markdown(w, text, docs, dir)
		w.HTML("\n</article>\n")
	})
}

// contents lists the files by their titles.
func contents(site Site, docs fs.FS) ([]byte, error) {
	var b strings.Builder
	b.WriteString("# Documentation\n\n")
	err := fs.WalkDir(docs, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".md" {
			return err
		}
		text, err := fs.ReadFile(docs, name)
		title, _, _ := strings.Cut(strings.TrimPrefix(string(text), "# "), "\n")
		b.WriteString("- [" + title + "](" + name + ")\n")
		return err
	})
	if err != nil {
		return nil, err
	}
	return site.page("Documentation", func(w *markup.Writer) {
		w.HTML("<article class=\"document\">\n")
		markdown(w, b.String(), docs, ".")
		w.HTML("<p>Made by this server itself: ")
		link(w, Link{"the interface", ExplorerPath})
		w.HTML(", type by type, and ")
		link(w, Link{"the rules", RulePath})
		w.HTML(" that an issue may name.</p>\n</article>\n")
	}), nil
}
