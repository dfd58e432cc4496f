package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// printed is the output of a server while it runs.
type printed struct {
	sync.Mutex
	text bytes.Buffer
}

func (s *printed) Write(b []byte) (int, error) {
	s.Lock()
	defer s.Unlock()
	return s.text.Write(b)
}

func (s *printed) String() string {
	s.Lock()
	defer s.Unlock()
	return s.text.String()
}

// sandbox serves a sandbox for as long as the test runs, and gives the base URL
// and what it prints.
func sandbox(t *testing.T) (host, greeting string) {
	t.Helper()
	return sandboxIn(t, t.TempDir())
}

// sandboxIn is a sandbox with its data in a folder.
func sandboxIn(t *testing.T, data string, change ...func(*serveCommand)) (host, greeting string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &serveCommand{Sandbox: true, Addr: listener.Addr().String(), Data: data, Authority: "T1450", DrainSeconds: 5}
	c.Policy = "uk-core"
	for _, f := range change {
		f(c)
	}
	app, err := openApp(c.appConfig(), log)
	require.NoError(t, err)
	out := &printed{}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- c.serve(ctx, app, listener, log, streams{out: out, err: io.Discard}) }()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, <-served)
		assert.NoError(t, app.close())
	})
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "birthdate") }, 20*time.Second, 5*time.Millisecond)
	return "http://" + listener.Addr().String(), out.String()
}

// shell runs a command line as a person at a terminal does, and reads the JSON
// that it prints.
func shell(t *testing.T, line string) (typ string, body map[string]any, text string) {
	t.Helper()
	out, err := exec.Command("sh", "-c", line).Output()
	require.NoError(t, err, line)
	require.NoError(t, json.Unmarshal(out, &body), "%s\n%s", line, out)
	typ, _ = body["resourceType"].(string)
	return typ, body, string(out)
}

func needCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
}

// TestGreeting runs the commands that a sandbox prints, as they are printed.
func TestGreeting(t *testing.T) {
	needCurl(t)
	_, greeting := sandbox(t)
	var commands []string
	for _, line := range strings.Split(greeting, "\n") {
		if strings.HasPrefix(line, "  curl ") {
			commands = append(commands, line)
		}
	}
	require.Len(t, commands, 3)
	assert.Contains(t, greeting, "each time a new one")
	for range 2 {
		_, _, text := shell(t, commands[0])
		assert.Contains(t, text, `"severity": "information"`)
	}
	numbers := map[string]bool{}
	require.Eventually(t, func() bool {
		_, body, _ := shell(t, commands[1])
		entries, _ := body["entry"].([]any)
		for _, e := range entries {
			task, _ := e.(map[string]any)["resource"].(map[string]any)
			group, _ := task["groupIdentifier"].(map[string]any)
			number, _ := group["value"].(string)
			numbers[number] = true
		}
		return len(entries) == 2
	}, 20*time.Second, 50*time.Millisecond, "run again, the command makes another prescription")
	assert.Len(t, numbers, 2, "each has its own number")
	typ, _, text := shell(t, commands[2])
	assert.Equal(t, "OperationOutcome", typ)
	for _, want := range []string{"Write birthDate.", "Patient.gender", "line 1"} {
		assert.Contains(t, text, want)
	}
}

// TestStory does what the front page of a sandbox says, step by step, and
// follows every link that it has at each.
func TestStory(t *testing.T) {
	needCurl(t)
	host, _ := sandbox(t)
	for _, want := range []struct {
		done    int
		command int // which of the commands on the page comes next
	}{{0, 0}, {2, 1}, {3, 1}, {4, 1}, {5, 1}, {6, 1}, {7, 1}, {8, 1}} {
		var front *look
		require.Eventually(t, func() bool { front = read(t, host+"/"); return front.done == want.done }, 20*time.Second, 20*time.Millisecond)
		front.follow(t, host)
		require.Greater(t, len(front.commands), want.command)
		_, _, said := shell(t, front.commands[want.command])
		require.NotContains(t, said, `"severity": "error"`, front.commands[want.command])
	}
	var front *look
	require.Eventually(t, func() bool { front = read(t, host+"/"); return front.done == 10 }, 20*time.Second, 20*time.Millisecond)
	front.follow(t, host)
	// 28 of 30 tablets at 1557p are 1453p and 100 at 752p, 2205p; two fees of 152p, 128p for the controlled drug,
	// 10p for the container and 2.48p of the payment for consumables: 2649.48p, less two charges of 990p
	for _, want := range []string{"SANDBOX", "The medicines with their fees come to £26.49", "The patient paid £19.80 in prescription charges",
		"the NHS pays £6.69", "£6.6948", "Basic prices of the medicines", "£22.05"} {
		assert.Contains(t, front.text, want)
	}
	assert.Len(t, front.commands, 1, "what is done has no command, but for another prescription")
	shell(t, front.commands[0])
	require.Eventually(t, func() bool { return read(t, host+"/").done == 2 }, 20*time.Second, 20*time.Millisecond, "the page follows the newest")
}

// look is what the front page says.
type look struct {
	text     string
	done     int // steps that are done
	commands []string
	links    []string
}

func read(t *testing.T, url string) *look {
	t.Helper()
	status, body := visit(t, url)
	require.Equal(t, http.StatusOK, status, url)
	root, err := html.Parse(strings.NewReader(body))
	require.NoError(t, err)
	f := &look{}
	for n := range root.Descendants() {
		switch {
		case n.Type == html.TextNode:
			f.text += n.Data
		case n.Data == "li" && len(n.Attr) == 1 && n.Attr[0].Val == "done":
			f.done++
		case n.Data == "code" && n.Parent.Data == "pre":
			f.commands = append(f.commands, n.FirstChild.Data)
		case n.Data == "a":
			f.links = append(f.links, n.Attr[len(n.Attr)-1].Val)
		}
	}
	return f
}

// follow opens every link of the page.
func (f *look) follow(t *testing.T, host string) {
	t.Helper()
	assert.NotEmpty(t, f.links)
	for _, href := range f.links {
		if strings.HasPrefix(href, "/") {
			status, body := visit(t, host+href)
			assert.Equal(t, http.StatusOK, status, "%s: %.500s", href, body)
		}
	}
}

// visit gets an address as a browser does.
func visit(t *testing.T, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}
