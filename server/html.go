package server

import (
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/page"
)

// htmlCodec is how a browser gets an answer: a page that shows its JSON. It is
// for answers alone, so it is not among the codecs of the server.
var htmlCodec = Codec{Name: "html", Types: []string{"text/html"}}

// mayBrowse reports whether Accept: text/html is a person who reads. Writes
// answer to programs, and the content of a Binary is its own page.
func mayBrowse(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	return !slices.ContainsFunc(Bases, func(base string) bool { return strings.HasPrefix(r.URL.Path, base+"/Binary/") })
}

// inHTML writes an answer as a page.
func (s *Server) inHTML(w http.ResponseWriter, r *http.Request, status int, text []byte) {
	x := exchangeIn(r.Context())
	answer := page.Answer{Site: s.site(), Method: r.Method, URL: r.URL, Base: x.prefix, Self: x.base, Status: status, Header: w.Header(), Text: text, Rule: s.rule}
	sendPage(w, r, status, answer.HTML())
}

func sendPage(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	page.Headers(w.Header())
	sendBody(w, r, status, body)
}

func sendBody(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client went away: nobody is left to tell
	}
}

func (s *Server) site() page.Site {
	return page.Site{Name: s.config.Name, Version: s.config.Version, Sandbox: s.config.Story != nil, Docs: s.config.Docs != nil, Console: s.config.Console}
}

// open answers a browser that asks for the front page or for documentation,
// which tell of no patient and so ask nobody who they are. It reports whether
// it did.
func (s *Server) open(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	x := exchangeIn(r.Context())
	path := r.URL.Path
	var body []byte
	var err error
	switch {
	case x.format.codec == &htmlCodec && x.bare() && (path == "/" || slices.Contains(Bases, path)):
		x.interaction = "front"
		if r, err = s.admit(r, x); err == nil {
			body, err = s.front(r)
		}
	case s.config.Rules != nil && strings.HasPrefix(path+"/", page.RulePath):
		x.interaction = "docs"
		body, err = s.rulePage(strings.TrimSuffix(strings.TrimPrefix(path+"/", page.RulePath), "/"))
	case s.config.Docs != nil && (path == "/docs" || strings.HasPrefix(path, "/docs/")):
		x.interaction = "docs"
		body, err = page.Document(s.site(), s.config.Docs, strings.Trim(strings.TrimPrefix(path, "/docs"), "/"))
	case explores(path):
		x.interaction = "openapi"
		if body, err = s.explorer(r); errors.Is(err, fs.ErrNotExist) {
			err = s.noOpenAPI(path)
		}
	default:
		return false
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fhir.E("serve", fhir.NotFound, fhir.Issue{Message: "There is no document of this name.", Found: r.URL.Path, Fix: "/docs/ lists them."})
	}
	if err != nil {
		s.fail(w, r, err)
		return true
	}
	if x.interaction == "front" && s.config.Story != nil {
		page.FormHeaders(w.Header(), "")
		sendBody(w, r, http.StatusOK, body)
		return true
	}
	sendPage(w, r, http.StatusOK, body)
	return true
}

func (s *Server) front(r *http.Request) ([]byte, error) {
	f := page.Front{Site: s.site(), Self: s.origin(r)}
	if s.config.Story != nil {
		story, err := s.config.Story(r.Context(), f.Self+Bases[0])
		if err != nil {
			return nil, err
		}
		f.Story = story
	}
	return f.HTML(), nil
}

// bare reports whether the query asks for nothing but a format.
func (x *exchange) bare() bool { return len(withoutFormat(x.query)) == 0 }
