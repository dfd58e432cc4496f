package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// completeValue completes a value: one of its enum, a folder, a file, or nothing.
// nil leaves it to the shell, which completes files.
func completeValue(v *value) cobra.CompletionFunc {
	switch {
	case v.enum != nil:
		return cobra.FixedCompletions(v.choices(), cobra.ShellCompDirectiveNoFileComp)
	case v.placeholder == "DIR":
		return cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	case v.takesFile():
		return nil
	}
	return cobra.NoFileCompletions
}

// takesFile reports whether a value is the path of a file.
func (v *value) takesFile() bool {
	for _, word := range []string{"FILE", "PATH"} {
		if strings.Contains(strings.ToUpper(v.name+" "+v.placeholder), word) {
			return true
		}
	}
	return false
}

// completeArgs completes the argument that comes after the words.
func completeArgs(args []*value) cobra.CompletionFunc {
	return func(cmd *cobra.Command, words []string, start string) ([]cobra.Completion, cobra.ShellCompDirective) {
		for i, v := range args {
			if i < len(words) && !v.several() {
				continue
			}
			if complete := completeValue(v); complete != nil {
				return complete(cmd, words, start)
			}
			return nil, cobra.ShellCompDirectiveDefault
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}
