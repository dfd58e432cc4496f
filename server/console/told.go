package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
)

// mostVersionsTold is how many versions a timeline is made of: the newest.
const mostVersionsTold = 200

// toldTypes are the types of a timeline, and what they are to who is not shown them.
var toldTypes = []fact{{"Task", "steps of the prescription"}, {"MedicationDispense", "supplies"}, {"CommunicationRequest", "questions to the clinic"}, {"Communication", "messages"}, {"Patient", "changes of the record"}}

// untold are the kinds of a timeline that the role is not shown.
func (v *visit) untold() (list []string) {
	for _, t := range toldTypes {
		if !v.reads(t.Name) {
			list = append(list, t.Value)
		}
	}
	return list
}

// timelineOf is the address of Patient/$timeline with what the role is shown, since a time
// where one is given.
func (v *visit) timelineOf(patient, since string) string {
	var types []string
	for _, t := range toldTypes {
		if v.reads(t.Name) {
			types = append(types, t.Name)
		}
	}
	if len(types) == 0 || !v.may("Patient", auth.Read) || !fhir.IsID(patient) {
		return ""
	}
	at := ""
	if v.at() != "" {
		at = "le" + v.at()
	}
	return "Patient/" + patient + "/$timeline?" + values("_type", strings.Join(types, ","), "_since", since, "_at", at, "_count", strconv.Itoa(mostVersionsTold))
}

// lived is a resource with its versions in a timeline, the newest first.
type lived struct {
	typ      string
	versions []*fhir.Resource
	deleted  fhir.Node // the entry of its deletion
	changes  []fhir.Node
}

// tell adds what the versions of a timeline tell of what fits: what resources say as they
// are now, the steps of prescriptions, changes of the record, and what was deleted.
func (v *visit) tell(t *timeline, a *answer, fits func(*fhir.Resource) bool) {
	if !a.ok() {
		if a.status != http.StatusForbidden {
			t.Missing = append(t.Missing, "what cannot be read now")
		}
		return
	}
	lives := map[string]*lived{}
	var order []string
	n := 0
	for e := range a.resource.Get("entry").Items() {
		n++
		ref := refOf(e.Get("fullUrl").Text())
		l := lives[ref]
		if l == nil {
			l = &lived{typ: ref[:strings.IndexByte(ref, '/')]}
			lives[ref], order = l, append(order, ref)
		}
		switch r := e.Get("resource"); {
		case r.Exists():
			l.versions = append(l.versions, a.resource.Sub(r))
			l.changes = append(l.changes, e)
		case len(l.versions) == 0 && !l.deleted.Exists():
			l.deleted = e
		}
	}
	for _, ref := range order {
		v.tellLife(t, lives[ref], fits)
	}
	for link := range a.resource.Get("link").Items() {
		if link.Get("relation").Text() == "next" {
			t.Cut = n
		}
	}
}

func (v *visit) tellLife(t *timeline, l *lived, fits func(*fhir.Resource) bool) {
	if len(l.versions) == 0 {
		return // of what it was, nothing is known
	}
	newest := l.versions[0]
	switch {
	case l.typ == "Patient":
		for i, e := range l.changes {
			if newest.VersionID() != "" && l.versions[i].VersionID() != "1" {
				t.Events = append(t.Events, event{When: momentOf(e.Path("response", "lastModified").Text(), v.now()), Kind: "Record", Words: "Changed by " + writtenBy(e.Path("response", "outcome", "issue").Item(0).Get("details"))})
			}
		}
		return
	case fits != nil && !fits(newest):
		return
	case coded(newest.Get("category").Item(0), ownSystems+"CodeSystem/note") != "":
		e := event{When: momentOf(newest.Get("sent").Text(), v.now()), Kind: "Note", Words: newest.Get("payload").Item(0).Get("contentString").Text()}
		if by := writtenBy(l.changes[0].Path("response", "outcome", "issue").Item(0).Get("details")); e.Words != "" {
			e.Words += " – " + by
		} else {
			e.Words = "For the people of the pharmacy, from " + by
		}
		t.Events = append(t.Events, e)
		return
	case codedIn(newest.Get("code"), "message-event") == "prescription-order":
		v.steps(t, l.versions)
	}
	v.happened(t, []*fhir.Resource{newest}, nil)
	if l.deleted.Exists() {
		words := l.typ
		if i := slices.IndexFunc(toldTypes, func(f fact) bool { return f.Name == l.typ }); i >= 0 {
			words = "Of: " + toldTypes[i].Value
		}
		t.Events = append(t.Events, event{When: momentOf(l.deleted.Path("response", "lastModified").Text(), v.now()), Kind: "Deleted", Words: words})
	}
}

// refOf is the type and id at the end of an address.
func refOf(address string) string {
	steps := strings.Split(address, "/")
	if len(steps) < 2 {
		return "/"
	}
	return strings.Join(steps[len(steps)-2:], "/")
}
