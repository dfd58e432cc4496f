package main

import (
	"fmt"

	"github.com/pestle-fhir/pestle/internal/cli"
)

// manCommand writes the manual pages.
type manCommand struct {
	To string `required:"" placeholder:"DIR" help:"Folder that the pages are written to, such as /usr/local/share/man/man1."`

	program *cli.Program
}

// Run writes a page of the program and one of each command.
func (c *manCommand) Run(std streams) error {
	if err := c.program.Manual(c.To); err != nil {
		return err
	}
	_, err := fmt.Fprintf(std.out, "manual pages are in %s: man %s/pestle.1\n", c.To, c.To)
	return err
}
