package browser

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hand does what a person does with a page: with the mouse, or with the keyboard alone.
type hand struct {
	*desk
	keyboard bool
	acts     int // clicks, or keys
}

// controls finds, by the words that it begins with, what can be pressed; and what a label names.
const controls = `(() => {
	const begins = (e, words) => (e.innerText || "").trim().startsWith(words)
	const seen = (e) => e.getClientRects().length > 0 && !e.disabled
	const all = (selector) => [...document.querySelectorAll(selector)].filter(seen)
	return { pressed: (words) => all("a, button, summary").find((e) => begins(e, words)),
		labelled: (words) => { const l = all("label").find((e) => begins(e, words)); return l && document.getElementById(l.htmlFor) } }
})()`

func (h *hand) element(kind, words string) string {
	quoted, _ := json.Marshal(words)
	return controls + "." + kind + "(" + string(quoted) + ")"
}

// reach brings the hand to an element: the pointer to its middle, or the focus by Tab.
func (h *hand) reach(element, words string) {
	h.t.Helper()
	h.becomes(`document.readyState === "complete" && `+element+` ? "there" : ""`, func(s string) bool { return s == "there" }, "there is nothing on the page that begins with "+words)
	if h.keyboard {
		for range 300 {
			if h.script(`document.activeElement === `+element+` ? "here" : ""`) == "here" {
				return
			}
			h.key("Tab", 0)
			h.acts++
		}
		require.FailNow(h.t, "Tab does not come to "+words)
	}
	at := strings.Fields(h.script(`(() => { const e = ` + element + `; e.scrollIntoView({block: "center", behavior: "instant"}); const r = e.getBoundingClientRect(); return (r.x + Math.min(r.width / 2, 60)) + " " + (r.y + r.height / 2) })()`))
	require.Len(h.t, at, 2, words)
	x, err := strconv.ParseFloat(at[0], 64)
	require.NoError(h.t, err)
	y, err := strconv.ParseFloat(at[1], 64)
	require.NoError(h.t, err)
	for _, event := range []string{"mousePressed", "mouseReleased"} {
		h.do("Input.dispatchMouseEvent", map[string]any{"type": event, "x": x, "y": y, "button": "left", "clickCount": 1}, nil)
	}
	h.acts++
}

// press presses what begins with words, and waits for a text of what follows.
func (h *hand) press(words, then string) {
	h.t.Helper()
	h.reach(h.element("pressed", words), words)
	if h.keyboard {
		h.key("Enter", 0)
		h.acts++
	}
	h.shows(then)
}

// fill types into what a label names. Of a list, what is typed chooses.
func (h *hand) fill(label, text string) {
	h.t.Helper()
	h.reach(h.element("labelled", label), label)
	h.types(text)
	h.acts += len(text)
}

// tick ticks a box.
func (h *hand) tick(label string) {
	h.t.Helper()
	h.reach(h.element("labelled", label), label)
	if h.keyboard {
		h.key(" ", 0)
		h.acts++
	}
}

// TestFirstWalk is what somebody does who has started a sandbox and reads its front page:
// from an order to a supply that is priced, and the claims of the month, by clicking what
// the pages offer; and by the keyboard alone.
func TestFirstWalk(t *testing.T) {
	program := chromium()
	if program == "" {
		t.Skip("chromium is not installed")
	}
	host := serve(t)
	for name, keyboard := range map[string]bool{"clicks": false, "keys": true} {
		t.Run(name, func(t *testing.T) {
			h := &hand{desk: &desk{openTab(t, program), host}, keyboard: keyboard}
			h.open(host + "/")
			began := time.Now()
			h.press("Send a new prescription", "Take it up in the console")
			h.photograph("front page with an order")
			h.press("Take it up in the console", "What was prescribed")
			h.press("Take up", "Taken up.")
			h.press("What comes next", "Ask the clinic in the console")
			h.press("Ask the clinic in the console", "What was prescribed")
			h.press("Ask the clinic", "What is asked, in words.")
			h.fill("Reason", "Dos")
			h.fill("Question", "Is this dose meant?")
			h.tick("Methylphenidate")
			h.press("Ask the clinic", "The clinic is asked.")
			h.press("What comes next", "Let the clinic answer")
			h.press("Let the clinic answer", "Release the hold and approve")
			h.press("Release the hold and approve", "What was prescribed")
			h.photograph("review with a query that is answered")
			h.press("Release", "What was found out.")
			h.fill("Reason", "The clinic says that it is meant.")
			h.press("Release a hold", "The hold is released.")
			h.press("Approve", "What was considered.")
			h.press("Approve", "Approved.")
			h.press("What comes next", "Count it in the console")
			h.press("Count it in the console", "What was prescribed")
			h.press("Second check", "The amount that was counted")
			h.photograph("form of a second check")
			h.fill("Quantity", "28")
			h.press("Second check", "The second check is recorded.")
			h.press("What comes next", "Dispense it in the console")
			h.press("Dispense it in the console", "What was prescribed")
			h.press("Dispense", "Everything that is outstanding")
			h.photograph("form of dispensing")
			h.tick("Everything that is outstanding")
			h.fill("Into the bag", "coll")
			h.press("Dispense", "Dispensed.")
			h.press("What comes next", "Hand it over in the console")
			h.press("Hand it over in the console", "What was prescribed")
			h.press("Hand over", "Who collects")
			h.fill("Who collects", "some")
			h.fill("Name of who collects", "Sam Carer")
			h.tick("Proof of identity was asked for")
			h.tick("Proof of identity was shown")
			h.press("Hand over", "Handed over.")
			h.press("What comes next", "The month’s account and its claims")
			h.shows("What the NHS pays for this prescription")
			h.photograph("front page at the end")
			h.press("The month’s account", "Basic prices")
			file := h.element("pressed", "Claims (CSV)")
			h.reach(file, "Claims (CSV)")
			assert.Contains(t, h.promised(`fetch(`+file+`.href).then(async (r) => r.status + " " + await r.text())`), "200 ")
			t.Logf("from the front page to the claims of the month in %s of the machine and %d acts", time.Since(began).Round(time.Second/10), h.acts)
			assert.Less(t, h.acts, 1500)
			h.quiet()
		})
	}
}
