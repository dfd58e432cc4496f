package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func addFlag(cmd *cobra.Command, v *value) {
	flag := &pflag.Flag{Name: v.name, Shorthand: v.tag.Get("short"), Usage: v.help, Value: v, DefValue: v.String()}
	if v.Type() == "bool" {
		flag.NoOptDefVal = "true"
	}
	cmd.Flags().AddFlag(flag)
	if complete := completeValue(v); complete != nil {
		_ = cmd.RegisterFlagCompletionFunc(flag.Name, complete) // fails for one that is not there alone
	}
}

// fill sets the arguments to their words, and flags that the command line does not
// set what the environment has, else a configuration file. All that is wrong is in one [Mistake].
func fill(cmd *cobra.Command, args []*value, words []string) error {
	var wrong, missing []string
	for _, v := range args {
		take := min(len(words), 1)
		if v.several() {
			take = len(words)
		}
		if take == 0 && !v.has("optional") {
			wrong = append(wrong, "expected "+v.shown())
		}
		for _, text := range words[:take] {
			if err := v.Set(text); err != nil {
				wrong = append(wrong, fmt.Sprintf("<%s>: %v", v.name, err))
			}
		}
		words = words[take:]
	}
	if len(words) > 0 {
		wrong = append(wrong, unexpected(cmd, words).Error())
	}
	each(cmd.Flags(), func(v *value) {
		if v.set {
			v.source = "flag"
		} else if text, ok := os.LookupEnv(v.env); ok && v.env != "" {
			v.source = v.env
			if err := v.Set(text); err != nil {
				wrong = append(wrong, fmt.Sprintf("--%s: %v (from %s)", v.name, err, v.env))
			}
		}
	})
	wrong = append(wrong, fromFile(cmd)...)
	each(cmd.Flags(), func(v *value) {
		if v.has("required") && !v.set {
			missing = append(missing, v.assignment())
		}
	})
	if missing != nil {
		wrong = append(wrong, "missing flags: "+strings.Join(missing, ", "))
	}
	if wrong == nil {
		return nil
	}
	return mistake("%s", strings.Join(wrong, "\n  "))
}

// each calls f with the flags that are fields of a struct.
func each(flags *pflag.FlagSet, f func(*value)) {
	flags.VisitAll(func(flag *pflag.Flag) { // --help and --version are none
		if v, ok := flag.Value.(*value); ok {
			f(v)
		}
	})
}

// usage is what must be set of a command, and its arguments.
func usage(args []*value, flags *pflag.FlagSet) string {
	text, more := "", ""
	each(flags, func(v *value) {
		if v.has("required") {
			text += " " + v.assignment()
		} else {
			more = " [flags]"
		}
	})
	for _, v := range args {
		text += " " + v.shown()
	}
	return text + more
}

// several reports whether an argument takes all words that are left.
func (v *value) several() bool { _, ok := v.into.(*[]string); return ok }

// shown is an argument as the help has it.
func (v *value) shown() string {
	text := "<" + v.name + ">"
	if v.several() {
		text += " ..."
	}
	if v.has("optional") {
		text = "[" + text + "]"
	}
	return text
}

// assignment is a flag with a word for its value: --data=DIR.
func (v *value) assignment() string {
	if v.Type() == "bool" {
		return "--" + v.name
	}
	text := v.meta()
	if usual := v.tag.Get("default"); usual != "" && v.placeholder == "" {
		text = usual
	}
	if v.several() {
		switch sep := v.separator("sep", ","); sep {
		case "":
		case " ":
			text += " ..."
		default:
			text += sep + "..."
		}
	}
	return "--" + v.name + "=" + text
}

// flagMistake says of a flag that cobra cannot take what was expected.
func flagMistake(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var needs *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if names = append(names, "--"+f.Name); f.Shorthand != "" {
				names = append(names, "-"+f.Shorthand)
			}
		})
		name := "--" + unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			name = name[1:]
		}
		return mistake("unknown flag %s%s", name, near(name, names))
	case errors.As(err, &needs):
		if v, ok := needs.GetFlag().Value.(*value); ok {
			return mistake("--%s: expected a value: %s", v.name, v.assignment())
		}
	case errors.As(err, &invalid):
		return mistake("--%s: %w", invalid.GetFlag().Name, invalid.Unwrap())
	}
	return Mistake{err}
}
