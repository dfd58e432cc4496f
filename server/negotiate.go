package server

import (
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// format is how an answer is written.
type format struct {
	codec  *Codec
	mime   string // without parameters; "" for the codec's first
	pretty bool
}

// contentType is the header of an answer. The FHIR types carry the version of
// FHIR, as https://hl7.org/fhir/R4/http.html#version-parameter asks.
func (f *format) contentType() string {
	name := f.mime
	if name == "" {
		name = f.codec.Types[0]
	}
	if name == jsonCodec.Types[0] {
		return "application/fhir+json; fhirVersion=4.0; charset=utf-8" // the usual case, without building it
	}
	if strings.HasPrefix(name, "application/fhir+") {
		return name + "; fhirVersion=4.0; charset=utf-8"
	}
	return name + "; charset=utf-8"
}

// negotiate finds the format of the answer: _format before Accept, whose
// entries count by their q.
func (s *Server) negotiate(r *http.Request, query url.Values) (format, error) {
	f := format{codec: &s.codecs[0], pretty: query.Get("_pretty") == "true"}
	if asked := query.Get("_format"); asked != "" {
		// A plus in a query is a blank to those who forget to escape it.
		codec, name := s.accepts(strings.ReplaceAll(asked, " ", "+"))
		if codec == nil {
			return f, s.notAcceptable("_format", asked)
		}
		f.codec, f.mime = codec, name
		return f, nil
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if accept == "" || accept == "*/*" {
		return f, nil
	}
	best, all := -1.0, 0.0
	browser := takes(accept, "text/html")
	for _, item := range strings.Split(accept, ",") {
		codec, name := s.accepts(item)
		q := quality(item)
		if codec == nil || q <= 0 || codec == &htmlCodec && !mayBrowse(r) || browser && codec.Name == xmlCodec.Name && name != xmlCodec.Types[0] {
			continue // browsers name XML of any kind, and show JSON better
		}
		if name == "" {
			all = max(all, q)
		}
		if q > best {
			best, f.codec, f.mime = q, codec, name
		}
	}
	if best < 0 {
		return f, s.notAcceptable("Accept", accept)
	}
	if f.codec == &s.codecs[0] && all >= best {
		f.mime = "" // anything will do just as well: then it is FHIR's own type
	}
	return f, nil
}

// takes reports whether an Accept header names a type.
func takes(accept, name string) bool {
	for _, item := range strings.Split(accept, ",") {
		if wanted, _, err := mime.ParseMediaType(item); err == nil && wanted == name && quality(item) > 0 {
			return true
		}
	}
	return false
}

// accepts finds the codec for one entry of Accept or a value of _format.
func (s *Server) accepts(item string) (*Codec, string) {
	name, params, err := mime.ParseMediaType(item)
	if err != nil || !isR4(params["fhirversion"]) {
		return nil, ""
	}
	if name == "*/*" || name == "application/*" {
		return &s.codecs[0], ""
	}
	for i := range len(s.codecs) + 1 {
		c := &htmlCodec
		if i < len(s.codecs) {
			c = &s.codecs[i]
		}
		if name == c.Name {
			return c, ""
		}
		for _, t := range c.Types {
			if t == name {
				return c, t
			}
		}
	}
	return nil, ""
}

func isR4(version string) bool { return version == "" || version == "4.0" || version == "4.0.1" }

func quality(item string) float64 {
	_, params, err := mime.ParseMediaType(item)
	if err != nil || params["q"] == "" {
		return 1
	}
	q, err := strconv.ParseFloat(params["q"], 64)
	if err != nil {
		return 0
	}
	return q
}

func (s *Server) notAcceptable(where, found string) error {
	return refuse(http.StatusNotAcceptable, fhir.NotSupported, fhir.Issue{
		Message:  "The server cannot answer in the format that " + where + " asks for.",
		Expected: strings.Join(s.types(), ", ") + " (fhirVersion 4.0)", Found: found,
	})
}

// types are the MIME types of all codecs.
func (s *Server) types() []string {
	var all []string
	for _, c := range s.codecs {
		all = append(all, c.Types...)
	}
	return all
}
