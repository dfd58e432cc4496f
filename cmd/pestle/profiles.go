package main

import (
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/uk"
)

// profileOptions say what resources are held to.
type profileOptions struct {
	Policy      string   `env:"PESTLE_POLICY" enum:"uk-core,r4" default:"uk-core" help:"What resources are held to that name no profile: uk-core or r4."`
	Strict      bool     `env:"PESTLE_STRICT" help:"Refuse such resources also for what they lack of UK Core, not only for what is wrong."`
	Definitions []string `env:"PESTLE_DEFINITIONS" placeholder:"PATH" help:"FHIR packages (.tgz), folders or files with further definitions."`
}

// library gives the built-in definitions with those of the options.
func (o profileOptions) library() (*profiles.Library, error) {
	l := uk.Library()
	if o.Policy != "r4" {
		l.SetPolicy(uk.Policy, o.Strict)
	}
	for _, path := range o.Definitions {
		set := definition.NewSet()
		if err := set.Load(path); err != nil {
			return nil, err
		}
		l.Define(set)
	}
	return l, nil
}
