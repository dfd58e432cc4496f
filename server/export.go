package server

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/auth"
)

// exportInputs are the parameters of $export: Bulk Data Access 2.0,
// https://hl7.org/fhir/uv/bulkdata/export.html
var exportInputs = []fhir.Parameter{
	{Name: "_outputFormat", Kinds: []string{"valueString", "valueCode"}, Only: ndjsonNames, Doc: "The format of the files: NDJSON."},
	{Name: "_since", Kinds: []string{"valueInstant", "valueDateTime"}, Doc: "Only what was written since then; and what was deleted since, as Bundles of deletions."},
	{Name: "_type", Kinds: []string{"valueCode", "valueString"}, Repeated: true, Doc: "The types of resources that are asked for, separated by commas. By default all that the caller may read but definitions and the audit log."},
	{Name: "_typeFilter", Kinds: []string{"valueString"}, Repeated: true, Doc: "A search, MedicationRequest?status=active, that resources of its type meet; of several of one type, one of them."},
	{Name: "_elements", Kinds: []string{"valueString"}, Repeated: true, Doc: "The elements of resources that are asked for, name or Patient.name, separated by commas."},
	{Name: "_until", Kinds: []string{"valueInstant", "valueDateTime"}, Unsupported: "an export is as of when it is asked for."},
	{Name: "includeAssociatedData", Kinds: []string{"valueCode", "valueString"}, Repeated: true, Unsupported: "Provenance of a record is exported with it."},
	{Name: "organizeOutputBy", Kinds: []string{"valueCode", "valueString"}, Unsupported: "each file has resources of one type."},
	{Name: "allowPartialManifests", Kinds: []string{"valueBoolean"}, Unsupported: "the manifest comes when all files are known."},
}

// patientInput goes with exports of the records of patients.
var patientInput = fhir.Parameter{Name: "patient", Kinds: []string{"valueReference", "valueString"}, Repeated: true, Doc: "The patients whose records are asked for, by references Patient/[id]; by default all."}

var ndjsonNames = []string{ndjson, "application/ndjson", "ndjson"}

const ndjson = "application/fhir+ndjson"

// exports are the operations $export, as they are described.
func exports() []fhir.Operation {
	const doc = "Exports resources as files of NDJSON, in the background; the answer says where to ask for them. "
	ofPatients := append(slices.Clone(exportInputs), patientInput)
	return []fhir.Operation{
		{Name: "export", Idempotent: true, Parameters: exportInputs, Doc: doc + "Of all that the caller sees."},
		{Name: "export", Type: "Patient", Idempotent: true, Parameters: ofPatients, Doc: doc + "Of the records of patients."},
		{Name: "export", Type: "Group", Instance: true, Idempotent: true, Parameters: ofPatients, Doc: doc + "Of the records of the patients who are members of a group."},
	}
}

// export is what a bulk export is of, and how far it is.
type export struct {
	Level   string     `json:"level"` // system, patient or members
	Params  url.Values `json:"params"`
	Types   []string   `json:"types"`
	Members []string   `json:"members,omitempty"` // ids of the patients, of a group or as they were named
	Notes   []byte     `json:"notes,omitempty"`   // an OperationOutcome on what was left aside
	Since   time.Time  `json:"since"`

	// AsOf and Time are the state that is exported, AsOf 0 before it is known.
	AsOf  fhir.Seq     `json:"asOf"`
	Time  time.Time    `json:"time"`
	At    exportPlace  `json:"at"` // what comes next
	Files []exportFile `json:"files"`
}

// maxMembers bounds the patients that an export names one by one.
const maxMembers = 20_000

// export takes on an export.
func (s *Server) export(c *gin.Context) error {
	x := exchangeOf(c)
	x.interaction = "$export"
	op := s.operations.find("export", x.resourceType, c.Param("id") != "")
	if op == nil {
		return s.operations.unknown(c)
	}
	if x.identity.Roles != nil && !x.identity.Roles.AllowOperation("$export", "") {
		return beyondRole("$export")
	}
	if c.Request.Method == http.MethodHead {
		return s.methodNotAllowed(c, "GET, POST")
	}
	if x.nested {
		return fhir.E("export", fhir.NotSupported, fhir.Issue{Message: "An export is not an entry of a Bundle.", Fix: "Ask for it by itself."})
	}
	lenient := s.lenient(c.Request.Header)
	var notes []fhir.Issue
	if lenient {
		notes = leaveUnknown(x.query, op.Parameters)
	}
	params, err := s.operationParams(c, op.Parameters)
	if err != nil {
		return err
	}
	e := &export{Level: "system", Params: params}
	if value := strings.ReplaceAll(params.Get("_since"), " ", "+"); value != "" {
		var ok bool
		if e.Since, _, ok = search.Period(value); !ok {
			return fhir.E("export", fhir.Invalid, fhir.Issue{Expression: "_since", Message: "The time is malformed.", Expected: instantExample, Found: value})
		}
	}
	possible := r4.ResourceTypes()
	if op.Type != "" {
		e.Level, possible = "patient", ofRecords()
	}
	if e.Types, err = x.exported(params["_type"], possible, lenient, &notes); err != nil {
		return err
	}
	if op.Type == "Group" || params.Has("patient") {
		e.Level = "members"
		if err := s.members(c, e, op.Type == "Group"); err != nil {
			return err
		}
	}
	if _, err := s.exporting(c.Request.Context(), x, e); err != nil { // it must be one that can be carried out
		return err
	}
	if len(notes) > 0 {
		e.Notes = fhir.Outcome(notes).JSON()
	}
	one := s.newJob(x, x.base+strings.TrimPrefix(c.Request.URL.RequestURI(), x.prefix))
	one.Export = e
	return s.accepted(c, one)
}

// leaveUnknown takes the parameters out of a query that an operation does not have or
// act on, and says so.
func leaveUnknown(query url.Values, declared []fhir.Parameter) (notes []fhir.Issue) {
	for name := range withoutFormat(cloned(query)) {
		at := slices.IndexFunc(declared, func(p fhir.Parameter) bool { return p.Name == name })
		if at >= 0 && declared[at].Unsupported == "" || search.Added(name) {
			continue
		}
		delete(query, name)
		notes = append(notes, fhir.Issue{Severity: fhir.Warning, Code: fhir.NotSupported, Expression: name, Message: "The parameter " + name + " is not supported and was left aside."})
	}
	return notes
}

// ofRecords are the types of which the record of a patient is.
func ofRecords() []string {
	types := append([]string{"Patient"}, search.Members("Patient")...)
	slices.Sort(types)
	return slices.Compact(types)
}

// exported are the types of an export that the caller may read and search: those that
// _type names, which have to be, else all of them.
func (x *exchange) exported(lists, possible []string, lenient bool, notes *[]fhir.Issue) ([]string, error) {
	may := func(typ string) bool {
		return typ != "AuditEvent" && x.maySome(typ, auth.Search) && x.maySome(typ, auth.Read)
	}
	var named, types []string
	for _, list := range lists {
		for _, typ := range strings.Split(list, ",") {
			if typ = strings.TrimSpace(typ); typ == "" || slices.Contains(named, typ) {
				continue
			}
			named = append(named, typ)
			switch {
			case !r4.IsResource(typ):
				return nil, placed(unknownType(typ, "_type"), "_type")
			case typ == "AuditEvent" && slices.Contains(possible, typ):
				return nil, fhir.E("export", fhir.NotSupported, fhir.Issue{Expression: "_type", Message: "The audit log is not part of an export.", Fix: "Search AuditEvent, or use pestle audit export."})
			case !slices.Contains(possible, typ) && lenient:
				*notes = append(*notes, fhir.Issue{Severity: fhir.Warning, Code: fhir.NotSupported, Expression: "_type", Message: "A " + typ + " is not part of the record of a patient and was left aside."})
				continue
			case !slices.Contains(possible, typ):
				return nil, fhir.E("export", fhir.Invalid, fhir.Issue{Expression: "_type", Message: "A " + typ + " is not part of the record of a patient.", Expected: "types of the compartment of Patient", Found: typ, Fix: "Ask for it at the base: $export?_type=" + typ + "."})
			case !may(typ):
				if err := x.permitSome(typ, auth.Read); err != nil {
					return nil, err
				}
				return nil, x.lacks(typ, auth.Search)
			}
			types = append(types, typ)
		}
	}
	if named == nil {
		for _, typ := range possible { // definitions are many, and the same everywhere: they are asked for by name
			if may(typ) && !auth.Definition(typ) {
				types = append(types, typ)
			}
		}
	}
	if len(types) == 0 && named == nil {
		return nil, lacking("system/[type].rs")
	}
	return types, nil
}

// members are the patients of a group, and of those the ones that are named.
func (s *Server) members(c *gin.Context, e *export, group bool) error {
	x, ctx := exchangeOf(c), c.Request.Context()
	var in []string
	if group {
		if err := x.permitSome("Group", auth.Read); err != nil {
			return err
		}
		v, err := s.config.Repository.Read(ctx, "Group", c.Param("id"))
		if err != nil {
			return err
		}
		if v.Deleted() {
			return s.gone(ctx, v)
		}
		x.show(v)
		if in, err = patientsOf(x, v); err != nil {
			return err
		}
	}
	e.Members = in
	if list := e.Params["patient"]; list != nil {
		e.Members = nil
		for _, value := range list {
			for _, ref := range strings.Split(value, ",") {
				typ, id := search.Local(strings.TrimSpace(ref), x.own)
				if typ != "Patient" {
					return fhir.E("export", fhir.Invalid, fhir.Issue{Expression: "patient", Message: "The reference is not to a Patient of this server.", Expected: "Patient/[id]", Found: ref})
				}
				v, err := s.config.Repository.Read(ctx, "Patient", id)
				if err == nil && (v.Deleted() || group && !slices.Contains(in, id)) {
					err = fhir.E("export", fhir.NotFound, fhir.Issue{Message: "There is no such Patient here.", Found: ref})
				}
				if err != nil {
					return placed(err, "patient")
				}
				if !slices.Contains(e.Members, id) {
					e.Members = append(e.Members, id)
				}
			}
		}
	}
	if len(e.Members) > maxMembers {
		return fhir.E("export", fhir.TooCostly, fhir.Issue{Message: "The export is of more patients than can be named one by one.", Expected: "at most 20,000", Fix: "Use Patient/$export, or smaller groups."})
	}
	return nil
}

// elementsOf are the elements of a type that _elements asks for; nil for all.
func elementsOf(params url.Values, typ string) (list []string, issues []fhir.Issue) {
	known := r4.TypeOf(typ)
	for _, name := range strings.Split(strings.Join(params["_elements"], ","), ",") {
		of, element, qualified := strings.Cut(strings.TrimSpace(name), ".")
		if !qualified {
			of, element = typ, of
		}
		if element == "" || of != typ {
			continue
		}
		if known != nil && known.Element(element) == nil {
			if qualified {
				issues = append(issues, unknownElement(known, element))
			}
			continue
		}
		list = append(list, element)
	}
	if list == nil && mentions(params["_elements"], typ) {
		list = []string{"id"} // and what it must have
	}
	return list, issues
}

// mentions reports whether _elements says anything that goes for a type.
func mentions(lists []string, typ string) bool {
	return slices.ContainsFunc(lists, func(l string) bool {
		return slices.ContainsFunc(strings.Split(l, ","), func(name string) bool {
			of, _, qualified := strings.Cut(strings.TrimSpace(name), ".")
			return of != "" && (!qualified || of == typ)
		})
	})
}
