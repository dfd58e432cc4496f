package cli

import (
	"reflect"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// command makes a command of a struct, with all below it.
func (p *Program) command(name, about string, of reflect.Value) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: about, Args: cobra.ArbitraryArgs, DisableFlagsInUseLine: true}
	if more, ok := of.Addr().Interface().(interface{ Help() string }); ok {
		cmd.Long = more.Help()
	}
	cmd.Flags().SortFlags = false
	var args []*value
	for _, f := range fields(of) {
		switch {
		case f.has("cmd"):
			c := p.command(f.name, f.help, f.target)
			cmd.AddCommand(c)
			if f.has("default") { // its flags are those of the command above too
				cmd.Flags().AddFlagSet(c.Flags())
				cmd.RunE = c.RunE
			}
		case f.has("arg"):
			args = append(args, newValue(f))
		default:
			addFlag(cmd, newValue(f))
		}
	}
	switch {
	case cmd.RunE != nil:
	case cmd.HasSubCommands():
		cmd.RunE = func(cmd *cobra.Command, words []string) error { return unexpected(cmd, words) }
	default:
		cmd.Use += usage(args, cmd.Flags())
		p.args[cmd] = args
		cmd.ValidArgsFunction = completeArgs(args)
		cmd.RunE = func(cmd *cobra.Command, words []string) error {
			if err := fill(cmd, args, words); err != nil {
				return err
			}
			into := of.Addr().Interface()
			if told, ok := into.(interface{ Told([]Setting) }); ok {
				told.Told(settings(cmd))
			}
			return p.run(into)
		}
	}
	return cmd
}

// below are the names of the commands below one.
func below(cmd *cobra.Command) (names []string) {
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

// unexpected says that the first of the words is not what a command expects.
func unexpected(cmd *cobra.Command, words []string) error {
	if len(words) == 0 {
		return mistake("expected %s", alternatives(below(cmd)))
	}
	return mistake("unexpected argument %s%s", words[0], near(words[0], below(cmd)))
}

// near asks whether one of the names was meant, if any is spelled alike.
func near(word string, names []string) string {
	if names = spelling.Nearest(word, names, 2); len(names) == 0 {
		return ""
	}
	return ", did you mean " + alternatives(names) + "?"
}

// alternatives lists words: a, b or c.
func alternatives(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
