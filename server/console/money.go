package console

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/server/page/markup"
)

// monthScreen is a dispensing month as it is claimed: its account, the figures of the
// declaration, what was paid, and what differs.
type monthScreen struct {
	Name          string // "October 2026"
	Org           string
	Run           string // the number of the submission, "" for a preview
	Over          bool   // it can be closed
	Asked         string // who has asked to close it, "" where nobody has
	Times         []fact // until when it is submitted, and when it is paid
	Account       chart
	Figures       []figure
	Summary       table
	Differences   table
	Settle        []tab // decisions on the differences, in their order
	Papers        table
	Doors         []tab
	Files         []tab
	Before, After tab
	Done          string
	Missing       []string
	None          bool // there is no claim in it
}

// figure is one of the declaration.
type figure struct{ Name, Value, Meaning string }

// table is what a CSV of the API holds.
type table struct {
	Caption string
	Head    []string
	Rows    [][]string
	More    int // rows that are not shown
}

// mostCells is how many rows of a CSV are shown; the file has all.
const mostCells = 100

func (m *monthScreen) title() string { return m.Name + " " + m.Org }

func (m *monthScreen) write(w *markup.Writer) {
	w.HTML("<h1>").Text(m.Name).HTML(" ").Text(m.Org).HTML("</h1>\n")
	if m.Done != "" {
		w.HTML(`<p class="note" role="status">`).Text(m.Done).HTML("</p>\n")
	}
	if m.None {
		w.HTML("<p class=\"state\">There is no claim of this month. Claims come by themselves when nothing of a prescription is outstanding.</p>\n")
		m.months(w)
		return
	}
	w.HTML("<p class=\"state\"><strong>")
	switch {
	case m.Run != "":
		w.HTML("Closed: submission ").Text(m.Run).HTML(".")
	case m.Over:
		w.HTML("Over, and not closed yet: the figures are a preview.")
	default:
		w.HTML("Not over yet: the figures are a preview.")
	}
	w.HTML("</strong>")
	if m.Asked != "" {
		w.HTML(" ").Text(m.Asked)
	}
	w.HTML("</p>\n")
	facts(w, m.Times)
	doors(w, m.Doors)
	m.months(w)
	w.HTML("<section aria-labelledby=\"account\">\n<h2 id=\"account\">The account</h2>\n")
	m.Account.write(w)
	w.HTML("</section>\n")
	w.HTML("<section aria-labelledby=\"differences\">\n<h2 id=\"differences\">Payments and differences</h2>\n")
	if len(m.Summary.Rows) == 0 && len(m.Differences.Rows) == 0 {
		w.HTML("<p>Nothing was paid of the month yet, so nothing differs.</p>\n")
	}
	m.Summary.write(w, nil)
	m.Differences.write(w, m.Settle)
	w.HTML("</section>\n")
	if len(m.Papers.Rows) > 0 {
		w.HTML("<section aria-labelledby=\"papers\">\n<h2 id=\"papers\">Papers</h2>\n")
		m.Papers.write(w, nil)
		w.HTML("</section>\n")
	}
	w.HTML("<section aria-labelledby=\"figures\">\n<h2 id=\"figures\">The declaration</h2>\n<div class=\"scroll\" role=\"region\" aria-label=\"Table of the figures\" tabindex=\"0\">\n<table>\n<caption>The figures of the declaration</caption>\n<thead><tr><th scope=\"col\">Figure</th><th scope=\"col\">Value</th><th scope=\"col\">What it is</th></tr></thead>\n<tbody>\n")
	for _, f := range m.Figures {
		w.HTML("<tr><th scope=\"row\"><code>").Text(f.Name).HTML("</code></th><td class=\"money\">").Text(f.Value).HTML("</td><td class=\"meaning\">").Text(f.Meaning).HTML("</td></tr>\n")
	}
	w.HTML("</tbody>\n</table>\n</div>\n</section>\n")
	if len(m.Missing) > 0 {
		w.HTML("<p>Not for your role: ").Text(strings.Join(m.Missing, ", ")).HTML(".</p>\n")
	}
	doorsOf(w, "Files", m.Files)
}

// months leads to the months before and after.
func (m *monthScreen) months(w *markup.Writer) {
	if m.Before.Text != "" {
		w.HTML("<nav aria-label=\"Months\"><ul class=\"doors\"><li>")
		m.Before.write(w)
		w.HTML("</li><li>")
		m.After.write(w)
		w.HTML("</li></ul></nav>\n")
	}
}

// write writes a table, with a link at the end of each row where there is one.
func (t *table) write(w *markup.Writer, links []tab) {
	if len(t.Rows) == 0 {
		return
	}
	w.HTML("<div class=\"scroll\" role=\"region\" tabindex=\"0\"").Attr("aria-label", "Table: "+t.Caption).HTML(">\n<table>\n<caption>").Text(t.Caption).HTML("</caption>\n<thead><tr>")
	for _, h := range t.Head {
		w.HTML("<th scope=\"col\">").Text(h).HTML("</th>")
	}
	if len(links) > 0 {
		w.HTML("<th scope=\"col\">Decision</th>")
	}
	w.HTML("</tr></thead>\n<tbody>\n")
	for i, r := range t.Rows {
		w.HTML("<tr>")
		for _, c := range r {
			w.HTML("<td>").Text(c).HTML("</td>")
		}
		if len(links) > 0 {
			w.HTML("<td>")
			if i < len(links) && links[i].Text != "" {
				links[i].write(w)
			}
			w.HTML("</td>")
		}
		w.HTML("</tr>\n")
	}
	w.HTML("</tbody>\n</table>\n</div>\n")
	if t.More > 0 {
		w.HTML("<p>").Text(strconv.Itoa(t.More)).HTML(" rows more are in the file.</p>\n")
	}
}

// worksMoney reports whether the role sees the figures of a month.
func (v *visit) worksMoney() bool { return v.acts("Claim/$month-figures") }

func (v *visit) thisMonth() (view, error) {
	return nil, &elsewhere{address("money", v.now().Format("2006-01"))}
}

// csvOf asks for a CSV of a month; ok is false where the role may not, or there is none.
func (v *visit) csvOf(op, month, org, list string) (rows [][]string, status int, err error) {
	if !v.acts("Claim/$" + op) {
		return nil, http.StatusForbidden, nil
	}
	w, err := v.raw(http.MethodGet, "Claim/$"+op+"?"+values("month", month, "org", org, "list", list), nil, "Accept", "text/csv")
	if err != nil || w.status >= 300 {
		if err == nil {
			status = w.status
		}
		return nil, status, err
	}
	rows, err = csv.NewReader(&w.body).ReadAll()
	return rows, w.status, err
}

// tableOf is a CSV as a table, without its first column where that is an id.
func tableOf(caption string, rows [][]string) (t table) {
	t.Caption = caption
	if len(rows) == 0 {
		return t
	}
	t.Head, t.Rows = rows[0], rows[1:]
	if t.More = len(t.Rows) - mostCells; t.More > 0 {
		t.Rows = t.Rows[:mostCells]
	}
	t.More = max(0, t.More)
	return t
}

// account are the figures of which the account is made, with what they are.
var account = []fact{{"BASIC_PRICES", "Basic prices"}, {"DISCOUNT", "Discount deduction"}, {"FEES_AND_ALLOWANCES", "Fees and allowances"}, {"PRESCRIPTION_CHARGES", "Prescription charges"}, {"NET", "Net"}}

func (v *visit) month() (view, error) {
	name := v.r.PathValue("month")
	month, err := time.ParseInLocation("2006-01", name, v.config.Zone)
	if err != nil {
		return v.nowhere()
	}
	if !v.worksMoney() {
		return nil, &problem{status: http.StatusForbidden, heading: "This is not for your role", message: "The month is for finance and auditors."}
	}
	org := v.org()
	figures, status, err := v.csvOf("month-figures", name, org, "")
	if err != nil {
		return nil, err
	}
	if status >= 300 && status != http.StatusBadRequest {
		return nil, refusedBy(&answer{status: status})
	}
	out := &monthScreen{Name: month.Format("January 2006"), Org: org, Over: v.now().After(month.AddDate(0, 1, 0)), Done: doneWords(v.r.URL.Query().Get("done")),
		Before: tab{Text: "← " + month.AddDate(0, -1, 0).Format("January 2006"), Href: address("money", month.AddDate(0, -1, 0).Format("2006-01"))}, After: tab{Text: month.AddDate(0, 1, 0).Format("January 2006") + " →", Href: address("money", month.AddDate(0, 1, 0).Format("2006-01"))}}
	out.Account = chart{Title: "The account of " + out.Name, Unit: "£"}
	for _, r := range figures[min(1, len(figures)):] {
		f := figure{r[0], r[1], r[2]}
		out.Figures = append(out.Figures, f)
		switch f.Name {
		case "RUN":
			if f.Value != "preview" {
				out.Run = f.Value
			}
		case "SUBMISSION_DEADLINE", "EARLY_ADVANCE", "RECONCILED_PAYMENT":
			out.Times = append(out.Times, fact{map[string]string{"SUBMISSION_DEADLINE": "Submit by", "EARLY_ADVANCE": "Advance", "RECONCILED_PAYMENT": "Payment"}[f.Name], momentOf(f.Value, v.now()).Words})
		case "NUMBER_TOTAL_ITEMS":
			out.Times = append(out.Times, fact{"Items", f.Value})
		}
		if i := slices.IndexFunc(account, func(a fact) bool { return a.Name == f.Name }); i >= 0 {
			out.Account.Bars = append(out.Account.Bars, bar{account[i].Value, f.Value})
		}
	}
	if out.None = len(figures) == 0; out.None { // 400: it has no claims
		return out, nil
	}
	if err := v.paid(out, name, org); err != nil {
		return nil, err
	}
	v.monthDoors(out, name)
	return out, nil
}

// org is the pharmacy whose month is looked at: that of the person, or, for who sees all,
// the one that the address names.
func (v *visit) org() string {
	if org := v.r.URL.Query().Get("org"); org != "" {
		return org
	}
	return v.person.Organisation
}

// paid reads what was paid of a month, and its papers.
func (v *visit) paid(out *monthScreen, name, org string) error {
	for _, part := range []struct {
		op, list, caption, words string
		into                     *table
	}{
		{"month-differences", "summary", "What was claimed, paid and explained", "payments", &out.Summary},
		{"month-differences", "", "Differences", "differences", &out.Differences},
		{"papers", "", "Papers that go to the NHSBSA", "papers", &out.Papers},
	} {
		rows, status, err := v.csvOf(part.op, name, org, part.list)
		if err != nil {
			return err
		}
		if status == http.StatusForbidden {
			out.Missing = append(out.Missing, part.words)
			continue
		}
		*part.into = tableOf(part.caption, rows)
	}
	if out.Run == "" { // nothing was submitted that could be paid
		out.Summary = table{}
	}
	for i, r := range out.Differences.Rows {
		link := tab{}
		if id := r[0]; id != "" && v.acts("Claim/$settle-difference") && !slices.Contains(r, "completed") {
			link = tab{Text: "Decide", Href: address("money", name, "settle-difference") + "?" + values("difference", id)}
		}
		out.Settle = append(out.Settle, link)
		out.Differences.Rows[i] = r[1:]
	}
	if len(out.Differences.Head) > 0 {
		out.Differences.Head = out.Differences.Head[1:]
	}
	return nil
}

// monthDoors are what can be done with a month, and its files.
func (v *visit) monthDoors(out *monthScreen, name string) {
	if v.at() != "" {
		return
	}
	for _, a := range acts {
		if a.typ == "Claim" && a.op != "settle-difference" && v.acts("Claim/$"+a.op) && v.operation("Claim", a.op) != nil && (a.op != "close-month" || out.Over) {
			out.Doors = append(out.Doors, tab{Text: a.words, Href: address("money", name, a.op)})
		}
	}
	for _, f := range monthFiles {
		if v.acts("Claim/$" + f.op) {
			out.Files = append(out.Files, tab{Text: f.words, Href: address("money", name, "file", f.name) + "?" + values("org", v.r.URL.Query().Get("org"))})
		}
	}
}

// monthFiles are the files of a month.
var monthFiles = []struct{ name, words, op, list, accept string }{
	{"figures.csv", "Figures (CSV)", "month-figures", "", "text/csv"},
	{"claims.csv", "Claims (CSV)", "month-figures", "claims", "text/csv"},
	{"differences.csv", "Differences (CSV)", "month-differences", "", "text/csv"},
	{"papers.csv", "Papers (CSV)", "papers", "", "text/csv"},
	{"statement.pdf", "Statement (PDF)", "month-statement", "", "application/pdf"},
}

// file answers with a file of a month, as the API has it.
func (v *visit) file() (view, error) {
	for _, f := range monthFiles {
		if f.name != v.r.PathValue("file") {
			continue
		}
		w, err := v.raw(http.MethodGet, "Claim/$"+f.op+"?"+values("month", v.r.PathValue("month"), "org", v.org(), "list", f.list), nil, "Accept", f.accept)
		if err != nil {
			return nil, err
		}
		if w.status >= 300 {
			return nil, refusedBy(&answer{status: w.status})
		}
		h := v.w.Header()
		h.Set("Content-Type", w.header.Get("Content-Type"))
		h.Set("Content-Disposition", `attachment; filename="`+url.PathEscape(v.r.PathValue("month")+"-"+f.name)+`"`)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		_, _ = v.w.Write(w.body.Bytes()) // the browser went away
		return nil, errSent
	}
	return v.nowhere()
}
