package signin

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/server/limit"
	"github.com/pestle-fhir/pestle/server/page"
	"github.com/pestle-fhir/pestle/server/webauthn"
)

// maxForm is the longest form that is read, in bytes: an answer with a key of RSA has
// about 3,000, and a way back with the parameters of an app some more.
const maxForm = 64 << 10

// form reads the parameters of a request, each once: of the URL of a GET, or of a
// form that a page of this server sent. refused reports that it was answered.
func (s *Server) form(w http.ResponseWriter, r *http.Request) (form url.Values, refused bool) {
	refuse := func(status int, message string) (url.Values, bool) {
		s.refuse(w, status, message)
		return nil, true
	}
	text := r.URL.RawQuery
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		if wait := s.attempts.Take(limit.Address(r), s.config.Clock()); wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
			return refuse(http.StatusTooManyRequests, "There were too many attempts from this address. Try again in a minute.")
		}
		if err := s.own.Check(r); err != nil {
			return refuse(http.StatusForbidden, "The form came from a page of another site. Nothing was done.")
		}
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || media != "application/x-www-form-urlencoded" || text != "" {
			return refuse(http.StatusUnsupportedMediaType, "The request has another form than this server takes: expected application/x-www-form-urlencoded in the body, and nothing in the URL.")
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
		if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
			return refuse(http.StatusRequestEntityTooLarge, "The form is longer than 64 kB.")
		} else if err != nil {
			return refuse(http.StatusBadRequest, "The request broke off.")
		}
		text = string(body)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		return refuse(http.StatusMethodNotAllowed, "This address takes GET and POST.")
	}
	form, err := url.ParseQuery(text)
	if err != nil || len(text) > maxForm {
		return refuse(http.StatusBadRequest, "The parameters of the request cannot be read.")
	}
	for name, list := range form {
		if len(list) > 1 || !utf8.ValidString(name) || !utf8.ValidString(list[0]) {
			return refuse(http.StatusBadRequest, "A parameter of the request is there more than once, or is not in UTF-8.")
		}
	}
	return form, false
}

// answerIn is what the browser answered; nil where the form has no answer, which is
// so without JavaScript.
func answerIn(form url.Values) (*webauthn.Answer, error) {
	if form.Get("answer") == "" {
		return nil, nil //nolint:nilnil // as the comment says
	}
	a := &webauthn.Answer{}
	if err := json.Unmarshal([]byte(form.Get("answer")), a); err != nil {
		return nil, webauthn.ErrForm
	}
	return a, nil
}

// passkey is the form for a passkey, with a new challenge for a purpose.
func (s *Server) passkey(kind, purpose, button string, options map[string]any) page.Passkey {
	challenge, _ := webauthn.Bytes(s.challenges.issue(purpose, s.config.Clock())).MarshalText()
	options["challenge"], options["timeout"] = string(challenge), challengeLife.Milliseconds()
	return page.Passkey{Kind: kind, Options: options, Challenge: string(challenge), Button: button}
}

// html is a page of ours.
type html interface{ HTML() []byte }

func show(w http.ResponseWriter, status int, view html) {
	page.PasskeyHeaders(w.Header())
	w.WriteHeader(status)
	_, _ = w.Write(view.HTML())
}

// refuse says why a request is not answered.
func (s *Server) refuse(w http.ResponseWriter, status int, message string) {
	show(w, status, &page.Refusal{Site: s.config.Site, Heading: "That was not possible", Message: message})
}

// unavailable answers where what must be remembered cannot be stored.
func (s *Server) unavailable(w http.ResponseWriter, err error) {
	s.config.Logger.Error("sign-in", "error", err)
	w.Header().Set("Retry-After", "5")
	s.refuse(w, http.StatusServiceUnavailable, "The server cannot store or record anything at present, so that nobody can sign in and nothing was changed. Try again later.")
}

func isAddress(host string) bool { return net.ParseIP(host) != nil }
