package console

import (
	"net/http"
)

// home leads to the screen with which a role begins its work.
func (v *visit) home() (view, error) {
	for _, t := range v.nav() {
		if t.Href != address("help") {
			return nil, &elsewhere{t.Href}
		}
	}
	return nil, &problem{status: http.StatusForbidden, heading: "There is nothing here for your role", message: "Ask who administers the server whether you have the role that you need."}
}
