package browser

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tab is a tab of a Chromium that is driven through a pipe: the Chrome DevTools
// Protocol, messages in JSON with a zero byte behind each.
type tab struct {
	t       *testing.T
	out     *os.File
	session string

	mu         sync.Mutex
	last       int
	waiting    map[int]chan answer
	complaints []string // what the page's policy refused, and errors of scripts
}

type answer struct {
	ID     int
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *struct{ Message string }
}

// openTab starts a browser with an authenticator in software: a platform's own, with
// resident keys, whose user is verified.
func openTab(t *testing.T, program string) *tab {
	t.Helper()
	theirs, out, err := os.Pipe()
	require.NoError(t, err)
	in, ours, err := os.Pipe()
	require.NoError(t, err)
	profile, err := os.MkdirTemp("", "pestle-profile")
	require.NoError(t, err)
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--lang=en-GB", "--remote-debugging-pipe", "--user-data-dir="+profile, "about:blank")
	cmd.Env = append(os.Environ(), "LANGUAGE=en_GB", "LANG=en_GB.UTF-8") // fields of dates are as people here write them
	cmd.ExtraFiles = []*os.File{theirs, ours}                            // 3 and 4
	require.NoError(t, cmd.Start())
	_, _ = theirs.Close(), ours.Close()
	b := &tab{t: t, out: out, waiting: map[int]chan answer{}}
	go b.read(in)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		for range 50 { // its children end a moment later, and write until then
			if os.RemoveAll(profile) == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	var target struct{ TargetID string }
	b.do("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.do("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "WebAuthn"} {
		b.do(domain+".enable", map[string]any{}, nil)
	}
	return b
}

// authenticator adds one, and returns its id.
func (b *tab) authenticator() string {
	var made struct{ AuthenticatorID string }
	b.do("WebAuthn.addVirtualAuthenticator", map[string]any{"options": map[string]any{"protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
		"hasUserVerification": true, "isUserVerified": true, "automaticPresenceSimulation": true}}, &made)
	return made.AuthenticatorID
}

func (b *tab) read(in *os.File) {
	r := bufio.NewReader(in)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var a answer
		if json.Unmarshal(text[:len(text)-1], &a) != nil {
			continue
		}
		b.mu.Lock()
		switch {
		case a.ID > 0:
			b.waiting[a.ID] <- a
			delete(b.waiting, a.ID)
		case a.Method == "Runtime.exceptionThrown", a.Method == "Log.entryAdded" && strings.Contains(string(a.Params), "Content Security Policy"):
			b.complaints = append(b.complaints, string(a.Params))
		}
		b.mu.Unlock()
	}
}

// do sends a command and reads its result.
func (b *tab) do(method string, params map[string]any, into any) {
	b.t.Helper()
	a := b.ask(method, params)
	require.Nil(b.t, a.Error, "%s: %v", method, a.Error)
	if into != nil {
		require.NoError(b.t, json.Unmarshal(a.Result, into))
	}
}

// ask sends a command and waits for its answer.
func (b *tab) ask(method string, params map[string]any) answer {
	b.t.Helper()
	b.mu.Lock()
	b.last++
	message := map[string]any{"id": b.last, "method": method, "params": params}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	back := make(chan answer, 1)
	b.waiting[b.last] = back
	text, err := json.Marshal(message)
	require.NoError(b.t, err)
	_, err = b.out.Write(append(text, 0))
	b.mu.Unlock()
	require.NoError(b.t, err)
	select {
	case a := <-back:
		return a
	case <-time.After(time.Minute):
		require.FailNow(b.t, method+" has no answer")
	}
	return answer{}
}

// open goes to an address.
func (b *tab) open(address string) { b.do("Page.navigate", map[string]any{"url": address}, nil) }

// script returns the text that a script on the page is; "" while there is no page, as
// while another one is loaded.
func (b *tab) script(text string) string {
	var out struct{ Result struct{ Value any } }
	a := b.ask("Runtime.evaluate", map[string]any{"expression": text, "userGesture": true})
	if a.Error != nil || json.Unmarshal(a.Result, &out) != nil {
		return ""
	}
	value, _ := out.Result.Value.(string)
	return value
}

// shows waits for a text on the page.
func (b *tab) shows(want string) {
	b.t.Helper()
	b.becomes("document.body ? document.body.innerText : ''", func(text string) bool { return strings.Contains(text, want) }, "the page does not show "+want)
}

// becomes waits until a script on the page is what it should be.
func (b *tab) becomes(script string, fits func(string) bool, problem string) {
	b.t.Helper()
	text := ""
	for range 600 {
		if text = b.script(script); fits(text) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	require.FailNow(b.t, problem, text)
}

// click clicks on the button with a text, once the scripts of the page have run. It
// answers first, since the page that follows would drop the answer.
func (b *tab) click(text string) {
	b.t.Helper()
	b.becomes("document.readyState", func(state string) bool { return state == "complete" }, "the page is not loaded")
	quoted, err := json.Marshal(text)
	require.NoError(b.t, err)
	require.Equal(b.t, "clicked", b.script(`(() => { for (const b of document.querySelectorAll("button")) if (b.textContent === `+string(quoted)+` && !b.disabled) { setTimeout(() => b.click()); return "clicked" } return "" })()`), text)
}
