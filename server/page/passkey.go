package page

import (
	"encoding/json"

	"github.com/pestle-fhir/pestle/server/page/markup"
)

// Passkey is a form that the browser completes with a passkey.
type Passkey struct {
	Kind      string         // "get" to sign in with one, "create" to make one: methods of navigator.credentials
	Options   map[string]any // for the method, bytes in base64url
	Challenge string         // the one in Options, as the form sends it back
	Button    string         // what is written on the button
}

// open begins the form, which is sent to a path. The script finds in it what to ask
// the browser for.
func (p *Passkey) open(w *markup.Writer, path string) {
	options, err := json.Marshal(p.Options)
	if err != nil {
		panic(err) // they are words, numbers and lists of them
	}
	w.HTML(`<form class="consent" method="post"`).Attr("action", path).Attr("data-passkey", p.Kind).Attr("data-options", string(options)).HTML(">\n")
}

// answer is what the script completes.
func (p *Passkey) answer(w *markup.Writer) {
	hidden(w, "challenge", p.Challenge)
	hidden(w, "answer", "")
	w.HTML(`<p class="problem" role="alert" hidden></p>
<noscript><p class="problem"><strong>Passkeys need JavaScript.</strong> Allow it for this address, or use another browser.</p></noscript>
`)
}

// passkeyScript is our script that asks for passkeys.
func passkeyScript(w *markup.Writer) {
	w.HTML(`<script type="module"`).Attr("src", script).HTML("></script>\n")
}
