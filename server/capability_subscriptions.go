package server

import "github.com/pestle-fhir/pestle/fhir"

// Subscriptions is what the CapabilityStatement says of how Subscriptions are served.
type Subscriptions struct {
	Topics []string // canonical URLs
	Socket string   // address of the websocket; "" for none
}

const backportGuide = "http://hl7.org/fhir/uv/subscriptions-backport/"

// instantiates are the CapabilityStatements of guides that the server meets.
func (s *Server) instantiates() []string {
	list := []string{bulkGuide + "CapabilityStatement/bulk-data"}
	if s.config.Subscriptions.Topics != nil {
		list = append(list, backportGuide+"CapabilityStatement/backport-subscription-server-r4")
	}
	return list
}

// socket is the extension that says where the websocket of R4 is.
func (s Subscriptions) socket() fhir.Value {
	if s.Socket == "" {
		return fhir.Value{}
	}
	return fhir.Obj("url", "http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket", "valueUri", s.Socket)
}

// topics are the extensions that say what a Subscription may be about.
func (s Subscriptions) topics(typ string) (list []any) {
	if typ != "Subscription" {
		return nil
	}
	for _, url := range s.Topics {
		list = append(list, fhir.Obj("url", backportGuide+"StructureDefinition/capabilitystatement-subscriptiontopic-canonical", "valueCanonical", url))
	}
	return list
}
