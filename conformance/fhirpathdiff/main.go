// Command fhirpathdiff makes FHIRPath expressions at random, evaluates them on
// a resource and writes one JSON line for each with its result. diff.mjs
// reads the lines and asks two other engines:
//
//	npm install
//	go run . -n 5000 ../../fhir/fhirpath/testdata/patient.json | node diff.mjs
//
// See disagreements.md for what came of it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
)

// line is what diff.mjs reads.
type line struct {
	Expr   string            `json:"expr"`
	File   string            `json:"file"`
	Result []json.RawMessage `json:"result"`
	Error  string            `json:"error,omitempty"`
}

func main() {
	log.SetFlags(0)
	count := flag.Int("n", 2000, "how many expressions")
	seed := flag.Uint64("seed", 1, "what the random numbers begin with")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("fhirpathdiff: name the file of one resource, in JSON")
	}
	if err := run(flag.Arg(0), *count, *seed); err != nil {
		log.Fatal("fhirpathdiff: ", err)
	}
}

func run(file string, count int, seed uint64) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	r, err := fhir.Parse(data)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	g := generator{rand.New(rand.NewPCG(seed, 1))}
	for range count {
		l := line{Expr: g.expression(), File: file}
		l.evaluate(r)
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return out.Flush()
}

func (l *line) evaluate(r *fhir.Resource) {
	e, err := fhirpath.Compile(l.Expr)
	var found fhirpath.Collection
	if err == nil {
		found, err = e.Eval(context.Background(), fhirpath.ResourceItem(r), &fhirpath.Env{MaxSteps: 1_000_000, Now: time.Now()})
	}
	if err != nil {
		l.Error = message(err)
		return
	}
	l.Result = []json.RawMessage{}
	for _, it := range found {
		l.Result = append(l.Result, jsonOf(it))
	}
}

func message(err error) string {
	var e *fhir.Error
	if errors.As(err, &e) {
		return e.Issues[0].Text()
	}
	return err.Error()
}

// jsonOf is an item as JSON: what stands in the resource, or the value.
func jsonOf(it fhirpath.Item) json.RawMessage {
	if n := it.Node(); n.Exists() {
		if !it.HasValue() && it.R4Type() != nil && it.R4Type().Name[0] >= 'a' {
			return json.RawMessage("null")
		}
		return n.Raw()
	}
	if b, ok := it.Bool(); ok {
		return json.RawMessage(fmt.Sprint(b))
	}
	if d, ok := it.Decimal(); ok {
		return json.RawMessage(d.String())
	}
	return fhir.AppendString(nil, it.String())
}
