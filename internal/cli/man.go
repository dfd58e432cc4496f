package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// Manual writes a manual page (man-pages(7)) of the program, and of each command that
// does something, into a folder: pestle.1, pestle-serve.1. cobra's own pages come by
// way of Markdown, and know neither the arguments nor the environment.
func (p *Program) Manual(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return p.pages(folder, p.Root)
}

func (p *Program) pages(folder string, cmd *cobra.Command) error {
	if !cmd.HasSubCommands() || cmd == p.Root {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		if err := os.WriteFile(filepath.Join(folder, name+".1"), []byte(p.page(name, cmd)), 0o644); err != nil { //nolint:gosec // everybody may read a manual
			return err
		}
	}
	for _, c := range cmd.Commands() {
		if err := p.pages(folder, c); err != nil {
			return err
		}
	}
	return nil
}

// page is the manual page of a command.
func (p *Program) page(name string, cmd *cobra.Command) string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, ".TH %s 1 \"\" %s %s\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.B %s\n", roffWord(strings.ToUpper(name)), roffWord(p.version), roffWord(p.Root.Name()), roff(name), roff(cmd.Short), roff(cmd.CommandPath()))
	_, rest, _ := strings.Cut(cmd.UseLine(), cmd.CommandPath())
	if cmd == p.Root {
		rest = " <command> [flags]"
	}
	_, _ = fmt.Fprintf(&b, "%s\n.SH DESCRIPTION\n", roff(strings.TrimSpace(rest)))
	for i, paragraph := range strings.Split(strings.TrimSpace(cmd.Short+"\n\n"+cmd.Long), "\n\n") {
		switch {
		case strings.HasPrefix(paragraph, "  "):
			_, _ = fmt.Fprintf(&b, ".PP\n.EX\n%s\n.EE\n", roff(paragraph))
		case i > 0:
			_, _ = fmt.Fprintf(&b, ".PP\n%s\n", roff(paragraph))
		default:
			_, _ = fmt.Fprintf(&b, "%s\n", roff(paragraph))
		}
	}
	var rows []row
	for _, v := range p.args[cmd] {
		rows = append(rows, row{v.shown(), v.help})
	}
	roffRows(&b, "ARGUMENTS", rows)
	rows = []row{{"-h, --help", helpText}, {"--version", versionText}}
	each(cmd.Flags(), func(v *value) {
		r := v.row()
		rows = append(rows, row{strings.TrimSpace(r.name), r.text})
	})
	roffRows(&b, "OPTIONS", rows)
	roffRows(&b, "EXIT STATUS", exitRows)
	if cmd == p.Root {
		rows = nil
		leaves(cmd, func(c *cobra.Command) {
			rows = append(rows, row{strings.ReplaceAll(c.CommandPath(), " ", "-") + "(1)", c.Short})
		})
		roffRows(&b, "COMMANDS", rows)
	}
	return b.String()
}

// exitRows are the exit codes of every command.
var exitRows = []row{
	{"0", "Done."},
	{"1", "The work failed, or something of it was refused."},
	{"2", "A mistake on the command line, in the environment or in a configuration file."},
}

// leaves calls f with the commands that do something.
func leaves(cmd *cobra.Command, f func(*cobra.Command)) {
	for _, c := range cmd.Commands() {
		if c.HasSubCommands() {
			leaves(c, f)
		} else if !c.Hidden {
			f(c)
		}
	}
}

func roffRows(b *strings.Builder, heading string, rows []row) {
	if len(rows) == 0 {
		return
	}
	_, _ = fmt.Fprintf(b, ".SH %s\n", heading)
	for _, r := range rows {
		_, _ = fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(r.name), roff(r.text))
	}
}

// roff is text in which nothing is taken for a request or an escape.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

// roffWord is a text as one argument of a request.
func roffWord(text string) string { return `"` + strings.ReplaceAll(roff(text), `"`, `\(dq`) + `"` }
