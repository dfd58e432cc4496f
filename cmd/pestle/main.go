// Command pestle is the FHIR server that a pharmacy runs, with the tools around
// it. This package only wires: every rule lives in the package that owns it.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/cli"
)

// commands is the command line: one field a command.
type commands struct {
	Serve       serveCommand       `cmd:"" help:"Serve FHIR R4 over HTTP."`
	Validate    validateCommand    `cmd:"" help:"Validate resources and say what to change."`
	Load        loadCommand        `cmd:"" help:"Load resources and Bundles into the database, checked against R4, the profiles that they name and the rules of the business."`
	Import      importCommand      `cmd:"" help:"Take on patients, past supplies and open owings of another pharmacy."`
	Export      exportCommand      `cmd:"" help:"Write month-end Bundles."`
	Tariff      tariffCommand      `cmd:"" help:"Load editions of the Drug Tariff."`
	Prices      pricesCommand      `cmd:"" help:"Load and print what private supplies cost."`
	Alerts      alertsCommand      `cmd:"" help:"What the people of the pharmacy are alerted of."`
	Logs        logsCommand        `cmd:"" help:"What organisations sent, as it was received, and what came of it."`
	Notices     noticesCommand     `cmd:"" help:"What patients are told of their prescriptions."`
	Fees        feesCommand        `cmd:"" help:"The fees, rates and charges by which claims are priced."`
	Law         lawCommand         `cmd:"" help:"The law that prescriptions are decided by."`
	Register    registerCommand    `cmd:"" help:"Print the controlled drugs register."`
	Definitions definitionsCommand `cmd:"" help:"List, show and add profiles, value sets and code systems."`
	FHIRPath    fhirpathCommand    `cmd:"" name:"fhirpath" help:"Evaluate a FHIRPath expression on a resource."`
	Audit       auditCommand       `cmd:"" help:"Who was shown what."`
	Backup      backupCommand      `cmd:"" help:"Write and verify backups."`
	Restore     restoreCommand     `cmd:"" help:"Restore a database from backups, into a new folder."`
	Standby     standbyCommand     `cmd:"" help:"Follow another server, the primary, to take its place when it is lost."`
	Promote     promoteCommand     `cmd:"" help:"Make a standby the primary."`
	Proof       proofCommand       `cmd:"" help:"Export the log of changes with its proofs; record what is lost of it."`
	Verify      verifyCommand      `cmd:"" help:"Verify without a server that the history was not rewritten: an export, a folder, a backup or an answer to $proof."`
	Witness     witnessCommand     `cmd:"" help:"On an auditor's machine: keep the checkpoints of a server, and raise the alarm where its log does not only grow."`
	Client      clientCommand      `cmd:"" help:"Register the programs that may get tokens."`
	User        userCommand        `cmd:"" help:"Register the people who may sign in."`
	Launch      launchCommand      `cmd:"" help:"Start an app for a patient, as a clinic's software does: print what it is started with."`
	Token       tokenCommand       `cmd:"" help:"Print an access token, of a person of a sandbox or of a client."`
	Roles       rolesCommand       `cmd:"" help:"Print what each role may do."`
	Key         keyCommand         `cmd:"" help:"Keys of encrypted databases."`
	Simulate    simulateCommand    `cmd:"" name:"simulate-warehouse" help:"Be the warehouse and the courier of a sandbox, with what goes wrong."`
	Check       checkCommand       `cmd:"" help:"Prove the invariants of a database."`
	Accept      acceptCommand      `cmd:"" help:"Take a folder of which files are missing for good as it is, and check what is left. Work on a copy."`
	Health      healthCommand      `cmd:"" help:"Ask a server on this machine whether it is ready."`
	Evidence    evidenceCommand    `cmd:"" help:"Write what an assessor asks for: who may do what, checks, backups, hazards, what it is built of."`
	Config      configCommand      `cmd:"" help:"Check the configuration of a server."`
	Version     versionCommand     `cmd:"" help:"Print the version, and what it was built from."`
	Completion  completionCommand  `cmd:"" help:"Print what a shell completes the commands of pestle by."`
	Man         manCommand         `cmd:"" help:"Write the manual pages of pestle and its commands."`
}

func main() { os.Exit(run(os.Args[1:], standard())) }

// errSilent ends a command with exit code 1 when it has already said why.
var errSilent = errors.New("failed")

// runner is a command: one of the fields of commands, or below.
type runner interface{ Run(std streams) error }

// newProgram makes the command line of c, which calls run with the command.
func newProgram(c *commands, run func(any) error) *cli.Program {
	p := cli.New("pestle", versionLine(), "The FHIR server that a UK pharmacy runs.", c, run)
	c.Completion.program, c.Man.program = p, p
	return p
}

// run executes one command line. Exit code 0 is success, 1 a failure of the
// work, 2 a mistake on the command line.
func run(args []string, std streams) int {
	var c commands
	c.Serve.line, c.Standby.line = args, args
	p := newProgram(&c, func(command any) error { return command.(runner).Run(std) })
	if len(args) == 0 {
		args = []string{"help"}
	}
	err := p.Execute(args, std.out, std.err)
	if err != nil && !errors.Is(err, errSilent) {
		fmt.Fprintln(std.err, "pestle:", describe(err))
	}
	switch {
	case err == nil:
		return 0
	case errors.As(err, new(cli.Mistake)):
		return 2
	}
	return 1
}

// describe writes an error for a person at a terminal: the issues of a
// fhir.Error a line each.
func describe(err error) string {
	var e *fhir.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	text := e.Op + " failed"
	for _, i := range e.Issues {
		text += "\n  " + issueLine("", i)
	}
	if e.Err != nil {
		text += "\n  " + e.Err.Error()
	}
	return text
}

// issueLine is an issue in one line: file:line:column: severity: expression: text.
func issueLine(file string, i fhir.Issue) string {
	place := file
	if !i.Position.IsZero() {
		place = strings.TrimPrefix(fmt.Sprintf("%s:%d:%d", file, i.Position.Line, i.Position.Column), ":")
	}
	if place != "" {
		place += ": "
	}
	text := place + string(i.Severity) + ": "
	if i.Expression != "" {
		text += i.Expression + ": "
	}
	text += i.Text()
	if i.Rule != "" {
		text += " [" + i.Rule + "]"
	}
	return text
}
