package server

import "github.com/pestle-fhir/pestle/fhir"

// modes are the values of mode that metadata takes:
// https://hl7.org/fhir/R4/http.html#capabilities
func (s *Server) modes() []string {
	modes := []string{"full", "normative"}
	if s.config.Terminology != nil {
		modes = append(modes, "terminology")
	}
	return modes
}

// terminology makes the TerminologyCapabilities, of what is loaded now.
func (s *Server) terminology(base string) []byte {
	head := []any{
		"resourceType", "TerminologyCapabilities", "url", base + "/metadata?mode=terminology", "version", s.config.Version, "name", "Terminology", "title", s.config.Name + " terminology",
		"status", "active", "date", s.statements.started.Format(fhir.InstantLayout), "kind", "instance",
		"description", "The code systems that are loaded, and what the terminology operations do with them.",
		"software", fhir.Obj("name", s.config.Name, "version", s.config.Version),
		"implementation", fhir.Obj("description", s.config.Name+", a FHIR server for pharmacies", "url", base),
	}
	return fhir.Obj(append(head, s.config.Terminology()...)...).JSON()
}
