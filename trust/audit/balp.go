package audit

import (
	"encoding/base64"
	"net"
	"regexp"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// An event is rendered as AuditEvents in the form of IHE Basic Audit Log Patterns
// 1.1.4, one for each patient: https://profiles.ihe.net/ITI/BALP. Each says that it is
// a UK Core AuditEvent. That it is of Basic Audit say those alone for which that has a
// profile: what succeeded of reads, searches and unconditional writes. It leaves
// histories, operations, conditions, refusals and sign-ins open.
const (
	balp         = "https://profiles.ihe.net/ITI/BALP/"
	ukCore       = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-AuditEvent"
	dicom        = "http://dicom.nema.org/resources/ontology/DCM"
	terminology  = "http://terminology.hl7.org/CodeSystem/"
	clientSystem = "https://pestle-fhir.github.io/audit/client"
	agentSystem  = "https://pestle-fhir.github.io/audit/agent"
	ownSubtypes  = "https://pestle-fhir.github.io/audit/interaction"
	odsSystem    = "https://fhir.nhs.uk/Id/ods-organization-code"
)

// The interactions of events that are not of http://hl7.org/fhir/restful-interaction,
// besides operations ("$accept").
const (
	command  = "command"
	retained = "delete-retained" // segments that were kept as long as they must be
	// recovered events have a checkpoint as their target: what it was signed of is lost.
	recovered = "recovered"
	// emergency is that somebody opened the record of a patient in an emergency.
	emergency = "$break-glass"
)

// Site is the server as it names itself in AuditEvents.
type Site struct {
	Name, ODS string
	Address   string // "https://pestle.example"
}

// Render makes the AuditEvent of a part of an event: of its patient of that
// number, or the only one of an event without patients.
func (s Site) Render(e *Event, part int) *fhir.Resource { return s.render(split(e), part) }

func (s Site) render(p *parts, part int) *fhir.Resource {
	e, kind := p.Event, kindOf(p.Event)
	subtypes := []any{fhir.Obj("system", kind.subtypeSystem, "code", kind.subtype)}
	if kind.own != "" {
		subtypes = append(subtypes, fhir.Obj("system", ownSubtypes, "code", kind.own))
	}
	return fhir.Obj(
		"resourceType", "AuditEvent", "id", partID(e.Number, part),
		"meta", fhir.Obj("versionId", "1", "lastUpdated", e.Time.Format(fhir.InstantLayout), "profile", fhir.List(kind.profiles(p, part)...)),
		"type", fhir.Obj("system", kind.typeSystem, "code", kind.typ, "display", kind.display),
		"subtype", fhir.List(subtypes...),
		"action", string(e.Action()), "recorded", e.Time.Format(fhir.InstantLayout), "outcome", outcome(e), "outcomeDesc", outcomeText(e),
		"purposeOfEvent", purposesOf(e),
		"agent", s.agents(e, kind),
		"source", fhir.Obj("site", s.ODS, "observer", s.self(), "type", fhir.List(fhir.Obj("system", terminology+"security-source-type", "code", "4", "display", "Application Server"))),
		"entity", entities(p, part),
	).Resource()
}

// purposesOf is for what an event happened that is one of an emergency.
func purposesOf(e *Event) fhir.Value {
	if e.Interaction != emergency || e.By.Purpose == "" {
		return fhir.List()
	}
	return fhir.List(fhir.Obj("coding", fhir.List(fhir.Obj("system", terminology+"v3-ActReason", "code", e.By.Purpose))))
}

// kind is the vocabulary of an event.
type kind struct {
	typeSystem, typ, display string
	subtypeSystem, subtype   string
	own                      string // further subtype
	name                     string // of the profile of Basic Audit; "" for none
	query                    bool   // what was asked for is an entity
	client, server, user     string // codes of the agents
}

func kindOf(e *Event) kind {
	k := kind{typeSystem: terminology + "audit-event-type", typ: "rest", display: "RESTful Operation", subtypeSystem: "http://hl7.org/fhir/restful-interaction",
		subtype: strings.TrimSuffix(e.Interaction, "-conditional"), client: "110153", server: "110152", user: "AUT", query: true}
	switch i := e.Interaction; {
	case i == "sign-in", i == "sign-out":
		k.typeSystem, k.typ, k.display = dicom, "110114", "User Authentication"
		k.subtypeSystem, k.subtype, k.own, k.user = dicom, map[string]string{"sign-in": "110122", "sign-out": "110123"}[i], i, "IRCP"
	case i == command, i == retained, i == recovered:
		k.typeSystem, k.typ, k.display = dicom, "110100", "Application Activity"
		k.subtypeSystem, k.subtype, k.user = ownSubtypes, i, "IRCP"
	case i == emergency:
		k.typeSystem, k.typ, k.display = dicom, "110113", "Security Alert"
		k.subtypeSystem, k.subtype, k.own, k.user = dicom, "110127", i, "IRCP"
	case i == "read", i == "vread":
		k.client, k.server, k.user, k.name, k.query = "110152", "110153", "IRCP", "Read", false
	case strings.HasPrefix(i, "search"):
		k.user, k.name = "IRCP", "Query"
	case strings.HasPrefix(i, "history"):
		k.user = "IRCP"
	case e.Action() == 'C':
		k.name, k.query = "Create", conditional(e)
	case e.Action() == 'U':
		k.name, k.query = "Update", conditional(e)
	case e.Action() == 'D':
		k.name, k.query, k.client = "Delete", conditional(e), "110150"
	default:
		k.subtype, k.own, k.user = "operation", i, "IRCP"
		if i == "transaction" || i == "batch" {
			k.subtype, k.own = i, ""
		}
	}
	return k
}

// conditional reports whether a write was asked for by a search.
func conditional(e *Event) bool {
	return strings.HasSuffix(e.Interaction, "-conditional") || strings.Contains(e.Target, " If-None-Exist: ")
}

// profiles are those that a part of an event meets: of Basic Audit, reads and writes
// are of one resource.
func (k kind) profiles(p *parts, part int) []any {
	list := []any{ukCore}
	one := k.name == "Query" || !k.query && len(p.of(part)) == 1 && p.Shown[p.of(part)[0]].ID != ""
	if k.name == "" || p.Status >= 400 || !one {
		return list
	}
	name := k.name
	if p.patient(part) != "" {
		name = "Patient" + name
	}
	return append(list, balp+"StructureDefinition/IHE.BasicAudit."+name)
}

// outcome is that of an event, none of a command that was recorded before it was
// carried out.
func outcome(e *Event) string {
	switch status := e.Status; {
	case begun(e):
		return ""
	case status >= 500:
		return "8"
	case status >= 400:
		return "4"
	}
	return "0"
}

// begun reports whether an event is of a command that is not carried out yet.
func begun(e *Event) bool { return e.Interaction == command && e.Status == 202 }

func outcomeText(e *Event) string {
	text := ""
	if begun(e) {
		text = "Begun. What becomes of it is an event of its own."
	}
	if e.Denied() {
		text = "Refused."
	}
	if e.Unrecorded > 0 {
		text += " It stands for further refusals that have no record of their own."
	}
	return strings.TrimSpace(text)
}

// agents are the client's program, the server and the person or system that
// asked.
func (s Site) agents(e *Event, k kind) fhir.Value {
	coding := func(system, code string) fhir.Value {
		return fhir.Obj("coding", fhir.List(fhir.Obj("system", system, "code", code)))
	}
	client := fhir.Obj("display", "unknown program")
	if e.By.Client != "" {
		client = fhir.Obj("identifier", fhir.Obj("system", clientSystem, "value", e.By.Client))
	}
	serverSystem := dicom
	if k.name == "Delete" {
		serverSystem, k.server = terminology+"provenance-participant-type", "custodian"
	}
	var roles []any
	for _, r := range e.By.Roles {
		roles = append(roles, fhir.Obj("text", r))
	}
	var purposes []any
	if e.By.Purpose != "" {
		purposes = append(purposes, coding(terminology+"v3-ActReason", e.By.Purpose))
	}
	return fhir.List(
		fhir.Obj("type", coding(dicom, k.client), "who", client, "requestor", false, "network", network(e.Address)),
		fhir.Obj("type", coding(serverSystem, k.server), "who", s.self(), "requestor", false, "network", network(s.Address)),
		fhir.Obj("type", coding(terminology+"v3-ParticipationType", k.user), "role", fhir.List(roles...), "who", who(e.By.Agent, e.By.Display), "altId", e.By.OnBehalf,
			"name", e.By.Display, "requestor", true, "purposeOfUse", fhir.List(purposes...)),
	)
}

// self is the server.
func (s Site) self() fhir.Value {
	name := s.Name
	if name == "" {
		name = "Pestle"
	}
	if s.ODS == "" {
		return fhir.Obj("display", name)
	}
	return fhir.Obj("identifier", fhir.Obj("system", odsSystem, "value", s.ODS), "display", name)
}

// network is an address: https://hl7.org/fhir/R4/valueset-network-type.html
func network(address string) fhir.Value {
	kind := "1"
	switch {
	case address == "":
		address = "unknown"
	case net.ParseIP(address) != nil:
		kind = "2"
	case strings.Contains(address, "://"):
		kind = "5"
	}
	return fhir.Obj("address", address, "type", kind)
}

// localReference is that of a resource of the server, by type and id.
var localReference = regexp.MustCompile(`^[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}$`)

// shortSystems are the systems that the names of agents abbreviate.
var shortSystems = map[string]string{"sds-user-id": "https://fhir.nhs.uk/Id/sds-user-id"}

// agentOf is how an AuditEvent names an agent: a reference, or the system and the
// value of an identifier.
func agentOf(agent string) (reference, system, value string) {
	if localReference.MatchString(agent) || strings.Contains(agent, "://") && !strings.Contains(agent, "|") {
		return agent, "", ""
	}
	if before, after, ok := strings.Cut(agent, "|"); ok && before != "" && after != "" && !strings.ContainsAny(before, " \t\n") {
		if long := shortSystems[before]; long != "" {
			before = long
		}
		return "", before, after
	}
	return "", agentSystem, agent
}

// agentKey is an agent among the terms of the index.
func agentKey(agent string) string {
	reference, system, value := agentOf(agent)
	if reference != "" {
		return reference
	}
	return system + "|" + value
}

func who(agent, display string) fhir.Value {
	if agent == "" {
		return fhir.Obj("display", "the server itself")
	}
	reference, system, value := agentOf(agent)
	if reference != "" {
		return fhir.Obj("reference", reference, "display", display)
	}
	return fhir.Obj("identifier", fhir.Obj("system", system, "value", value), "display", display)
}

// entities are what was shown of a patient, the patient, what was asked, and the
// request.
func entities(p *parts, part int) fhir.Value {
	e, patient := p.Event, p.patient(part)
	coding := func(system, code string) fhir.Value { return fhir.Obj("system", system, "code", code) }
	object, role := coding(terminology+"audit-entity-type", "2"), func(code string) fhir.Value { return coding(terminology+"object-role", code) }
	var list []any
	for _, i := range p.of(part) {
		s := &e.Shown[i]
		if s.ID == "" {
			continue
		}
		reference := s.Type + "/" + s.ID
		if s.VersionID != "" {
			reference += "/_history/" + s.VersionID
		}
		list = append(list, fhir.Obj("what", fhir.Obj("reference", reference), "type", object, "role", role("4")))
	}
	k := kindOf(e)
	if len(list) == 0 && !k.query {
		list = append(list, fhir.Obj("what", fhir.Obj("display", e.Target), "type", object, "role", role("4")))
	}
	if patient != "" {
		list = append(list, fhir.Obj("what", fhir.Obj("reference", "Patient/"+patient), "type", coding(terminology+"audit-entity-type", "1"), "role", role("1")))
	}
	if k.query {
		list = append(list, fhir.Obj("type", object, "role", role("24"), "description", strings.TrimSpace(e.Method+" "+e.Target), "query", base64.StdEncoding.EncodeToString([]byte(e.Target))))
	}
	if e.RequestID != "" {
		list = append(list, fhir.Obj("what", fhir.Obj("identifier", fhir.Obj("value", e.RequestID)), "type", coding(balp+"CodeSystem/BasicAuditEntityType", "XrequestId")))
	}
	return fhir.List(list...)
}
