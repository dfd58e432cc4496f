package page

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// Answer is a FHIR answer that is shown as a page.
type Answer struct {
	Site   Site
	Method string
	URL    *url.URL // as it was asked for
	Base   string   // path of the FHIR base: "/fhir"
	Self   string   // the base as a URL: "https://fhir.example.org/fhir"
	Status int
	Header http.Header // with ETag and Last-Modified, where the answer is of a version
	Text   []byte      // the resource, as JSON
	// Rule finds the rule of an issue; nil where rules have no pages.
	Rule func(id string) (Rule, bool)
}

// maxOverview is how much JSON is parsed for the tables above the listing.
const maxOverview = 4 << 20

// shown is what the page of an answer shows.
type shown struct {
	Heading        string
	Status         string
	Failed         bool
	Login          bool // the server wants to know who asks
	Request        string
	ETag, Modified string
	Ways           []Link // to the same thing in other forms, and around it
	Pages          []Link // to other pages of a Bundle
	Counted        string // how much of a Bundle there is
	Subject        *row   // what a single resource is, in words
	Entries        []row
	Issues         []issue
	JSON           []byte
	Links          links
	Raw            string // the address of the JSON, "" where it has none
	IsBundle       bool
}

// Link is a link with its words.
type Link struct{ Text, Href string }

// HTML writes the page.
func (a *Answer) HTML() []byte {
	s := shown{
		Status: fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)), Failed: a.Status >= 400,
		Login: a.Status == http.StatusUnauthorized, Request: a.Method + " " + a.URL.RequestURI(),
		ETag: a.Header.Get("Etag"), Modified: a.Header.Get("Last-Modified"), JSON: a.Text, Links: links{a.Base, a.Self},
	}
	s.Heading = a.heading()
	title := s.Heading
	if s.Failed {
		title = "Error " + s.Status
		s.Heading = s.Status
	}
	if a.Method == http.MethodGet || a.Method == http.MethodHead {
		s.Raw = a.raw("json")
		s.Ways = a.ways()
	}
	if len(a.Text) <= maxOverview {
		if r, err := fhir.Parse(a.Text); err == nil {
			s.overview(r, s.Links)
			s.ruled(a.Rule)
		}
	}
	return a.Site.page(title, s.write)
}

// path is the address below the base, in parts.
func (a *Answer) path() []string {
	rest := strings.Trim(strings.TrimPrefix(a.URL.Path, a.Base), "/")
	if rest == "" {
		return nil
	}
	return strings.Split(rest, "/")
}

// heading names what is shown in words.
func (a *Answer) heading() string {
	parts := a.path()
	last := ""
	if len(parts) > 0 {
		last = parts[len(parts)-1]
	}
	switch {
	case len(parts) == 0:
		return "FHIR"
	case last == "metadata":
		return "What this server can do"
	case last == "_history" && len(parts) == 1:
		return "History of everything"
	case last == "_history":
		return "History of " + strings.Join(parts[:len(parts)-1], "/")
	case len(parts) == 4 && parts[2] == "_history":
		return parts[0] + "/" + parts[1] + ", version " + parts[3]
	case len(parts) == 1 && !strings.HasPrefix(last, "$") || last == "_search":
		return parts[0] + " search"
	}
	return strings.Join(parts, "/")
}

// ways are the links around what is shown.
func (a *Answer) ways() []Link {
	ways := []Link{{"JSON", a.raw("json")}, {"XML", a.raw("xml")}}
	parts := a.path()
	if len(parts) < 2 || strings.ContainsAny(a.URL.Path, "$") {
		return ways
	}
	of := a.Base + "/" + parts[0]
	if parts[1] != "_history" {
		if len(parts) > 2 {
			ways = append(ways, Link{"Current version", of + "/" + parts[1]})
		}
		ways = append(ways, Link{"History", of + "/" + parts[1] + "/_history"})
	}
	return append(ways, Link{"All of type " + parts[0], of})
}

// raw is the address of the same thing in a format of FHIR.
func (a *Answer) raw(format string) string {
	query := a.URL.Query()
	query.Set("_format", format)
	query.Set("_pretty", "true")
	u := url.URL{Path: a.URL.Path, RawQuery: query.Encode()}
	return u.String()
}
