package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// Columns of a line of help, and those that a name may take before what is said
// of it begins on the next line.
const (
	lineWidth = 80
	nameWidth = 30
)

// row is the name of a flag or an argument and what is said of it.
type row struct{ name, text string }

// helpCommand prints help as --help does, also of one command.
func (p *Program) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [<command> ...]", DisableFlagsInUseLine: true,
		Short: "Print help, also of one command: " + p.Root.Name() + " help " + strings.Join(below(p.Root)[:1], "") + ".",
		RunE: func(_ *cobra.Command, words []string) error {
			cmd, rest, err := p.Root.Find(words)
			if err != nil || len(rest) > 0 {
				return unexpected(cmd, rest)
			}
			return cmd.Help()
		},
		ValidArgsFunction: func(_ *cobra.Command, words []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			cmd, _, err := p.Root.Find(words)
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return below(cmd), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// help prints the help of a command. A word that is not a command below it is a
// mistake instead.
func (p *Program) help(cmd *cobra.Command, _ []string) {
	group := cmd.HasSubCommands()
	if words := cmd.Flags().Args(); group && len(words) > 0 {
		p.mistake = unexpected(cmd, words)
		return
	}
	out := cmd.OutOrStdout()
	use := cmd.UseLine()
	if group {
		use = cmd.CommandPath() + " <command> [flags]"
	}
	_, _ = fmt.Fprintf(out, "Usage: %s\n", use)
	for paragraph := range strings.SplitSeq(strings.TrimSpace(cmd.Short+"\n\n"+cmd.Long), "\n\n") {
		if !strings.HasPrefix(paragraph, "  ") && !strings.HasPrefix(paragraph, "Example: ") { // those are for copying
			paragraph = wrap(paragraph, lineWidth, "\n")
		}
		_, _ = fmt.Fprintf(out, "\n%s\n", paragraph)
	}
	var rows []row
	for _, v := range p.args[cmd] {
		rows = append(rows, row{v.shown(), v.help})
	}
	table(out, "Arguments:", rows)
	rows = []row{{"-h, --help", helpText}, {"    --version", versionText}}
	if cmd.HasLocalFlags() && !group {
		rows = append(rows, row{})
		each(cmd.Flags(), func(v *value) { rows = append(rows, v.row()) })
	}
	table(out, "Flags:", rows)
	if group {
		_, _ = fmt.Fprint(out, "\nCommands:\n")
		list(out, cmd)
		_, _ = fmt.Fprintf(out, "Run \"%s <command> --help\" for more about a command.\n", cmd.CommandPath())
	}
}

// list prints the commands at the ends of the tree, with what they take.
func list(out io.Writer, cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		if c.HasSubCommands() {
			list(out, c)
		} else if !c.Hidden {
			use := strings.TrimPrefix(c.UseLine(), c.Root().Name()+" ")
			_, _ = fmt.Fprintf(out, "  %s\n    %s\n\n", use, wrap(c.Short, lineWidth-4, "\n    "))
		}
	}
}

func (v *value) row() row {
	short := "    "
	if letter := v.tag.Get("short"); letter != "" {
		short = "-" + letter + ", "
	}
	return row{short + v.assignment(), v.described()}
}

// described is the help of a flag, with its environment variable and with the
// default that the placeholder hides.
func (v *value) described() string {
	var besides []string
	if v.env != "" {
		besides = append(besides, "$"+v.env)
	}
	if usual := v.tag.Get("default"); usual != "" && v.placeholder != "" {
		besides = append(besides, usual+" unless set")
	}
	if besides == nil {
		return v.help
	}
	return strings.TrimSuffix(v.help, ".") + " (" + strings.Join(besides, "; ") + ")."
}

// table prints rows under a heading, in two columns.
func table(out io.Writer, heading string, rows []row) {
	if len(rows) == 0 {
		return
	}
	width := 0
	for _, r := range rows {
		if n := utf8.RuneCountInString(r.name); n <= nameWidth {
			width = max(width, n)
		}
	}
	indent := "\n" + strings.Repeat(" ", width+4)
	_, _ = fmt.Fprintf(out, "\n%s\n", heading)
	for _, r := range rows {
		between := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(r.name))+2)
		if utf8.RuneCountInString(r.name) > nameWidth {
			between = indent
		}
		_, _ = fmt.Fprintln(out, strings.TrimRight("  "+r.name+between+wrap(r.text, lineWidth-width-4, indent), " "))
	}
}

// wrap breaks a text into lines of a width at most, a longer word on its own.
func wrap(text string, width int, newline string) string {
	var b strings.Builder
	used := 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case used == 0:
		case used+1+n > width:
			b.WriteString(newline)
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += n
	}
	return b.String()
}
