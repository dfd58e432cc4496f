package server

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
)

// proof answers with the opening of a version, the current one unless it is named, and the proof that it is in the log,
// for those who may read it and are granted $proof by its name: the proof tells
// how many versions there are. Of a version that is shown in part there is none,
// since the opening is of the whole.
func (s *Server) proof(c *gin.Context) error {
	x := exchangeOf(c)
	x.interaction = "$proof"
	if err := x.permitNamed("$proof"); err != nil {
		return err
	}
	if x.identity.Hidden != nil {
		return fhir.E("proof", fhir.Forbidden, fhir.Issue{
			Message: "The proof is of whole resources, which the caller is shown in part.", Rule: "role",
			Fix: "Have it done by who is shown whole resources: an auditor.",
		})
	}
	read := func() (*fhir.Version, error) {
		if version := c.Param("vid"); version != "" {
			return s.config.Repository.VRead(c.Request.Context(), c.Param("type"), c.Param("id"), version)
		}
		return s.config.Repository.Read(c.Request.Context(), c.Param("type"), c.Param("id"))
	}
	v, err := read()
	if err != nil {
		return err
	}
	if err := x.permitVersion(v); err != nil {
		return err
	}
	x.show(v)
	r, err := s.config.Log.Proof(c.Request.Context(), v.Type, v.ID, v.VersionID)
	if err != nil {
		return err
	}
	return s.send(c, http.StatusOK, r.JSON())
}

// isLogFile reports whether a path is of a log: that of changes or, below /audit, that
// of who was shown what.
func isLogFile(path string) bool {
	if rest, ok := strings.CutPrefix(path, "/audit"); ok {
		return rest == "/checkpoint" || strings.HasPrefix(rest, "/tile/")
	}
	return path == "/checkpoint" || path == "/log-key" || strings.HasPrefix(path, "/tile/")
}

// logFile serves the log in the paths of https://c2sp.org/tlog-tiles, for callers
// with the scope system/$checkpoint, and to everybody the key that verifies it.
func (s *Server) logFile(w http.ResponseWriter, r *http.Request) {
	exchangeIn(r.Context()).interaction = "log"
	log := s.config.Log
	switch {
	case log == nil:
		http.Error(w, "This server has no log of its changes.", http.StatusNotFound)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "This address takes GET and HEAD.", http.StatusMethodNotAllowed)
	case r.URL.Path == "/log-key":
		plain(w, []byte(log.Public()+"\n"))
	case s.granted(w, r, "$checkpoint", "The log"):
		data, fixed, ok, err := log.File(r.Context(), strings.TrimPrefix(r.URL.Path, "/"))
		s.sendFile(w, r, data, fixed, ok, err)
	}
}

func (s *Server) sendFile(w http.ResponseWriter, r *http.Request, data []byte, fixed, ok bool, err error) {
	switch {
	case err != nil:
		s.config.Logger.ErrorContext(r.Context(), "the log cannot be read", "path", r.URL.Path, "error", err)
		http.Error(w, "The log cannot be read.", http.StatusInternalServerError)
	case !ok:
		http.Error(w, "The log has no such part: its size is in /checkpoint.", http.StatusNotFound)
	case strings.HasSuffix(r.URL.Path, "/checkpoint"):
		plain(w, data)
	default:
		if fixed {
			w.Header().Set("Cache-Control", "private, max-age=604800, immutable")
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(data)
	}
}

func plain(w http.ResponseWriter, text []byte) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(text)
}
