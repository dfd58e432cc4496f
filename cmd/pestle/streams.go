package main

import (
	"encoding/json"
	"io"
	"os"
)

// streams is where a command reads and writes; tests give their own.
type streams struct {
	in       io.Reader
	out, err io.Writer
	colour   bool // out may be coloured
	progress bool // err may be drawn on
}

// standard are the streams of the process. Colour and progress are for a
// terminal each, and colour not where NO_COLOR is set (https://no-color.org) or
// the terminal says that it has none.
func standard() streams {
	return streams{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		colour:   terminal(os.Stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		progress: terminal(os.Stderr) && os.Getenv("TERM") != "dumb",
	}
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// printJSON prints figures for a program: one line.
// inJSON is the option of a command that prints data for people unless it is given.
type inJSON struct {
	JSON bool `name:"json" help:"Print it as JSON."`
}

func printJSON(std streams, v any) error { return json.NewEncoder(std.out).Encode(v) }
