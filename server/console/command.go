package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// command has the server carry out a command of its command line, as the person: what it
// refuses, it refuses here with the same words, and it is recorded as any other.
func (v *visit) command(path string, q url.Values, body any, into any) error {
	if v.config.Commands == nil {
		return &problem{status: http.StatusNotFound, heading: "There is no such page", message: "This server is not administered here."}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(v.identified(), http.MethodPost, "/admin/"+path+"?"+q.Encode(), bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Host, r.TLS, r.RemoteAddr = v.r.Host, v.r.TLS, v.r.RemoteAddr
	w := &recorder{header: http.Header{}}
	v.config.Commands.ServeHTTP(w, r)
	switch w.status {
	case http.StatusOK:
		return json.Unmarshal(w.body.Bytes(), into)
	case http.StatusForbidden:
		return &problem{status: w.status, heading: "This is not for your role", message: strings.TrimSpace(w.body.String())}
	}
	return &problem{status: w.status, heading: "That was refused", message: strings.TrimSpace(w.body.String())}
}
