package browser

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// arrived sends n orders and waits until they are Tasks.
func arrived(t *testing.T, host string, n int) (list []prescriptionOf) {
	t.Helper()
	for range n {
		_, message := ask(t, http.MethodGet, host+"/fhir/$demo-order", nil)
		status, text := ask(t, http.MethodPost, host+"/fhir/$process-message", message)
		require.Equal(t, http.StatusOK, status, string(text))
		number := strings.SplitN(strings.SplitN(string(message), "prescription-order-number", 2)[1], `"value":`, 2)[1]
		number = strings.Trim(strings.SplitN(number, "}", 2)[0], " \"\n")
		for range 400 {
			_, text = ask(t, http.MethodGet, host+"/fhir/Task?code=prescription-order&group-identifier="+url.QueryEscape(number), nil)
			if _, rest, ok := strings.Cut(string(text), `/fhir/Task/`); ok {
				id, _, _ := strings.Cut(rest, `"`)
				list = append(list, describe(t, host, "Task/"+id))
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	require.Len(t, list, n)
	return list
}

// TestQueue is the work of a pharmacist with the keyboard: arrows move in the list, a
// letter acts on the row whose review is open, and what happens elsewhere is told without
// moving a row.
func TestQueue(t *testing.T) {
	program := chromium()
	if program == "" {
		t.Skip("chromium is not installed")
	}
	host := serve(t)
	orders := arrived(t, host, 3)
	d := openDesk(t, program, host, "pharmacist")
	d.visit("/console/queue/new")
	d.shows("Live.")
	d.looks("queue")
	first := d.script(`(() => { const row = document.querySelector("#queue tbody tr"); row.focus(); return row.dataset.id })()`)
	require.Equal(t, strings.TrimPrefix(orders[0].Task, "Task/"), first)
	d.key("ArrowDown", 0)
	second := strings.TrimPrefix(orders[1].Task, "Task/")
	d.arrives("/console/queue/new?sel=" + second)
	d.shows("What was prescribed")
	d.looks("queue with a review")
	assert.Equal(t, second, d.script(`document.activeElement.dataset.id || ""`), "the row keeps the focus")

	// Elsewhere the first is taken up: its row stays, and says so; another waits behind a button.
	status, text := ask(t, http.MethodPost, host+"/fhir/"+orders[0].Task+"/$accept", nil)
	require.Equal(t, http.StatusOK, status, string(text))
	d.becomes(`document.querySelector("#queue tbody tr").textContent`, func(text string) bool { return strings.Contains(text, "Does not wait here any more") }, "the row is not marked")
	arrived(t, host, 1)
	d.becomes(`document.getElementById("reload").hidden ? "" : document.getElementById("reload").textContent`, func(text string) bool { return strings.Contains(text, "1 new or changed") }, "the new one is not told")
	assert.Equal(t, "3", d.script(`"" + document.querySelectorAll("#queue tbody tr").length`), "no row moves")
	assert.Equal(t, second, d.script(`document.activeElement.dataset.id || ""`))
	d.accessible(axe, "queue with a row that has gone")

	// T takes the one up whose review is open; the page says so.
	began := time.Now()
	d.key("t", 0)
	d.shows("Taken up.")
	t.Logf("an act is done and told in %s", time.Since(began).Round(time.Millisecond))
	d.visit("/console/queue/in-hand")
	d.script(`document.querySelector("#queue tbody tr").focus(), ""`)
	d.key("Enter", 0)
	d.shows("What was prescribed")
	d.becomes(`document.querySelector("#queue tbody tr.open") ? "open" : ""`, func(s string) bool { return s == "open" }, "the review is not open")
	d.script(`document.querySelector("#queue tbody tr.open").focus(), ""`)
	d.key("h", 0)
	d.shows("Why")
	d.becomes("location.pathname", func(path string) bool { return strings.HasSuffix(path, "/hold") }, "H does not ask why")
	d.looks("form")
	d.script(`document.querySelector("textarea").focus(), ""`)
	d.types("Ask the patient")
	d.key("Enter", 2) // the browser says what is missing, and nothing is sent
	assert.True(t, strings.HasSuffix(d.script("location.pathname"), "/hold"))
	d.script(`document.querySelector("select").value = "DOSE", ""`)
	d.key("Enter", 2)
	d.shows("Held.")
	d.looks("review after an act")

	// Switched off, letters do nothing; the arrows do.
	d.visit("/console/help")
	d.script(`document.getElementById("letters-off").click(), ""`)
	d.visit("/console/queue/new")
	d.script(`document.querySelector("#queue tbody tr").focus(), ""`)
	d.key("Enter", 0)
	d.shows("What was prescribed")
	d.becomes(`document.querySelector("#queue tbody tr.open") ? "open" : ""`, func(s string) bool { return s == "open" }, "the review is not open")
	at := d.script("location.href")
	d.script(`document.querySelector("#queue tbody tr.open").focus(), ""`)
	d.key("h", 0)
	time.Sleep(300 * time.Millisecond) // in which nothing may happen
	assert.Equal(t, at, d.script("location.href"))
	d.quiet()
}

// TestStreams opens and leaves a page that is live more often than a browser keeps
// connections to one host: none of them holds up the next.
func TestStreams(t *testing.T) {
	program := chromium()
	if program == "" {
		t.Skip("chromium is not installed")
	}
	host := serve(t)
	d := openDesk(t, program, host, "pharmacist")
	for range 9 {
		d.visit("/console/queue/new")
		d.shows("Live.")
		d.visit("/console/help")
	}
	d.quiet()
}
