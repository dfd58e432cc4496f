package page

import "github.com/pestle-fhir/pestle/server/page/markup"

// Payment is the page on which the card payments of a sandbox are made: it asks for no
// card. Without an Action it says what became of the payment.
type Payment struct {
	Site   Site
	Action string // where the choice goes
	Amount string // £45.75
	To     string // who is paid
	State  string // what became of it
}

// HTML writes the page.
func (p *Payment) HTML() []byte {
	return p.Site.page("Card payment", func(w *markup.Writer) {
		w.HTML("<h1>Card payment</h1>\n")
		if p.Amount != "" {
			w.HTML(`<p class="lead">`).Text(p.Amount + " to " + p.To).HTML("</p>\n")
		}
		if p.State != "" {
			w.HTML("<p>").Text(p.State).HTML("</p>\n")
		}
		if p.Action != "" {
			w.HTML(`<p>This is the sandbox: there is no card and no money. What you choose here is told to the server as a provider of card payments would tell it.</p>
<form class="consent" method="post"`).Attr("action", p.Action).HTML(`>
<p><button name="choice" value="pay">Pay</button> <button name="choice" value="decline">Decline</button></p>
</form>
`)
		}
	})
}
