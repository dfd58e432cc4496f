package console

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/page"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// frame is what is around every screen.
type frame struct {
	Site            page.Site
	Who, As, Places string // who has signed in, in which roles, and of which organisation
	Pharmacy        string
	Nav             []tab
	Finds           bool   // there is the box to find a patient or a prescription
	Notice          string // of what is open in an emergency
	Past            string // the instant that is looked at, "" for now
	Present         string // where the same page is of now
	Hidden          bool
	AsOf            moment
	JSON            string // the same thing in FHIR, "" where there is no one such thing
	Idle            int    // seconds after which the session is over, 0 where it never is
	Main            view
}

// tab is a link to a screen, of which one is open.
type tab struct {
	Text, Href string
	Count      string // "" where it is not told
	Open       bool
}

// frame is what is around a screen for the person.
func (v *visit) frame(seen view) *frame {
	f := &frame{Site: v.config.Site, Who: v.person.Display, As: strings.Join(v.person.Roles, ", "), Places: v.person.Organisation, Pharmacy: v.config.Pharmacy,
		Nav: v.nav(), Finds: v.may("Patient", auth.Search), Notice: v.notice, Hidden: v.hidden, JSON: v.json, Idle: int(v.config.Idle.Seconds()), Main: seen,
		AsOf: moment{v.started.UTC().Format("2006-01-02T15:04:05Z"), v.started.Format("2 Jan 2006, 15:04:05 MST")}}
	if at := v.at(); at != "" {
		f.Past, f.Present = at, v.r.URL.Path
		f.AsOf = moment{Words: at}
	}
	return f
}

// nav are the screens that the roles of the person let them use.
func (v *visit) nav() (list []tab) {
	path := v.r.URL.Path
	add := func(text, href string, may bool) {
		if may {
			list = append(list, tab{Text: text, Href: href, Open: path == href || strings.HasPrefix(path, href+"/")})
		}
	}
	add("Queues", address("queue"), v.worksQueues() && v.reads("Task"))
	add("Audit", address("audit"), v.audits() && v.acts("$log-consistency"))
	add("Month", address("money"), v.worksMoney())
	add("Register", address("register"), v.acts("Basic/$register"))
	add("Stock", address("stock"), v.worksStock())
	add("Responsible", address("responsible"), v.seesResponsible())
	add("Messages", address("messages"), v.sends())
	add("Try", address("try"), v.tries())
	add("Find", address("find"), v.may("Patient", auth.Search))
	add("Administration", address("admin"), v.administers())
	add("Alerts", address("alerts"), v.acts("$alerts"))
	add("Help", address("help"), true)
	return list
}

// HTML writes the page.
func (f *frame) HTML() []byte {
	w := &markup.Writer{}
	f.head(w)
	f.header(w)
	w.HTML("<main id=\"main\" tabindex=\"-1\">\n")
	if f.Past != "" {
		w.HTML(`<p class="past" role="note"><strong>You look at the past:</strong> what was stored by `).Text(f.Past).HTML(`. Nothing can be done here. <a`).Attr("href", f.Present).HTML(">Look at what is now</a></p>\n")
	}
	f.Main.write(w)
	w.HTML("</main>\n")
	f.footer(w)
	return w.Bytes()
}

func (f *frame) head(w *markup.Writer) {
	w.HTML(`<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>`).Text(f.Main.title()).HTML(" – ").Text(f.Site.Name)
	if f.Site.Sandbox {
		w.HTML(" SANDBOX")
	}
	w.HTML(`</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet"`).Attr("href", page.StyleAddress).HTML(`>
<link rel="stylesheet"`).Attr("href", styleAddress).HTML(`>
<script type="module"`).Attr("src", scriptAddress).HTML(`></script>
</head>
<body class="console"`)
	if f.Idle > 0 {
		w.Attr("data-idle", strconv.Itoa(f.Idle))
	}
	w.HTML(`>
<a class="skip" href="#main">Skip to the content</a>
`)
}

func (f *frame) header(w *markup.Writer) {
	w.HTML("<header>\n")
	if f.Site.Sandbox {
		w.HTML(`<p class="sandbox"><strong>SANDBOX</strong> demo data, this computer only. <a href="/#next">What comes next</a> <a href="/sandbox/people?back=%2Fconsole">Be somebody else</a></p>` + "\n")
	}
	w.HTML("<p class=\"confidential\"><strong>Confidential: personal patient data.</strong> Opened by ").Text(f.Who)
	for _, more := range []string{f.As, f.Places} {
		if more != "" {
			w.HTML(" – ").Text(more)
		}
	}
	if f.Pharmacy != "" {
		w.HTML(" – records of ").Text(f.Pharmacy)
	}
	w.HTML("</p>\n")
	if f.Notice != "" {
		w.HTML(`<p class="emergency" role="note"><strong>A record is open in an emergency.</strong> Everything that you look at is listed to who answers for privacy: `).Text(f.Notice).HTML("</p>\n")
	}
	w.HTML(`<div class="bar">
<a class="brand" href="/console"><img src="/favicon.svg" alt="" width="28" height="28">`).Text(f.Site.Name).HTML(`</a>
<nav aria-label="Main">
<ul>
`)
	for _, t := range f.Nav {
		w.HTML("<li>")
		t.write(w)
		w.HTML("</li>\n")
	}
	w.HTML("</ul>\n</nav>\n")
	if f.Finds {
		w.HTML(`<form class="find" method="post" action="/console/find" role="search">
<label for="find">Patient or prescription</label>
<input id="find" name="q" autocomplete="off" spellcheck="false" aria-keyshortcuts="Control+K">
<button>Find <kbd>Ctrl K</kbd></button>
</form>
`)
	}
	w.HTML("</div>\n</header>\n")
}

func (t *tab) write(w *markup.Writer) {
	w.HTML("<a").Attr("href", t.Href)
	if t.Open {
		w.HTML(` aria-current="page"`)
	}
	w.HTML(">").Text(t.Text)
	if t.Count != "" {
		w.HTML(` <span class="count">`).Text(t.Count).HTML("</span>")
	}
	w.HTML("</a>")
}

func (f *frame) footer(w *markup.Writer) {
	w.HTML("<footer>\n<p>")
	if f.Past == "" {
		w.HTML("As of ")
		f.AsOf.write(w)
		w.HTML(". ")
	}
	if f.Hidden {
		w.HTML("Parts of what is shown here are hidden from your role. ")
	}
	if f.JSON != "" {
		w.HTML("<a").Attr("href", f.JSON).HTML(">The same in FHIR</a>. ")
	}
	w.HTML(`<a href="/console/accessibility">Accessibility</a>. `).Text(f.Site.Name).HTML(" ").Text(f.Site.Version).HTML("</p>\n</footer>\n")
	if f.Idle > 0 {
		w.HTML(`<dialog id="idle" aria-labelledby="idle-title">
<h2 id="idle-title">You will be signed out</h2>
<p>Nothing was done here for a while. In <span id="idle-left">2 minutes</span> you are signed out, so that nobody else uses your session.</p>
<form method="dialog"><button class="primary" autofocus>Stay signed in</button></form>
</dialog>
`)
	}
	w.HTML("</body>\n</html>\n")
}

// write writes a time so that machines and people read it.
func (m *moment) write(w *markup.Writer) {
	if m.Instant == "" {
		w.Text(m.Words)
		return
	}
	w.HTML("<time").Attr("datetime", m.Instant).HTML(">").Text(m.Words).HTML("</time>")
}
