package register

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestScripts runs the scripts in testdata: each file of an archive is the register
// of a pharmacy, one command on a line that begins with ">", and below it what came
// of it. -update rewrites the answers. A word is told apart from the next by a blank,
// and _ is one within a word.
//
//	now DAY                          the clock, at nine
//	who AGENT NAME                   who calls from here on; AGENT - for an unbound caller
//	supply ID CODE AMOUNT DAY STATUS [key=value…]   a version of a MedicationDispense;
//	                                 named=contained, stored, second or claimed names its medicine in another way
//	remove ID, purge ID              deletes it; erases it for good
//	NAME [key=value…]                an operation; parties as name/address or name/role/identifier
//	put ENTRY, delete ENTRY          an entry altered and removed by hand, by its number on the page; derived=yes as the server
//	forge                            an entry written by hand
//	show [key=value…], csv           the register
//	check                            the recount
//	act ACT [key=value…]             $responsible-pharmacist
//	responsible                      what stands in its record
//	pass DURATION                    the clock goes on
//	system                           who calls from here on has no roles
//	hand                             the record is changed, removed and made by hand; derived=yes removed by the server
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		for i := range archive.Files {
			f := &archive.Files[i]
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+f.Name, func(t *testing.T) {
				got := runScript(t, string(f.Data))
				if *update {
					f.Data = []byte(got)
					return
				}
				require.Equal(t, string(f.Data), got)
			})
		}
		if *update {
			require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o600))
		}
	}
}

func runScript(t *testing.T, script string) string {
	o := Options{}
	if strings.Contains(script, "# persons") {
		o.Responsible = AskPersons
	}
	if strings.Contains(script, "# also CD3") {
		o.Also = []string{"CD3"}
	}
	w := newWorld(t, o)
	require.NoError(t, w.write(true, fhir.Change{Method: fhir.Update, Type: "Patient", ID: "ada", Resource: fhir.Obj("resourceType", "Patient", "id", "ada",
		"name", fhir.List(fhir.Obj("given", fhir.List("Ada"), "family", "Archer")), "address", fhir.List(fhir.Obj("line", fhir.List("1 High Street"), "postalCode", "LS1 1AA"))).Resource()}))
	var out strings.Builder
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#"):
			out.WriteString(line + "\n")
		case strings.HasPrefix(line, ">"):
			out.WriteString(line + "\n")
			said := strings.TrimRight(w.do(strings.Fields(line[1:])), "\n")
			if said != "" {
				out.WriteString("  " + strings.ReplaceAll(said, "\n", "\n  ") + "\n")
			}
		}
	}
	return out.String()
}

var ids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

func (w *world) do(words []string) string {
	opts := map[string]string{}
	var rest []string
	for _, word := range words[1:] {
		word = strings.ReplaceAll(word, "_", " ")
		if k, v, ok := strings.Cut(word, "="); ok {
			opts[k] = v
		} else {
			rest = append(rest, word)
		}
	}
	switch words[0] {
	case "now":
		at, err := time.Parse(time.DateOnly, rest[0])
		require.NoError(w.t, err)
		w.now = at.Add(9 * time.Hour)
		return ""
	case "who":
		w.who.Agent, w.who.Display, w.who.Unbound = rest[0], rest[1], rest[0] == "-"
		if w.who.OnBehalf = "FA565"; opts["org"] != "" {
			w.who.OnBehalf = opts["org"]
		}
		return ""
	case "supply":
		err := w.supply(rest[0], rest[1], rest[2], rest[3], rest[4], append(extras(opts), w.named(opts["named"])...)...)
		w.pages(Query{}) // so that it is entered at this time of the clock
		return told(nil, err)
	case "remove":
		err := w.remove(rest[0])
		w.pages(Query{})
		return told(nil, err)
	case "purge":
		_, err := w.db.Commit(w.t.Context(), &fhir.Transaction{Time: w.now, Changes: []fhir.Change{{Method: fhir.Delete, Type: "MedicationDispense", ID: rest[0], Purge: true}}})
		w.pages(Query{})
		return told(nil, err)
	case "put", "delete":
		return told(nil, w.alter(words[0], rest[0], opts["derived"] != ""))
	case "act":
		opts["act"] = rest[0]
		return w.operation("responsible-pharmacist", opts)
	case "responsible":
		p, err := responsibleOf(w.db.State(w.t.Context()), w.who.OnBehalf)
		require.NoError(w.t, err)
		return strings.TrimSpace(fmt.Sprintln(p.Presence, p.Who.Name, p.Number, instant(p.Since), instant(p.Left), p.Away, p.By.Name, p.Note))
	case "pass":
		d, err := time.ParseDuration(rest[0])
		require.NoError(w.t, err)
		w.now = w.now.Add(d)
		return ""
	case "system":
		w.who.Roles = nil
		return ""
	case "hand":
		return w.hand(opts["derived"] != "")
	case "goods": // a requisition, or goods that are delivered, as somebody writes them
		r := requisitionOf(rest[0], rest[1], opts)
		if opts["delivered"] != "" {
			r = fhir.Obj("resourceType", "SupplyDelivery", "id", rest[0], "status", rest[1], "suppliedItem", fhir.Obj("itemCodeableConcept", r.Get("itemCodeableConcept"), "quantity", r.Get("quantity")), "supplier", keeper(strings.TrimSuffix("FA565", opts["theirs"]))).Resource()
		}
		method := fhir.Update
		if opts["delete"] != "" {
			method, r = fhir.Delete, nil
		}
		return told(nil, w.write(false, fhir.Change{Method: method, Type: map[bool]string{true: "SupplyDelivery", false: "SupplyRequest"}[opts["delivered"] != ""], ID: rest[0], Resource: r}))
	case "forge":
		return told(nil, w.write(false, fhir.Change{Method: fhir.Create, Type: "Basic", Resource: fhir.Obj("resourceType", "Basic", "code", record("obtained")).Resource()}))
	case "show", "csv":
		q := Query{Book: Book(opts["book"]), Product: opts["product"], Class: opts["class"], From: nhs.ReadDate(opts["from"]), To: nhs.ReadDate(opts["to"])}
		if at := opts["at"]; at != "" {
			q.At, _ = time.Parse(time.RFC3339, at)
		}
		var b bytes.Buffer
		write := w.pages(q).WriteText
		if words[0] == "csv" {
			write = w.pages(q).WriteCSV
		}
		require.NoError(w.t, write(&b))
		return ids.ReplaceAllString(b.String(), "ID")
	case "check":
		if wrong := w.recount(); wrong != nil {
			return ids.ReplaceAllString(strings.Join(wrong, "\n"), "ID")
		}
		return "the register agrees with the log"
	}
	return w.operation(words[0], opts)
}

// requisitionOf is the requisition of an id, to the pharmacy where that is "mine".
func requisitionOf(id, status string, opts map[string]string) *fhir.Resource {
	item, asked := fhir.Value{}, fhir.Value{}
	if of := opts["of"]; of != "" {
		product, amount, _ := strings.Cut(of, ":")
		item = fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSDMD, "code", product)))
		asked = fhir.Obj("value", fhir.Raw(amount), "unit", "tablets")
	}
	return fhir.Obj("resourceType", "SupplyRequest", "id", id, "status", status, "itemCodeableConcept", item, "quantity", asked,
		"supplier", fhir.List(keeper(map[bool]string{true: "FA565", false: "X99PH"}[strings.HasPrefix(id, "mine")]))).Resource()
}

// named are ways to name the medicine of a MedicationDispense; the one of the script
// is replaced.
func (w *world) named(how string) []any {
	product := fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSDMD, "code", "1")))
	switch how {
	case "contained":
		return []any{"medicationReference", fhir.Obj("reference", "#m"), "contained", fhir.List(fhir.Obj("resourceType", "Medication", "id", "m", "code", product))}
	case "stored":
		require.NoError(w.t, w.write(true, fhir.Change{Method: fhir.Update, Type: "Medication", ID: "m", Resource: fhir.Obj("resourceType", "Medication", "id", "m", "code", product).Resource()}))
		return []any{"medicationReference", fhir.Obj("reference", "Medication/m")}
	case "second":
		return []any{"medicationCodeableConcept", fhir.Obj("coding", fhir.List(fhir.Obj("system", "urn:own", "code", "x"), fhir.Obj("system", nhs.CSDMD, "code", "11")), "text", "tablets")}
	case "claimed":
		return []any{"medicationCodeableConcept", fhir.Obj("text", "Something new 5mg tablets"), "authorizingPrescription", fhir.List(fhir.Obj("reference", "#o")),
			"contained", fhir.List(fhir.Obj("resourceType", "MedicationRequest", "id", "o", "extension", fhir.List(fhir.Obj("url", nhs.ExtControlled,
				"extension", fhir.List(fhir.Obj("url", "schedule", "valueCoding", fhir.Obj("system", nhs.CSControlled, "code", "CD2")))))))}
	}
	return nil
}

// extras are further elements of a MedicationDispense.
func extras(opts map[string]string) (list []any) {
	if c, ok := opts["collector"]; ok {
		list = append(list, "extension", fhir.List(fhir.Obj("url", nhs.ExtOwnCollection, "extension", fhir.List(fhir.Obj("url", "collector", "valueCode", c),
			fhir.Obj("url", "identityRequested", "valueBoolean", true), fhir.Obj("url", "identityProvided", "valueBoolean", false)))))
	}
	if typ, ok := opts["type"]; ok {
		list = append(list, "type", nhs.Concept(nhs.Coding(nhs.CSLineStatus, typ)))
	}
	if batch, ok := opts["batch"]; ok {
		list = append(list, "note", fhir.List(fhir.Obj("text", "Batch "+batch)))
	}
	return list
}

func (w *world) operation(name string, opts map[string]string) string {
	var list []any
	for _, k := range slices.Sorted(maps.Keys(opts)) {
		v := opts[k]
		switch k {
		case "product":
			list = append(list, coding(v))
		case "quantity", "counted", "change":
			list = append(list, amount(k, v))
		case "received", "destroyed", "expiry", "counted-on":
			list = append(list, fhir.Obj("name", k, "valueDate", v))
		case "returned", "denatured":
			list = append(list, fhir.Obj("name", k, "valueBoolean", v == "yes"))
		case "supplied":
			list = append(list, fhir.Obj("name", k, "valueDate", v))
		case "to":
			f := strings.Split(v+"/", "/")
			list = append(list, party("to", "name", f[0], "address", f[1]))
		case "authority", "collector":
			f := strings.Split(v+"/", "/")
			list = append(list, party(k, "name", f[0], "role", f[1]))
		case "identityRequested", "identityProvided":
			list = append(list, fhir.Obj("name", k, "valueBoolean", v == "yes"))
		case "requisition":
			require.NoError(w.t, w.write(true, fhir.Change{Method: fhir.Update, Type: "SupplyRequest", ID: v, Resource: requisitionOf(v, "active", opts)}))
			list = append(list, fhir.Obj("name", k, "valueReference", fhir.Obj("reference", "SupplyRequest/"+v)))
		case "from":
			f := strings.Split(v+"/", "/")
			list = append(list, party("from", "name", f[0], "address", f[1]))
		case "witness":
			f := strings.Split(v+"//", "/")
			list = append(list, party("witness", "name", f[0], "role", f[1], "identifier", f[2]))
		case "entry":
			list = append(list, fhir.Obj("name", k, "valueReference", fhir.Obj("reference", w.entry(v).Ref())))
		default:
			list = append(list, text(k, v))
		}
	}
	reply, err := w.call(name, list...)
	return told(reply, err)
}

// entry is the entry of a number on the first page.
func (w *world) entry(number string) *Entry {
	for _, page := range w.pages(Query{}).List {
		for _, l := range page.Lines {
			if number == strconv.Itoa(l.Number) {
				return l.Entry
			}
		}
	}
	return &Entry{ID: "none"}
}

func (w *world) alter(how, number string, derived bool) error {
	e := w.entry(number)
	change := fhir.Change{Method: fhir.Delete, Type: "Basic", ID: e.ID}
	if how == "put" {
		e.Change = e.Change.Add(e.Change)
		change = e.change()
		change.Method, change.IfAbsent = fhir.Update, false
	}
	return w.write(derived, change)
}

// message is a warning in an answer.
func message(reply *fhir.Reply) string {
	for p := range reply.Resource.Get("parameter").Items() {
		if p.Get("name").Text() == "outcome" {
			return "warning: " + p.Path("resource", "issue").Item(0).Get("diagnostics").Text()
		}
	}
	return ""
}

// hand changes the record of responsible pharmacists in other ways than the operation.
func (w *world) hand(derived bool) string {
	removed := fhir.Change{Method: fhir.Delete, Type: "Basic", ID: responsibleID("FA565")}
	if derived {
		return told(nil, w.write(true, removed))
	}
	p := &Responsible{Org: "FA565", Presence: SignedOut, version: "1"}
	made := &Responsible{Org: "X99PH", Presence: SignedIn, Who: Party{ID: "me"}}
	return told(nil, w.write(false, p.change())) + "\n" + told(nil, w.write(false, removed)) + "\n" + told(nil, w.write(false, made.change()))
}

func told(reply *fhir.Reply, err error) string {
	if e := (*fhir.Error)(nil); errors.As(err, &e) {
		var lines []string
		for _, i := range e.Issues {
			lines = append(lines, strings.TrimSpace("refused "+i.Rule+" "+string(i.Code)+" "+i.Expression)+": "+ids.ReplaceAllString(i.Text(), "ID"))
		}
		return strings.Join(lines, "\n")
	}
	if err != nil {
		return err.Error()
	}
	if reply == nil {
		return ""
	}
	var words []string
	if warned := message(reply); warned != "" {
		words = append(words, warned)
	}
	for p := range reply.Resource.Get("parameter").Items() {
		if q := p.Get("valueQuantity"); q.Exists() {
			words = append(words, p.Get("name").Text()+" "+strings.TrimSpace(q.Get("value").Text()+" "+q.Get("unit").Text()))
		}
	}
	return strings.Join(words, ", ")
}
