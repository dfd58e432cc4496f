package browser

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// desk is a tab in which somebody of a sandbox works with the console.
type desk struct {
	*tab
	host string
}

// openDesk chooses somebody on the page of the sandbox, as a person does.
func openDesk(t *testing.T, program, host, person string) *desk {
	t.Helper()
	d := &desk{openTab(t, program), host}
	d.be(person)
	return d
}

func (d *desk) be(person string) {
	d.t.Helper()
	d.do("Network.setCookie", map[string]any{"name": "pestle-person", "value": person, "url": d.host, "httpOnly": true}, nil)
}

// visit opens an address of the console and waits until it is there.
func (d *desk) visit(path string) {
	d.t.Helper()
	d.open(d.host + path)
	d.arrives(path)
}

// arrives waits for an address, whole.
func (d *desk) arrives(path string) {
	d.t.Helper()
	d.becomes("document.readyState + ' ' + location.pathname + location.search", func(text string) bool { return text == "complete "+path }, "the browser does not come to "+path)
}

// key presses a key, with modifiers of the DevTools protocol: 1 Alt, 2 Ctrl, 8 Shift.
func (d *desk) key(name string, modifiers int) {
	d.t.Helper()
	event := map[string]any{"type": "keyDown", "key": name, "code": name, "modifiers": modifiers}
	codes := map[string]int{"Enter": 13, "Escape": 27, "F6": 117, "ArrowDown": 40, "ArrowUp": 38, "Home": 36, "End": 35, "Tab": 9}
	switch {
	case codes[name] != 0:
		event["windowsVirtualKeyCode"] = codes[name]
		if name == "Enter" {
			event["text"] = "\r"
		}
	case modifiers&2 == 0:
		event["text"] = name
		event["windowsVirtualKeyCode"] = int(strings.ToUpper(name)[0])
	default:
		event["windowsVirtualKeyCode"] = int(strings.ToUpper(name)[0])
	}
	d.do("Input.dispatchKeyEvent", event, nil)
	delete(event, "text")
	event["type"] = "keyUp"
	d.do("Input.dispatchKeyEvent", event, nil)
}

func (d *desk) types(text string) {
	d.t.Helper()
	for _, c := range text {
		d.key(string(c), 0)
	}
}

// promised is the text that a script comes to.
func (d *desk) promised(script string) string {
	d.t.Helper()
	var out struct{ Result struct{ Value any } }
	d.do("Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true}, &out)
	text, _ := out.Result.Value.(string)
	return text
}

// tools are programs of others that examine pages, by the variable that says where they
// are: the JavaScript of axe-core and of HTML_CodeSniffer, whose npm packages .ci/run
// installs.
var tools = map[string]string{
	axe: `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then((r) =>
		r.violations.map((v) => v.id + ": " + v.help + ": " + v.nodes.map((n) => n.html.slice(0, 160)).join(" | ")).join("\n"))`,
	sniffer: `new Promise((done) => HTMLCS.process("WCAG2AA", document, () => done(HTMLCS.getMessages().filter((m) => m.type === HTMLCS.ERROR).map((m) => m.code + ": " + m.msg + ": " + (m.element.outerHTML || "").slice(0, 160)).join("\n"))))`,
}

// accessible wants no finding of a tool, where it is installed, on the page as it is.
func (d *desk) accessible(tool, state string) {
	d.t.Helper()
	path := os.Getenv(tool)
	if path == "" {
		return
	}
	if d.script(`typeof `+globals[tool]) == "undefined" {
		text, err := os.ReadFile(path)
		require.NoError(d.t, err)
		d.do("Runtime.evaluate", map[string]any{"expression": string(text)}, nil)
	}
	assert.Empty(d.t, d.promised(tools[tool]), "%s: %s", tool, state)
}

// globals are what the tools define.
var globals = map[string]string{axe: "axe", sniffer: "HTMLCS"}

const (
	axe     = "PESTLE_AXE"
	sniffer = "PESTLE_HTMLCS"
)

// looks examines a page as most see it, and narrow, dark and with more contrast: it is no
// wider than its window.
func (d *desk) looks(state string) {
	d.t.Helper()
	look := func(width int, scheme, contrast string) {
		d.do("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-contrast", "value": contrast}}}, nil)
		d.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false}, nil)
		assert.Equal(d.t, "fits", d.script(`document.documentElement.scrollWidth > document.documentElement.clientWidth ? "wider than its window" : "fits"`), "%s, %d pixels", state, width)
		d.accessible(axe, state+" "+scheme+" "+contrast)
	}
	look(320, "dark", "more")
	d.photograph(state + " narrow dark")
	look(1280, "light", "no-preference")
	d.accessible(sniffer, state)
	d.photograph(state)
}

// quiet wants that no page broke its own policy, and no script failed.
func (d *desk) quiet() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	assert.Empty(d.t, d.complaints)
}

// prescriptionOf is what the demo order that came last is of.
type prescriptionOf struct{ Task, Number, Patient, NHS string }

func describe(t *testing.T, host, task string) (p prescriptionOf) {
	_, text := ask(t, http.MethodGet, host+"/fhir/"+task, nil)
	var r struct {
		GroupIdentifier struct{ Value string }
		For             struct {
			Reference  string
			Identifier struct{ Value string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &r))
	return prescriptionOf{task, r.GroupIdentifier.Value, strings.TrimPrefix(r.For.Reference, "Patient/"), r.For.Identifier.Value}
}

// TestConsole is the work of customer service with the keyboard, and each of their pages
// as axe and HTML_CodeSniffer see it.
func TestConsole(t *testing.T) {
	program := chromium()
	if program == "" {
		t.Skip("chromium is not installed")
	}
	host := serve(t)
	p := describe(t, host, order(t, host))
	d := openDesk(t, program, host, "support")

	d.visit("/console/help")
	d.looks("help")
	d.key("k", 2)
	assert.Equal(t, "find", d.script("document.activeElement.id"))
	began := time.Now()
	d.types(p.NHS) // Ctrl+K, ten digits, Enter: 12 keys
	d.key("Enter", 0)
	d.arrives("/console/patient/" + p.Patient)
	t.Logf("an NHS number is answered in %s, with the keys", time.Since(began).Round(time.Millisecond))
	d.shows("Received; the pharmacy has not taken it up yet")
	d.looks("patient")
	d.visit("/console/order/" + p.Number)
	d.looks("order")
	d.visit("/console/order/" + p.Number + "?at=" + url.QueryEscape(time.Now().UTC().Format(time.RFC3339)))
	d.shows("You look at the past")
	d.looks("order of the past")
	d.visit("/console/find")
	d.looks("find")
	d.key("k", 2)
	d.types("9000000008")
	d.key("Enter", 0)
	d.shows("its last digit does not fit")
	d.looks("found nothing")
	for _, path := range []string{"/console/accessibility", "/console/order/nothing"} {
		d.visit(path)
		d.looks(path)
	}
	d.visit("/console/help")
	d.key("F6", 0)
	assert.Equal(t, "HEADER", d.script("document.activeElement.tagName"))
	d.be("pharmacist")
	d.visit("/console/order/" + p.Number)
	d.shows("Methylphenidate")
	d.looks("order of a pharmacist")
	d.stock()
	d.be("clinic")
	d.visit("/console/try")
	d.looks("try")
	d.script(`document.getElementById("text").focus(), ""`)
	d.types("x")
	d.key("Enter", 2)
	d.shows("to put right")
	d.looks("tried")
	d.be("auditor")
	d.visit("/console/audit")
	d.looks("audit")
	d.visit("/console/history/" + p.Task + "?from=1&to=1")
	d.looks("history")
	d.visit("/console/patient/" + p.Patient + "/access")
	d.looks("access report")
	d.be("finance")
	status, text := ask(t, http.MethodPost, host+"/fhir/"+p.Task+"/$accept", nil)
	require.Equal(t, http.StatusOK, status, string(text))
	status, text = ask(t, http.MethodPost, host+"/fhir/"+p.Task+"/$dispense", []byte(`{"resourceType":"Parameters","parameter":[{"name":"all","valueBoolean":true}]}`))
	require.Equal(t, http.StatusOK, status, string(text))
	month := "/console/money/" + time.Now().UTC().Format("2006-01")
	for range 100 { // until the claim is written
		d.visit(month)
		if strings.Contains(d.script("document.body.innerText"), "Basic prices") {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	d.shows("Basic prices")
	d.looks("month")
	d.visit(month + "/payments")
	d.looks("form of a payment")
	d.visit("/console/money/2001-01")
	d.looks("month without claims")
	d.be("administrator")
	for _, page := range []string{"server", "clients", "organisations", "roles", "law", "definitions", "webhooks", "warehouse", "work"} {
		d.visit("/console/admin/" + page)
		d.looks("administration: " + page)
	}
	d.visit("/console/admin/people/add?id=")
	d.looks("form of a person")
	d.visit("/console/alerts")
	d.looks("alerts")
	d.be("clinic")
	d.promised(`fetch("/fhir/Patient", {method: "POST", headers: {"Pestle-Person": "clinic", "Content-Type": "application/fhir+json"}, body: '{"resourceType":"Patient","gender":"man"}'}).then((r) => r.text())`)
	d.visit("/console/messages")
	d.looks("messages")
	d.visit(d.script(`document.querySelector("tbody th a").getAttribute("href")`))
	d.looks("message")
	d.quiet()
}

// TestConsoleWithoutScripts finds a prescription by a form, in a browser that runs none.
func TestConsoleWithoutScripts(t *testing.T) {
	program := chromium()
	if program == "" {
		t.Skip("chromium is not installed")
	}
	host := serve(t)
	p := describe(t, host, order(t, host))
	d := openDesk(t, program, host, "support")
	d.do("Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
	d.open(host + "/console/find")
	d.reads("What the caller says")
	d.focus("#q")
	d.types(p.Number)
	d.key("Enter", 0)
	d.reads("Received; the pharmacy has not taken it up yet")
}

// html is the page without asking a script.
func (d *desk) html() string {
	d.t.Helper()
	var doc struct{ Root struct{ NodeID int } }
	d.do("DOM.getDocument", map[string]any{"depth": 0}, &doc)
	var out struct{ OuterHTML string }
	a := d.ask("DOM.getOuterHTML", map[string]any{"nodeId": doc.Root.NodeID})
	if a.Error != nil || json.Unmarshal(a.Result, &out) != nil {
		return ""
	}
	return out.OuterHTML
}

// reads waits for a text in the page without asking a script.
func (d *desk) reads(want string) {
	d.t.Helper()
	for range 400 {
		if strings.Contains(d.html(), want) {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	require.FailNow(d.t, "the page does not show "+want, d.html())
}

func (d *desk) focus(selector string) {
	d.t.Helper()
	var doc struct{ Root struct{ NodeID int } }
	d.do("DOM.getDocument", map[string]any{"depth": 0}, &doc)
	var found struct{ NodeID int }
	d.do("DOM.querySelector", map[string]any{"nodeId": doc.Root.NodeID, "selector": selector}, &found)
	d.do("DOM.focus", map[string]any{"nodeId": found.NodeID}, nil)
}

// TestWeight wants the files of a page within what is set for them, packed.
func TestWeight(t *testing.T) {
	if chromium() == "" {
		t.Skip("chromium is not installed")
	}
	host := serve(t)
	p := describe(t, host, order(t, host))
	get := func(path string) (int, []byte) {
		r, err := http.NewRequest(http.MethodGet, host+path, http.NoBody)
		require.NoError(t, err)
		r.AddCookie(&http.Cookie{Name: "pestle-person", Value: "pharmacist"})
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		var b bytes.Buffer
		_, err = b.ReadFrom(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, b.Bytes()
	}
	_, page := get("/console/order/" + p.Number)
	assert.Less(t, len(page), 60<<10)
	for _, m := range regexp.MustCompile(`(?:href|src)="([^"]*\.(?:css|js)\?[^"]*)"`).FindAllSubmatch(page, -1) {
		status, text := get(string(m[1]))
		assert.Equal(t, http.StatusOK, status)
		assert.Less(t, len(text), 40<<10, "%s", m[1])
	}
}

// TestToolsFind wants the tools to find what is wrong with a page that is.
func TestToolsFind(t *testing.T) {
	program := chromium()
	if program == "" || os.Getenv(axe) == "" || os.Getenv(sniffer) == "" {
		t.Skip("chromium, axe-core or HTML_CodeSniffer is not installed")
	}
	page := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, os.WriteFile(page, []byte(`<!doctype html><img src="x"><form><input></form>`), 0o600))
	d := &desk{openTab(t, program), ""}
	d.open("file://" + page)
	d.becomes("document.readyState", func(state string) bool { return state == "complete" }, "the page is not loaded")
	for name, run := range tools {
		text, err := os.ReadFile(os.Getenv(name))
		require.NoError(t, err)
		d.do("Runtime.evaluate", map[string]any{"expression": string(text)}, nil)
		assert.NotEmpty(t, d.promised(run), name)
	}
}
