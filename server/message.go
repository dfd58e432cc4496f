package server

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/messages"
)

// mostSent is how much of an address is kept with a message, in bytes.
const mostSent = 1 << 10

// logged begins the record of a message: something that an organisation sends to be
// stored or to be acted on. What only asks is none.
func (s *Server) logged(r *http.Request, x *exchange) {
	who := x.identity.Requester
	if s.config.Messages == nil || x.nested || x.message != nil || who.OnBehalf == "" || !writing(x.interaction) && x.interaction != "operation" ||
		r.Method == http.MethodGet || r.Method == http.MethodHead {
		return
	}
	target := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	for len(target) > mostSent {
		_, size := utf8.DecodeLastRuneInString(target)
		target = target[:len(target)-size]
	}
	x.message = &messages.Message{Time: s.now(), Organisation: strings.ToUpper(who.OnBehalf), Client: who.Client, Agent: who.Agent, RequestID: x.requestID, Method: r.Method, Target: target,
		ContentType: r.Header.Get("Content-Type")}
}

// refusal notes the issues of an answer that is a whole resource and says no.
func (x *exchange) refusal(r *fhir.Resource) {
	if x.message == nil || r == nil {
		return
	}
	var see func(n fhir.Node)
	see = func(n fhir.Node) {
		if n.Get("resourceType").Text() == "OperationOutcome" {
			x.message.NoteOutcome(n)
			return
		}
		search.Inner(n, see)
	}
	see(r.Root())
}

// keep hands over a message that is answered.
func (s *Server) keep(x *exchange, status int) {
	if x.message == nil || x.nested {
		return
	}
	x.message.Close(status)
	if x.message.Interaction, x.message.Type = x.interaction, x.resourceType; s.keeps(x.interaction) {
		s.config.Messages.Keep(x.message)
	}
}

// keeps reports whether an interaction is a message: not an operation that only asks.
func (s *Server) keeps(interaction string) bool {
	name, operation := strings.CutPrefix(interaction, "$")
	if !operation {
		return writing(interaction) || interaction == "intake"
	}
	for i := range s.operations.known {
		if op := &s.operations.known[i]; op.Name == name && !op.Idempotent {
			return true
		}
	}
	return false
}
