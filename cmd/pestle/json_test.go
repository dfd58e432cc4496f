package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withoutJSON are the commands that have no --json, and what they print instead.
var withoutJSON = map[string]string{
	"serve": "its log, by --log-json", "standby": "its log, by --log-json", "simulate-warehouse": "what it does, line by line", "witness": "its log",
	"validate":      "issues as compilers print them, by file and line",
	"export claims": "a file of FHIR", "audit export": "a file of FHIR or CEF, by --format", "proof export": "a file of lines of JSON", "evidence": "files in a folder, JSON among them",
	"tariff reconcile": "the list that was read, as CSV", "definitions show": "a definition, for people", "fhirpath": "values of FHIR, which are JSON", "client show": "JSON always", "roles": "the table that serve --roles reads",
	"alerts acknowledge": "a sentence", "alerts dismiss": "a sentence", "alerts test": "a line for each channel", "client key": "a sentence", "client add": "the line of the client", "client rotate": "the line of the client",
	"client disable": "the line of the client", "user add": "the line of the person", "user invite": "a code, for one person", "user roles": "the line of the person", "user confirm": "the line of the person",
	"user join": "the lines of both", "user disable": "the line of the person", "user enable": "the line of the person", "launch": "an address", "token": "a token", "key rotate": "a sentence", "accept": "a sentence",
	"restore": "a sentence", "proof recover": "a sentence", "health": "ready, or why not", "completion": "a script", "man": "files in a folder", "help": "help", "prices load": "a line for each file",
}

// TestEveryCommandPrintsJSON finds each command that prints data with --json, but for those
// whose output is of a format of its own or says what was done.
func TestEveryCommandPrintsJSON(t *testing.T) {
	found := map[string]bool{}
	var walk func(name string, of reflect.Type)
	walk = func(name string, of reflect.Type) {
		for i := range of.NumField() {
			f := of.Field(i)
			if _, ok := f.Tag.Lookup("cmd"); !ok {
				if f.Anonymous && f.Type.Kind() == reflect.Struct {
					walk(name, f.Type)
				}
				continue
			}
			own, ok := f.Tag.Lookup("name")
			if !ok {
				own = strings.ToLower(f.Name)
			}
			own = strings.TrimSpace(name + " " + own)
			if _, ok := reflect.PointerTo(f.Type).MethodByName("Run"); ok {
				_, found[own] = f.Type.FieldByName("JSON")
				continue
			}
			walk(own, f.Type)
		}
	}
	walk("", reflect.TypeFor[commands]())
	require.Greater(t, len(found), 45)
	for name, has := range found {
		_, argued := withoutJSON[name]
		assert.NotEqual(t, has, argued, "%s: it has --json: %v; it is argued that it needs none: %v", name, has, argued)
	}
}
