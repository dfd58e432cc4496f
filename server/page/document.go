package page

import (
	"html/template"
	"io/fs"
	"path"
	"strings"
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
	return document(site, title, markdown(string(text), docs, path.Dir(name)))
}

func document(site Site, title string, text template.HTML) ([]byte, error) {
	return execute("document.html", struct {
		Site  Site
		Title string
		Text  template.HTML
	}{site, title, text})
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
	return document(site, "Documentation", markdown(b.String(), docs, "."))
}
