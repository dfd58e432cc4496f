package main

import (
	"cmp"
	"context"
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/oauth"
)

// chart is where an app's patient is chosen: among those whom its person sees.
type chart struct {
	repository server.Repository
	hidden     func(*fhir.Principal) auth.Hidden
}

// inFull writes a text as the value of a parameter that is compared with all of it.
var inFull = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`)

// mostFound is how many patients or visits can be chosen from.
const mostFound = 20

// Patients finds by the beginning of a name, or by an identifier.
func (c chart) Patients(ctx context.Context, who auth.Identity, find string) ([]oauth.Record, error) {
	find = strings.TrimSpace(find)
	query := url.Values{"name": {inFull.Replace(find)}}
	if digits := strings.ReplaceAll(find, " ", ""); digits != "" && strings.Trim(digits, "0123456789") == "" {
		query = url.Values{"identifier": {digits}}
	}
	return c.search(ctx, who, "Patient", query, patientRecord)
}

// Encounters finds the newest visits of a patient.
func (c chart) Encounters(ctx context.Context, who auth.Identity, patient string) ([]oauth.Record, error) {
	if !who.May("Encounter", auth.Search) || !who.May("Encounter", auth.Read) {
		return nil, nil
	}
	return c.search(ctx, who, "Encounter", url.Values{"patient": {"Patient/" + patient}, "_sort": {"-date"}}, encounterRecord)
}

// Patient reads one.
func (c chart) Patient(ctx context.Context, who auth.Identity, id string) (oauth.Record, error) {
	absent := fhir.E("chart", fhir.NotFound, fhir.Issue{Message: "There is no such patient."})
	if !fhir.IsID(id) || !who.May("Patient", auth.Read) {
		return oauth.Record{}, absent
	}
	v, err := c.repository.Read(seenBy(ctx, &who), "Patient", id)
	if err != nil {
		return oauth.Record{}, err
	}
	if v.Deleted() {
		return oauth.Record{}, absent
	}
	return c.record(ctx, who, v, patientRecord)
}

func (c chart) search(ctx context.Context, who auth.Identity, typ string, query url.Values, in func(*fhir.Resource) oauth.Record) (list []oauth.Record, err error) {
	if !who.May(typ, auth.Search) || !who.May(typ, auth.Read) {
		return nil, nil
	}
	q, _, err := search.Parse(typ, query, search.Options{})
	if err != nil {
		return nil, nil //nolint:nilerr // nobody has such a name
	}
	if h := c.hiddenFrom(who); h != nil {
		if err := h.Query(q); err != nil {
			return nil, nil //nolint:nilerr // the role finds nobody by it
		}
	}
	q.Count = mostFound
	found, err := c.repository.Search(seenBy(ctx, &who), q)
	if err != nil {
		return nil, err
	}
	for _, v := range found.Matches {
		if v.Damage != "" {
			continue
		}
		one, err := c.record(ctx, who, v, in)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// record is a version in words, as the caller is shown it; it is noted that it was.
func (c chart) record(ctx context.Context, who auth.Identity, v *fhir.Version, in func(*fhir.Resource) oauth.Record) (oauth.Record, error) {
	text := v.JSON
	if h := c.hiddenFrom(who); h != nil {
		var err error
		if text, err = h.Answer(text); err != nil {
			return oauth.Record{}, err
		}
	}
	r, err := fhir.Parse(text)
	if err != nil {
		return oauth.Record{}, err
	}
	server.Tell(ctx, v)
	one := in(r)
	one.ID = v.ID
	return one, nil
}

func (c chart) hiddenFrom(who auth.Identity) auth.Hidden {
	if c.hidden == nil {
		return nil
	}
	return c.hidden(&who.Requester)
}

// seenBy is a context in which the store shows what a caller sees. It is of the same
// request.
func seenBy(ctx context.Context, who *auth.Identity) context.Context {
	p := who.Requester
	return fhir.WithPrincipal(ctx, &p)
}

func patientRecord(r *fhir.Resource) oauth.Record {
	out := oauth.Record{Name: "Patient " + r.Get("id").Text()}
	for n := range r.Get("name").Items() {
		var given []string
		for g := range n.Get("given").Items() {
			given = append(given, g.Text())
		}
		if name := strings.TrimSpace(cmp.Or(n.Get("text").Text(), strings.Join(append(given, n.Get("family").Text()), " "))); name != "" {
			out.Name = name
			break
		}
	}
	var notes []string
	if born := r.Get("birthDate").Text(); born != "" {
		notes = append(notes, "born "+born)
	}
	for id := range r.Get("identifier").Items() {
		if id.Get("system").Text() == nhsNumberSystem {
			notes = append(notes, "NHS number "+id.Get("value").Text())
			break
		}
	}
	out.Note = strings.Join(notes, ", ")
	return out
}

// nhsNumberSystem is the system of NHS numbers: UK Core, Identifier systems.
const nhsNumberSystem = "https://fhir.nhs.uk/Id/nhs-number"

func encounterRecord(r *fhir.Resource) oauth.Record {
	out := oauth.Record{Name: "Visit " + r.Get("id").Text()}
	if start := r.Root().Path("period", "start").Text(); start != "" {
		out.Name = "Visit of " + start
	}
	for t := range r.Get("type").Items() {
		if text := cmp.Or(t.Get("text").Text(), first(t.Get("coding")).Get("display").Text()); text != "" {
			out.Note = text + ", "
			break
		}
	}
	out.Note += r.Get("status").Text()
	return out
}

// first is the first item of a list, or nothing.
func first(n fhir.Node) fhir.Node {
	for item := range n.Items() {
		return item
	}
	return fhir.Node{}
}
