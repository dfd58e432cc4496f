package console

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir/checkdigit"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// mostFound is how many people are listed: of more none is, and more has to be told.
const mostFound = 10

// findScreen is the page of the search: what was looked for is in no address.
type findScreen struct {
	Asked   string // as it was typed
	Message string // what came of it
	Way     string // how it was understood
	Found   []found
}

// found is a patient or a prescription.
type found struct{ Text, Note, Href string }

func (f *findScreen) title() string { return "Find" }

func (f *findScreen) write(w *markup.Writer) {
	w.HTML("<h1>Find a patient or prescription</h1>\n")
	if f.Message != "" {
		w.HTML(`<p class="note" role="status">`).Text(f.Message).HTML("</p>\n")
	}
	if len(f.Found) > 0 {
		w.HTML("<ul class=\"found\">\n")
		for _, x := range f.Found {
			w.HTML("<li><a").Attr("href", x.Href).HTML(">").Text(x.Text).HTML("</a> <span>").Text(x.Note).HTML("</span></li>\n")
		}
		w.HTML("</ul>\n")
	}
	w.HTML(`<form class="consent" method="post" action="/console/find">
<p><label for="q">What the caller says</label><br><input id="q" name="q" autocomplete="off" spellcheck="false" aria-describedby="ways"`).Attr("value", f.Asked).HTML(`></p>
<p class="answers"><button class="primary">Find</button></p>
</form>
<div id="ways">
<p>Type one of these:</p>
<ul>
<li>the NHS number, ten digits</li>
<li>the number of a prescription, such as 8F133B-A83001-00001Z</li>
<li>the surname and the date of birth: Smith 14/03/1989, or Smith, Anna 14 Mar 1989</li>
<li>the postcode and the date of birth: LS1 1AA 14/03/1989</li>
<li>the telephone number</li>
</ul>
</div>
`)
}

func (v *visit) findForm() (view, error) {
	if !v.may("Patient", auth.Search) {
		return nil, &problem{status: http.StatusForbidden, heading: "This is not for your role", message: "Patients are looked for by the people of the pharmacy and its auditors."}
	}
	return &findScreen{}, nil
}

// sought is what somebody looks for.
type sought struct {
	way   string   // how it is said
	typ   string   // Patient or Task
	pairs []string // of the search
	order string   // the number of a prescription
	wrong string   // why nothing is looked for
}

var (
	shortID  = regexp.MustCompile(`^[0-9A-Z]{6}-?[0-9A-Z]{6}-?[0-9A-Z]{5}[0-9A-Z+]$`)
	dateForm = regexp.MustCompile(`(?i)\b(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[-/. ](?:\d{1,2}|[a-z]{3,9})[-/. ]\d{4})\b`)
	postcode = regexp.MustCompile(`(?i)^[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}$`)
)

// dateLayouts are how people write a date of birth.
var dateLayouts = []string{"2006-1-2", "2/1/2006", "2-1-2006", "2.1.2006", "2 1 2006", "2 Jan 2006", "2-Jan-2006", "2/Jan/2006", "2 January 2006"}

// birthIn takes a date out of a text.
func birthIn(text string) (day, rest string) {
	at := dateForm.FindStringIndex(text)
	if at == nil {
		return "", text
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, strings.TrimSpace(text[at[0]:at[1]])); err == nil {
			return t.Format(time.DateOnly), strings.Trim(strings.TrimSpace(text[:at[0]]+" "+text[at[1]:]), ",;")
		}
	}
	return "", text
}

const nhsNumber = "https://fhir.nhs.uk/Id/nhs-number"

// soughtIn understands what somebody typed.
func soughtIn(text string) sought {
	text = strings.Join(strings.Fields(text), " ")
	bare := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "").Replace(text)
	upper := strings.ToUpper(strings.ReplaceAll(text, " ", ""))
	switch {
	case text == "":
		return sought{wrong: "Nothing was typed. Type what the caller says, such as the NHS number."}
	case len(bare) == 10 && isDigits(bare) && !strings.HasPrefix(bare, "0"):
		if !checkdigit.NHSNumber(bare) {
			return sought{way: "NHS number", wrong: "This is not an NHS number: its last digit does not fit the others. Have it read to you again."}
		}
		return sought{way: "NHS number", typ: "Patient", pairs: []string{"identifier", nhsNumber + "|" + bare}}
	case len(bare) >= 10 && isDigits(strings.TrimPrefix(bare, "+")):
		return sought{way: "telephone number", typ: "Patient", pairs: []string{"phone", literal(text) + "," + literal(bare)}}
	case shortID.MatchString(upper):
		if !strings.Contains(upper, "-") {
			upper = upper[:6] + "-" + upper[6:12] + "-" + upper[12:]
		}
		if issuer, want, ok, formed := checkdigit.PrescriptionID(upper); formed && !ok && checkdigit.Scheme(issuer) && want != 0 {
			return sought{way: "prescription", wrong: "This is not the number of a prescription: its last character does not fit the others. Have it read to you again."}
		}
		return sought{way: "prescription", typ: "Task", order: upper}
	}
	born, rest := birthIn(text)
	switch {
	case born == "":
		return sought{way: "name", wrong: "More is needed: type the date of birth too, such as Smith 14/03/1989."}
	case rest == "":
		return sought{way: "date of birth", wrong: "More is needed: type the surname or the postcode too."}
	case postcode.MatchString(rest):
		return sought{way: "postcode and date of birth", typ: "Patient", pairs: []string{"address-postalcode", literal(strings.ToUpper(rest)), "birthdate", born}}
	}
	family, given, comma := strings.Cut(rest, ",")
	if words := strings.Fields(rest); !comma && len(words) > 1 { // given names come first without a comma
		family, given = words[len(words)-1], words[0]
	}
	pairs := []string{"family", literal(strings.TrimSpace(family)), "birthdate", born}
	if first := strings.Fields(given); len(first) > 0 {
		pairs = append(pairs, "given", literal(first[0]))
	}
	return sought{way: "name and date of birth", typ: "Patient", pairs: pairs}
}

// find looks for what was typed. One hit is opened at once; of more than ten none is
// listed.
func (v *visit) find() (view, error) {
	out := &findScreen{Asked: strings.TrimSpace(v.form.Get("q"))}
	what := soughtIn(out.Asked)
	if out.Message, out.Way = what.wrong, what.way; what.wrong != "" {
		return out, nil
	}
	if what.order != "" {
		return v.findOrder(out, what)
	}
	path := v.searched(what.typ, append(what.pairs, "_count", strconv.Itoa(mostFound), "_total", "accurate", "_sort", "family")...)
	if path == "" {
		return nil, &problem{status: http.StatusForbidden, heading: "This is not for your role", message: "Your role does not look for patients."}
	}
	a, err := v.ask(http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	if a.status == http.StatusBadRequest || a.status == http.StatusForbidden {
		out.Message = "Your role does not look for patients by " + what.way + ". Use another way."
		return out, nil
	}
	if !a.ok() {
		return nil, refusedBy(a)
	}
	list := ofType(a.resources(), "Patient")
	switch n := max(a.total(), len(list)); {
	case n == 0:
		out.Message = "Nobody was found by " + what.way + ". Check it with the caller, or use another way: the number of the prescription, the postcode and the date of birth, the telephone number."
	case n > mostFound:
		out.Message = strconv.Itoa(n) + " people fit, and none is listed. Ask for more: the NHS number, or the given name."
	case n == 1:
		return nil, &elsewhere{address("patient", list[0].ID())}
	default:
		out.Message = strconv.Itoa(n) + " people fit by " + what.way + ". Compare with what the caller says."
		for _, p := range list {
			b := v.bannerOf(p)
			out.Found = append(out.Found, found{Text: b.Name, Note: strings.Join(nonempty([]string{b.Born, b.Address}), ", "), Href: address("patient", b.ID)})
		}
	}
	return out, nil
}

func (v *visit) findOrder(out *findScreen, what sought) (view, error) {
	answers, err := v.read(v.searched("Task", "group-identifier", literal(what.order), "code", "prescription-order", "_count", "1"))
	if err != nil {
		return nil, err
	}
	if answers[0].status == http.StatusForbidden {
		return nil, refusedBy(answers[0])
	}
	if len(answers[0].resources()) == 0 {
		out.Message = "There is no prescription " + what.order + " here. Check the number, or find the patient by the NHS number, or by name and date of birth."
		return out, nil
	}
	return nil, &elsewhere{address("order", what.order)}
}
