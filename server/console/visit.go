package console

import (
	"cmp"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// view is what a screen shows: plain text in a struct, which writes itself.
type view interface {
	title() string
	write(w *markup.Writer)
}

// visit is a request of a browser by a person who has signed in.
type visit struct {
	*Server
	w      http.ResponseWriter
	r      *http.Request
	person oauth.Person
	who    auth.Identity
	form   url.Values // of a POST

	started time.Time // at which everything on the screen is, where it is not of the past
	notice  string    // of what is open in an emergency
	hidden  bool      // something is hidden from the role
	status  int       // of the answer, where it is another than 200
	json    string    // the address of the same thing in FHIR
}

// errSent says that the answer was sent: a file.
var errSent = errors.New("sent")

// maxForm is the longest form that is read, in bytes.
const maxForm = 1 << 20

// serve shows a screen to who has signed in, and leads everybody else to where they do.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, show func(*visit) (view, error)) {
	person, proof, ok := s.config.SignIn.Signed(r)
	if !ok {
		back := r.URL.RequestURI()
		if r.Method == http.MethodPost {
			back = r.URL.Path
		}
		lead(w, s.config.SignIn.SignInURL(back))
		return
	}
	v := &visit{Server: s, w: w, r: r, person: person, who: s.config.Identity(&person, proof), started: s.now()}
	seen, err := view(nil), error(nil)
	if err = v.readForm(); err == nil {
		seen, err = show(v)
	}
	var to *elsewhere
	switch {
	case errors.Is(err, errSent):
	case errors.As(err, &to):
		lead(w, to.to)
	case err != nil:
		v.refuse(err)
	default:
		v.send(cmp.Or(v.status, http.StatusOK), seen)
	}
}

// readForm reads the form of a POST, which comes from a page of this server.
func (v *visit) readForm() error {
	if v.r.Method != http.MethodPost {
		return nil
	}
	if err := v.own.Check(v.r); err != nil {
		return &problem{status: http.StatusForbidden, heading: "Nothing was done", message: "The form came from a page of another site."}
	}
	media, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return &problem{status: http.StatusUnsupportedMediaType, heading: "Nothing was done", message: "The request is not a form of this console."}
	}
	text, err := io.ReadAll(http.MaxBytesReader(v.w, v.r.Body, maxForm))
	if err != nil {
		return &problem{status: http.StatusBadRequest, heading: "Nothing was done", message: "The form broke off, or is too long."}
	}
	if v.form, err = url.ParseQuery(string(text)); err != nil || !utf8.Valid(text) {
		return &problem{status: http.StatusBadRequest, heading: "Nothing was done", message: "The form cannot be read."}
	}
	return nil
}

// at is the instant of the past that is looked at, "" for now.
func (v *visit) at() string { return strings.TrimSpace(v.r.URL.Query().Get("at")) }

// send answers with a screen in its frame.
func (v *visit) send(status int, seen view) {
	body := v.frame(seen).HTML()
	h := v.w.Header()
	headers(h)
	h.Set("Server-Timing", "page;dur="+strconv.FormatFloat(float64(v.config.Clock().Sub(v.started).Microseconds())/1000, 'f', 1, 64))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	v.w.WriteHeader(status)
	if v.r.Method != http.MethodHead {
		_, _ = v.w.Write(body) // the browser went away: nobody is left to tell
	}
}

// refuse says why a screen is not shown, and nothing of what went wrong in the server.
func (v *visit) refuse(err error) {
	p := &problem{}
	if !errors.As(err, &p) {
		v.config.Logger.Error("console", "path", v.r.Pattern, "error", err)
		p = &problem{status: http.StatusInternalServerError, heading: "The page could not be made", message: "This is a fault of the server, and is in its log. Nothing was changed."}
	}
	seen := &refusal{Heading: p.heading, Message: p.message, Request: v.w.Header().Get("X-Request-Id"), Back: v.r.URL.Path}
	if p.outcome != nil {
		for i := range p.outcome.Get("issue").Items() {
			seen.Issues = append(seen.Issues, issueOf(i))
		}
	}
	v.send(p.status, seen)
}

// lead sends the browser to another address of this server.
func lead(w http.ResponseWriter, to string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

func (v *visit) nowhere() (view, error) {
	return nil, &problem{status: http.StatusNotFound, heading: "There is no such page", message: "The address is not one of the console."}
}
