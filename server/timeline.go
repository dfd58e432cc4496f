package server

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// timeline is the operation that lists what happened to a patient. R4 has the newest
// versions of a compartment ($everything), and the history of a resource or a type.
var timeline = fhir.Operation{Name: "timeline", Type: "Patient", Instance: true, Idempotent: true,
	Doc: "Returns every version of the Patient and of what is or was in their compartment, and of the Tasks for them, deletions too, the newest first: a Bundle of the type history, whose pages are of one state of the database.",
	Parameters: []fhir.Parameter{
		{Name: "_type", Kinds: []string{"valueCode", "valueString"}, Repeated: true, Doc: "The types of resources that are asked for, separated by commas. Without it, all that the caller may search."},
		{Name: "_since", Kinds: []string{"valueInstant", "valueDateTime"}, Doc: "Only what was written since then."},
		{Name: "_at", Kinds: []string{"valueInstant", "valueDateTime", "valueDate", "valueString"}, Repeated: true, Doc: "Only what was current then; with the prefix ge, gt, le or lt a bound of a period, as of a history. le asks for what had happened by then."},
		{Name: "_count", Kinds: []string{"valueInteger"}, Doc: "How many versions a page has."},
	}}

func (s *Server) timeline(c *gin.Context) error {
	x := exchangeOf(c)
	x.interaction = "$" + timeline.Name
	params, err := s.operationParams(c, timeline.Parameters)
	if err != nil {
		return err
	}
	if s.operations.find(timeline.Name, c.Param("type"), c.Param("id") != "") == nil {
		return s.operations.unknown(c)
	}
	if _, err := s.config.Repository.Read(c.Request.Context(), timeline.Type, c.Param("id")); err != nil {
		return err
	}
	own := cloned(params)
	delete(own, "_type")
	delete(own, pageParam) // which is of the types too
	q, self, err := s.historyQuery(c, own)
	if err != nil {
		return err
	}
	if q.Members, err = s.timelineOf(x, params["_type"]); err != nil {
		return err
	}
	if list := params["_type"]; list != nil {
		self["_type"] = list
	}
	if token := params.Get(pageParam); token != "" {
		if err := s.openHistoryPage(x, &q, sealedFor(c, self), token); err != nil {
			return err
		}
		self.Set(pageParam, token)
	}
	if err := x.toil(c.Request.Context()); err != nil {
		return err
	}
	return s.sendHistory(c, q, self)
}

// ofTimeline are the types of a timeline with the parameters by which they belong to a
// patient: those of R4's compartment, and Task, which it lacks and whose parameter patient
// is the same. https://hl7.org/fhir/R4/compartmentdefinition-patient.html
func ofTimeline() map[string][]string {
	members := map[string][]string{"Task": {"patient"}, timeline.Type: nil}
	for _, typ := range search.Members(timeline.Type) {
		if typ != timeline.Type {
			members[typ] = r4.CompartmentParams(timeline.Type, typ)
		}
	}
	return members
}

// timelineOf are the types of a timeline: those of the lists, else all, that the caller may
// search for a patient. AuditEvents are in a log of their own.
func (s *Server) timelineOf(x *exchange, lists []string) (map[string][]string, error) {
	members := ofTimeline()
	types, err := x.searched(lists, slices.Sorted(maps.Keys(members)))
	if err != nil {
		return nil, err
	}
	for _, list := range lists {
		for _, typ := range strings.Split(list, ",") {
			if _, ok := members[typ]; !ok && typ != "" {
				return nil, fhir.E("timeline", fhir.NotSupported, fhir.Issue{Expression: "_type", Message: "Nothing of this type belongs to a patient.", Expected: strings.Join(slices.Sorted(maps.Keys(members)), ", "), Found: typ})
			}
		}
	}
	if slices.Contains(types, "AuditEvent") {
		return nil, fhir.E("timeline", fhir.NotSupported, fhir.Issue{Expression: "_type", Message: "The audit log is not part of a timeline.", Found: "AuditEvent", Fix: "Search AuditEvent?patient=Patient/[id]."})
	}
	out := map[string][]string{}
	for _, typ := range types {
		if typ == timeline.Type {
			out[typ] = nil
			continue
		}
		var hidden error
		for _, param := range members[typ] { // those by which the caller could search
			q, _, err := search.Parse(typ, url.Values{param: {timeline.Type + "/-"}}, search.Options{Own: x.own})
			if err == nil {
				err = x.permitReached(q)
			}
			if err == nil {
				out[typ] = append(out[typ], param)
			} else {
				hidden = err
			}
		}
		if out[typ] == nil && lists != nil {
			return nil, hidden
		}
	}
	return out, nil
}
