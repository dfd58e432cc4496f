package main

import (
	"fmt"
	"io"
	"time"
)

// progressEvery is how often a line of progress is drawn again.
const progressEvery = 100 * time.Millisecond

// progressLine says how much of some bytes has been read, on one line of a
// terminal.
type progressLine struct {
	out         io.Writer
	total, done int64 // total is -1 where nobody knows it
	drawn       time.Time
}

// add counts bytes, with what has come of them.
func (p *progressLine) add(bytes int, what string) {
	p.done += int64(bytes)
	if now := time.Now(); now.Sub(p.drawn) >= progressEvery {
		p.drawn = now
		p.draw(what)
	}
}

// draw writes the line over the one before.
func (p *progressLine) draw(what string) {
	text := fmt.Sprintf("%.1f MB", float64(p.done)/1e6)
	if p.total > 0 {
		text = fmt.Sprintf("%3d %% of %.1f MB", min(100, 100*p.done/p.total), float64(p.total)/1e6)
	}
	_, _ = fmt.Fprintf(p.out, "\r\x1b[K%s, %s", text, what) // a line that cannot be drawn harms nobody
}
