package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/cli"
)

var update = flag.Bool("update", false, "write the expected output anew")

// kitchen has a field of each kind.
type kitchen struct {
	Bake  bakeCommand  `cmd:"" help:"Bake something."`
	Order orderCommand `cmd:"" help:"Buy what is missing."`
	Roast roastCommand `cmd:"" help:"Roast something."`
	Clock struct{}     `cmd:"" help:"Print the time."`
}

type heat struct {
	Degrees int `env:"KITCHEN_DEGREES" default:"180" help:"How hot, in °C."`
}

type bakeCommand struct {
	heat   `embed:""`
	Recipe []byte            `arg:"" placeholder:"FILE" help:"How it is done."`
	Guests []string          `arg:"" optional:"" name:"guest" help:"Who eats."`
	ForHow time.Duration     `short:"f" required:"" placeholder:"TIME" help:"How long, such as 20m."`
	Kind   string            `enum:"cake,bread," default:"" help:"What it is: cake or bread."`
	With   []string          `env:"KITCHEN_WITH" default:"salt" placeholder:"WHAT" help:"What goes into it."`
	Notes  []string          `sep:"none" placeholder:"TEXT" help:"What to think of; several by repeating it."`
	Shelf  map[string]string `env:"KITCHEN_SHELF" placeholder:"WHAT=SHELF" help:"Where things are."`
	Fan    bool              `env:"KITCHEN_FAN" help:"Let the air move."`
	Shifts uint64            `default:"1" help:"How often. A long text, of which the lines are broken where the next word would not fit, and which does not end without a full stop."`

	Anything string `name:"a-very-long-name-for-a-flag" placeholder:"TEXT" help:"Its text is on a line of its own."`

	Own string `json:"-"` // not of the command line
}

type roastCommand struct {
	heat   `embed:""`
	Config string            `env:"KITCHEN_CONFIG" placeholder:"FILE" help:"File with settings."`
	ForHow time.Duration     `required:"" placeholder:"TIME" help:"How long, such as 20m."`
	With   []string          `env:"KITCHEN_WITH" default:"salt" placeholder:"WHAT" help:"What goes into it."`
	Shelf  map[string]string `env:"KITCHEN_SHELF" placeholder:"WHAT=SHELF" help:"Where things are."`
	Fan    bool              `env:"KITCHEN_FAN" help:"Let the air move."`
	Secret string            `secret:"" help:"What makes it good."`

	Settings []cli.Setting
}

// Told keeps the settings.
func (c *roastCommand) Told(all []cli.Setting) { c.Settings = all }

type orderCommand struct {
	Milk  milkCommand  `cmd:"" default:"withargs" help:"Buy milk."`
	Bread breadCommand `cmd:"" help:"Buy bread."`
}

type milkCommand struct {
	Litres int64  `default:"2" placeholder:"N" help:"How much."`
	From   string `env:"KITCHEN_SHOP" required:"" help:"The shop."`
}

// Help is shown by --help.
func (milkCommand) Help() string {
	return "Nobody drinks it.\n\nExample: kitchen order --from 'a shop of which the name is longer than a line may be'\n\n  kitchen order"
}

type breadCommand struct {
	Where string `arg:"" help:"The shop."`
}

// TestLines runs the command lines of testdata/lines.txt: what is printed, or of a
// command that is run its name and what its struct has then.
func TestLines(t *testing.T) {
	const file = "testdata/lines.txt"
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var fresh strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			fresh.WriteString(line)
		}
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			fresh.WriteString(line + answer(t, strings.TrimSuffix(command, "\n")) + "\n")
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(fresh.String()), 0o644))
		return
	}
	require.Equal(t, string(text), fresh.String())
}

// answer runs a line: variables, the program, then words; 'a b' is one word.
func answer(t *testing.T, line string) string {
	var out bytes.Buffer
	program := cli.New("kitchen", "kitchen 1", "What there is to do.", &kitchen{}, func(command any) error {
		text, err := json.Marshal(command)
		fmt.Fprintf(&out, "%T %s\n", command, text)
		return err
	})
	variables, rest, _ := strings.Cut(" "+line, " kitchen")
	for _, v := range strings.Fields(variables) {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
		defer func() { require.NoError(t, os.Unsetenv(name)) }()
	}
	var words []string
	for i, part := range strings.Split(rest, "'") {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	if err := program.Execute(words, &out, io.Discard); err != nil {
		kind := map[bool]string{true: "mistake", false: "error"}[errors.As(err, new(cli.Mistake))]
		fmt.Fprintf(&out, "%s: %v\n", kind, err)
	}
	return out.String()
}

// TestShells wants each script to name the program, and another shell to be refused.
func TestShells(t *testing.T) {
	program := cli.New("kitchen", "1", "", &kitchen{}, nil)
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		require.Contains(t, cli.Shells, shell)
		var out bytes.Buffer
		require.NoError(t, program.Complete(shell, &out))
		require.Contains(t, out.String(), "kitchen")
		require.Contains(t, out.String(), "__complete")
	}
	require.ErrorContains(t, program.Complete("tcsh", nil), "expected bash, zsh, fish or powershell")
}

// TestUnfit wants a struct that cannot be a command to be refused at once.
func TestUnfit(t *testing.T) {
	for want, commands := range map[string]any{
		"a flag cannot be a float64": &struct {
			Rate float64 `default:"1" help:"A rate."`
		}{},
		"workers: expected a whole number": &struct {
			Workers int `default:"many" help:"How many."`
		}{},
	} {
		func() {
			defer func() { require.Contains(t, fmt.Sprint(recover()), want) }()
			cli.New("x", "1", "", commands, nil)
		}()
	}
}
