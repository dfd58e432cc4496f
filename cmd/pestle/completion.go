package main

import "github.com/pestle-fhir/pestle/internal/cli"

// completionCommand prints a script for a shell, by which it completes commands,
// flags and values.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish,powershell" help:"bash, zsh, fish or powershell."`

	program *cli.Program
}

// Help is shown by --help.
func (completionCommand) Help() string {
	return `bash, with its package bash-completion:

  pestle completion bash > ~/.local/share/bash-completion/completions/pestle

zsh, in a folder of $fpath:

  pestle completion zsh > "${fpath[1]}/_pestle"

fish:

  pestle completion fish > ~/.config/fish/completions/pestle.fish

PowerShell, as a line of $PROFILE:

  pestle completion powershell | Out-String | Invoke-Expression`
}

// Run prints the script.
func (c *completionCommand) Run(std streams) error { return c.program.Complete(c.Shell, std.out) }
