package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/server"
)

// What the software of the clinic does in a sandbox, by a button of the front page.
const (
	sandboxSend   = "/sandbox/order"
	sandboxAnswer = "/sandbox/answer" // ?query=CommunicationRequest/…&task=Task/…
)

// plays does what a button of the front page says, and leads back to it.
func (sandboxSignIn) plays(rest http.Handler, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "A button of the front page is sent here.", http.StatusMethodNotAllowed)
		return
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		http.Error(w, "The button was on a page of another site.", http.StatusForbidden)
		return
	}
	var status int
	var text []byte
	if r.URL.Path == sandboxAnswer {
		task := "/Task?_elements=status&_id=" + url.QueryEscape(r.URL.Query().Get("task"))
		_, before := asClinic(rest, r, http.MethodGet, task, nil)
		status, text = asClinic(rest, r, http.MethodPost, "/Communication", answerTo(r.URL.Query().Get("query")))
		if status == http.StatusCreated {
			await(rest, r, task, func(now []byte) bool { return versionIn(now) != versionIn(before) })
		}
	} else {
		order, err := sandboxMessage(time.Now())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if status, text = asClinic(rest, r, http.MethodPost, "/$process-message", order.JSON()); status == http.StatusOK {
			await(rest, r, "/Task?_summary=count&code=prescription-order&group-identifier="+url.QueryEscape(numberIn(order.JSON())),
				func(now []byte) bool { return !bytes.Contains(now, []byte(`"total":0`)) })
		}
	}
	if status >= http.StatusBadRequest {
		w.Header().Set("Content-Type", "application/fhir+json")
		w.WriteHeader(status)
		_, _ = w.Write(text) // the client went away: nobody is left to tell
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", "/#next")
	w.WriteHeader(http.StatusSeeOther)
}

// answerTo is the clinic's answer to a query.
func answerTo(query string) []byte {
	text, _ := json.Marshal(map[string]any{ // of texts alone
		"resourceType": "Communication", "status": "completed", "basedOn": []any{map[string]any{"reference": query}},
		"sender":  map[string]any{"identifier": map[string]any{"system": odsCode, "value": sandboxClinic}},
		"payload": []any{map[string]any{"contentString": "Yes, it was raised last week."}}})
	return text
}

// numberIn is the number of the prescription of an order.
func numberIn(order []byte) string {
	var message struct {
		Entry []struct {
			Resource struct{ GroupIdentifier struct{ Value string } }
		}
	}
	_ = json.Unmarshal(order, &message) // it was made here
	for _, e := range message.Entry {
		if number := e.Resource.GroupIdentifier.Value; number != "" {
			return number
		}
	}
	return ""
}

// versionIn is the version of the one resource of a searchset.
func versionIn(found []byte) string {
	var bundle struct {
		Entry []struct {
			Resource struct{ Meta struct{ VersionID string } }
		}
	}
	if json.Unmarshal(found, &bundle) != nil || len(bundle.Entry) == 0 {
		return ""
	}
	return bundle.Entry[0].Resource.Meta.VersionID
}

// await waits a little while for what followers make, so that the page to which the
// browser comes shows it.
func await(rest http.Handler, r *http.Request, search string, there func(found []byte) bool) {
	for range 100 {
		if _, found := asClinic(rest, r, http.MethodGet, search, nil); there(found) {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// asClinic asks the FHIR interface as the clinic of the sandbox.
func asClinic(rest http.Handler, r *http.Request, method, path string, body []byte) (int, []byte) {
	inner, err := http.NewRequestWithContext(r.Context(), method, server.Bases[0]+path, bytes.NewReader(body))
	if err != nil {
		return http.StatusInternalServerError, []byte(err.Error())
	}
	inner.Host, inner.RemoteAddr, inner.RequestURI = r.Host, r.RemoteAddr, inner.URL.RequestURI()
	inner.Header.Set(personHeader, "clinic")
	inner.Header.Set("Content-Type", "application/fhir+json")
	inner.Header.Set("X-Request-ID", uuid.NewString())
	kept := &keptAnswer{header: http.Header{}, status: http.StatusOK}
	rest.ServeHTTP(kept, inner)
	return kept.status, kept.text.Bytes()
}

// keptAnswer is an answer that is read here.
type keptAnswer struct {
	header http.Header
	status int
	text   bytes.Buffer
}

func (k *keptAnswer) Header() http.Header         { return k.header }
func (k *keptAnswer) WriteHeader(status int)      { k.status = status }
func (k *keptAnswer) Write(b []byte) (int, error) { return k.text.Write(b) }

// playing reports whether a path is that of a button of the front page.
func playing(path string) bool {
	return path == sandboxSend || path == sandboxAnswer
}
