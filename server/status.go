package server

import (
	"encoding/json"
	"net/http"
	"strings"
)

// statusPaths are where NHS England's interfaces are asked whether they work,
// below each base and below the root. Neither needs a token.
const (
	pingPath   = "/_ping"
	statusPath = "/_status"
)

// probed answers /_ping with the version and /_status with what /health says,
// in the form of NHS England's interfaces. It reports whether it was asked.
func (s *Server) probed(w http.ResponseWriter, r *http.Request) bool {
	x := exchangeIn(r.Context())
	path := strings.TrimPrefix(r.URL.Path, x.prefix)
	if path != pingPath && path != statusPath || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	x.interaction = strings.TrimPrefix(path, "/_")
	answer := map[string]any{"version": s.config.Version, "revision": s.config.Version, "releaseId": s.config.Version}
	status := http.StatusOK
	if path == statusPath {
		word := "pass"
		if !s.ready(r.Context()) {
			status, word = http.StatusServiceUnavailable, "fail"
		}
		answer["status"] = word
		answer["checks"] = map[string]any{"store": []any{map[string]any{"status": word, "timeout": false, "responseCode": status}}}
	}
	text, err := json.Marshal(answer)
	if err != nil {
		s.fail(w, r, err)
		return true
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text)
	}
	return true
}
