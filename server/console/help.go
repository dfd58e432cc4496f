package console

import "github.com/pestle-fhir/pestle/server/page/markup"

// helpScreen lists the keys and says where to go.
type helpScreen struct{ Groups []keys }

// keys are the keys of a part of the console.
type keys struct {
	Where string
	Keys  []fact
}

func (h *helpScreen) title() string { return "Help" }

func (h *helpScreen) write(w *markup.Writer) {
	w.HTML("<h1>Help</h1>\n<p class=\"lead\">Everything here is done with the mouse, by touch, or by these keys. A single letter acts only while the list of a queue has the focus, and can be switched off.</p>\n")
	for i, g := range h.Groups {
		id := "keys-" + string(rune('a'+i))
		w.HTML("<section").Attr("aria-labelledby", id).HTML(">\n<h2").Attr("id", id).HTML(">").Text(g.Where).HTML("</h2>\n<dl class=\"keys\">\n")
		for _, k := range g.Keys {
			w.HTML("<div><dt><kbd>").Text(k.Name).HTML("</kbd></dt><dd>").Text(k.Value).HTML("</dd></div>\n")
		}
		w.HTML("</dl>\n</section>\n")
	}
	w.HTML(`<section aria-labelledby="letters">
<h2 id="letters">Single letters</h2>
<p><label><input type="checkbox" id="letters-off"> Switch the single letters off in this browser</label></p>
<noscript><p>The keys need JavaScript; without it every act is a link or a button.</p></noscript>
</section>
`)
}

func (v *visit) help() (view, error) {
	return &helpScreen{Groups: []keys{
		{"Everywhere", []fact{{"Ctrl K", "to the box that finds a patient or a prescription"}, {"Ctrl Enter", "sends the form in which you are"}, {"Esc", "leaves the form: back to where you were"}, {"F6", "to the next part of the page"}}},
		{"In the list of a queue", []fact{{"↓ ↑", "to the next row, and the one before; its review opens beside the list. Home, End, Page Down and Page Up too, J and K"}, {"Enter", "opens the review"},
			{"A", "approves, at once where there is nothing to answer and no controlled drug"}, {"R", "rejects: a form asks why"}, {"Q", "asks the clinic"}, {"H", "holds"}, {"S", "records the second check"}, {"D", "dispenses"}, {"T", "takes the prescription up"},
			{"N", "shows what is new or has changed"}, {"C", "copies the id"}, {"?", "this page"}}},
	}}, nil
}

// accessibilityScreen is the statement of what the console can be used with.
type accessibilityScreen struct{}

func (*accessibilityScreen) title() string { return "Accessibility" }

func (*accessibilityScreen) write(w *markup.Writer) {
	w.HTML(`<h1>Accessibility of this console</h1>
<p class="lead">The console is made to meet the Web Content Accessibility Guidelines 2.2, level AA.</p>
<section aria-labelledby="can">
<h2 id="can">What you can do</h2>
<ul>
<li>use it by the keyboard alone, and see where the focus is</li>
<li>magnify it to 400 %, or use it on a screen that is 320 pixels wide, without scrolling in two directions but within tables</li>
<li>listen to it with a screen reader: headings, landmarks, captions of tables, and what came of an act are announced</li>
<li>have it light or dark, with more contrast, or in the colours of your system</li>
<li>read everything and send every form without JavaScript</li>
<li>stay signed in: before your session is over you are asked, and one key keeps it</li>
</ul>
</section>
<section aria-labelledby="how">
<h2 id="how">How it is tested</h2>
<p>Every page is parsed for headings, labels, captions and titles by the tests of the program, and the pages are examined in a browser by axe-core and HTML_CodeSniffer where these can be installed. Such tools find a part of what is wrong; tell us of the rest.</p>
</section>
<section aria-labelledby="tell">
<h2 id="tell">Tell us</h2>
<p>Tell who runs this server what you cannot do. They answer for it.</p>
</section>
`)
}

func (v *visit) accessibility() (view, error) { return &accessibilityScreen{}, nil }
