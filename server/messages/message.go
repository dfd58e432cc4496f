package messages

import (
	"strings"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Message is something that an organisation sent, and what came of it.
type Message struct {
	ID           string    `json:"-"` // in the order of arrival
	Time         time.Time `json:"time"`
	Organisation string    `json:"organisation"` // ODS code of whom the sender acts for
	Client       string    `json:"client,omitempty"`
	Agent        string    `json:"agent,omitempty"`
	RequestID    string    `json:"request,omitempty"`
	Method       string    `json:"method"`
	Target       string    `json:"target"`      // path and query
	Interaction  string    `json:"interaction"` // create, $process-message …
	Type         string    `json:"type,omitempty"`
	ContentType  string    `json:"contentType,omitempty"`
	Status       int       `json:"status"`
	Accepted     bool      `json:"accepted"`
	Issues       []Issue   `json:"issues,omitempty"`
	More         int       `json:"more,omitempty"`      // issues that are not listed
	Resources    []string  `json:"resources,omitempty"` // that were written or matched: Patient/1/_history/2
	Size         int       `json:"size"`                // of the body, in bytes
	Digest       string    `json:"digest,omitempty"`    // SHA-256 of the body, in hexadecimal
	Kept         bool      `json:"kept"`                // the body is kept

	body   []byte
	mu     sync.Mutex // entries of a batch are carried out side by side
	closed bool
}

// Issue is one of the issues of an answer.
type Issue struct {
	Severity   string `json:"severity"`
	Code       string `json:"code"`
	Rule       string `json:"rule,omitempty"`
	Expression string `json:"expression,omitempty"`
	Text       string `json:"text,omitempty"`
}

// Bounds of what is kept of a message.
const (
	MostBody      = 1 << 20 // bytes of a body; of a larger one size and digest alone
	mostIssues    = 50
	mostResources = 100
	mostText      = 400
	mostTarget    = 1 << 10
)

// Note adds issues of an answer.
func (m *Message) Note(issues []fhir.Issue) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	for _, i := range issues {
		if len(m.Issues) >= mostIssues {
			m.More += i.Count()
			continue
		}
		rule := i.Rule
		if rule == "" {
			rule = i.Details.Code
		}
		m.Issues = append(m.Issues, Issue{Severity: string(i.Severity), Code: string(i.Code), Rule: rule, Expression: cut(i.Expression, mostText), Text: cut(i.Text(), mostText)})
	}
}

// NoteOutcome adds the issues of an OperationOutcome in an answer that refuses.
func (m *Message) NoteOutcome(outcome fhir.Node) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	for i := range outcome.Get("issue").Items() {
		if len(m.Issues) >= mostIssues {
			m.More++
			continue
		}
		m.Issues = append(m.Issues, Issue{Severity: i.Get("severity").Text(), Code: i.Get("code").Text(), Rule: i.Path("details", "coding").Item(0).Get("code").Text(),
			Expression: cut(i.Get("expression").Item(0).Text(), mostText), Text: cut(i.Get("diagnostics").Text(), mostText)})
	}
}

// Committed adds the resources of a commit.
func (m *Message) Committed(done *fhir.Commit) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	for _, r := range done.Results {
		if r.Version != nil && len(m.Resources) < mostResources {
			m.Resources = append(m.Resources, r.Version.Ref()+"/_history/"+r.Version.VersionID)
		}
	}
}

// Carries sets the body. It is not copied, and must not be changed.
func (m *Message) Carries(body []byte) { m.body, m.Size = body, len(body) }

// Close ends it with the status of the answer: nothing is added any more. It was accepted
// where neither it nor an entry of it was refused.
func (m *Message) Close(status int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.Status, m.Accepted = true, status, status < 400
	for _, i := range m.Issues {
		if i.Severity == string(fhir.Err) || i.Severity == string(fhir.Fatal) {
			m.Accepted = false
		}
	}
}

// Place is where an issue is, without the numbers of repeats: the same mistake in
// another entry is the same place.
func (i *Issue) Place() string {
	var b strings.Builder
	rest := i.Expression
	for {
		before, after, found := strings.Cut(rest, "[")
		b.WriteString(before)
		inside, tail, closed := strings.Cut(after, "]")
		if !found || !closed {
			return b.String()
		}
		if strings.Trim(inside, "0123456789") != "" {
			b.WriteString("[" + inside + "]")
		}
		rest = tail
	}
}

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
