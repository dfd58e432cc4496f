package main

import (
	"os"
	"path/filepath"

	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/uk"
)

// profileOptions say what resources are held to.
type profileOptions struct {
	Policy      string   `env:"PESTLE_POLICY" enum:"uk-core,r4" default:"uk-core" help:"What resources are held to that name no profile: uk-core or r4."`
	Strict      bool     `env:"PESTLE_STRICT" help:"Refuse such resources also for what they lack of UK Core, not only for what is wrong."`
	Definitions []string `env:"PESTLE_DEFINITIONS" placeholder:"PATH" help:"Further definitions: FHIR Shorthand (.fsh), FHIR packages (.tgz), JSON, XML, or folders of them."`
}

// library gives the built-in definitions with those of the options.
func (o profileOptions) library() (*profiles.Library, error) {
	l := uk.Library()
	if o.Policy != "r4" {
		l.SetPolicy(uk.Policy, o.Strict)
	}
	for _, path := range o.Definitions {
		if _, err := l.Load(path); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// definitionsFolder is where, in the folder of a database, pestle definitions
// add puts what it is given.
const definitionsFolder = "definitions"

// within adds the definitions that were added to the folder of a database.
func (o profileOptions) within(data string) profileOptions {
	folder := filepath.Join(data, definitionsFolder)
	if info, err := os.Stat(folder); err == nil && info.IsDir() {
		o.Definitions = append([]string{folder}, o.Definitions...)
	}
	return o
}
