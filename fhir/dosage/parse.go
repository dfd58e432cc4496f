package dosage

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// Error is a text that is not understood, from its first word that is not.
type Error struct {
	Rest   string // from the word on
	At     int    // its offset in the text
	Reason string // "" where the word is not known
}

func (e *Error) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("dosage: not understood from %q on", e.Rest)
	}
	return fmt.Sprintf("dosage: %s: %q", e.Reason, e.Rest)
}

// Parse reads the text of a dose instruction, such as "1 tablet in the morning
// and 1 at lunch": an instruction for each dose of a day, with one sequence number
// for those of the same time. Names are those of the medicine, which the text may
// repeat. An error is an [*Error].
func Parse(text string, names ...string) ([]Dosage, error) {
	if len(text) > longest {
		return nil, &Error{Reason: fmt.Sprintf("longer than %d characters", longest)}
	}
	text = plain(text)
	p := parser{text: text, tokens: scan(text)}
	for _, n := range names {
		p.names = append(p.names, scan(plain(strings.ToLower(n))))
	}
	for p.i < len(p.tokens) {
		p.from = p.i
		if err := p.step(); err != nil {
			return nil, err
		}
		if p.i == p.from {
			return nil, p.stop("")
		}
	}
	return p.end()
}

// parser reads a text from left to right: each step takes one thing that is said,
// into the instruction that is being read.
type parser struct {
	text   string
	tokens []token
	names  [][]token
	i      int
	from   int // where the step that is being taken began

	done   []Dosage
	now    Dosage
	number int      // the sequence number of now
	begun  bool     // now says something
	joint  token    // what separates, since the last amount
	joints []string // what was before each of done
	before string   // what was before now
	last   string   // the kind of what was said last
	change bool     // now began with a change of the dose
	titled bool     // now began with its time: week 2
}

// stop is the error that the text is not understood from here on.
func (p *parser) stop(reason string) error {
	at, i := len(p.text), p.i
	if reason != "" {
		i = p.from
	}
	if i < len(p.tokens) {
		at = p.tokens[i].at
	}
	return &Error{Rest: p.text[at:], At: at, Reason: reason}
}

func (p *parser) peek(n int) token {
	if p.i+n < len(p.tokens) {
		return p.tokens[p.i+n]
	}
	return token{is: aSign}
}

// take moves on if the next words are these.
func (p *parser) take(words ...string) bool {
	for n, w := range words {
		if p.peek(n).text != w {
			return false
		}
	}
	p.i += len(words)
	return true
}

// phrase takes the longest phrase of one of the kinds.
func (p *parser) phrase(kinds ...string) (phrase, bool) {
	f, n := known.at(p.tokens[min(p.i, len(p.tokens)):], func(kind string) bool {
		for _, k := range kinds {
			if k == kind {
				return true
			}
		}
		return false
	})
	p.i += n
	return f, n > 0
}

// step takes one thing that is said.
func (p *parser) step() error {
	for _, f := range []func() (bool, error){p.sign, p.title, p.times, p.every, p.lasting, p.firstDay, p.over, p.clock, p.weekdays, p.most, p.amount, p.said} {
		start := p.i
		switch ok, err := f(); {
		case err != nil:
			return err
		case ok:
			return nil
		}
		p.i = start
	}
	if p.named() {
		return nil
	}
	return p.indication()
}

// indication takes what a medicine is for, behind its dose: for blood pressure.
func (p *parser) indication() error {
	start := p.i
	if p.begun && p.take("for") {
		if reason, ok := p.reason(); ok {
			p.note("for " + reason)
			p.last = "reason"
			return nil
		}
	}
	p.i = start
	return p.stop("")
}

// sign takes what separates.
func (p *parser) sign() (bool, error) {
	t := p.peek(0)
	if t.text == "and" {
		if f, ok := p.phrase("note", "then"); ok {
			return true, p.tell(f)
		}
	}
	switch t.text {
	case ",", ";", ".", "-", ":", "and", "plus", "&", "+":
		if p.joint.text != "." {
			p.joint = t
		}
		p.i++
		return true, nil
	case "(":
		return p.bracket()
	}
	return false, nil
}

// bracket takes an amount that repeats the one before in other words: TWO (2)
// tablets, 3 tablets (6 mg).
func (p *parser) bracket() (bool, error) {
	p.i++
	number, ok := p.range_()
	if !ok {
		return false, nil
	}
	u, hasUnit := p.phrase("unit")
	if !p.take(")") || !p.begun || p.now.Dose.IsZero() {
		return false, nil
	}
	before := p.now.Dose
	if hasUnit && before.Unit != "" && u.meaning != before.Unit {
		p.note(number.in(u.meaning).words())
		return true, nil
	}
	if !number.high.Equal(before.High) || !number.low.Equal(before.Low) {
		return false, p.stop("another amount than before the bracket")
	}
	if before.Unit == "" {
		if !hasUnit {
			u, _ = p.phrase("unit")
		}
		p.now.Dose.Unit = u.meaning
	}
	return true, nil
}

// said takes a phrase of the vocabulary.
func (p *parser) said() (bool, error) {
	if p.peek(0).text == "on" && p.isNight() {
		p.i++
		return true, p.when("NIGHT")
	}
	kinds := []string{"method", "route", "site", "when", "per", "often", "count", "once", "need", "note", "then"}
	if p.last == "when" {
		kinds = append(kinds, "also")
	}
	f, ok := p.phrase(kinds...)
	return ok, p.tell(f)
}

// tell takes what a phrase means.
func (p *parser) tell(f phrase) error {
	switch f.kind {
	case "method":
		return p.set(&p.now.Method, f.meaning)
	case "route":
		return p.set(&p.now.Route, f.meaning)
	case "site":
		return p.set(&p.now.Site, f.meaning)
	case "when", "also":
		return p.when(f.meaning)
	case "often":
		return p.often(f.meaning)
	case "count":
		n := decimal.RequireFromString(f.meaning)
		return p.frequency(span{n, n})
	case "per":
		return p.frequent(span{one, one}, one, one, f.meaning)
	case "once":
		p.now.Timing.Count, p.begun, p.last = 1, true, ""
	case "need":
		return p.need()
	case "note":
		p.note(f.meaning)
	case "then":
		return p.then(f.meaning)
	}
	return nil
}

// isNight tells "on" for "every night" from the preposition.
func (p *parser) isNight() bool {
	next := p.peek(1)
	return next.text == "" || next.is == aSign || next.text == "prn" || next.text == "and"
}

// set sets a word that an instruction says once; a second method is that of the
// same instruction in other words.
func (p *parser) set(field *string, value string) error {
	p.begun, p.last = true, ""
	if *field == "" {
		*field = value
	}
	return nil
}

func (p *parser) note(text string) {
	p.begun, p.last = true, ""
	p.now.Notes = append(p.now.Notes, text)
}

// when adds an event of the day.
func (p *parser) when(code string) error {
	p.begun, p.last = true, "when"
	for _, w := range p.now.Timing.When {
		if w == code {
			return nil
		}
	}
	p.now.Timing.When = append(p.now.Timing.When, code)
	return nil
}

// need takes "when required", with what for.
func (p *parser) need() error {
	p.begun, p.last, p.now.AsNeeded = true, "", true
	if !p.take("for") {
		return nil
	}
	reason, ok := p.reason()
	if !ok {
		return p.stop("")
	}
	p.now.AsNeededFor, p.last = reason, "reason"
	return nil
}

// mostReason bounds the words of a reason.
const mostReason = 4

// reason takes the words of what a medicine is for: none that the vocabulary has,
// for they would tell something else.
func (p *parser) reason() (string, bool) {
	start := p.i
	for p.i < len(p.tokens) && p.peek(0).is == aWord && !p.isSaid() {
		p.i++
	}
	if start == p.i || p.i-start > mostReason || p.i < len(p.tokens) && p.peek(0).is != aSign && !p.isSaid() {
		return "", false
	}
	end := p.tokens[p.i-1]
	return p.text[p.tokens[start].at : end.at+len(end.text)], true
}

// isSaid reports whether what comes is of the vocabulary.
func (p *parser) isSaid() bool {
	_, n := known.at(p.tokens[p.i:], func(string) bool { return true })
	return n > 0
}

// named takes words of the medicine's name, which the text may repeat: with the
// strength only where an amount came before, for "Ciprofloxacin 500mg" is one.
func (p *parser) named() bool {
	for _, name := range p.names {
		n := 0
		for n < len(name) && p.i+n < len(p.tokens) && p.peek(n).text == name[n].text && (p.peek(n).is != aNumber || !p.now.Dose.IsZero()) {
			n++
		}
		if n == 0 || p.peek(0).is != aWord {
			continue
		}
		p.i += n
		if !p.now.Dose.IsZero() && p.now.Dose.Unit == "" {
			if u, ok := p.phrase("unit"); ok {
				p.now.Dose.Unit = u.meaning
			}
		}
		return true
	}
	return false
}
