package page

import "github.com/pestle-fhir/pestle/server/page/markup"

// page writes what all pages have around the main part of one.
func (s Site) page(title string, main func(w *markup.Writer)) []byte {
	w := &markup.Writer{}
	s.top(w, title)
	main(w)
	w.HTML("</main>\n<footer><p>").Text(s.Name).HTML(" ").Text(s.Version).HTML(", FHIR R4 (4.0.1)</p></footer>\n</body>\n</html>\n")
	return w.Bytes()
}

func (s Site) top(w *markup.Writer, title string) {
	w.HTML(`<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>`).Text(title).HTML(" – ").Text(s.Name)
	if s.Sandbox {
		w.HTML(" SANDBOX")
	}
	w.HTML(`</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet"`).Attr("href", style).HTML(`>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
`)
	if s.Sandbox {
		w.HTML(`<p class="sandbox"><strong>SANDBOX</strong> demo data, this computer only</p>`)
	}
	w.HTML(`
<header>
<a class="brand" href="/"><img src="/favicon.svg" alt="" width="28" height="28">`).Text(s.Name).HTML(`</a>
<nav aria-label="Main">
<ul>
<li><a href="/">Start</a></li>
<li><a href="/fhir/metadata">Metadata</a></li>
`)
	if s.Docs {
		w.HTML(`<li><a href="/docs/">Documentation</a></li>`)
	}
	w.HTML(`
<li><a href="/health">Health</a></li>
`)
	if s.Console {
		w.HTML(`<li><a href="/console">Console</a></li>`)
	}
	if s.People {
		w.HTML(`<li><a href="/account">Account</a></li>`)
	}
	w.HTML(`
</ul>
</nav>
</header>
<main id="main" tabindex="-1">
`)
}

// problem says why something was not done.
func problem(w *markup.Writer, text string) {
	if text != "" {
		w.HTML(`<p class="problem" role="alert"><strong>`).Text(text).HTML("</strong></p>\n")
	}
}

// link writes a link.
func link(w *markup.Writer, l Link) {
	w.HTML("<a").Attr("href", l.Href).HTML(">").Text(l.Text).HTML("</a>")
}

// hidden is a member of a form that the browser sends back.
func hidden(w *markup.Writer, name, value string) {
	w.HTML(`<input type="hidden"`).Attr("name", name).Attr("value", value).HTML(">\n")
}
