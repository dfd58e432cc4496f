package profiles

import (
	"maps"
	"slices"
	"strings"
)

// The elements and attributes that a narrative may use, and where: the formatting of
// HTML 4.0, chapters 7 to 11 (without section 9.4, ins and del) and 15, without forms,
// scripts, frames and objects (R4, Narrative, txt-1; HTML 4.0, the loose DTD).
var (
	narrativeElements = words(`a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em
		h1 h2 h3 h4 h5 h6 hr i img kbd li map ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt u ul var`)

	// Attributes of all elements, those of the cells of tables among them: what lays a
	// table out does no harm elsewhere.
	everywhere = words(`title style class id idref lang xml:lang xml:space dir accesskey tabindex span width align valign char charoff
		abbr axis headers scope rowspan colspan xmlns`)
	ownAttributes = map[string]map[string]bool{
		"a":          words("charset coords href hreflang name rel rev shape type"),
		"area":       words("alt coords href nohref shape"),
		"blockquote": words("cite"),
		"br":         words("clear"),
		"dl":         words("compact"),
		"hr":         words("size noshade"),
		"img":        words("alt border height ismap longdesc name src usemap hspace vspace"),
		"li":         words("type value"),
		"map":        words("name"),
		"ol":         words("type start compact"),
		"q":          words("cite"),
		"table":      words("bgcolor border cellpadding cellspacing frame rules summary"),
		"td":         words("bgcolor height nowrap"),
		"th":         words("bgcolor height nowrap"),
		"tr":         words("bgcolor"),
		"ul":         words("type compact"),
	}

	// Elements that hold only certain others, and no text.
	holds = map[string]map[string]bool{
		"area": nil, "br": nil, "col": nil, "hr": nil, "img": nil,
		"colgroup": words("col"),
		"dl":       words("dt dd"),
		"map":      words("area"),
		"ol":       words("li"),
		"table":    words("caption col colgroup thead tfoot tbody tr"),
		"tbody":    words("tr"),
		"tfoot":    words("tr td th"),
		"thead":    words("tr td th"),
		"tr":       words("td th"),
		"ul":       words("li"),
	}
	// Elements that are only in certain others.
	standsIn = map[string]map[string]bool{
		"caption": words("table"), "col": words("table colgroup"), "colgroup": words("table"),
		"dd": words("dl"), "dt": words("dl"), "li": words("ul ol"),
		"tbody": words("table"), "tfoot": words("table"), "thead": words("table"),
		"td": words("tr thead tfoot"), "th": words("tr thead tfoot"), "tr": words("table tbody tfoot thead"),
	}
	// Elements of one run of text, and the blocks that none of them may hold.
	ofText = words("a abbr acronym address b bdo big caption cite code dfn dt em h1 h2 h3 h4 h5 h6 i kbd p pre q samp small span strong sub sup tt u var")
	blocks = words("div ol pre table ul")
	// Blocks that are not in a paragraph, however deep.
	notInParagraph = words("blockquote div ol p table ul")
)

func mayHave(element, attribute string) bool {
	return everywhere[attribute] || ownAttributes[element][attribute] || strings.HasPrefix(attribute, "xmlns:")
}

func (d *narrative) attribute(t tag, a attr) {
	message := "A narrative may not use the attribute " + short(a.name) + "."
	for _, own := range ownAttributes {
		if own[a.name] {
			message = "A narrative may not use the attribute " + short(a.name) + " on <" + short(t.name) + ">."
		}
	}
	d.say("txt-1", message, "basic HTML formatting", short(a.name+`="`+a.value+`"`), "")
}

// nested asks that an element is where HTML has it.
func (d *narrative) nested(t tag) {
	around, paragraphs := d.m.open, d.m.texts
	if !t.empty { // it is open itself
		around = around[:len(around)-1]
		if t.name == "p" {
			paragraphs--
		}
	}
	if len(around) == 0 || !narrativeElements[t.name] {
		return
	}
	in := around[len(around)-1]
	only, limited := holds[in]
	homes := standsIn[t.name]
	switch {
	case limited && !only[t.name]:
		d.say("txt-1", "In HTML <"+in+"> does not hold <"+t.name+">.", inElements(only), "<"+t.name+"> in <"+in+">", "")
	case homes != nil && !homes[in]:
		d.say("txt-1", "In HTML <"+t.name+"> is not allowed in <"+short(in)+">.", inElements(homes)+" around it", "<"+t.name+"> in <"+short(in)+">", "")
	case ofText[in] && blocks[t.name]:
		d.say("txt-1", "In HTML <"+in+"> holds text, no block such as <"+t.name+">.", "the block beside it", "<"+t.name+"> in <"+in+">", "Close <"+in+"> before it, or write <div> for <"+in+">.")
	case paragraphs > 0 && notInParagraph[t.name]:
		d.say("txt-1", "In HTML a paragraph holds no <"+t.name+">.", "the block beside the paragraph", "<"+t.name+"> in <p>", "Close the paragraph before it.")
	}
}

// textIn refuses text where an element holds only others.
func (d *narrative) textIn(text string) {
	if d.outside() {
		return
	}
	in := d.m.open[len(d.m.open)-1]
	if only, limited := holds[in]; limited {
		d.say("txt-1", "In HTML <"+in+"> does not hold text.", inElements(only), short(strings.TrimSpace(text)), "")
	}
}

func inElements(set map[string]bool) string {
	if len(set) == 0 {
		return "nothing in it"
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(set)) {
		names = append(names, "<"+name+">")
	}
	return strings.Join(names, ", ")
}
