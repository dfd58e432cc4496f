// Package cli makes the command line of a program from structs: a field of
// a struct is a flag, an argument, or a command below. cobra parses; this
// package reads the tags, and adds what cobra leaves to a program: environment
// variables, named arguments, one form of help for all commands, and messages
// that say what was expected.
//
// A field with a tag help or embed is read, all others are the program's own:
//
//	cmd:""            a command, a struct; with default:"withargs" it is run
//	                  where the command above is called without one
//	arg:""            an argument; optional:"" where it may be left out. The
//	                  last may be a []string, which takes all that are left
//	embed:""          a struct whose fields are fields of this one
//	name:"…"          its name, where it is not that of the field: SiteName is site-name
//	short:"x"         a letter for a flag
//	help:"…"          one or a few sentences
//	placeholder:"…"   the word for the value in the help: DIR, FILE
//	env:"…"           environment variable that a flag is taken from
//	default:"…"       value where there is none
//	enum:"a,b"        values that may be
//	required:""       a flag that must be set
//	sep:"…"           between values of a []string, a comma unless set; none for
//	                  a flag that is repeated instead
//	mapsep:"…"        between the pairs of a map, likewise, a semicolon unless set
//
//	secret:""         a flag of which nobody is shown the value
//
// A flag goes before its environment variable, that before the configuration file that
// the flag config names where a command has one, and that before the default. The types are those of [value.decode]; a []byte is what is in the file that is named.
// A command with a method Help() string says more in its help.
//
// No method is looked up by its name, so that the linker can leave out methods
// that nobody calls (docs/adr/command-line.md).
package cli

import (
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/spf13/cobra"
)

// Program is a command line.
type Program struct {
	// Root is the program as cobra has it; below it are the commands.
	Root    *cobra.Command
	run     func(command any) error
	version string
	args    map[*cobra.Command][]*value
	// mistake is what was wrong with a command line that asked for help.
	mistake error
}

// Mistake is an error in a command line, in contrast to one of its work.
type Mistake struct{ error }

func mistake(format string, a ...any) error { return Mistake{fmt.Errorf(format, a...)} }

// Commands are listed in the order of their struct.
func init() { cobra.EnableCommandSorting = false }

// What the flags of every command do.
const (
	helpText    = "Show this help."
	versionText = "Print the version."
)

// errAnswered ends a command line of which nothing is left to do.
var errAnswered = errors.New("answered")

// New makes a program of a pointer to a struct. The struct of the command that
// is called is filled in, and run is called with a pointer to it. --version
// prints the version. New panics where a tag does not make sense.
func New(name, version, about string, commands any, run func(command any) error) *Program {
	p := &Program{run: run, version: version, args: map[*cobra.Command][]*value{}}
	p.Root = p.command(name, about, reflect.ValueOf(commands).Elem())
	p.Root.SilenceErrors, p.Root.SilenceUsage = true, true
	p.Root.CompletionOptions.DisableDefaultCmd = true
	p.Root.SetHelpCommand(p.helpCommand())
	p.Root.InitDefaultHelpCmd()
	p.Root.SetHelpFunc(p.help)
	p.Root.SetFlagErrorFunc(flagMistake)
	flags := p.Root.PersistentFlags()
	flags.BoolP("help", "h", false, helpText)
	flags.Bool("version", false, versionText)
	p.Root.PersistentPreRunE = p.answer
	return p
}

// Execute runs a command line; out takes help and version, and trace what shell
// completion has to say besides. A [Mistake] is one of the line, any other error is
// of the work.
func (p *Program) Execute(args []string, out, trace io.Writer) error {
	p.Root.SetOut(out)
	p.Root.SetErr(trace)
	p.Root.SetArgs(append([]string{}, args...)) // nil would be those of the process
	if err := p.Root.Execute(); err != nil && !errors.Is(err, errAnswered) {
		return err
	}
	return p.mistake
}

// answer prints the version where it is asked for.
func (p *Program) answer(cmd *cobra.Command, _ []string) error {
	if asked, err := cmd.Flags().GetBool("version"); err != nil || !asked {
		return err
	}
	if _, err := fmt.Fprintln(cmd.OutOrStdout(), p.version); err != nil {
		return err
	}
	return errAnswered
}

// Shells are those that [Program.Complete] knows.
const Shells = "bash, zsh, fish or powershell"

// Complete prints what a shell completes command lines by.
func (p *Program) Complete(shell string, out io.Writer) error {
	switch shell {
	case "bash":
		return p.Root.GenBashCompletionV2(out, true)
	case "zsh":
		return p.Root.GenZshCompletion(out)
	case "fish":
		return p.Root.GenFishCompletion(out, true)
	case "powershell":
		return p.Root.GenPowerShellCompletionWithDesc(out)
	}
	return mistake("%s: expected %s", shell, Shells)
}
