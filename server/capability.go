package server

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// capabilities answers with the CapabilityStatement, which is made of what is
// registered: https://hl7.org/fhir/R4/http.html#capabilities
func (s *Server) capabilities(c *gin.Context) error {
	x := exchangeOf(c)
	var text []byte
	switch mode := x.query.Get("mode"); {
	case mode == "terminology" && s.config.Terminology != nil:
		text = s.terminology(x.base)
	case mode == "" || mode == "full":
		text = s.statements.of(x.base, s.config.Repository.Answering().Key(), s.describe)
	case mode == "normative":
		text = s.statements.of("normative "+x.base, s.config.Repository.Answering().Key(), func(_ string, at time.Time) fhir.Value { return normative(s.describe(x.base, at)) })
	default:
		return fhir.E("capabilities", fhir.NotSupported, fhir.Issue{
			Message: "The server does not describe itself in this mode.", Expected: strings.Join(s.modes(), ", "), Found: mode,
		})
	}
	text, err := s.shorten(c, text)
	if err != nil {
		return err
	}
	return s.send(c, http.StatusOK, text)
}

// statements are the CapabilityStatements by the base URL by which clients come.
// Anybody can come by any name, so only a few are kept.
type statements struct {
	started time.Time
	mu      sync.Mutex
	byBase  map[string][]byte
	stored  string // the SearchParameters that they are of
}

func (st *statements) of(base, stored string, describe func(base string, at time.Time) fhir.Value) []byte {
	st.mu.Lock()
	defer st.mu.Unlock()
	text, ok := st.byBase[base]
	if !ok || st.stored != stored {
		if len(st.byBase) >= 8 || st.byBase == nil || st.stored != stored {
			st.byBase, st.stored = map[string][]byte{}, stored
		}
		text = describe(base, st.started).JSON()
		st.byBase[base] = text
	}
	return text
}

// describe makes the CapabilityStatement of the server under a base URL.
func (s *Server) describe(base string, at time.Time) fhir.Value {
	var formats []string
	for _, codec := range s.codecs {
		formats = append(formats, codec.Types[0], codec.Name)
	}
	return fhir.Obj(
		"resourceType", "CapabilityStatement",
		"status", "active", "date", at.Format(fhir.InstantLayout), "kind", "instance",
		"instantiates", s.instantiates(),
		"software", fhir.Obj("name", s.config.Name, "version", s.config.Version),
		"implementation", fhir.Obj("description", s.config.Name+", a FHIR server for pharmacies", "url", base),
		"fhirVersion", "4.0.1", "format", formats, "patchFormat", append(slices.Clone(patchTypes), formats...),
		"rest", fhir.List(fhir.Obj(
			"extension", fhir.List(s.config.Subscriptions.socket()),
			"mode", "server",
			"documentation", "A Provenance without a target in the header X-Provenance of a create, update or patch is stored in the commit of the write.",
			"security", s.security(base),
			"resource", s.resources(base),
			"interaction", interactions("transaction", "batch", "history-system", "search-system"),
			"searchParam", fhir.List(fhir.Obj("name", "_list", "type", "special", "documentation", "The id of a List: what it refers to by entry.item.")),
			"operation", s.operationsOn(base, ""),
		)),
	)
}

func (s *Server) security(base string) fhir.Value {
	members := []any{"cors", len(s.config.Origins) > 0}
	if s.config.Authenticator == nil || s.config.Authenticator.Challenge(nil) == "" {
		return fhir.Obj(append(members, "description", "Nobody is asked who they are.")...) // and so no token is needed
	}
	if list := s.config.SMART.extension(originOf(base)); list != nil {
		members = append([]any{"extension", fhir.List(fhir.Obj("url", oauthURIs, "extension", list))}, members...)
	}
	service := "OAuth"
	if s.config.SMART.TokenEndpoint != "" {
		service = "SMART-on-FHIR"
	}
	return fhir.Obj(append(members,
		"service", fhir.List(fhir.Obj("coding", fhir.List(fhir.Obj(
			"system", "http://terminology.hl7.org/CodeSystem/restful-security-service", "code", service)))),
		"description", "A bearer token with SMART v2 scopes, such as system/Patient.rs.")...)
}

// oauthURIs is the extension of SMART App Launch that says where tokens are.
const oauthURIs = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"

// originOf is the scheme and the host of a base URL.
func originOf(base string) string {
	for _, path := range Bases {
		if origin, ok := strings.CutSuffix(base, path); ok {
			return origin
		}
	}
	return base
}

func interactions(codes ...string) []fhir.Value {
	var list []fhir.Value
	for _, code := range codes {
		list = append(list, fhir.Obj("code", code))
	}
	return list
}

// resources describes every type of R4; what holds for one holds for all.
func (s *Server) resources(base string) []fhir.Value {
	var codes, reading []string
	for _, rt := range s.routes {
		code := strings.TrimSuffix(rt.interaction, "-conditional")
		if strings.HasPrefix(rt.path, "/:type") && code != "operation" && !slices.Contains(codes, code) {
			codes = append(codes, code)
			if !writing(code) {
				reading = append(reading, code)
			}
		}
	}
	var list []fhir.Value
	for _, typ := range r4.ResourceTypes() {
		write, can, single := !slices.Contains(s.config.ReadOnly, typ), codes, "single"
		if s.config.DeleteAtMost > 1 {
			single = "multiple"
		}
		if !write {
			can, single = reading, "not-supported"
		}
		list = append(list, fhir.Obj(
			"extension", fhir.List(s.config.Subscriptions.topics(typ)...),
			"type", typ,
			"interaction", interactions(can...),
			"versioning", "versioned-update", "readHistory", true, "updateCreate", write,
			"conditionalCreate", write, "conditionalRead", "full-support",
			"conditionalUpdate", write, "conditionalDelete", single,
			"referencePolicy", []string{"literal", "logical", "local"},
			"searchInclude", s.includes(typ), "searchRevInclude", []string{"*"},
			"searchParam", s.searchParameters(typ),
			"operation", s.operationsOn(base, typ),
		))
	}
	return list
}

// searchParameters are those of R4 and those that are stored and answer.
func (s *Server) searchParameters(typ string) []fhir.Value {
	var list []fhir.Value
	for _, p := range search.Params(typ) {
		list = append(list, fhir.Obj("name", p.Code, "definition", p.URL, "type", p.Type))
	}
	for _, d := range s.config.Repository.Answering().Params(typ) {
		list = append(list, fhir.Obj("name", d.Name, "definition", d.Param.URL, "type", d.Param.Type))
	}
	return list
}

func (s *Server) includes(typ string) []string {
	list := []string{"*"}
	for _, code := range search.References(typ) {
		list = append(list, typ+":"+code)
	}
	for _, d := range s.config.Repository.Answering().Params(typ) {
		if d.Param.Type == "reference" {
			list = append(list, typ+":"+d.Name)
		}
	}
	return list
}

// operationsOn lists the operations of a type, or of the system for "".
func (s *Server) operationsOn(base, typ string) []fhir.Value {
	var list []fhir.Value
	var names []string
	for _, op := range s.operations.known {
		if op.Type != typ && (op.Type != anyType || typ == "") || slices.Contains(names, op.Name) {
			continue
		}
		names = append(names, op.Name)
		list = append(list, fhir.Obj("name", op.Name, "definition", canonical(base, &op), "documentation", op.Doc))
	}
	return list
}
