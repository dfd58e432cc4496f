package console

import (
	"net/http"
	"strings"

	"github.com/pestle-fhir/pestle/server/page"
)

// fhirPath is where resources are shown as the FHIR interface answers them to the person
// who has signed in: that takes no sessions itself.
const fhirPath = page.ConsolePath + base

// mirror shows what the FHIR interface answers, as a page; with _format, or as a file,
// as it is.
func (s *Server) mirror(w http.ResponseWriter, r *http.Request) {
	person, proof, ok := s.config.SignIn.Signed(r)
	if !ok {
		lead(w, s.config.SignIn.SignInURL(r.URL.RequestURI()))
		return
	}
	v := &visit{Server: s, w: w, r: r, person: person, who: s.config.Identity(&person, proof), started: s.now()}
	path := strings.TrimPrefix(r.URL.EscapedPath(), fhirPath+"/")
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	asked := []string{}
	if format := r.URL.Query().Has("_format"); !format {
		asked = []string{"Accept", "application/fhir+json;q=0.9, */*;q=0.1"}
	}
	answer, err := v.raw(r.Method, path, nil, asked...)
	if err != nil {
		v.refuse(err)
		return
	}
	h := w.Header()
	if !strings.HasPrefix(answer.header.Get("Content-Type"), "application/fhir+json") || r.URL.Query().Has("_format") {
		for _, name := range []string{"Content-Type", "Content-Disposition", "Content-Security-Policy", "X-Content-Type-Options", "Cache-Control", "Etag", "Last-Modified"} {
			if value := answer.header.Get(name); value != "" {
				h.Set(name, value)
			}
		}
		w.WriteHeader(answer.status)
		_, _ = w.Write(answer.body.Bytes()) // the browser went away
		return
	}
	out := page.Answer{Site: s.config.Site, Method: r.Method, URL: r.URL, Base: fhirPath, Self: s.origin(r) + base, Status: answer.status, Header: answer.header, Text: answer.body.Bytes()}
	page.Headers(h)
	h.Set("Vary", "Cookie")
	w.WriteHeader(answer.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(out.HTML())
	}
}

// origin is the scheme and host by which the browser knows the server.
func (s *Server) origin(r *http.Request) string {
	switch {
	case s.config.Origin != "":
		return s.config.Origin
	case r.TLS != nil:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
