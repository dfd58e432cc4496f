package server

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/spelling"
	"github.com/pestle-fhir/pestle/server/openapi"
)

// tradePath is the OpenAPI document of what the software of a clinic or a pharmacy
// needs; typePath is before the name of a type, and ".json", where that of the type is.
const (
	tradePath = "/openapi.json"
	typePath  = "/openapi/"
)

// describes reports whether a path is that of an OpenAPI document.
func describes(path string) bool { return path == tradePath || strings.HasPrefix(path, typePath) }

// openAPI answers with an OpenAPI document, which tells of nobody, so that anybody may
// read it. It reports whether it did.
func (s *Server) openAPI(w http.ResponseWriter, r *http.Request) bool {
	path := r.URL.Path
	if !describes(path) || explores(path) && mayBrowse(r) {
		return false
	}
	exchangeIn(r.Context()).interaction = "openapi"
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.fail(w, r, refuse(http.StatusMethodNotAllowed, fhir.NotSupported, fhir.Issue{
			Message: "This address does not take the method.", Expected: "GET, HEAD", Found: r.Method,
		}).with("Allow", "GET, HEAD, OPTIONS"))
		return true
	}
	typ := strings.TrimSuffix(strings.TrimPrefix(path, typePath), ".json")
	if path != tradePath && (!r4.IsResource(typ) || !strings.HasSuffix(path, ".json")) {
		s.fail(w, r, s.noOpenAPI(path))
		return true
	}
	text := s.documents.of(s, s.origin(r), path)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text) // the client went away: nobody is left to tell
	}
	return true
}

// noOpenAPI is the error of an address below which there is nothing.
func (*Server) noOpenAPI(path string) error {
	issue := fhir.Issue{Message: "There is no OpenAPI document here.", Expected: "/openapi.json, or /openapi/[type].json; as a page /openapi, or /openapi/[type]", Found: path}
	typ := strings.TrimSuffix(strings.TrimPrefix(path, typePath), ".json")
	if near := spelling.One(typ, r4.ResourceTypes()); near != "" {
		issue.Fix = "Did you mean " + typePath + near + ".json?"
	}
	return fhir.E("openapi", fhir.NotFound, issue)
}

// documents are the OpenAPI documents that were asked for on a day, by address. Anybody
// can come by any name, so only a few are kept.
type documents struct {
	mu        sync.Mutex
	day       string
	byAddress map[string][]byte
}

func (d *documents) of(s *Server, origin, path string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := s.now()
	if day := now.Format("2006-01-02"); day != d.day || len(d.byAddress) >= 32 {
		d.day, d.byAddress = day, map[string][]byte{}
	}
	text, known := d.byAddress[origin+path]
	if !known {
		about := s.describeOpenAPI(origin)
		if s.config.Examples != nil {
			about.Examples = s.config.Examples(now)
		}
		if typ, ofType := strings.CutPrefix(path, typePath); ofType {
			text = about.Type(strings.TrimSuffix(typ, ".json"))
		} else {
			text = about.Trade()
		}
		d.byAddress[origin+path] = text
	}
	return text
}

func (s *Server) describeOpenAPI(origin string) *openapi.Description {
	d := &openapi.Description{
		Name: s.config.Name, Version: s.config.Version, Base: origin + Bases[0],
		Patches:    append(slices.Clone(patchTypes), "application/fhir+json", "application/fhir+xml"),
		Operations: s.operations.known, ReadOnly: s.config.ReadOnly,
		Asked: s.config.Authenticator != nil && s.config.Authenticator.Challenge(nil) != "",
	}
	for _, codec := range s.codecs {
		d.Formats = append(d.Formats, codec.Types[0])
	}
	for _, rt := range s.routes {
		d.Routes = append(d.Routes, openapi.Route{Method: rt.method, Path: rt.path, Interaction: rt.interaction})
	}
	if d.TokenURL = s.config.SMART.TokenEndpoint; strings.HasPrefix(d.TokenURL, "/") {
		d.TokenURL = origin + d.TokenURL
	}
	return d
}
