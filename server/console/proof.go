package console

import (
	"net/http"
	"strconv"

	"github.com/pestle-fhir/pestle/server/page/markup"
)

// Proved is what the answer to $proof proves: that a version is a leaf of the log of
// changes, whose root was signed.
type Proved struct {
	Leaf, Size uint64 // which leaf, of how many in the signed tree
	Root       string
	Log        string // the name in the signature
	Stored     string // when it was committed, as an instant
}

// proved is the proof of a version on the page of its history.
type proved struct {
	Version string
	Facts   []fact
	Wrong   string // why it proves nothing, "" where it does
	Href    string // the proof itself
}

func (p *proved) write(w *markup.Writer) {
	w.HTML("<section class=\"answer\" aria-labelledby=\"proof\">\n<h2 id=\"proof\">Proof of version ").Text(p.Version).HTML("</h2>\n")
	if p.Wrong != "" {
		w.HTML(`<p class="wrong"><strong>`).Text(p.Wrong).HTML("</strong></p>\n")
	} else {
		w.HTML("<p class=\"state\"><strong>It is as it was logged.</strong></p>\n<p>The server has computed the leaf from what is stored, the root from the leaf, and compared that with the root that was signed.</p>\n")
	}
	facts(w, p.Facts)
	w.HTML("<p><a").Attr("href", p.Href).HTML(">The proof itself</a>: <code>pestle verify</code> verifies it without this server. <a href=\"/docs/proof.md\">What is proved</a></p>\n</section>\n")
}

// proofOf asks for the proof of a version and verifies it.
func (v *visit) proofOf(typ, id, version string) (*proved, error) {
	at := typ + "/" + id + "/_history/" + version + "/$proof"
	out := &proved{Version: version, Href: fhirPath + "/" + at}
	a, err := v.raw(http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	if a.status >= 300 || v.config.Verify == nil {
		out.Wrong = "There is no proof yet: what was stored a moment ago is signed within a second."
		if a.status != http.StatusConflict {
			out.Wrong = "The server has no proof of it."
		}
		return out, nil
	}
	p, err := v.config.Verify(a.body.Bytes())
	if err != nil {
		out.Wrong = "It is not what was logged: " + err.Error()
		return out, nil
	}
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	stored, _ := timeOf(p.Stored, v.config.Zone)
	out.Facts = []fact{{"Leaf", number(p.Leaf) + " of a tree of " + number(p.Size)}, {"Committed", stored.Format("2 Jan 2006 15:04:05.000 MST")}, {"Signed root", p.Root}, {"Log", p.Log}}
	return out, nil
}
