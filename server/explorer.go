package server

import (
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/server/page"
)

// explores reports whether a path is that of a page about the interface.
func explores(path string) bool {
	return path == page.ExplorerPath || strings.HasPrefix(path, typePath) && !strings.HasSuffix(path, ".json")
}

// explorer is the page about a type, or about the system.
func (s *Server) explorer(r *http.Request) ([]byte, error) {
	typ := strings.Trim(strings.TrimPrefix(r.URL.Path, page.ExplorerPath), "/")
	if typ != "" && !r4.IsResource(typ) {
		return nil, fs.ErrNotExist
	}
	about := s.describeOpenAPI(s.origin(r))
	if s.config.Examples != nil {
		about.Examples = s.config.Examples(s.now())
	}
	told := about.Explain(typ)
	e := page.Explorer{Site: s.site(), Name: typ, Base: Bases[0], Example: about.Examples[typ]}
	for _, a := range told.Actions {
		e.Actions = append(e.Actions, page.Done(a))
	}
	for _, p := range told.Parameters {
		e.Parameters = append(e.Parameters, page.Sought(p))
	}
	if typ == "" {
		for _, name := range r4.ResourceTypes() {
			if about.Examples[name] != nil || slices.ContainsFunc(about.Operations, func(op fhir.Operation) bool { return op.Type == name }) {
				e.Main = append(e.Main, name)
			} else {
				e.Others = append(e.Others, name)
			}
		}
	}
	return e.HTML(), nil
}
