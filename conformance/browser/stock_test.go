package browser

import (
	"github.com/stretchr/testify/assert"
)

// stock is the work with the stock by the keyboard: goods are received by a form that says at
// its field what is wrong, and are in the list then; and the record of who is responsible.
func (d *desk) stock() {
	d.t.Helper()
	d.visit("/console/stock")
	d.looks("stock with nothing")
	h := &hand{desk: d, keyboard: true}
	h.press("Receive goods", "From whom it was received")
	d.looks("form of goods")
	h.fill("Product", "322237000")
	h.fill("Quantity", "40")
	h.fill("Batch", "P77")
	d.script(`document.querySelector("input[type=date]").value = "2020-01-31", ""`)
	h.fill("From whom it was received", "Example Wholesale")
	d.key("Enter", 2)
	d.shows("What is expired is not taken into the stock.")
	assert.Equal(d.t, "problem", d.script("document.activeElement.id"), "what is wrong has the focus")
	d.looks("form of goods that is refused")
	d.script(`document.querySelector("input[type=date]").value = new Date(Date.now() + 40 * 86400000).toISOString().slice(0, 10), ""`)
	h.fill("From whom it was received", "")
	d.key("Enter", 2)
	d.shows("The goods are entered.")
	d.shows("Balance 40 tablets")
	h.press("Reorder level", "Reorder when less than this is available")
	h.fill("Reorder when less", "100")
	d.key("Enter", 2)
	d.shows("Less is available than the reorder level.")
	d.looks("stock")
	h.press("Adjust", "How much is added")
	d.looks("form of an adjustment")
	d.visit("/console/responsible")
	d.shows("is responsible for the pharmacy")
	d.looks("responsible pharmacist")
	h.press("Record an absence", "Nothing is supplied until you are back.")
	d.looks("form of an absence")
	d.visit("/console/register")
	d.looks("register")
}
